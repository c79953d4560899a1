import type { DeadLetterQueue } from '#pipeline/dead-letter';
import type { Sink, StoredOffset, TopicPartition } from '#pipeline/sink';
import { BatchMode, type BatchModeOptions, type EndOffsets } from '#pipeline/sink-batch-mode';
import type { BreakerOptions } from '#pipeline/sink-breaker';
import { flushIntervalMs, SinkCommits } from '#pipeline/sink-commits';
import { SinkDelivery, type DeliveryOptions, type SinkDeliveryParts } from '#pipeline/sink-delivery';
import { SinkHealth } from '#pipeline/sink-health';
import { SinkLanes } from '#pipeline/sink-lanes';
import { SinkMetrics } from '#pipeline/sink-metrics';
import type { SinkPartition } from '#pipeline/sink-partition';
import { checkStart, placeOf, SinkPartitions } from '#pipeline/sink-partitions';
import { RateLimit, type RateOptions } from '#pipeline/sink-rate-limit';
import { RecordsBatch, type SinkReader } from '#pipeline/sink-reader';
import type { RetryOptions } from '#pipeline/sink-retry';
import { StormGuard, type StormOptions } from '#pipeline/sink-storm-guard';
import { tracePut } from '#pipeline/put-trace';
import { TaskLock } from '#pipeline/task-lock';
import type { PipelineTracer } from '#pipeline/tracer';
import { traceOf, type PartitionStatus, type TaskStatus } from '#pipeline/task-status';
import { assert } from '#std/assert';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
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
  /** Absent: the backoff of retries is all. */
  readonly breaker?: BreakerOptions | null;
  /** Absent: any part of the records may be bad. */
  readonly storm?: StormOptions | null;
  /** Absent: as fast as the store takes records. */
  readonly rate?: RateOptions | null;
  /** Absent: works all the time. */
  readonly batchMode?: BatchModeOptions | null;
  /** Partitions put at once, where the sink can. Default 1. */
  readonly parallelPartitionsMax?: number;
}

export interface SinkTaskParts {
  readonly sink: Sink;
  readonly reader: SinkReader;
  /** Null where the connector has none. The task closes it. */
  readonly deadLetters: DeadLetterQueue | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Counters that go on over restarts of a task. Default: new ones. */
  readonly metrics?: SinkMetrics;
  /** Where partitions end; a task in batch mode needs it. */
  readonly endOffsets?: EndOffsets;
  /** Follows single records to the store. Default: none is followed. */
  readonly tracer?: PipelineTracer;
}

/** How long a rebalance waits for a call of the sink that is under way. */
const drainMsMax = 20_000;
/** How long a stop takes in all: a worker has to be gone in 30 s. */
const stopMsMax = 24_000;

/**
 * Runs one task of a sink: reads as a member of the connector's group, delivers in batches, and commits only what the sink
 * says is durable. While the store is away the partitions are paused and the same records are tried again; polls go on, so the
 * group keeps the task. The sink is called by one at a time, puts of several partitions apart where it can take them: by the loop, or by a
 * rebalance between two steps of the loop.
 */
export class SinkTask {
  private readonly lock = new TaskLock();
  private readonly metrics: SinkMetrics;
  private readonly health: SinkHealth;
  private readonly partitions: SinkPartitions;
  private readonly commits: SinkCommits;
  private readonly lanes: SinkLanes;
  private readonly rate: RateLimit | null;
  private readonly batchMode: BatchMode | null;
  private loop: Promise<void> | null = null;
  private readerStarted = false;
  private stopping = false;
  private pauseWanted = false;
  private pauseFlushed = false;
  private overBudget = false;

  constructor(
    private readonly parts: SinkTaskParts,
    private readonly options: SinkTaskOptions,
  ) {
    const { clock, random, sink, reader, deadLetters, logger } = parts;
    const { retry, breaker = null, storm = null, rate = null, batchMode = null, commitIntervalMs } = options;
    this.metrics = parts.metrics ?? new SinkMetrics(clock);
    this.health = new SinkHealth({ clock, random, logger, metrics: this.metrics, retry, breaker });
    const onOpen = (): void => options.preparation?.reset();
    this.partitions = new SinkPartitions({ sink, reader, clock, logger, onOpen });
    const { metrics, partitions } = this;
    this.commits = new SinkCommits({ sink, reader, partitions, metrics, clock, logger, commitIntervalMs });
    this.rate = rate === null ? null : new RateLimit(clock, rate);
    const guard = storm === null ? null : new StormGuard(clock, storm);
    const delivery = new SinkDelivery(
      { sink, deadLetters, metrics, clock, logger, rate: this.rate, guard, ...this.tracing() },
      options,
    );
    this.lanes = new SinkLanes({
      partitions,
      delivery,
      count: sink.parallelPartitions === true ? (options.parallelPartitionsMax ?? 1) : 1,
      isDue: (partition) => this.dueInMs(partition) === 0,
      isInterrupted: () => this.isInterrupted(),
      onPut: () => (this.commits.hasPuts = true),
    });
    this.batchMode = batchMode === null ? null : this.createBatchMode(batchMode);
  }

  /** Starts working; a store that is away does not make it fail. `status` tells how it goes. */
  start(): void {
    this.loop ??= this.run();
  }

  /** Flushes, and stops reading; group membership and the sink's resources are kept. */
  pause(): void {
    this.pauseWanted = true;
    this.metrics.paused(true);
  }

  resume(): void {
    this.pauseWanted = false;
    this.pauseFlushed = false;
    this.metrics.paused(false);
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

  /** Resolves when the task has failed or was stopped and nothing of it runs any more; a sink that does not end is left behind. */
  async ended(): Promise<void> {
    await this.loop;
  }

  /** Why it failed; null unless it did. */
  get failure(): unknown {
    return this.health.fatal;
  }

  status(): TaskStatus {
    const { health, metrics, partitions } = this;
    const hasFailed = health.fatal !== null;
    const breaker = health.breaker.state;
    return {
      state: hasFailed ? 'FAILED' : this.pauseWanted ? 'PAUSED' : 'RUNNING',
      trace: hasFailed ? traceOf(health.fatal) : null,
      degraded: !hasFailed && health.isDegraded,
      lastError: health.lastError,
      activity: hasFailed || this.pauseWanted ? null : this.activity(),
      breaker,
      rateLimit: this.rate?.status() ?? null,
      batchMode: this.batchMode?.status() ?? null,
      partitions: partitions.list.map((partition) => this.partitionStatus(partition)),
      metrics: {
        ...metrics.snapshot(),
        'partition-count': partitions.count,
        'sink-record-active-count': partitions.heldRecords,
        'breaker-state': breaker === 'closed' ? 0 : breaker === 'open' ? 2 : 1,
        'breaker-open-total': health.breaker.openings,
      },
    };
  }

  private createBatchMode(options: BatchModeOptions): BatchMode {
    const { clock, logger, reader, endOffsets } = this.parts;
    assert(endOffsets !== undefined, 'a task in batch mode can learn where partitions end');
    return new BatchMode(clock, logger, options, endOffsets, (at) => reader.position(at));
  }

  private activity(): string | null {
    const { breaker, retry } = this.health;
    if (breaker.state === 'open') return `The breaker is open, the next try is in ${Math.ceil(retry.remainingMs())} ms`;
    return this.batchMode?.activity() ?? null;
  }

  private async run(): Promise<void> {
    const { reader, logger } = this.parts;
    try {
      await this.startSink();
      if (!this.stopping && this.health.fatal === null) {
        this.readerStarted = true;
        await reader.start({
          onAssigned: (partitions) => this.lock.run(() => this.assigned(partitions)),
          onRevoked: (partitions) => this.within(drainMsMax, () => this.lock.run(() => this.revoked(partitions))),
          onLost: (partitions) => this.within(drainMsMax, () => this.lock.run(() => this.lost(partitions))),
        });
        await this.pump();
      }
    } catch (error) {
      if (!this.stopping) this.health.fail(error);
    }
    if (this.health.fatal !== null) logger.error(`Sink task failed: ${messageOf(this.health.fatal)}`);
    await this.within(stopMsMax, () => this.close());
  }

  private async close(): Promise<void> {
    const { reader, sink, deadLetters, logger } = this.parts;
    if (this.readerStarted) await quietly(() => reader.stop(), logger);
    await this.lock.run(() => quietly(() => sink.stop(), logger));
    await quietly(async () => this.options.preparation?.stop(), logger);
    if (deadLetters !== null) await quietly(() => deadLetters.close(), logger);
  }

  private async startSink(): Promise<void> {
    const { sink, clock, logger } = this.parts;
    const { connector, task, ownerEpoch, stateDirectory, preparation } = this.options;
    while (!this.stopping && this.health.fatal === null) {
      try {
        const count = (counter: string, by: number): void => this.metrics.count(counter, by);
        await preparation?.start({ clock, logger, stateDirectory, count });
        await sink.start({ name: connector, task, clock, logger, ownerEpoch, stateDirectory });
        this.health.recovered();
        return;
      } catch (error) {
        this.health.failed(error);
        await this.waitForRetry();
      }
    }
  }

  /** Sleeps until the next try in small parts, so that a stop is heard. */
  private async waitForRetry(): Promise<void> {
    const { retry } = this.health;
    while (!this.stopping && this.health.fatal === null && retry.remainingMs() > 0) {
      await this.parts.clock.sleep(Math.min(retry.remainingMs(), 200));
    }
  }

  private async pump(): Promise<void> {
    while (!this.stopping && this.health.fatal === null) {
      this.take(await this.parts.reader.poll(this.pollWaitMs()));
      await this.lock.run(() => this.step());
    }
  }

  private pollWaitMs(): number {
    const { retry, isDegraded } = this.health;
    if (isDegraded) return Math.min(retry.remainingMs(), flushIntervalMs);
    if (this.batchMode?.isAsleep === true) return flushIntervalMs;
    let waitMs = this.commits.flushInMs();
    if (this.pauseWanted) return Math.max(waitMs, this.pauseFlushed ? 100 : 0);
    for (const partition of this.partitions) waitMs = Math.min(waitMs, this.dueInMs(partition) ?? waitMs);
    return waitMs;
  }

  /** Milliseconds until a batch of this partition may be put, null where nothing waits for it. */
  private dueInMs(partition: SinkPartition): number | null {
    if (this.batchMode?.isDue(partition) === false) return null;
    const dueMs = partition.dueInMs(this.options.limits, this.parts.clock.monotonic());
    if (dueMs === null || partition.deliveries.length > 0) return dueMs;
    return Math.max(dueMs, this.rate?.waitMs() ?? 0);
  }

  /** Puts fetched records where they wait. Not asynchronous: nothing comes between the poll and this. */
  private take(records: Awaited<ReturnType<SinkReader['poll']>>): void {
    const now = this.parts.clock.monotonic();
    for (const { topic, partition: number, records: columns, nextOffset, highWatermark } of records) {
      const partition = this.partitions.find({ topic, partition: number });
      if (partition === undefined) continue;
      partition.highWatermark = highWatermark;
      if (!partition.opened) {
        partition.droppedFrom ??= columns.count > 0 ? columns.offset(0) : nextOffset;
        continue;
      }
      if (columns.count > 0) checkStart(partition, columns.offset(0));
      this.metrics.add('sink-record-read-total', columns.count);
      partition.add(new RecordsBatch(topic, number, columns), nextOffset, now);
    }
    this.metrics.holds(this.partitions.heldRecords);
  }

  /** One turn under the lock: open what is new, put what is due, flush, commit. */
  private async step(): Promise<void> {
    if (this.health.retry.remainingMs() === 0 && this.health.fatal === null) {
      try {
        await this.partitions.openWaiting();
        if (this.pauseWanted) await this.flushForPause();
        else await this.work();
        this.health.recovered();
      } catch (error) {
        this.health.failed(error);
        // What the sink took before the failure may be durable all the same.
        if (this.commits.hasPuts) await quietly(() => this.commits.flush(false), this.parts.logger);
      }
    }
    await this.commits.commitDue(false);
    this.steerReader();
  }

  private async work(): Promise<void> {
    const { batchMode, partitions, commits } = this;
    await batchMode?.turn(partitions.list);
    if (batchMode?.isAsleep === true) return;
    await this.lanes.run(this.health.breaker.probeRecords);
    await commits.flushDue();
    if (batchMode?.isDone(partitions.list) !== true || this.isInterrupted()) return;
    await commits.flush(true);
    await commits.commitDue(true);
    batchMode.sleep();
  }

  /** Somebody waits for the sink: a rebalance, or a stop. */
  private isInterrupted(): boolean {
    return this.stopping || this.lock.pending > 1;
  }

  private async flushForPause(): Promise<void> {
    if (!this.pauseFlushed) {
      await this.commits.flush(true);
      await this.commits.commitDue(true);
      this.pauseFlushed = true;
    }
    await this.commits.flushDue();
  }

  /** Pauses and resumes partitions in the reader as the task, the store and the buffer ask for it. */
  private steerReader(): void {
    const bytes = this.partitions.bufferedBytes;
    if (bytes >= this.options.bufferBytesMax) this.overBudget = true;
    else if (bytes <= this.options.bufferBytesMax / 2) this.overBudget = false;
    const pause: TopicPartition[] = [];
    const resume: TopicPartition[] = [];
    for (const partition of this.partitions) {
      const wanted = this.pausedBy(partition) !== null;
      if (wanted !== partition.pausedInReader) (wanted ? pause : resume).push(placeOf(partition));
      partition.pausedInReader = wanted;
    }
    if (pause.length > 0) this.parts.reader.pause(pause);
    if (resume.length > 0) this.parts.reader.resume(resume);
  }

  private pausedBy(partition: SinkPartition): PartitionStatus['pausedBy'] {
    if (!partition.opened) return 'store';
    if (this.pauseWanted) return 'task';
    if (this.health.isDegraded) return 'store';
    if (this.batchMode?.isStill(partition) === true) return 'schedule';
    return this.overBudget ? 'buffer' : null;
  }

  private async assigned(assigned: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    this.metrics.add('rebalance-total');
    const partitions = this.partitions.add(assigned);
    if (partitions.length === 0) return [];
    this.batchMode?.assigned();
    // Tried once here, so that the reader starts at the right place; a store that is away is left to the loop.
    if (this.health.isDegraded) return [];
    try {
      await this.partitions.open(partitions);
    } catch (error) {
      this.health.failed(error);
      return [];
    }
    return partitions.flatMap((partition) =>
      partition.storedOffset === null ? [] : [{ ...placeOf(partition), offset: partition.storedOffset }],
    );
  }

  private async revoked(revoked: readonly TopicPartition[]): Promise<void> {
    try {
      await this.commits.flush(true);
      await this.commits.commitDue(true);
    } catch (error) {
      this.parts.logger.warn(`The sink did not flush before its partitions were taken: ${messageOf(error)}`);
    }
    await this.lost(revoked);
  }

  private async lost(gone: readonly TopicPartition[]): Promise<void> {
    this.batchMode?.revoked(gone);
    await this.partitions.close(gone);
  }

  private tracing(): Pick<SinkDeliveryParts, 'traced'> {
    const { tracer } = this.parts;
    if (tracer === undefined) return {};
    const { connector, task } = this.options;
    return { traced: (batch, startedAt) => tracePut(tracer, batch, { startedAt, connector, task }) };
  }

  private partitionStatus(partition: SinkPartition): PartitionStatus {
    return {
      ...placeOf(partition),
      position: partition.processedNext ?? this.parts.reader.position(placeOf(partition)),
      committed: partition.committedNext,
      lag: partition.lag(),
      lastSuccessAt: partition.lastSuccessAt,
      lastTimestamp: partition.lastTimestamp,
      bufferedBytes: partition.bufferedBytes,
      pausedBy: this.pausedBy(partition),
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

async function quietly(work: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger.warn(`A sink task could not end cleanly: ${messageOf(error)}`);
  }
}
