/** Thrown where bytes end early, which is no error in a part of a file. */
export class BytesEnd extends Error {
  constructor() {
    super('the bytes end early');
  }
}

/** Reads Hadoop's writables from bytes that may break off. */
export class HadoopCursor {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
  ) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(length: number): Buffer {
    if (length < 0) throw new Error('a length is negative');
    if (length > this.left) throw new BytesEnd();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  int(): number {
    return this.take(4).readInt32BE(0);
  }

  /** A length: see `writeVInt`. */
  vInt(): number {
    const first = this.take(1).readInt8(0);
    if (first >= -112) return first;
    const count = -112 - first;
    if (count > 4) throw new Error('a length has more than four bytes');
    return this.take(count).readUIntBE(0, count);
  }

  /** A Text. */
  text(): string {
    return this.take(this.vInt()).toString('utf8');
  }
}
