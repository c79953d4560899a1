import type { AbortedTransaction } from './engine.js';

/** A transaction that ended with an abort, as long as its data may be in the log. */
export interface AbortedRow extends AbortedTransaction {
  /** Of its marker. */
  readonly lastOffset: number;
  /** The last stable offset once the marker was there: no abort listed behind this one begins below it. */
  readonly stableOffset: number;
}

/**
 * A partition's transactions, of durable batches only: the open ones in the order they began, and the aborted ones in the order of
 * their markers, in which a reader of committed records finds those that overlap what it was given.
 */
export class TransactionIndex {
  /** Producer → first offset. First offsets rise, so the oldest transaction is the first entry. */
  private readonly open = new Map<number, number>();
  /** Replaced, never cut in place: a reader keeps the rows of the time its read began. */
  private rows: AbortedRow[];

  constructor(rows: readonly AbortedRow[] = []) {
    this.rows = [...rows];
  }

  get aborted(): readonly AbortedRow[] {
    return this.rows;
  }

  /** First offset of the oldest open transaction; -1 without one. */
  get firstUnstable(): number {
    if (this.open.size === 0) return -1;
    for (const firstOffset of this.open.values()) return firstOffset;
    return -1;
  }

  begin(producerId: number, firstOffset: number): void {
    if (!this.open.has(producerId)) this.open.set(producerId, firstOffset);
  }

  /** The producer's marker is durable at `lastOffset`. Without an open transaction nothing changes. */
  end(producerId: number, lastOffset: number, isAborted: boolean): void {
    if (this.open.size === 0) return;
    const firstOffset = this.open.get(producerId);
    if (firstOffset === undefined) return;
    this.open.delete(producerId);
    if (!isAborted) return;
    const { firstUnstable } = this;
    this.rows.push({
      producerId,
      firstOffset,
      lastOffset,
      stableOffset: firstUnstable < 0 ? lastOffset + 1 : firstUnstable,
    });
  }

  /** Forgets aborted transactions that end below `offset`: their data are gone. */
  prune(offset: number): void {
    const first = firstEndingAt(this.rows, offset);
    if (first > 0) this.rows = this.rows.slice(first);
  }
}

/** Aborted transactions with a record in `[from, to)`. */
export function abortedBetween(rows: readonly AbortedRow[], from: number, to: number): AbortedTransaction[] {
  const found: AbortedTransaction[] = [];
  for (let at = firstEndingAt(rows, from); at < rows.length; at += 1) {
    const row = rows[at];
    if (row === undefined) break;
    if (row.firstOffset < to) found.push({ producerId: row.producerId, firstOffset: row.firstOffset });
    if (row.stableOffset >= to) break;
  }
  return found;
}

/** The first row that ends at `offset` or behind it. */
function firstEndingAt(rows: readonly AbortedRow[], offset: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.lastOffset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
