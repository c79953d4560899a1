import { FencedSinkError } from '#pipeline/errors';
import type { SinkDelivery } from '#pipeline/sink-delivery';
import type { SinkPartition } from '#pipeline/sink-partition';
import type { SinkPartitions } from '#pipeline/sink-partitions';
import { MillraceError } from '#std/errors';

export interface SinkLanesParts {
  readonly partitions: SinkPartitions;
  readonly delivery: SinkDelivery;
  /** Partitions that are put at once; 1 where the sink wants one call at a time. */
  readonly count: number;
  /** Whether a batch of this partition may be put now. */
  readonly isDue: (partition: SinkPartition) => boolean;
  /** Whether somebody waits for the sink: nothing new is begun then. */
  readonly isInterrupted: () => boolean;
  /** The sink took something. */
  readonly onPut: () => void;
}

/**
 * Puts the batches that are due: one partition after another in turns, or several at once, but never two batches of one partition. After an
 * error nothing new is begun, and what is under way ends first, so that the sink is quiet when `run` settles.
 */
export class SinkLanes {
  /** Where the next turn begins, so that no partition starves the others. */
  private cursor = 0;

  constructor(private readonly parts: SinkLanesParts) {}

  /** `probeRecords` set: one batch of one partition, no larger than that. Throws what the sink throws. */
  async run(probeRecords: number | null): Promise<void> {
    const busy = new Set<SinkPartition>();
    const errors: unknown[] = [];
    const fenced: SinkPartition[] = [];
    const lane = async (): Promise<void> => {
      while (errors.length === 0 && !this.parts.isInterrupted()) {
        const partition = this.next(busy);
        if (partition === null) return;
        busy.add(partition);
        try {
          await this.deliver(partition, probeRecords, () => errors.length > 0);
        } catch (error) {
          errors.push(error);
          if (error instanceof FencedSinkError) fenced.push(partition);
        }
        busy.delete(partition);
        if (probeRecords !== null) return;
      }
    };
    const count = probeRecords === null ? this.parts.count : 1;
    await Promise.all(Array.from({ length: count }, lane));
    for (const partition of fenced) await this.parts.partitions.letGo(partition);
    if (errors.length > 0) throw errors.find(isFinal) ?? errors[0];
  }

  private async deliver(partition: SinkPartition, probeRecords: number | null, isOver: () => boolean): Promise<void> {
    const { delivery } = this.parts;
    const putBefore = partition.putNext;
    try {
      if (probeRecords === null) await delivery.deliver(partition, () => isOver() || this.parts.isInterrupted());
      else await delivery.probe(partition, probeRecords);
    } finally {
      if (partition.putNext !== putBefore) this.parts.onPut();
    }
  }

  private next(busy: ReadonlySet<SinkPartition>): SinkPartition | null {
    const { list } = this.parts.partitions;
    for (let step = 0; step < list.length; step += 1) {
      const at = (this.cursor + step) % list.length;
      const partition = list[at];
      if (partition === undefined || busy.has(partition) || !partition.opened || !this.parts.isDue(partition)) continue;
      this.cursor = at + 1;
      return partition;
    }
    return null;
  }
}

function isFinal(error: unknown): boolean {
  return !(error instanceof MillraceError) || !error.retriable;
}
