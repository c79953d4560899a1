import type { ActiveProducer, TransactionMarker } from './engine.js';
import { openText, sealText } from './durable-file.js';
import { TransactionIndex, type AbortedRow } from './transaction-index.js';

/** What a partition knows of one idempotent producer. Never changed in place: both maps below share it. */
export interface ProducerEntry {
  readonly epoch: number;
  /** Wall time of its last append, ms. */
  readonly lastAppendMs: number;
  /** The last batches of the epoch, the oldest first, at most five: as many as a client may have in flight. */
  readonly batches: readonly SequencedBatch[];
  /** Of its last marker; -1 before the first one. */
  readonly coordinatorEpoch: number;
  /** First offset of its open transaction; -1 without one. */
  readonly transactionStart: number;
}

export interface SequencedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** -1 unless the topic keeps log append times. */
  readonly logAppendTimeMs: number;
}

export type SequenceVerdict =
  | { readonly kind: 'next' }
  | { readonly kind: 'duplicate'; readonly batch: SequencedBatch }
  | {
      readonly kind: 'out_of_order_sequence' | 'invalid_producer_epoch' | 'invalid_transaction_state';
      readonly message: string;
    };

export type MarkerVerdict = {
  readonly kind: 'invalid_producer_epoch' | 'coordinator_fenced';
  readonly message: string;
} | null;

/** What a batch is to the sequence check. */
export interface SequencedHeader {
  readonly producerId: number;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly lastOffsetDelta: number;
  readonly isTransactional: boolean;
}

/** A marker as the producers remember it. */
export type MarkerStamp = Pick<TransactionMarker, 'producerId' | 'producerEpoch' | 'outcome' | 'coordinatorEpoch'>;

const batchesKept = 5;
const sequenceCount = 2 ** 31;
const nextVerdict: SequenceVerdict = { kind: 'next' };

/**
 * The sequence numbers and transactions of a partition's idempotent producers. `accepted` runs ahead with what was accepted for writing and is
 * what the next batch is checked against, without an await in between; `durable` follows at each sync and is what snapshots hold.
 */
export class ProducerState {
  private accepted = new Map<number, ProducerEntry>();
  private durable = new Map<number, ProducerEntry>();

  constructor(readonly transactions = new TransactionIndex()) {}

  /** Nothing that a snapshot would have to hold. */
  get isEmpty(): boolean {
    return this.durable.size === 0 && this.transactions.aborted.length === 0;
  }

  /** `beginsAtZero`: a transactional producer that is not known here cannot have written before. */
  check(header: SequencedHeader, beginsAtZero = false): SequenceVerdict {
    const { producerId, epoch, firstSequence } = header;
    const entry = this.accepted.get(producerId);
    if (entry === undefined) {
      const isGap = beginsAtZero && header.isTransactional && firstSequence !== 0;
      return isGap ? outOfOrder(producerId, firstSequence, 0) : nextVerdict;
    }
    if (epoch < entry.epoch) return { kind: 'invalid_producer_epoch', message: fenced(producerId, epoch, entry.epoch) };
    if (epoch > entry.epoch) {
      if (firstSequence === 0) return stateVerdict(entry, header);
      return outOfOrder(producerId, firstSequence, 0);
    }
    const lastSequence = sequenceAfter(firstSequence, header.lastOffsetDelta);
    const duplicate = entry.batches.find(
      (batch) => batch.firstSequence === firstSequence && batch.lastSequence === lastSequence,
    );
    if (duplicate !== undefined) return { kind: 'duplicate', batch: duplicate };
    const last = entry.batches.at(-1);
    // An epoch that only a marker told of begins with the first sequence (KIP-890).
    const expected = last === undefined ? 0 : sequenceAfter(last.lastSequence, 1);
    return expected === firstSequence ? stateVerdict(entry, header) : outOfOrder(producerId, firstSequence, expected);
  }

  /** The producer's entry with one more batch. */
  accept(header: SequencedHeader, batch: SequencedBatch, nowMs: number): ProducerEntry {
    const entry = entryAfter(this.accepted.get(header.producerId), header, batch, nowMs);
    this.accepted.set(header.producerId, entry);
    return entry;
  }

  /** Null where the marker may be written. */
  checkMarker({ producerId, producerEpoch, coordinatorEpoch }: MarkerStamp): MarkerVerdict {
    const entry = this.accepted.get(producerId);
    if (entry === undefined) return null;
    if (producerEpoch < entry.epoch) {
      return { kind: 'invalid_producer_epoch', message: fenced(producerId, producerEpoch, entry.epoch) };
    }
    if (coordinatorEpoch >= entry.coordinatorEpoch) return null;
    return {
      kind: 'coordinator_fenced',
      message: `A coordinator of epoch ${coordinatorEpoch} marks producer ${producerId}, one of ${entry.coordinatorEpoch} did before.`,
    };
  }

  acceptMarker(marker: MarkerStamp, nowMs: number): ProducerEntry {
    const entry = entryAfterMarker(this.accepted.get(marker.producerId), marker, nowMs);
    this.accepted.set(marker.producerId, entry);
    return entry;
  }

  /** The batch that made `entry` is durable and ends at `lastOffset`; `outcome` tells that it is a marker. */
  settle(
    producerId: number,
    entry: ProducerEntry,
    lastOffset: number,
    outcome: TransactionMarker['outcome'] | null,
  ): void {
    this.durable.set(producerId, entry);
    if (entry.transactionStart >= 0) this.transactions.begin(producerId, entry.transactionStart);
    else if (outcome !== null) this.transactions.end(producerId, lastOffset, outcome === 'abort');
  }

  /** Forgets what was accepted and will never be written. */
  rollBack(): void {
    this.accepted = new Map(this.durable);
  }

  /** A batch found in the log at start. */
  replay(header: SequencedHeader, batch: SequencedBatch, appendedMs: number): void {
    const { producerId } = header;
    this.settle(
      producerId,
      entryAfter(this.durable.get(producerId), header, batch, appendedMs),
      batch.lastOffset,
      null,
    );
  }

  replayMarker(marker: MarkerStamp, offset: number, appendedMs: number): void {
    const { producerId, outcome } = marker;
    const entry = entryAfterMarker(this.durable.get(producerId), marker, appendedMs);
    this.settle(producerId, entry, offset, outcome);
  }

  /** Ends a replay: from here on the two maps differ. */
  replayed(): void {
    this.accepted = new Map(this.durable);
  }

  /** Where the producer's last batch of its epoch ends; -1 where only a marker tells of the epoch. Null for one that is not known. */
  lastOf(producerId: number): { readonly epoch: number; readonly dataOffset: number } | null {
    const entry = this.durable.get(producerId);
    return entry === undefined ? null : { epoch: entry.epoch, dataOffset: entry.batches.at(-1)?.lastOffset ?? -1 };
  }

  /** Producers as they are durable. */
  describe(): ActiveProducer[] {
    return [...this.durable].map(([producerId, entry]) => ({
      producerId,
      producerEpoch: entry.epoch,
      lastSequence: entry.batches.at(-1)?.lastSequence ?? -1,
      lastTimestamp: entry.lastAppendMs,
      coordinatorEpoch: entry.coordinatorEpoch,
      transactionStartOffset: entry.transactionStart,
    }));
  }

  expire(beforeMs: number): void {
    for (const [producerId, entry] of this.accepted) {
      if (entry.lastAppendMs >= beforeMs || entry.transactionStart >= 0) continue;
      this.accepted.delete(producerId);
      this.durable.delete(producerId);
    }
  }

  /** A line a producer, then a line a transaction that was aborted. */
  encode(): Buffer {
    const producers = [...this.durable].map(([producerId, entry]) => JSON.stringify({ producerId, ...entry }));
    const aborted = this.transactions.aborted.map((row) =>
      JSON.stringify([row.producerId, row.firstOffset, row.lastOffset, row.stableOffset]),
    );
    return sealText([...producers, ...aborted].map((row) => `${row}\n`).join(''));
  }

  /** Null for a snapshot that fails its check. */
  static decode(bytes: Buffer): ProducerState | null {
    const text = openText(bytes);
    if (text === null) return null;
    const rows = text.split('\n').filter((row) => row !== '');
    const aborted = rows.filter((row) => row.startsWith('[')).map(decodeAborted);
    const state = new ProducerState(new TransactionIndex(aborted));
    for (const row of rows) if (row.startsWith('{')) state.decodeProducer(row);
    const open = [...state.durable].filter(([, entry]) => entry.transactionStart >= 0);
    open.sort(([, left], [, right]) => left.transactionStart - right.transactionStart);
    for (const [producerId, entry] of open) state.transactions.begin(producerId, entry.transactionStart);
    state.replayed();
    return state;
  }

  private decodeProducer(row: string): void {
    // A snapshot of before transactions has neither of the two numbers.
    const { producerId, coordinatorEpoch, transactionStart, ...entry } = JSON.parse(row) as ProducerRow;
    this.durable.set(producerId, {
      ...entry,
      coordinatorEpoch: coordinatorEpoch ?? -1,
      transactionStart: transactionStart ?? -1,
    });
  }
}

type ProducerRow = { producerId: number } & Pick<ProducerEntry, 'epoch' | 'lastAppendMs' | 'batches'> &
  Partial<ProducerEntry>;

function decodeAborted(row: string): AbortedRow {
  const [producerId, firstOffset, lastOffset, stableOffset] = JSON.parse(row) as [number, number, number, number];
  return { producerId, firstOffset, lastOffset, stableOffset };
}

/** `sequence + count`, wrapping from 2^31-1 to 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % sequenceCount;
}

function entryAfter(
  entry: ProducerEntry | undefined,
  header: SequencedHeader,
  batch: SequencedBatch,
  lastAppendMs: number,
): ProducerEntry {
  const { epoch } = header;
  const older = entry === undefined || entry.epoch !== epoch ? [] : entry.batches.slice(1 - batchesKept);
  const open = entry?.transactionStart ?? -1;
  return {
    epoch,
    lastAppendMs,
    batches: [...older, batch],
    coordinatorEpoch: entry?.coordinatorEpoch ?? -1,
    transactionStart: header.isTransactional && open < 0 ? batch.baseOffset : open,
  };
}

function entryAfterMarker(
  entry: ProducerEntry | undefined,
  { producerEpoch, coordinatorEpoch }: MarkerStamp,
  lastAppendMs: number,
): ProducerEntry {
  const batches = entry === undefined || entry.epoch !== producerEpoch ? [] : entry.batches;
  return { epoch: producerEpoch, lastAppendMs, batches, coordinatorEpoch, transactionStart: -1 };
}

/** A transaction holds only transactional batches. */
function stateVerdict(entry: ProducerEntry, { producerId, isTransactional }: SequencedHeader): SequenceVerdict {
  if (isTransactional || entry.transactionStart < 0) return nextVerdict;
  return {
    kind: 'invalid_transaction_state',
    message: `Producer ${producerId} sent a batch outside of its transaction, which is open since offset ${entry.transactionStart}.`,
  };
}

function fenced(producerId: number, epoch: number, known: number): string {
  return `Producer ${producerId} has epoch ${epoch}, a newer session has ${known}.`;
}

function outOfOrder(producerId: number, firstSequence: number, expected: number): SequenceVerdict {
  return {
    kind: 'out_of_order_sequence',
    message: `Producer ${producerId} sent sequence ${firstSequence}, expected ${expected}.`,
  };
}
