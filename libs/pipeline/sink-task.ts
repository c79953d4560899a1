import { FatalSinkError, FencedSinkError, RetriableSinkError } from '#pipeline/errors';
import type { DeadLetterQueue } from '#pipeline/dead-letter';
import type { Sink, StoredOffset, TopicPartition } from '#pipeline/sink';
import { SinkDelivery, type DeliveryOptions } from '#pipeline/sink-delivery';
import { SinkMetrics } from '#pipeline/sink-metrics';
import { partitionKey, SinkPartition } from '#pipeline/sink-partition';
import { RecordsBatch, type SinkReader } from '#pipeline/sink-reader';
import { RetrySchedule, type RetryOptions } from '#pipeline/sink-retry';
import { TaskLock } from '#pipeline/task-lock';
import { traceOf, type PartitionStatus, type TaskError, type TaskStatus } from '#pipeline/task-status';
import type { Clock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';

export interface SinkTaskOptions extends DeliveryOptions {
  readonly ownerEpoch: number;
  readonly stateDirectory: string;
  readonly retry: RetryOptions;
  /** Bytes of records held for the sink; reading pauses above it and goes on below half of it. */
  readonly bufferBytesMax: number;
  /** How often flushed offsets are committed, ms. */
  readonly commitIntervalMs: number;
}

export interface SinkTaskParts {
  readonly sink: Sink;
  readonly reader: SinkReader;
  /** Null where the connector has none. The task closes it. */
  readonly deadLetters: DeadLetterQueue | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The sink hears `flush` at least so often. */
const flushIntervalMs = 1000;
/** How long a rebalance waits for a call of the sink that is under way. */
const drainMsMax = 20_000;
/** How long a stop takes in all: a worker has to be gone in 30 s. */
const stopMsMax = 24_000;
/** An error text of a store may hold whole rows. */
const errorLengthMax = 1000;
/** A position that only the store has is told to the group after so long without a record. */
const storedOffsetDoubtMs = 2000;
/** Errors of no known class in a row, after which the task fails. */
const unknownErrorsMax = 10;

/**
 * Runs one task of a sink: reads as a member of the connector's group, delivers in batches, and commits only what the sink
 * says is durable. While the store is away the partitions are paused and the same batch is tried again; polls go on, so the
 * group keeps the task. The sink is called by one at a time: by the loop, or by a rebalance between two steps of the loop.
 */
export class SinkTask {
  private readonly partitions = new Map<string, SinkPartition>();
  private readonly lock = new TaskLock();
  private readonly metrics = new SinkMetrics();
  private readonly retry: RetrySchedule;
  private readonly delivery: SinkDelivery;
  private loop: Promise<void> | null = null;
  private readerStarted = false;
  private stopping = false;
  private pauseWanted = false;
  private pauseFlushed = false;
  private overBudget = false;
  private putsSinceFlush = false;
  private flushedAt = 0;
  private committedAt = 0;
  private unknownErrors = 0;
  private lastError: TaskError | null = null;
  private fatal: unknown = null;

  constructor(
    private readonly parts: SinkTaskParts,
    private readonly options: SinkTaskOptions,
  ) {
    const { clock, random, sink, deadLetters, logger } = parts;
    this.retry = new RetrySchedule(clock, random, options.retry);
    this.delivery = new SinkDelivery(sink, deadLetters, this.metrics, clock, logger, options);
  }

  /** Starts working; a store that is away does not make it fail. `status` tells how it goes. */
  start(): void {
    this.loop ??= this.run();
  }

  /** Flushes, and stops reading; group membership and the sink's resources are kept. */
  pause(): void {
    this.pauseWanted = true;
  }

  resume(): void {
    this.pauseWanted = false;
    this.pauseFlushed = false;
  }

  /** Flushes what the sink has, commits, leaves the group, stops the sink. Resolves also when the store does not answer. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.loop === null) return;
    const loop = this.loop;
    await this.within(stopMsMax, async () => {
      if (this.readerStarted) await this.parts.reader.stop();
      await loop;
    });
  }

  status(): TaskStatus {
    const failed = this.fatal !== null;
    return {
      state: failed ? 'FAILED' : this.pauseWanted ? 'PAUSED' : 'RUNNING',
      trace: failed ? traceOf(this.fatal) : null,
      degraded: !failed && this.retry.waiting,
      lastError: this.lastError,
      partitions: [...this.partitions.values()].map((partition) => this.partitionStatus(partition)),
      metrics: {
        ...this.metrics.snapshot(),
        'partition-count': this.partitions.size,
        'sink-record-active-count': [...this.partitions.values()].reduce(
          (sum, { heldRecords }) => sum + heldRecords,
          0,
        ),
      },
    };
  }

  private async run(): Promise<void> {
    const { reader, sink, deadLetters, logger } = this.parts;
    try {
      await this.startSink();
      if (!this.stopping && this.fatal === null) {
        this.readerStarted = true;
        await reader.start({
          onAssigned: (partitions) => this.lock.run(() => this.assigned(partitions)),
          onRevoked: (partitions) => this.within(drainMsMax, () => this.lock.run(() => this.revoked(partitions))),
          onLost: (partitions) => this.within(drainMsMax, () => this.lock.run(() => this.closePartitions(partitions))),
        });
        await this.pump();
      }
    } catch (error) {
      if (!this.stopping) this.fatal ??= error;
    }
    if (this.fatal !== null) logger.error(`Sink task failed: ${messageOf(this.fatal)}`);
    if (this.readerStarted) await quietly(() => reader.stop(), logger);
    await this.lock.run(() => quietly(() => sink.stop(), logger));
    if (deadLetters !== null) await quietly(() => deadLetters.close(), logger);
  }

  private async startSink(): Promise<void> {
    const { sink, clock, logger } = this.parts;
    const { connector, task, ownerEpoch, stateDirectory } = this.options;
    while (!this.stopping && this.fatal === null) {
      try {
        await sink.start({ name: connector, task, clock, logger, ownerEpoch, stateDirectory });
        this.recovered();
        return;
      } catch (error) {
        this.failed(error);
        await this.waitForRetry();
      }
    }
  }

  /** Sleeps until the next try in small parts, so that a stop is heard. */
  private async waitForRetry(): Promise<void> {
    while (!this.stopping && this.fatal === null && this.retry.remainingMs() > 0) {
      await this.parts.clock.sleep(Math.min(this.retry.remainingMs(), 200));
    }
  }

  private async pump(): Promise<void> {
    while (!this.stopping && this.fatal === null) {
      this.take(await this.parts.reader.poll(this.pollWaitMs()));
      await this.lock.run(() => this.step());
    }
  }

  private pollWaitMs(): number {
    const now = this.parts.clock.monotonic();
    let waitMs = Math.max(0, this.flushedAt + flushIntervalMs - now);
    if (this.retry.waiting) return Math.min(this.retry.remainingMs(), flushIntervalMs);
    if (this.pauseWanted) return Math.max(waitMs, this.pauseFlushed ? 100 : 0);
    for (const partition of this.partitions.values()) {
      waitMs = Math.min(waitMs, partition.dueInMs(this.options.limits, now) ?? waitMs);
    }
    return waitMs;
  }

  /** Puts fetched records where they wait. Not asynchronous: nothing comes between the poll and this. */
  private take(records: Awaited<ReturnType<SinkReader['poll']>>): void {
    const now = this.parts.clock.monotonic();
    for (const { topic, partition: number, records: columns, nextOffset, highWatermark } of records) {
      const partition = this.partitions.get(partitionKey({ topic, partition: number }));
      if (partition === undefined) continue;
      partition.highWatermark = highWatermark;
      if (!partition.opened) {
        partition.droppedFrom ??= columns.count > 0 ? columns.offset(0) : nextOffset;
        continue;
      }
      if (columns.count > 0) this.checkStart(partition, columns.offset(0));
      this.metrics.add('sink-record-read-total', columns.count);
      partition.add(new RecordsBatch(topic, number, columns), nextOffset, now);
    }
  }

  /** A topic that was made anew would have its records dropped as done; that must not pass in silence. */
  private checkStart(partition: SinkPartition, offset: number): void {
    if (partition.storedOffset !== null && offset < partition.storedOffset) {
      throw new FatalSinkError(
        `The store has ${partition.topic}-${partition.partition} up to offset ${partition.storedOffset - 1}, but the topic ` +
          `goes on at ${offset}: the topic was made anew or reset. Give the connector another name, or remove what the store ` +
          'keeps of this partition, to read it from its start',
      );
    }
    partition.storedOffset = null;
  }

  /** One turn under the lock: open what is new, put what is due, flush, commit. */
  private async step(): Promise<void> {
    if (this.retry.remainingMs() === 0 && this.fatal === null) {
      try {
        await this.openWaiting();
        if (this.pauseWanted) await this.flushForPause();
        else await this.putDue();
        await this.flushDue();
        this.recovered();
      } catch (error) {
        this.failed(error);
        // What the sink took before the failure may be durable all the same.
        if (this.putsSinceFlush) await quietly(() => this.flush(false), this.parts.logger);
      }
    }
    await this.commitDue(false);
    this.steerReader();
  }

  private async openWaiting(): Promise<void> {
    const waiting = [...this.partitions.values()].filter((partition) => !partition.opened);
    if (waiting.length === 0) return;
    const stored = await this.open(waiting);
    for (const partition of waiting) {
      const offset = stored.get(partitionKey(partition)) ?? partition.droppedFrom;
      partition.droppedFrom = null;
      if (offset !== null) this.parts.reader.seek({ ...at(partition), offset });
    }
  }

  private async open(partitions: readonly SinkPartition[]): Promise<ReadonlyMap<string, number>> {
    const answer = await this.parts.sink.open(partitions.map(at));
    const stored = new Map(answer.map((position) => [partitionKey(position), position.offset]));
    for (const partition of partitions) {
      const offset = stored.get(partitionKey(partition)) ?? null;
      partition.opened = true;
      partition.openedAt = this.parts.clock.monotonic();
      partition.storedOffset = offset;
      // What the store has may be ahead of the group: the next commit tells the group.
      partition.putNext = offset;
      partition.flushedNext = offset;
      partition.processedNext = offset;
      partition.receivedNext = offset;
    }
    return stored;
  }

  private async putDue(): Promise<void> {
    for (const partition of this.partitions.values()) {
      if (!partition.opened) continue;
      while (partition.dueInMs(this.options.limits, this.parts.clock.monotonic()) === 0) {
        if (this.interrupted()) return;
        const putBefore = partition.putNext;
        try {
          await this.delivery.deliver(partition, () => this.interrupted());
        } catch (error) {
          if (error instanceof FencedSinkError) await this.letGo(partition);
          throw error;
        } finally {
          if (partition.putNext !== putBefore) this.putsSinceFlush = true;
        }
      }
    }
  }

  /** Another owner has the partition in the store: forget it, and open it again after a pause if it is still ours. */
  private async letGo(partition: SinkPartition): Promise<void> {
    partition.droppedFrom = partition.processedNext;
    partition.drop();
    partition.opened = false;
    await quietly(() => this.parts.sink.close([at(partition)]), this.parts.logger);
  }

  /** Somebody waits for the sink: a rebalance, or a stop. */
  private interrupted(): boolean {
    return this.stopping || this.lock.pending > 1;
  }

  private async flushForPause(): Promise<void> {
    if (this.pauseFlushed) return;
    await this.flush(true);
    await this.commitDue(true);
    this.pauseFlushed = true;
  }

  private async flushDue(): Promise<void> {
    const due = this.parts.clock.monotonic() - this.flushedAt >= flushIntervalMs;
    if (this.putsSinceFlush || due) await this.flush(false);
  }

  private async flush(all: boolean): Promise<void> {
    const stored = await this.parts.sink.flush(all);
    this.putsSinceFlush = false;
    this.flushedAt = this.parts.clock.monotonic();
    for (const position of stored) {
      const partition = this.partitions.get(partitionKey(position));
      if (partition !== undefined) partition.flushedNext = Math.max(partition.flushedNext ?? 0, position.offset);
    }
  }

  private async commitDue(now: boolean): Promise<void> {
    const { clock, reader, logger } = this.parts;
    if (!now && clock.monotonic() - this.committedAt < this.options.commitIntervalMs) return;
    const positions: StoredOffset[] = [];
    for (const partition of this.partitions.values()) {
      // Not before it had the time to turn out wrong: see `checkStart`.
      if (partition.storedOffset !== null && clock.monotonic() - partition.openedAt < storedOffsetDoubtMs) continue;
      const offset = partition.committable();
      if (offset !== null && offset !== partition.committedNext) positions.push({ ...at(partition), offset });
    }
    if (positions.length === 0) return;
    this.committedAt = clock.monotonic();
    try {
      await reader.commit(positions);
    } catch (error) {
      // Not an error of the sink: the next commit covers this one, and a partition that is gone is read by its new owner.
      this.metrics.add('offset-commit-skip-total');
      if (!isRetriable(error)) logger.warn(`Offsets were not committed: ${messageOf(error)}`);
      return;
    }
    this.metrics.add('offset-commit-completion-total');
    for (const position of positions) {
      const partition = this.partitions.get(partitionKey(position));
      if (partition !== undefined) partition.committedNext = position.offset;
    }
  }

  /** Pauses and resumes partitions in the reader as the task, the store and the buffer ask for it. */
  private steerReader(): void {
    const bytes = this.bufferedBytes();
    if (bytes >= this.options.bufferBytesMax) this.overBudget = true;
    else if (bytes <= this.options.bufferBytesMax / 2) this.overBudget = false;
    const pause: TopicPartition[] = [];
    const resume: TopicPartition[] = [];
    for (const partition of this.partitions.values()) {
      const wanted = !partition.opened || this.pausedBy() !== null;
      if (wanted !== partition.pausedInReader) (wanted ? pause : resume).push(at(partition));
      partition.pausedInReader = wanted;
    }
    if (pause.length > 0) this.parts.reader.pause(pause);
    if (resume.length > 0) this.parts.reader.resume(resume);
  }

  private pausedBy(): PartitionStatus['pausedBy'] {
    if (this.pauseWanted) return 'task';
    if (this.retry.waiting) return 'store';
    return this.overBudget ? 'buffer' : null;
  }

  private async assigned(assigned: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    this.metrics.add('rebalance-total');
    const partitions = assigned.map((position) => new SinkPartition(position));
    for (const partition of partitions) this.partitions.set(partitionKey(partition), partition);
    // Tried once here, so that the reader starts at the right place; a store that is away is left to the loop.
    if (partitions.length === 0 || this.retry.waiting) return [];
    try {
      await this.open(partitions);
    } catch (error) {
      this.failed(error);
      return [];
    }
    return partitions.flatMap((partition) =>
      partition.storedOffset === null ? [] : [{ ...at(partition), offset: partition.storedOffset }],
    );
  }

  private async revoked(revoked: readonly TopicPartition[]): Promise<void> {
    try {
      await this.flush(true);
      await this.commitDue(true);
    } catch (error) {
      this.parts.logger.warn(`The sink did not flush before its partitions were taken: ${messageOf(error)}`);
    }
    await this.closePartitions(revoked);
  }

  private async closePartitions(gone: readonly TopicPartition[]): Promise<void> {
    const open = gone.filter((position) => this.partitions.get(partitionKey(position))?.opened === true);
    for (const position of gone) this.partitions.delete(partitionKey(position));
    if (open.length > 0) await quietly(() => this.parts.sink.close(open), this.parts.logger);
  }

  /** Notes a failure: a later try, or the end of the task. */
  private failed(error: unknown): void {
    const { clock, logger } = this.parts;
    const first = !this.retry.waiting;
    const inTime = this.retry.failed(error instanceof RetriableSinkError ? error.retryAfterMs : null);
    this.lastError = {
      message: messageOf(error).slice(0, errorLengthMax),
      at: clock.now(),
      attempts: this.retry.attempts,
    };
    this.metrics.set('last-error-timestamp', clock.now());
    this.metrics.add('total-retries');
    if (error instanceof MillraceError) {
      if (!error.retriable) this.fatal ??= error;
    } else {
      this.unknownErrors += 1;
      if (this.unknownErrors >= unknownErrorsMax) this.fatal ??= error;
    }
    if (!inTime) {
      this.fatal ??= new FatalSinkError(
        `The store did not take records for ${this.options.retry.timeoutMs} ms (errors.retry.timeout)`,
        { cause: error },
      );
    }
    if (first && this.fatal === null) logger.warn(`The sink waits for its store: ${messageOf(error)}`);
  }

  private recovered(): void {
    if (!this.retry.waiting) return;
    this.parts.logger.info('The sink goes on', { attempts: this.retry.attempts });
    this.retry.succeeded();
    this.unknownErrors = 0;
  }

  private bufferedBytes(): number {
    let bytes = 0;
    for (const partition of this.partitions.values()) bytes += partition.bufferedBytes;
    return bytes;
  }

  private partitionStatus(partition: SinkPartition): PartitionStatus {
    return {
      ...at(partition),
      position: partition.processedNext ?? this.parts.reader.position(at(partition)),
      committed: partition.committedNext,
      lag: partition.lag(),
      lastSuccessAt: partition.lastSuccessAt,
      bufferedBytes: partition.bufferedBytes,
      pausedBy: partition.opened ? this.pausedBy() : 'store',
    };
  }

  /** Waits for `work`, but no longer than `limitMs`; the work itself goes on. */
  private within(limitMs: number, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.parts.clock.after(limitMs, resolve);
      work()
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }
}

function at(partition: TopicPartition): TopicPartition {
  return { topic: partition.topic, partition: partition.partition };
}

function isRetriable(error: unknown): boolean {
  return error instanceof MillraceError && error.retriable;
}

async function quietly(work: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger.warn(`A sink task could not end cleanly: ${messageOf(error)}`);
  }
}
