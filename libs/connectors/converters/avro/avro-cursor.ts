/** Reads Avro's binary encoding (specification 1.12, "Binary Encoding") from a buffer. Throws where the bytes end early. */
export class AvroCursor {
  constructor(
    private readonly bytes: Buffer,
    private at: number,
  ) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new Error('the bytes end early');
    this.at += 1;
    return value;
  }

  /** A bigint where a double can not hold it. */
  long(): number | bigint {
    let low = 0;
    let factor = 1;
    for (let count = 0; count < 7; count += 1) {
      const byte = this.byte();
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
      factor *= 128;
    }
    return this.wideLong(BigInt(low));
  }

  int(): number {
    return Number(this.long());
  }

  length(): number {
    const value = this.long();
    if (typeof value === 'bigint' || value < 0 || value > this.left)
      throw new Error('a length lies beyond the end of the bytes');
    return value;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new Error('the bytes end early');
    const from = this.at;
    this.at += length;
    return this.bytes.subarray(from, this.at);
  }

  text(): string {
    const length = this.length();
    const from = this.at;
    this.at += length;
    return this.bytes.toString('utf8', from, this.at);
  }

  float(): number {
    return this.take(4).readFloatLE(0);
  }

  double(): number {
    return this.take(8).readDoubleLE(0);
  }

  /** Calls `item` for each item of an array or map, whose blocks may tell their bytes (a negative count). */
  blocks(item: () => void): void {
    for (;;) {
      let count = this.int();
      if (count === 0) return;
      if (count < 0) {
        count = -count;
        this.long();
      }
      for (; count > 0; count -= 1) item();
    }
  }

  /** After seven bytes of seven bits. */
  private wideLong(low: bigint): number | bigint {
    let bits = low;
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      bits |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const value = BigInt.asIntN(64, (bits >> 1n) ^ -(bits & 1n));
        return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
      }
    }
    throw new Error('a number is longer than ten bytes');
  }
}
