import { BatchMemory } from './batch-memory.js';

/**
 * The batches appended last, of all partitions, within one byte budget, so that readers at the tail touch no file. The oldest
 * append of the whole engine goes first: batches that came one after another share a block of memory, and so leave together. What counts
 * is the memory kept alive, a block's once for all its batches, so that a small batch in a large block does not come cheap.
 */
export class TailCache {
  /** One element a cached batch, in order of append; consumed from `first`. */
  private order: Tail[] = [];
  private first = 0;
  private bytes = 0;
  /** How many cached batches lie in a piece of memory. */
  private readonly shares = new Map<ArrayBufferLike, number>();

  constructor(
    private readonly bytesMax: number,
    /** Where the batches lie. */
    readonly memory = new BatchMemory(bytesMax),
  ) {}

  get sizeBytes(): number {
    return this.bytes;
  }

  add(tail: Tail, batch: CachedBatch): void {
    if (batch.bytes.buffer.byteLength + overheadBytes > this.bytesMax) {
      // Nothing before a gap may stay: a tail is without holes.
      this.clear(tail);
      this.memory.drop(batch.bytes);
      return;
    }
    tail.push(batch);
    this.order.push(tail);
    this.count(batch.bytes.buffer);
    while (this.bytes > this.bytesMax) this.evict();
  }

  /** Drops all of a partition's batches; their places in the order are skipped later. */
  clear(tail: Tail): void {
    for (let batch = tail.shift(); batch !== null; batch = tail.shift()) {
      tail.cleared += 1;
      this.discount(batch.bytes);
    }
  }

  private count(memory: ArrayBufferLike): void {
    const shares = this.shares.get(memory) ?? 0;
    this.shares.set(memory, shares + 1);
    this.bytes += overheadBytes + (shares === 0 ? memory.byteLength : 0);
  }

  private discount(batch: Buffer): void {
    const memory = batch.buffer;
    const shares = this.shares.get(memory) ?? 0;
    this.bytes -= overheadBytes + (shares === 1 ? memory.byteLength : 0);
    if (shares === 1) this.shares.delete(memory);
    else this.shares.set(memory, shares - 1);
    this.memory.drop(batch);
  }

  private evict(): void {
    const tail = this.order[this.first];
    this.first += 1;
    if (this.first > 1024 && this.first * 2 > this.order.length) {
      this.order = this.order.slice(this.first);
      this.first = 0;
    }
    if (tail === undefined) return;
    if (tail.cleared > 0) {
      tail.cleared -= 1;
      return;
    }
    const batch = tail.shift();
    if (batch !== null) this.discount(batch.bytes);
  }
}

/** What a cached batch costs beside its bytes. */
const overheadBytes = 160;

export interface CachedBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly bytes: Buffer;
}

export interface TailLimits {
  readonly bytesMax: number;
  readonly firstWhole: boolean;
  readonly endOffset: number;
}

/** One partition's cached batches, without holes, ending at its high watermark. */
export class Tail {
  /** Places in the cache's order whose batches are gone already. */
  cleared = 0;
  private batches: CachedBatch[] = [];
  private first = 0;

  /** Infinity without a batch. */
  get firstOffset(): number {
    return this.batches[this.first]?.baseOffset ?? Infinity;
  }

  push(batch: CachedBatch): void {
    this.batches.push(batch);
  }

  shift(): CachedBatch | null {
    const batch = this.batches[this.first];
    if (batch === undefined) return null;
    this.first += 1;
    if (this.first > 64 && this.first * 2 > this.batches.length) {
      this.batches = this.batches.slice(this.first);
      this.first = 0;
    }
    return batch;
  }

  /**
   * Whole batches from the one that contains `offset` on, up to `bytesMax`; with `firstWhole` at least one; only such that end below
   * `endOffset`. Null where the cache does not reach back to `offset`.
   */
  read(offset: number, { bytesMax, firstWhole, endOffset }: TailLimits): Buffer[] | null {
    const oldest = this.batches[this.first];
    if (oldest === undefined || offset < oldest.baseOffset) return null;
    const found: Buffer[] = [];
    let left = bytesMax;
    for (let at = this.find(offset); at < this.batches.length; at += 1) {
      const batch = this.batches[at];
      if (batch === undefined || batch.lastOffset >= endOffset) break;
      if (batch.bytes.length > left && !(firstWhole && found.length === 0)) break;
      found.push(batch.bytes);
      left -= batch.bytes.length;
    }
    return found;
  }

  /** The first batch that ends at or after `offset`. */
  private find(offset: number): number {
    let low = this.first;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.batches[middle]?.lastOffset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
