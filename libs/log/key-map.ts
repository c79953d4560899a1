import { hash } from 'node:crypto';

/**
 * Key → offset of its newest record, in one piece of memory of a fixed size: 16 bytes of the key's SHA-256 and the offset, open
 * addressing. Keys that share a hash would count as one; nobody knows two that do.
 */
export class KeyMap {
  private readonly slots: Buffer;
  private readonly slotCount: number;
  private used = 0;

  /** Takes `bytesMax` at once, or less where so many keys need less. */
  constructor(bytesMax: number, keysExpected = Infinity) {
    const wanted = Math.ceil(keysExpected / loadMax) + 1;
    this.slotCount = Math.max(16, Math.min(Math.floor(bytesMax / slotBytes), wanted));
    this.slots = Buffer.alloc(this.slotCount * slotBytes);
  }

  get isFull(): boolean {
    return this.used >= Math.floor(this.slotCount * loadMax);
  }

  get count(): number {
    return this.used;
  }

  /** False where there is no room for a new key. */
  put(key: Buffer, offset: number): boolean {
    const digest = digestOf(key);
    const at = this.find(digest);
    if (this.isFree(at)) {
      if (this.isFull) return false;
      digest.copy(this.slots, at, 0, hashBytes);
      this.used += 1;
    }
    // One more, so that a slot of zeros is free.
    this.slots.writeDoubleLE(offset + 1, at + hashBytes);
    return true;
  }

  /** -1 for a key that was not put. */
  get(key: Buffer): number {
    const at = this.find(digestOf(key));
    return this.isFree(at) ? -1 : this.slots.readDoubleLE(at + hashBytes) - 1;
  }

  /** Place of the slot with this hash, or of the free one where it belongs. */
  private find(digest: Buffer): number {
    let slot = digest.readUInt32LE(0) % this.slotCount;
    for (;;) {
      const at = slot * slotBytes;
      if (this.isFree(at) || digest.compare(this.slots, at, at + hashBytes, 0, hashBytes) === 0) return at;
      slot = slot + 1 === this.slotCount ? 0 : slot + 1;
    }
  }

  private isFree(at: number): boolean {
    return this.slots.readDoubleLE(at + hashBytes) === 0;
  }
}

function digestOf(key: Buffer): Buffer {
  return hash('sha256', key, 'buffer');
}

const hashBytes = 16;
const slotBytes = hashBytes + 8;
const loadMax = 0.9;
