import type { Random } from '#std/random';

const words = 624;

/**
 * The generator WELL19937c (Panneton, L'Ecuyer and Matsumoto, ACM TOMS 32, 2006), seeded and read as Apache Commons Math does it: a seed in a
 * morphline file then makes the same choices that it made in Kite.
 */
export class Well19937c implements Random {
  private readonly state = new Int32Array(words);
  private index = 0;

  /** A whole number of up to 64 bits. */
  constructor(seed: bigint) {
    this.state[0] = Number(BigInt.asIntN(32, seed >> 32n));
    this.state[1] = Number(BigInt.asIntN(32, seed));
    for (let at = 2; at < words; at += 1) {
      const before = BigInt(this.state[at - 2] ?? 0);
      this.state[at] = Number(BigInt.asIntN(32, 1812433253n * (before ^ (before >> 30n)) + BigInt(at)));
    }
  }

  next(): number {
    const high = this.bits(26);
    return (high * 2 ** 26 + this.bits(26)) * 2 ** -52;
  }

  private bits(count: number): number {
    const at = this.index;
    const before = (at + words - 1) % words;
    const beforeThat = (at + words - 2) % words;
    const [own, first, second, third] = [this.word(at), this.word(at + 70), this.word(at + 179), this.word(at + 449)];
    const z0 = (0x80000000 & this.word(before)) ^ (0x7fffffff & this.word(beforeThat));
    const z1 = own ^ (own << 25) ^ (first ^ (first >>> 27));
    const z2 = (second >>> 9) ^ (third ^ (third >>> 1));
    const z3 = z1 ^ z2;
    const z4 = z0 ^ (z1 ^ (z1 << 9)) ^ (z2 ^ (z2 << 21)) ^ (z3 ^ (z3 >>> 21));
    this.state[at] = z3;
    this.state[before] = z4;
    this.state[beforeThat] = this.word(beforeThat) & 0x80000000;
    this.index = before;
    const tempered = z4 ^ ((z4 << 7) & 0xe46e1700);
    return (tempered ^ ((tempered << 15) & 0x9b868000)) >>> (32 - count);
  }

  private word(at: number): number {
    return this.state[at % words] ?? 0;
  }
}
