import type { TopicPartition } from '#pipeline/sink';
import { partitionKey } from '#pipeline/sink-partition';
import type { PartitionStatus } from '#pipeline/task-status';
import type { Clock } from '#std/clock';
import type { TopicAdmin } from '#topics/topic-admin';

const refreshMs = 5_000;

/**
 * Where the partitions of a task end, asked for now and then: a task that is paused, stalled or idle hears nothing of new
 * records, and its lag must rise all the same.
 */
export class PartitionEnds {
  private readonly ends = new Map<string, number>();
  private askedAt = -refreshMs;

  constructor(
    private readonly admin: Pick<TopicAdmin, 'offsets'>,
    private readonly clock: Clock,
  ) {}

  /** Asks again where it is time to. An answer that does not come leaves what was known. */
  async refresh(partitions: readonly PartitionStatus[]): Promise<void> {
    if (this.clock.monotonic() - this.askedAt < refreshMs) return;
    this.askedAt = this.clock.monotonic();
    for (const topic of new Set(partitions.map((partition) => partition.topic))) {
      const offsets = await this.admin.offsets(topic, 'latest').catch(() => []);
      for (const { partition, offset } of offsets) this.ends.set(partitionKey({ topic, partition }), offset);
    }
  }

  /** Asks now. Keys are those of `partitionKey`; rejects where nobody answers. */
  async lookUp(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    for (const topic of new Set(partitions.map((partition) => partition.topic))) {
      for (const { partition, offset } of await this.admin.offsets(topic, 'latest')) {
        this.ends.set(partitionKey({ topic, partition }), offset);
      }
    }
    const found = partitions.map(
      (partition) => [partitionKey(partition), this.ends.get(partitionKey(partition))] as const,
    );
    return new Map(found.flatMap(([key, end]) => (end === undefined ? [] : [[key, end]])));
  }

  /** The same statuses, with lags that know the ends. */
  withLags(partitions: readonly PartitionStatus[]): PartitionStatus[] {
    return partitions.map((partition) => {
      const end = this.ends.get(partitionKey(partition)) ?? null;
      const next = partition.committed ?? partition.position;
      if (end === null || next === null) return partition;
      return { ...partition, lag: Math.max(partition.lag ?? 0, end - next) };
    });
  }
}
