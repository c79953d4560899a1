/**
 * What waits for one partition, in order: batches sent and not answered, batches sealed, and one open batch.
 *
 * Order and numbers: a batch gets its sequence when it is sealed. After a failure nothing more is sent until every batch
 * under way is answered; then those that failed go again, in their order. When a sequence was given to a batch that is
 * dropped, or the node lost count, the rest is numbered anew from 0 under the next epoch.
 */
import { assert } from '#std/assert';
import { patchProducer } from '#wire/kafka/record-batch';
import type { NewRecord, RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import type { RecordSource } from '#wire/kafka/record-source';
import type { Delivery } from '#topics/delivery';
import type { TopicsError } from '#topics/errors';

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Batches are part of the producer's transaction; default: false. */
  readonly isTransactional?: boolean;
}

export interface WriteBatch {
  readonly bytes: Buffer;
  readonly count: number;
  readonly deliveries: readonly Delivery[];
  readonly sealedMs: number;
  attempts: number;
}

/** Where open batches are made; buffers are lent, because most partitions are idle most of the time. */
export interface BuilderPool {
  take(): RecordBatchBuilder;
  give(builder: RecordBatchBuilder): void;
}

const sequenceMask = 0x7fffffff;
export const producerEpochMax = 32_767;

export class PartitionQueue {
  /** Of the open batch; meaningless without one. */
  openedMs = 0;
  /** Not before this time is the next batch sent. */
  notBeforeMs = 0;
  /** The node has been asked to count anew. */
  mustRenumber = false;
  private builder: RecordBatchBuilder | null = null;
  private openDeliveries: Delivery[] = [];
  private sealed: WriteBatch[] = [];
  private sent: WriteBatch[] = [];
  private unanswered = 0;
  private hasFailed = false;
  private nextSequence = 0;
  /**
   * Whether the node has taken a batch under this identity. Before, it accepts any sequence as the first one, so that a
   * second batch could take the place of a first that failed.
   */
  private isKnown = false;

  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly pool: BuilderPool,
    /** Null without idempotence. */
    private producer: ProducerIdentity | null,
  ) {}

  get isIdle(): boolean {
    return this.builder === null && this.sealed.length === 0 && this.sent.length === 0;
  }

  get outstanding(): number {
    return this.unanswered;
  }

  get openBytes(): number {
    return this.builder?.byteCount ?? 0;
  }

  get sealedCount(): number {
    return this.sealed.length;
  }

  get identity(): ProducerIdentity | null {
    return this.producer;
  }

  /** Whether batches may go out, as far as this partition is concerned. */
  get isOrderly(): boolean {
    if (this.producer !== null && !this.isKnown && this.unanswered > 0) return false;
    return !this.hasFailed && !this.mustRenumber;
  }

  /** Appends records `[from, to)` to the open batch while they fit; gives the first index that did not. */
  appendRange(source: RecordSource, from: number, to: number, delivery: Delivery, nowMs: number): number {
    const next = this.open(nowMs).appendRange(source, from, to);
    if (next > from) this.join(delivery);
    return next;
  }

  appendEvent(source: RecordSource, index: number, delivery: Delivery, nowMs: number): void {
    if (!this.open(nowMs).appendEvent(source, index)) {
      this.seal(nowMs);
      const fits = this.open(nowMs).appendEvent(source, index);
      assert(fits, 'an empty batch takes any record');
    }
    this.join(delivery);
  }

  appendRecord(record: NewRecord, delivery: Delivery, nowMs: number): void {
    if (!this.open(nowMs).append(record)) {
      this.seal(nowMs);
      const fits = this.open(nowMs).append(record);
      assert(fits, 'an empty batch takes any record');
    }
    delivery.place.partition = this.partition;
    delivery.place.indexInBatch = this.open(nowMs).count - 1;
    this.join(delivery);
  }

  /** Closes the open batch, if there is one with records, and numbers it. */
  seal(nowMs: number): void {
    const builder = this.builder;
    if (builder === null) return;
    this.builder = null;
    const count = builder.count;
    if (count > 0) {
      const stamp = this.producer === null ? null : { ...this.producer, baseSequence: this.nextSequence };
      this.nextSequence = (this.nextSequence + count) & sequenceMask;
      const bytes = builder.build(stamp);
      this.sealed.push({ bytes, count, deliveries: this.openDeliveries, sealedMs: nowMs, attempts: 0 });
      this.openDeliveries = [];
    }
    this.pool.give(builder);
  }

  /** The next batch to send, counted as under way. */
  take(): WriteBatch | null {
    const batch = this.sealed.shift();
    if (batch === undefined) return null;
    batch.attempts += 1;
    this.sent.push(batch);
    this.unanswered += 1;
    return batch;
  }

  /** Whether no earlier batch is unsettled, so that the answer to this one cannot be due to another's failure. */
  isFirst(batch: WriteBatch): boolean {
    return this.sent[0] === batch;
  }

  succeeded(batch: WriteBatch, baseOffset: number): void {
    this.answered(batch);
    this.isKnown = true;
    for (const delivery of batch.deliveries) {
      if (delivery.place.partition >= 0 && baseOffset >= 0) {
        delivery.place.offset = baseOffset + delivery.place.indexInBatch;
      }
      delivery.batchDone(null);
    }
  }

  /** Will be sent again. */
  failed(): void {
    this.unanswered -= 1;
    this.hasFailed = true;
  }

  /** Will never be sent again; its sequence stays unused. */
  rejected(batch: WriteBatch, error: TopicsError): void {
    this.answered(batch);
    this.mustRenumber = this.producer !== null;
    for (const delivery of batch.deliveries) delivery.batchDone(error);
  }

  /** Puts failed batches back in front once nothing is under way; true when it did. Says how often the first was tried. */
  restore(): number | null {
    if (this.unanswered > 0 || !this.hasFailed) return null;
    this.sealed = [...this.sent, ...this.sealed];
    this.sent = [];
    this.hasFailed = false;
    return this.sealed[0]?.attempts ?? 0;
  }

  /** Numbers everything that waits anew, from 0. Only while nothing is under way. */
  renumber(producer: ProducerIdentity): void {
    assert(this.unanswered === 0 && this.sent.length === 0, 'numbers change only while nothing is under way');
    this.producer = producer;
    this.mustRenumber = false;
    this.isKnown = false;
    this.nextSequence = 0;
    for (const batch of this.sealed) {
      patchProducer(batch.bytes, { ...producer, baseSequence: this.nextSequence });
      this.nextSequence = (this.nextSequence + batch.count) & sequenceMask;
    }
  }

  /** Drops everything, and numbers what comes from 0. Only while nothing is under way. */
  discard(producer: ProducerIdentity, error: TopicsError): void {
    this.seal(0);
    this.restore();
    const dropped = this.sealed;
    this.sealed = [];
    this.notBeforeMs = 0;
    this.renumber(producer);
    for (const batch of dropped) for (const delivery of batch.deliveries) delivery.batchDone(error);
  }

  /** Gives up what was sealed before `beforeMs` and is not under way. */
  expire(beforeMs: number, error: () => TopicsError): void {
    if (this.builder !== null && this.openedMs < beforeMs) this.seal(beforeMs);
    const first = this.sealed[0];
    if (first === undefined || first.sealedMs > beforeMs) return;
    const old = this.sealed.filter((batch) => batch.sealedMs <= beforeMs);
    this.sealed = this.sealed.filter((batch) => batch.sealedMs > beforeMs);
    this.mustRenumber = this.producer !== null;
    for (const batch of old) for (const delivery of batch.deliveries) delivery.batchDone(error());
  }

  private open(nowMs: number): RecordBatchBuilder {
    if (this.builder === null) {
      this.builder = this.pool.take();
      this.openedMs = nowMs;
    }
    return this.builder;
  }

  private join(delivery: Delivery): void {
    if (this.openDeliveries.at(-1) === delivery) return;
    this.openDeliveries.push(delivery);
    delivery.addBatch();
  }

  private answered(batch: WriteBatch): void {
    this.unanswered -= 1;
    const at = this.sent.indexOf(batch);
    assert(at >= 0, 'an answer belongs to a batch under way');
    this.sent.splice(at, 1);
  }
}
