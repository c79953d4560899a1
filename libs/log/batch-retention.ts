import { controlOutcome } from '#wire/kafka/control-batch';
import { recordBatch } from '#wire/kafka/record-batch';
import { deleteHorizon, emptyBatch, filterBatch, type KeyedRecord } from './batch-filter.js';
import type { KeyMap } from './key-map.js';
import type { ProducerState } from './producer-state.js';
import type { AbortedRow } from './transaction-index.js';

export interface RetentionInput {
  /** Key → newest offset, of the records in `[first dirty offset, mappedTo)`. */
  readonly newest: KeyMap;
  readonly mappedTo: number;
  readonly producers: ProducerState;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

/**
 * What compaction leaves of each batch, asked in the order of the log from its first batch on. As Kafka does:
 * the last record of each key stays, a tombstone until its delete horizon, which the first cleaning that meets it sets (KIP-534); nothing stays of
 * an aborted transaction; a marker goes when nothing of its transaction is left and its own horizon is past; the last
 * batch of a producer stays, if need be without records, so that its sequence goes on after a restart.
 */
export class BatchRetention {
  private readonly transactions: AbortedWalk;
  /** Producers of whose transaction under way something stays. */
  private readonly withData = new Set<number>();

  constructor(private readonly input: RetentionInput) {
    this.transactions = new AbortedWalk(input.producers.transactions.aborted);
  }

  /** Null where nothing stays; the same buffer where all does. */
  retained(batch: Buffer): Buffer | null {
    const isAborted = this.transactions.isAborted(batch);
    if (recordBatch.isControl(batch)) return this.retainedMarker(batch);
    const kept = isAborted ? null : this.retainedRecords(batch);
    const left = kept ?? (this.isLastOfProducer(batch) ? emptyBatch(batch) : null);
    if (left !== null && recordBatch.isTransactional(batch)) this.withData.add(recordBatch.producerId(batch));
    return left;
  }

  private retainedRecords(batch: Buffer): Buffer | null {
    const { newest, mappedTo, nowMs, deleteRetentionMs } = this.input;
    if (recordBatch.count(batch) === 0) return null;
    const horizonMs = deleteHorizon(batch);
    const isPast = horizonMs >= 0 && horizonMs <= nowMs;
    let hasTombstone = false;
    const keep = ({ key, offset, isTombstone }: KeyedRecord): boolean => {
      if (offset >= mappedTo) return true;
      if (key === null || newest.get(key) > offset || (isTombstone && isPast)) return false;
      hasTombstone ||= isTombstone;
      return true;
    };
    const kept = filterBatch(batch, keep, -1);
    if (kept === null || !hasTombstone || horizonMs >= 0) return kept;
    return filterBatch(kept, () => true, nowMs + deleteRetentionMs);
  }

  private retainedMarker(batch: Buffer): Buffer | null {
    const { nowMs, deleteRetentionMs } = this.input;
    const hasData = this.withData.delete(recordBatch.producerId(batch));
    // Of no transaction of ours, or the only sign of its producer.
    if (hasData || controlOutcome(batch) === null || this.isLastOfProducer(batch)) return batch;
    const horizonMs = deleteHorizon(batch);
    if (horizonMs < 0) return filterBatch(batch, () => true, nowMs + deleteRetentionMs);
    return horizonMs <= nowMs ? null : batch;
  }

  private isLastOfProducer(batch: Buffer): boolean {
    const producerId = recordBatch.producerId(batch);
    if (producerId < 0) return false;
    const last = this.input.producers.lastOf(producerId);
    if (last === null) return false;
    if (last.dataOffset >= 0) return last.dataOffset === recordBatch.lastOffset(batch);
    return recordBatch.isControl(batch) && recordBatch.producerEpoch(batch) === last.epoch;
  }
}

/** Follows aborted transactions through the batches of a log, from its first on. */
export class AbortedWalk {
  private readonly upcoming: AbortedRow[];
  private readonly active = new Set<number>();

  constructor(rows: readonly AbortedRow[]) {
    this.upcoming = [...rows].sort((left, right) => right.firstOffset - left.firstOffset);
  }

  /** Whether the batch is data of an aborted transaction. A marker ends its producer's. */
  isAborted(batch: Buffer): boolean {
    const lastOffset = recordBatch.lastOffset(batch);
    for (let next = this.upcoming.at(-1); next !== undefined; next = this.upcoming.at(-1)) {
      if (next.firstOffset > lastOffset) break;
      if (next.lastOffset >= lastOffset) this.active.add(next.producerId);
      this.upcoming.pop();
    }
    const producerId = recordBatch.producerId(batch);
    if (recordBatch.isControl(batch)) {
      this.active.delete(producerId);
      return false;
    }
    return recordBatch.isTransactional(batch) && this.active.has(producerId);
  }
}
