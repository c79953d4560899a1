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
      for (const { partition, offset } of offsets) this.ends.set(`${topic}-${partition}`, offset);
    }
  }

  /** The same statuses, with lags that know the ends. */
  withLags(partitions: readonly PartitionStatus[]): PartitionStatus[] {
    return partitions.map((partition) => {
      const end = this.ends.get(`${partition.topic}-${partition.partition}`) ?? null;
      const next = partition.committed ?? partition.position;
      if (end === null || next === null) return partition;
      return { ...partition, lag: Math.max(partition.lag ?? 0, end - next) };
    });
  }
}
