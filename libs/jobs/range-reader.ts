import type { Cluster } from '#topics/cluster';
import { TopicReader, type PartitionRecords, type TopicPartition } from '#topics/topic-reader';

/** Offsets `[from, to)` of a partition. */
export interface OffsetRange extends TopicPartition {
  readonly from: number;
  readonly to: number;
}

const pollMs = 250;

/**
 * The records of some ranges, in order within each partition, until all were read or `signal` aborts (its reason is thrown). Offsets that
 * are no longer in the log are passed over.
 */
export async function* readRanges(
  cluster: Cluster,
  ranges: readonly OffsetRange[],
  signal: AbortSignal,
  isolation: 'read_uncommitted' | 'read_committed' = 'read_committed',
): AsyncGenerator<PartitionRecords> {
  const open = new Map(ranges.filter(({ from, to }) => from < to).map((range) => [keyOf(range), range]));
  if (open.size === 0) return;
  const partitions = [...open.values()].map(({ topic, partition, from }) => ({ topic, partition, offset: from }));
  const reader = new TopicReader(cluster, { partitions, isolation });
  await reader.start();
  try {
    while (open.size > 0) {
      signal.throwIfAborted();
      for (const polled of await reader.poll(pollMs)) {
        const range = open.get(keyOf(polled));
        if (range === undefined) continue;
        const records = belowEnd(polled.records, range.to);
        if (polled.nextOffset >= range.to) {
          open.delete(keyOf(range));
          reader.pause([range]);
        }
        signal.throwIfAborted();
        if (records.count > 0) yield { ...polled, records, nextOffset: Math.min(polled.nextOffset, range.to) };
      }
      // Only marks of transactions may be left, which no poll gives.
      for (const [key, range] of open) if ((reader.position(range) ?? -1) >= range.to) open.delete(key);
    }
  } finally {
    await reader.stop();
  }
}

/** What there is of a topic now, partition by partition. */
export async function wholeTopic(
  topics: {
    offsets(topic: string, at: 'earliest' | 'latest'): Promise<readonly { partition: number; offset: number }[]>;
  },
  topic: string,
): Promise<readonly OffsetRange[]> {
  const [starts, ends] = await Promise.all([topics.offsets(topic, 'earliest'), topics.offsets(topic, 'latest')]);
  const endOf = new Map(ends.map(({ partition, offset }) => [partition, offset]));
  return starts.map(({ partition, offset }) => ({
    topic,
    partition,
    from: offset,
    to: endOf.get(partition) ?? offset,
  }));
}

function belowEnd(records: PartitionRecords['records'], to: number): PartitionRecords['records'] {
  let count = records.count;
  while (count > 0 && records.offset(count - 1) >= to) count -= 1;
  return count === records.count ? records : records.slice(0, count);
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`;
}
