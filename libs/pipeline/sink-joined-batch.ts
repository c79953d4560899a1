import { assert } from '#std/assert';
import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';

/**
 * Several batches of one partition, one after another, seen as one. Records are found by binary search over the pieces, with
 * the last piece remembered, because sinks read in order.
 */
export class JoinedBatch implements SinkBatch {
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  readonly byteCount: number;
  /** Index of the first record of each piece. */
  private readonly firsts: Int32Array;
  private last = 0;

  private constructor(private readonly pieces: readonly SinkBatch[]) {
    const head = pieces[0];
    assert(head !== undefined, 'a joined batch has at least one piece');
    this.topic = head.topic;
    this.partition = head.partition;
    this.firsts = new Int32Array(pieces.length);
    let count = 0;
    let byteCount = 0;
    for (const [at, piece] of pieces.entries()) {
      this.firsts[at] = count;
      count += piece.count;
      byteCount += piece.byteCount;
    }
    this.count = count;
    this.byteCount = byteCount;
  }

  /** One piece stays what it is. */
  static of(pieces: readonly SinkBatch[]): SinkBatch {
    const only = pieces[0];
    return pieces.length === 1 && only !== undefined ? only : new JoinedBatch(pieces);
  }

  offset(index: number): number {
    return this.piece(index).offset(index - this.first());
  }

  timestamp(index: number): number {
    return this.piece(index).timestamp(index - this.first());
  }

  key(index: number): Buffer | null {
    return this.piece(index).key(index - this.first());
  }

  value(index: number): Buffer | null {
    return this.piece(index).value(index - this.first());
  }

  headers(index: number): readonly RecordHeader[] {
    return this.piece(index).headers(index - this.first());
  }

  header(index: number, name: string): string | null {
    return this.piece(index).header(index - this.first(), name);
  }

  slice(from: number, to: number): SinkBatch {
    assert(from >= 0 && from < to && to <= this.count, 'a slice lies inside its batch and is not empty');
    const parts: SinkBatch[] = [];
    for (const [at, piece] of this.pieces.entries()) {
      const first = this.firsts[at] ?? 0;
      const start = Math.max(from - first, 0);
      const end = Math.min(to - first, piece.count);
      if (start < end) parts.push(start === 0 && end === piece.count ? piece : piece.slice(start, end));
    }
    return JoinedBatch.of(parts);
  }

  private first(): number {
    return this.firsts[this.last] ?? 0;
  }

  /** The piece that holds record `index`; `first()` is its first index afterwards. */
  private piece(index: number): SinkBatch {
    assert(index >= 0 && index < this.count, 'a record index lies inside its batch');
    if (!this.holds(this.last, index)) {
      let low = 0;
      let high = this.pieces.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((this.firsts[middle] ?? 0) <= index) low = middle;
        else high = middle - 1;
      }
      this.last = low;
    }
    const piece = this.pieces[this.last];
    assert(piece !== undefined, 'every index has a piece');
    return piece;
  }

  private holds(at: number, index: number): boolean {
    return index >= (this.firsts[at] ?? 0) && index < (this.firsts[at + 1] ?? this.count);
  }
}
