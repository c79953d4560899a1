/** Partition numbers by topic id, as assignments of the consumer protocol name them. */
export type Partitions = ReadonlyMap<string, ReadonlySet<number>>;

/** As rows of a table and lists in answers hold them: topics and numbers sorted. */
export type PartitionRows = readonly (readonly [topicId: string, numbers: readonly number[]])[];

export const noPartitions: Partitions = new Map();

/** Those of `left` for which `keep` holds; topics of which none is left are gone. */
export function filterPartitions(left: Partitions, keep: (topicId: string, partition: number) => boolean): Partitions {
  const kept = new Map<string, ReadonlySet<number>>();
  for (const [topicId, numbers] of left) {
    const some = [...numbers].filter((partition) => keep(topicId, partition));
    if (some.length > 0) kept.set(topicId, new Set(some));
  }
  return kept;
}

export function contains(partitions: Partitions, topicId: string, partition: number): boolean {
  return partitions.get(topicId)?.has(partition) === true;
}

export function intersection(left: Partitions, right: Partitions): Partitions {
  return filterPartitions(left, (topicId, partition) => contains(right, topicId, partition));
}

export function difference(left: Partitions, right: Partitions): Partitions {
  return filterPartitions(left, (topicId, partition) => !contains(right, topicId, partition));
}

export function union(left: Partitions, right: Partitions): Partitions {
  const all = new Map(left);
  for (const [topicId, numbers] of right) all.set(topicId, new Set([...(all.get(topicId) ?? []), ...numbers]));
  return all;
}

export function isSubset(left: Partitions, right: Partitions): boolean {
  for (const [topicId, numbers] of left) {
    for (const partition of numbers) if (!contains(right, topicId, partition)) return false;
  }
  return true;
}

export function overlaps(left: Partitions, right: Partitions): boolean {
  for (const [topicId, numbers] of left) {
    for (const partition of numbers) if (contains(right, topicId, partition)) return true;
  }
  return false;
}

export function samePartitions(left: Partitions, right: Partitions): boolean {
  return left === right || (countOf(left) === countOf(right) && isSubset(left, right));
}

export function countOf(partitions: Partitions): number {
  let count = 0;
  for (const numbers of partitions.values()) count += numbers.size;
  return count;
}

export function toRows(partitions: Partitions): PartitionRows {
  return [...partitions]
    .map(([topicId, numbers]) => [topicId, [...numbers].sort((left, right) => left - right)] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1));
}

export function fromRows(rows: PartitionRows): Partitions {
  return new Map(
    rows.filter(([, numbers]) => numbers.length > 0).map(([topicId, numbers]) => [topicId, new Set(numbers)]),
  );
}
