import { assert } from '#std/assert';

interface Block {
  readonly bytes: Buffer;
  /** Batches in it that are neither dropped nor on their way out of the cache. */
  live: number;
  /** Readers hold views of it, for as long as they need: it is left to the garbage collector and never used again. */
  lent: boolean;
}

const blockBytesMax = 1024 * 1024;
/** Empty blocks that are kept for the next batches. */
const freeBlocksMax = 4;
/** Blocks beyond those of a full cache, for batches that wait for their commit. */
const waitingBlocksMax = 32;

/**
 * Memory for the batches that the log keeps, from `accept` until they leave the tail cache: blocks that are filled one after the
 * other, by all partitions, and filled anew when no batch in them is left. Batches come in that order and leave in it, and memory that
 * is used again costs no garbage collection, which was a fifth of a produce load's CPU.
 *
 * One rule keeps it safe: whoever drops a batch looks at it no more. A drop too few costs a block until the process ends; a
 * drop too many is a programmer's error and stops it.
 */
export class BatchMemory {
  private readonly blocks = new Map<ArrayBufferLike, Block>();
  private readonly free: Block[] = [];
  private current: Block | null = null;
  private filled = 0;
  private readonly blockBytes: number;
  private readonly blocksMax: number;

  /** @param cacheBytes what the cache may keep; 0 where there is none. */
  constructor(cacheBytes: number) {
    this.blockBytes = cacheBytes === 0 ? blockBytesMax : Math.min(blockBytesMax, Math.floor(cacheBytes / 32));
    this.blocksMax = Math.ceil(cacheBytes / Math.max(1, this.blockBytes)) + waitingBlocksMax;
  }

  /** Bytes of all its blocks, free ones included. */
  get sizeBytes(): number {
    return (this.blocks.size + this.free.length) * this.blockBytes;
  }

  /** A copy of `bytes`. A large one, or one more than there is room for, has memory of its own. */
  keep(bytes: Buffer): Buffer {
    const block = bytes.length * 4 <= this.blockBytes ? this.blockWith(bytes.length) : null;
    if (block === null) {
      const copy = Buffer.allocUnsafeSlow(bytes.length);
      bytes.copy(copy);
      return copy;
    }
    const from = this.filled;
    this.filled += bytes.length;
    block.live += 1;
    block.bytes.set(bytes, from);
    return block.bytes.subarray(from, this.filled);
  }

  /** A batch that `keep` gave, or one of other memory, is looked at no more. Once for each. */
  drop(batch: Buffer): void {
    const block = this.blocks.get(batch.buffer);
    if (block === undefined) return;
    assert(block.live > 0, 'a batch is dropped once');
    block.live -= 1;
    if (block.live > 0 || block === this.current) return;
    this.blocks.delete(batch.buffer);
    if (!block.lent && this.free.length < freeBlocksMax) this.free.push(block);
  }

  /** A view of the batch leaves the log, and nobody says when it is not needed any more. */
  lend(batch: Buffer): void {
    const block = this.blocks.get(batch.buffer);
    if (block !== undefined) block.lent = true;
  }

  private blockWith(size: number): Block | null {
    if (this.current !== null && this.filled + size <= this.blockBytes) return this.current;
    const last = this.current;
    this.current = null;
    if (last !== null && last.live === 0) {
      this.blocks.delete(last.bytes.buffer);
      if (!last.lent && this.free.length < freeBlocksMax) this.free.push(last);
    }
    const fresh = this.free.pop() ?? (this.blocks.size < this.blocksMax ? this.newBlock() : null);
    if (fresh !== null) this.blocks.set(fresh.bytes.buffer, fresh);
    this.current = fresh;
    this.filled = 0;
    return fresh;
  }

  private newBlock(): Block {
    return { bytes: Buffer.allocUnsafeSlow(this.blockBytes), live: 0, lent: false };
  }
}
