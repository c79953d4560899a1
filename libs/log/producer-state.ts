import { openText, sealText } from './durable-file.js';

/** What a partition knows of one idempotent producer. Never changed in place: both maps below share it. */
export interface ProducerEntry {
  readonly epoch: number;
  /** Wall time of its last append, ms. */
  readonly lastAppendMs: number;
  /** The last batches, the oldest first, at most five: as many as a client may have in flight. */
  readonly batches: readonly SequencedBatch[];
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
  | { readonly kind: 'out_of_order_sequence' | 'invalid_producer_epoch'; readonly message: string };

const batchesKept = 5;
const sequenceCount = 2 ** 31;
const nextVerdict: SequenceVerdict = { kind: 'next' };

/**
 * The sequence numbers of a partition's idempotent producers. `accepted` runs ahead with what was accepted for writing and is what the next
 * batch is checked against, without an await in between; `durable` follows at each sync and is what snapshots hold.
 */
export class ProducerState {
  private accepted = new Map<number, ProducerEntry>();
  private durable = new Map<number, ProducerEntry>();

  get count(): number {
    return this.durable.size;
  }

  check(producerId: number, epoch: number, firstSequence: number, lastOffsetDelta: number): SequenceVerdict {
    const entry = this.accepted.get(producerId);
    if (entry === undefined) return nextVerdict;
    if (epoch < entry.epoch) {
      return {
        kind: 'invalid_producer_epoch',
        message: `Producer ${producerId} has epoch ${epoch}, a newer session has ${entry.epoch}.`,
      };
    }
    if (epoch > entry.epoch) {
      if (firstSequence === 0) return nextVerdict;
      return outOfOrder(producerId, firstSequence, 0);
    }
    const lastSequence = sequenceAfter(firstSequence, lastOffsetDelta);
    const duplicate = entry.batches.find(
      (batch) => batch.firstSequence === firstSequence && batch.lastSequence === lastSequence,
    );
    if (duplicate !== undefined) return { kind: 'duplicate', batch: duplicate };
    const last = entry.batches.at(-1);
    const expected = last === undefined ? firstSequence : sequenceAfter(last.lastSequence, 1);
    return expected === firstSequence ? nextVerdict : outOfOrder(producerId, firstSequence, expected);
  }

  /** The producer's entry with one more batch. */
  accept(producerId: number, epoch: number, batch: SequencedBatch, nowMs: number): ProducerEntry {
    const entry = entryAfter(this.accepted.get(producerId), epoch, batch, nowMs);
    this.accepted.set(producerId, entry);
    return entry;
  }

  /** The batch that made `entry` is durable. */
  settle(producerId: number, entry: ProducerEntry): void {
    this.durable.set(producerId, entry);
  }

  /** Forgets what was accepted and will never be written. */
  rollBack(): void {
    this.accepted = new Map(this.durable);
  }

  /** A batch found in the log at start. */
  replay(producerId: number, epoch: number, batch: SequencedBatch, appendedMs: number): void {
    const entry = this.durable.get(producerId);
    // Met again where the scan begins before the snapshot's end.
    if ((entry?.batches.at(-1)?.lastOffset ?? -1) >= batch.lastOffset) return;
    this.durable.set(producerId, entryAfter(entry, epoch, batch, appendedMs));
    this.accepted = this.durable;
  }

  /** Ends a replay: from here on the two maps differ. */
  replayed(): void {
    this.accepted = new Map(this.durable);
  }

  expire(beforeMs: number): void {
    for (const [producerId, entry] of this.accepted) {
      if (entry.lastAppendMs >= beforeMs) continue;
      this.accepted.delete(producerId);
      this.durable.delete(producerId);
    }
  }

  encode(): Buffer {
    const rows = [...this.durable].map(([producerId, entry]) => JSON.stringify({ producerId, ...entry }));
    return sealText(rows.map((row) => `${row}\n`).join(''));
  }

  /** Null for a snapshot that fails its check. */
  static decode(bytes: Buffer): ProducerState | null {
    const text = openText(bytes);
    if (text === null) return null;
    const state = new ProducerState();
    for (const row of text.split('\n')) {
      if (row === '') continue;
      const { producerId, ...entry } = JSON.parse(row) as ProducerEntry & { producerId: number };
      state.durable.set(producerId, entry);
    }
    state.replayed();
    return state;
  }
}

/** `sequence + count`, wrapping from 2^31-1 to 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % sequenceCount;
}

function entryAfter(
  entry: ProducerEntry | undefined,
  epoch: number,
  batch: SequencedBatch,
  lastAppendMs: number,
): ProducerEntry {
  const older = entry === undefined || entry.epoch !== epoch ? [] : entry.batches.slice(1 - batchesKept);
  return { epoch, lastAppendMs, batches: [...older, batch] };
}

function outOfOrder(producerId: number, firstSequence: number, expected: number): SequenceVerdict {
  return {
    kind: 'out_of_order_sequence',
    message: `Producer ${producerId} sent sequence ${firstSequence}, expected ${expected}.`,
  };
}
