import type { Sink, StoredOffset } from '#pipeline/sink';
import type { SinkMetrics } from '#pipeline/sink-metrics';
import { placeOf, type SinkPartitions } from '#pipeline/sink-partitions';
import type { SinkReader } from '#pipeline/sink-reader';
import type { Clock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import type { Logger } from '#std/log';

export interface SinkCommitsParts {
  readonly sink: Sink;
  readonly reader: SinkReader;
  readonly partitions: SinkPartitions;
  readonly metrics: SinkMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often flushed offsets are committed, ms. */
  readonly commitIntervalMs: number;
}

/** The sink hears `flush` at least so often. */
export const flushIntervalMs = 1000;
/** A position that only the store has is told to the group after so long without a record. */
const storedOffsetDoubtMs = 2000;

/** Asks the sink what is durable, and commits that to the group. */
export class SinkCommits {
  /** Something was put since the last flush. */
  hasPuts = false;
  private flushedAt = 0;
  private committedAt = 0;

  constructor(private readonly parts: SinkCommitsParts) {}

  /** Milliseconds until the next flush is due. */
  flushInMs(): number {
    return Math.max(0, this.flushedAt + flushIntervalMs - this.parts.clock.monotonic());
  }

  async flushDue(): Promise<void> {
    if (this.hasPuts || this.flushInMs() === 0) await this.flush(false);
  }

  async flush(all: boolean): Promise<void> {
    const stored = await this.parts.sink.flush(all);
    this.hasPuts = false;
    this.flushedAt = this.parts.clock.monotonic();
    for (const position of stored) {
      const partition = this.parts.partitions.find(position);
      if (partition !== undefined) partition.flushedNext = Math.max(partition.flushedNext ?? 0, position.offset);
    }
  }

  /** Commits what is due, or all that may be committed `now`. Never rejects. */
  async commitDue(now: boolean): Promise<void> {
    const { clock, reader, logger, partitions, metrics } = this.parts;
    if (!now && clock.monotonic() - this.committedAt < this.parts.commitIntervalMs) return;
    const positions: StoredOffset[] = [];
    for (const partition of partitions) {
      // Not before it had the time to turn out wrong: see `checkStart`.
      if (partition.storedOffset !== null && clock.monotonic() - partition.openedAt < storedOffsetDoubtMs) continue;
      const offset = partition.committable();
      if (offset !== null && offset !== partition.committedNext) positions.push({ ...placeOf(partition), offset });
    }
    if (positions.length === 0) return;
    const startedAt = clock.monotonic();
    this.committedAt = startedAt;
    try {
      await reader.commit(positions);
    } catch (error) {
      // Not an error of the sink: the next commit covers this one, and a partition that is gone is read by its new owner.
      metrics.committed(false, clock.monotonic() - startedAt);
      if (!isRetriable(error)) logger.warn(`Offsets were not committed: ${messageOf(error)}`);
      return;
    }
    metrics.committed(true, clock.monotonic() - startedAt);
    for (const position of positions) {
      const partition = partitions.find(position);
      if (partition !== undefined) partition.committedNext = position.offset;
    }
  }
}

function isRetriable(error: unknown): boolean {
  return error instanceof MillraceError && error.retriable;
}
