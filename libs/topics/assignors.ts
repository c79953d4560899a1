import { byTopicAndPartition, type TopicPartition } from '#topics/consumer-protocol';

export type AssignorName = 'range' | 'roundrobin';

export interface AssignedMember {
  readonly memberId: string;
  /** Sorts before the member id where there is one, so that a static member keeps its place. */
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
}

export type Assignment = ReadonlyMap<string, readonly TopicPartition[]>;

/** Who gets what: every partition of a topic goes to exactly one of the members that subscribe it. */
export function assign(
  name: AssignorName,
  members: readonly AssignedMember[],
  partitionsOf: (topic: string) => number,
): Assignment {
  const sorted = [...members].sort(byPlace);
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
  const assigned = new Map(sorted.map((member) => [member.memberId, [] as TopicPartition[]]));
  if (name === 'range') assignRanges(sorted, topics, partitionsOf, assigned);
  else assignInTurn(sorted, topics, partitionsOf, assigned);
  return assigned;
}

/** Topic by topic a run of neighbours each; the first members get one more where it does not come out even. */
function assignRanges(
  members: readonly AssignedMember[],
  topics: readonly string[],
  partitionsOf: (topic: string) => number,
  assigned: ReadonlyMap<string, TopicPartition[]>,
): void {
  for (const topic of topics) {
    const takers = members.filter((member) => member.topics.includes(topic));
    const count = partitionsOf(topic);
    const share = Math.floor(count / takers.length);
    const rest = count % takers.length;
    let partition = 0;
    for (const [index, taker] of takers.entries()) {
      const end = partition + share + (index < rest ? 1 : 0);
      for (; partition < end; partition += 1) assigned.get(taker.memberId)?.push({ topic, partition });
    }
  }
}

/** All partitions of all topics one after another, each to the next member that subscribes its topic. */
function assignInTurn(
  members: readonly AssignedMember[],
  topics: readonly string[],
  partitionsOf: (topic: string) => number,
  assigned: ReadonlyMap<string, TopicPartition[]>,
): void {
  let turn = 0;
  const all = topics.flatMap((topic) =>
    Array.from({ length: partitionsOf(topic) }, (_, partition) => ({ topic, partition })),
  );
  for (const each of all.sort(byTopicAndPartition)) {
    while (members[turn % members.length]?.topics.includes(each.topic) !== true) turn += 1;
    assigned.get(members[turn % members.length]?.memberId ?? '')?.push(each);
    turn += 1;
  }
}

function byPlace(left: AssignedMember, right: AssignedMember): number {
  const one = left.groupInstanceId;
  const other = right.groupInstanceId;
  if (one !== null && other !== null) return compare(one, other);
  if (one !== null || other !== null) return one !== null ? -1 : 1;
  return compare(left.memberId, right.memberId);
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
