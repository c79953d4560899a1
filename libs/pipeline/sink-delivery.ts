import { FatalSinkError, PoisonRecordError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import { deadLetterOf, type DeadLetterQueue } from '#pipeline/dead-letter';
import { originalOf } from '#pipeline/sink-columns';
import type { Sink } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { SinkMetrics } from '#pipeline/sink-metrics';
import type { SinkPreparation } from '#pipeline/sink-preparation';
import type { BatchLimits, Delivery, Refusal, SinkPartition } from '#pipeline/sink-partition';
import type { RateLimit } from '#pipeline/sink-rate-limit';
import type { StormGuard } from '#pipeline/sink-storm-guard';
import { TaskLock } from '#pipeline/task-lock';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { assert } from '#std/assert';

/** What happens to a record that can not be delivered. */
export interface ErrorPolicy {
  /** Tries of a record that the store refuses, before it is given up. */
  readonly attemptsMax: number;
  /** Stop the task once the dead letters have the record (`errors.tolerance=none`, spelled out). */
  readonly stopAfterDeadLetter: boolean;
  /** Let records go without dead letters (`errors.drop=true`). */
  readonly drop: boolean;
  readonly contextHeaders: boolean;
}

export interface DeliveryOptions {
  readonly connector: string;
  readonly task: number;
  /** The kind of sink, for dead letters. */
  readonly className: string;
  readonly limits: BatchLimits;
  readonly policy: ErrorPolicy;
  /** Converters and transforms. Absent = records reach the sink as they lie in the topic. */
  readonly preparation?: SinkPreparation;
}

export interface SinkDeliveryParts {
  readonly sink: Sink;
  readonly deadLetters: DeadLetterQueue | null;
  readonly metrics: SinkMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Null = without limit. */
  readonly rate: RateLimit | null;
  /** Null = any part of the records may be bad. */
  readonly guard: StormGuard | null;
  /** Told of each put that the store took. */
  readonly traced?: (batch: SinkBatch, startedAt: number) => void;
}

const dropLogMsMin = 10_000;

/**
 * Takes a partition's records through converters into the sink, in order. A batch with a record that the store refuses is cut
 * around that record, or halved where the store does not say which; the record alone is tried until `attemptsMax` and becomes
 * a dead letter. Where the store kept the others, they are not put again. What is left to do stays in `partition.deliveries`, so that a retriable error goes on where it stopped.
 */
export class SinkDelivery {
  /** Transforms see one batch at a time, also where the sink takes several. */
  private readonly preparing = new TaskLock();
  private droppedSinceLog = 0;
  private dropLoggedAt = -dropLogMsMin;

  constructor(
    private readonly parts: SinkDeliveryParts,
    private readonly options: DeliveryOptions,
  ) {}

  /** Delivers one batch; ends early where `interrupted` says so. Throws what the sink throws, poison apart. */
  async deliver(partition: SinkPartition, interrupted: () => boolean): Promise<void> {
    if (partition.deliveries.length === 0) this.cut(partition);
    while (partition.deliveries.length > 0) {
      await this.step(partition);
      if (interrupted()) return;
    }
  }

  /** Delivers a small part of what is due and no more, to see whether the store takes anything. Throws as `deliver`. */
  async probe(partition: SinkPartition, recordsMax: number): Promise<void> {
    if (partition.deliveries.length === 0) this.cut(partition);
    if (partition.deliveries[0]?.raw === true) await this.step(partition);
    const next = partition.deliveries[0];
    if (next === undefined) return;
    const { batch } = next;
    if (batch.count > recordsMax && next.refusal === null) {
      const parts = [batch.slice(0, recordsMax), batch.slice(recordsMax, batch.count)];
      partition.deliveries.splice(0, 1, ...parts.map((part) => ({ ...next, batch: part })));
    }
    await this.step(partition);
  }

  /** Takes the first delivery one step further. */
  private async step(partition: SinkPartition): Promise<void> {
    const next = partition.deliveries[0];
    if (next === undefined) return;
    const { preparation } = this.options;
    if (next.raw === true && preparation !== undefined) {
      await this.preparing.run(() => this.prepare(partition, next, preparation));
    } else if (next.kept === true) this.through(partition, next, false);
    else if (next.refusal === null) await this.put(partition, next);
    else await this.giveUp(partition, next, next.refusal);
  }

  /** Cuts the next batch. */
  private cut(partition: SinkPartition): void {
    const { limits } = this.options;
    const { rate, clock } = this.parts;
    const batch = partition.take(rate?.within(limits) ?? limits, clock.monotonic());
    rate?.spend(batch.count, batch.byteCount);
    const raw = this.options.preparation?.isEmpty === false;
    partition.deliveries.push({ ...fresh(batch), raw });
  }

  /** Converts and transforms a batch, and sets the records aside that can not be. It stays what it was where something is away. */
  private async prepare(partition: SinkPartition, { batch }: Delivery, preparation: SinkPreparation): Promise<void> {
    const { pieces, filtered, filteredBytes } = await preparation.prepare(batch);
    const parts = pieces.map((piece): Delivery => {
      if (piece.kind === 'records') return fresh(piece.batch);
      const { stage, error } = piece.failure;
      return { batch: piece.batch, attempts: 1, refusal: { stage, error } };
    });
    partition.deliveries.splice(0, 1, ...parts);
    if (filtered === 0) return;
    this.parts.metrics.add('sink-record-filtered-total', filtered);
    if (parts.length > 0) partition.released(filteredBytes);
    else {
      partition.processed(batch, false);
      // A sink that keeps positions would read all of these again after each restart.
      await this.parts.sink.skip?.({
        topic: batch.topic,
        partition: batch.partition,
        offset: batch.offset(batch.count - 1) + 1,
      });
    }
  }

  private async put(partition: SinkPartition, delivery: Delivery): Promise<void> {
    const { batch } = delivery;
    const startedAt = this.parts.clock.monotonic();
    try {
      await this.parts.sink.put(batch);
    } catch (error) {
      const elapsedMs = this.parts.clock.monotonic() - startedAt;
      if (error instanceof RefusedRecordsError) this.keptApart(partition, delivery, error, elapsedMs);
      else if (error instanceof PoisonRecordError) {
        this.parts.metrics.add('total-record-errors');
        partition.deliveries.splice(0, 1, ...this.around(delivery, error));
      } else throw error;
      return;
    }
    this.parts.metrics.put(batch.count, batch.byteCount, this.parts.clock.monotonic() - startedAt);
    this.parts.guard?.passed(batch.count);
    this.parts.traced?.(batch, this.parts.clock.now() - (this.parts.clock.monotonic() - startedAt));
    this.through(partition, delivery, true);
  }

  /** The sink has it: `put` where its flush will say when it is durable. */
  private through(partition: SinkPartition, { batch }: Delivery, put: boolean): void {
    partition.deliveries.shift();
    partition.lastSuccessAt = this.parts.clock.now();
    partition.processed(batch, put);
  }

  /** The store has all but what it refused; its flush may count all of the batch or nothing of it, so it is not asked about these. */
  private keptApart(partition: SinkPartition, delivery: Delivery, error: RefusedRecordsError, elapsedMs: number): void {
    const { batch } = delivery;
    const parts: Delivery[] = [];
    let from = 0;
    let keptBytes = batch.byteCount;
    const keep = (to: number): void => {
      if (to > from) parts.push({ ...fresh(batch.slice(from, to)), kept: true });
    };
    assert(error.refusals.length > 0, 'a sink that refuses records says which');
    for (const { index, message } of error.refusals) {
      assert(index >= from && index < batch.count, 'refused records lie in their batch, by rising index');
      keep(index);
      const refused = { ...delivery, batch: batch.slice(index, index + 1) };
      parts.push(...this.around(refused, new PoisonRecordError(message, 0, { cause: error.cause })));
      keptBytes -= refused.batch.byteCount;
      from = index + 1;
    }
    keep(batch.count);
    const keptCount = batch.count - error.refusals.length;
    this.parts.metrics.add('total-record-errors', error.refusals.length);
    if (keptCount > 0) this.parts.metrics.put(keptCount, keptBytes, elapsedMs);
    this.parts.guard?.passed(keptCount);
    partition.deliveries.splice(0, 1, ...parts);
  }

  /** What is tried instead of a batch that was refused. */
  private around(delivery: Delivery, error: PoisonRecordError): Delivery[] {
    const { batch } = delivery;
    const attempts = delivery.attempts + 1;
    if (batch.count === 1) {
      const refusal: Refusal | null = attempts >= this.options.policy.attemptsMax ? { stage: 'TASK_PUT', error } : null;
      return [{ batch, attempts, refusal }];
    }
    const bounds = cutsFor(batch.count, error.index);
    const parts: Delivery[] = [];
    for (let at = 0; at + 1 < bounds.length; at += 1) {
      const from = bounds[at] ?? 0;
      const to = bounds[at + 1] ?? batch.count;
      // With a known culprit its neighbours were never refused themselves.
      const blamed = error.index === null || error.index === from;
      parts.push({ batch: batch.slice(from, to), attempts: blamed ? attempts : delivery.attempts, refusal: null });
    }
    return parts;
  }

  private async giveUp(partition: SinkPartition, delivery: Delivery, refusal: Refusal): Promise<void> {
    const { batch } = delivery;
    const { policy } = this.options;
    const where = `${batch.topic}-${batch.partition} offset ${batch.offset(0)}`;
    if (refusal.counted !== true) {
      partition.deliveries[0] = { ...delivery, refusal: { ...refusal, counted: true } };
      this.parts.guard?.refused(where, messageOf(refusal.error));
    }
    if (this.parts.deadLetters === null && !policy.drop) {
      this.parts.metrics.add('total-record-failures');
      throw new FatalSinkError(
        `Record ${where} was refused at ${refusal.stage}: ${messageOf(refusal.error)}. Set ` +
          'errors.deadletterqueue.topic.name to put such records aside, or repair the sink, and restart the task',
        { cause: refusal.error, isLasting: true },
      );
    }
    if (this.parts.deadLetters === null) this.logDrop(where, refusal);
    else if (refusal.buried !== true) {
      await this.bury(this.parts.deadLetters, batch, delivery.attempts, refusal);
      partition.deliveries[0] = { ...delivery, refusal: { ...refusal, counted: true, buried: true } };
    }
    if (policy.stopAfterDeadLetter) {
      throw new FatalSinkError(
        `Record ${where} was refused at ${refusal.stage} and lies in the dead-letter topic; ` +
          `errors.tolerance=none stops the task: ${messageOf(refusal.error)}`,
        { cause: refusal.error, isLasting: true },
      );
    }
    if (this.parts.sink.skip !== undefined) {
      await this.parts.sink.skip({ topic: batch.topic, partition: batch.partition, offset: batch.offset(0) + 1 });
    }
    this.parts.metrics.add('total-record-failures');
    this.parts.metrics.add('total-records-skipped');
    if (this.parts.deadLetters === null) this.parts.metrics.add('total-records-lost');
    partition.deliveries.shift();
    partition.processed(batch, false);
  }

  private async bury(letters: DeadLetterQueue, batch: SinkBatch, attempts: number, refusal: Refusal): Promise<void> {
    const reason = {
      connector: this.options.connector,
      task: this.options.task,
      stage: refusal.stage,
      className: this.options.className,
      error: refusal.error,
      attempts,
      failedAt: this.parts.clock.now(),
    };
    this.parts.metrics.add('deadletterqueue-produce-requests');
    try {
      await letters.write(deadLetterOf(originalOf(batch), 0, reason, this.options.policy.contextHeaders));
    } catch (error) {
      this.parts.metrics.add('deadletterqueue-produce-failures');
      throw new RetriableSinkError(`The dead-letter topic ${letters.topic} did not take a record`, { cause: error });
    }
  }

  private logDrop(where: string, refusal: Refusal): void {
    this.droppedSinceLog += 1;
    const now = this.parts.clock.monotonic();
    if (now - this.dropLoggedAt < dropLogMsMin) return;
    this.parts.logger.warn(`Record ${where} was dropped by errors.drop=true: ${messageOf(refusal.error)}`, {
      records: this.droppedSinceLog,
    });
    this.droppedSinceLog = 0;
    this.dropLoggedAt = now;
  }
}

function fresh(batch: SinkBatch): Delivery {
  return { batch, attempts: 0, refusal: null };
}

/** Where to cut a refused batch of more than one record: around `index`, or in the middle. */
function cutsFor(count: number, index: number | null): number[] {
  if (index === null) return [0, count >> 1, count];
  assert(index >= 0 && index < count, 'a refused record lies in its batch');
  return [...new Set([0, index, index + 1, count])];
}
