import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { compact, CompactionError, SegmentGone, type CompactionPorts } from './compaction.js';
import { planCompaction, type CompactionPlan } from './compaction-plan.js';
import type { PartitionLog } from './partition-log.js';
import type { Partitions } from './partitions.js';

export interface CleanerOptions extends CompactionPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly partitions: Partitions;
}

/** A partition whose pass failed is left alone for so long. */
const failedPauseMs = 60_000;

/** Compacts the partitions that ask for it by cleanup.policy, one at a time, the dirtiest first. */
export class Cleaner {
  private pass: { readonly partition: PartitionLog; readonly steps: AsyncGenerator<void, void> } | null = null;
  /** Partition → when its pass failed, monotonic ms; Infinity for what does not go away. */
  private readonly failed = new Map<PartitionLog, number>();

  constructor(private readonly options: CleanerOptions) {}

  /** One bounded step; true when work is left. */
  async step(): Promise<boolean> {
    this.pass ??= await this.next();
    if (this.pass === null) return false;
    const { partition, steps } = this.pass;
    try {
      const { done } = await steps.next();
      if (done === true) this.pass = null;
    } catch (error) {
      this.pass = null;
      this.fail(partition, error);
    }
    return true;
  }

  /** Ends a pass that is under way. */
  async stop(): Promise<void> {
    await this.pass?.steps.return();
    this.pass = null;
  }

  private async next(): Promise<Cleaner['pass']> {
    const { clock } = this.options;
    let dirtiest: CompactionPlan | null = null;
    for (const partition of this.options.partitions.all()) {
      const { settings } = partition.topic;
      if (!settings.compacts || !partition.isLoaded || partition.ports.fault.reason !== null) continue;
      if (clock.monotonic() - (this.failed.get(partition) ?? -Infinity) < failedPauseMs) continue;
      const plan = await planCompaction(partition, clock.now()).catch((error: unknown) => this.fail(partition, error));
      if (plan !== null && plan.dirtyRatio > (dirtiest?.dirtyRatio ?? -1)) dirtiest = plan;
    }
    return dirtiest === null ? null : { partition: dirtiest.partition, steps: compact(dirtiest, this.options) };
  }

  private fail(partition: PartitionLog, error: unknown): null {
    if (error instanceof SegmentGone) return null;
    const isLasting = error instanceof CompactionError;
    this.failed.set(partition, isLasting ? Infinity : this.options.clock.monotonic());
    for (const known of this.failed.keys()) if (known.isGone) this.failed.delete(known);
    if (partition.isGone) return null;
    this.options.logger.error(
      isLasting
        ? 'A partition is not compacted until a restart.'
        : 'A partition could not be compacted; it is tried again.',
      { topicPartition: partition.identity.name, error: messageOf(error) },
    );
    return null;
  }
}
