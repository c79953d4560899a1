import type { Random } from '#std/random';

/**
 * Key → offset of its newest record, in memory of a fixed size: a keyed hash of 128 bits (HalfSipHash-2-4 of 64 bits, twice) and the
 * offset, open addressing. Keys that share a hash would count as one: by chance that does not happen, and without the secret of the
 * pass nobody can make two that do.
 */
export class KeyMap {
  /** Four words a slot. */
  private readonly hashes: Int32Array;
  /** Offset + 1 of each slot; 0 where it is free. */
  private readonly offsets: Float64Array;
  private readonly secret: Int32Array;
  private readonly digest = new Int32Array(4);
  private used = 0;

  /** Takes `bytesMax` at once, or less where so many keys need less. */
  constructor(random: Random, bytesMax: number, keysExpected = Infinity) {
    const wanted = Math.ceil(keysExpected / loadMax) + 1;
    const slots = Math.max(16, Math.min(Math.floor(bytesMax / slotBytes), wanted));
    this.hashes = new Int32Array(slots * 4);
    this.offsets = new Float64Array(slots);
    this.secret = Int32Array.from({ length: 4 }, () => Math.floor(random.next() * 2 ** 32));
  }

  get isFull(): boolean {
    return this.used >= Math.floor(this.offsets.length * loadMax);
  }

  get count(): number {
    return this.used;
  }

  /** False where there is no room for a new key. */
  put(key: Buffer, offset: number): boolean {
    const slot = this.find(key);
    if (this.offsets[slot] === 0) {
      if (this.isFull) return false;
      this.hashes.set(this.digest, slot * 4);
      this.used += 1;
    }
    this.offsets[slot] = offset + 1;
    return true;
  }

  /** -1 for a key that was not put. */
  get(key: Buffer): number {
    return (this.offsets[this.find(key)] ?? 0) - 1;
  }

  /** The slot of the key, or the free one where it belongs; leaves its hash in `digest`. */
  private find(key: Buffer): number {
    const { hashes, offsets, digest, secret } = this;
    halfSipHash(key, secret[0] ?? 0, secret[1] ?? 0, digest, 0);
    halfSipHash(key, secret[2] ?? 0, secret[3] ?? 0, digest, 2);
    let slot = ((digest[0] ?? 0) >>> 0) % offsets.length;
    for (;;) {
      const at = slot * 4;
      const isKey =
        hashes[at] === digest[0] &&
        hashes[at + 1] === digest[1] &&
        hashes[at + 2] === digest[2] &&
        hashes[at + 3] === digest[3];
      if (isKey || offsets[slot] === 0) return slot;
      slot = slot + 1 === offsets.length ? 0 : slot + 1;
    }
  }
}

const slotBytes = 24;
const loadMax = 0.9;

/** HalfSipHash-2-4 with 64 bits of output (Aumasson and Bernstein), as two words from `at` on. */
export function halfSipHash(bytes: Buffer, key0: number, key1: number, output: Int32Array, at: number): void {
  let v0 = key0;
  let v1 = key1 ^ 0xee;
  let v2 = key0 ^ 0x6c796765;
  let v3 = key1 ^ 0x74656462;
  const { length } = bytes;
  const whole = length & ~3;
  // The words of the bytes with two rounds each, then two of the end with four: a word of output is taken after each of those.
  for (let index = 0; index <= whole + 8; index += 4) {
    let word = 0;
    if (index < whole) {
      word =
        (bytes[index] ?? 0) |
        ((bytes[index + 1] ?? 0) << 8) |
        ((bytes[index + 2] ?? 0) << 16) |
        ((bytes[index + 3] ?? 0) << 24);
    } else if (index === whole) {
      word = length << 24;
      for (let rest = length - 1; rest >= whole; rest -= 1) word |= (bytes[rest] ?? 0) << ((rest - whole) * 8);
    } else if (index === whole + 4) {
      v2 ^= 0xee;
    } else {
      v1 ^= 0xdd;
    }
    v3 ^= word;
    for (let rounds = index <= whole ? 2 : 4; rounds > 0; rounds -= 1) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= word;
    if (index > whole) output[at + (index - whole) / 4 - 1] = v1 ^ v3;
  }
}
