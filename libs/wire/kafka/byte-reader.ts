/**
 * Reads Kafka's primitive encodings out of one buffer. Every read checks its bounds first and throws a WireError past the
 * end; no claimed length makes an allocation before the bytes are known to be there.
 */
import { WireError, wireErrors } from '#wire/kafka/errors';

/**
 * Elements of all arrays in one message. An empty text takes one byte in a frame and eight in memory, so a frame of the largest
 * size would otherwise cost the process its heap.
 */
export const elementsMax = 1_000_000;

export class ByteReader {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
    public end = bytes.length,
    private elementsLeft = elementsMax,
  ) {}

  get remaining(): number {
    return this.end - this.at;
  }

  /** Moves past `length` bytes and gives where they began. */
  take(length: number): number {
    const from = this.at;
    if (length > this.end - from) {
      throw new WireError(
        wireErrors.truncated,
        `at byte ${from}: ${length} bytes expected, ${this.end - from} are left`,
      );
    }
    this.at = from + length;
    return from;
  }

  malformed(what: string): WireError {
    return new WireError(wireErrors.malformed, `at byte ${this.at}: ${what}`);
  }

  bool(): boolean {
    return this.bytes[this.take(1)] !== 0;
  }

  int8(): number {
    const from = this.take(1);
    return ((this.bytes[from] ?? 0) << 24) >> 24;
  }

  int16(): number {
    return this.bytes.readInt16BE(this.take(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.take(4));
  }

  /** Values beyond ±2^53 come rounded; whoever computes with one checks `Number.isSafeInteger`. */
  int64(): number {
    const from = this.take(8);
    return this.bytes.readInt32BE(from) * 0x1_0000_0000 + this.bytes.readUInt32BE(from + 4);
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.take(8));
  }

  /** 16 bytes as 22 characters of URL-safe base64. */
  uuid(): string {
    const from = this.take(16);
    return this.bytes.toString('base64url', from, from + 16);
  }

  /** At most five bytes; the result is unsigned 32 bits. */
  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.take(1)] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw this.malformed('a varint is longer than five bytes');
  }

  /** A zigzag varint of 32 bits, as records have them. */
  varint(): number {
    const first = this.at < this.end ? (this.bytes[this.at] ?? 0) : 0x80;
    if (first < 0x80) {
      this.at += 1;
      return (first >>> 1) ^ -(first & 1);
    }
    const value = this.unsignedVarint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** A zigzag varint of 64 bits; values beyond ±2^53 come rounded. */
  varlong(): number {
    let value = 0;
    let weight = 1;
    for (let left = 10; left > 0; left -= 1) {
      const byte = this.bytes[this.take(1)] ?? 0;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      weight *= 0x80;
    }
    throw this.malformed('a varint is longer than ten bytes');
  }

  /** Refuses a negative length. */
  checkedLength(length: number): number {
    if (length < 0) throw this.malformed(`a length of ${length}`);
    return length;
  }

  /** The length of a string; -1 means null. */
  stringLength(): number {
    return this.int16();
  }

  /** The length of bytes or an array; -1 means null. */
  length(): number {
    return this.int32();
  }

  compactLength(): number {
    return this.unsignedVarint() - 1;
  }

  /** Text of a length read before; a negative one is refused, for fields that cannot be null. */
  text(length: number): string {
    if (length < 0) throw this.malformed('null where the field must have a value');
    const from = this.take(length);
    return this.bytes.toString('utf8', from, from + length);
  }

  nullableText(length: number): string | null {
    return length === -1 ? null : this.text(length);
  }

  /** Shares memory with the frame. */
  blob(length: number): Buffer {
    if (length < 0) throw this.malformed('null where the field must have a value');
    const from = this.take(length);
    return this.bytes.subarray(from, from + length);
  }

  nullableBlob(length: number): Buffer | null {
    return length === -1 ? null : this.blob(length);
  }

  /** Checks an array's claimed count against what the rest could hold with elements of at least `elementBytesMin`. */
  count(length: number, elementBytesMin: number): number {
    if (length < 0) throw this.malformed('null where the field must have a value');
    if (length * elementBytesMin > this.end - this.at) {
      throw new WireError(
        wireErrors.truncated,
        `at byte ${this.at}: an array of ${length} cannot lie in the ${this.end - this.at} bytes left`,
      );
    }
    this.elementsLeft -= length;
    if (this.elementsLeft < 0) throw this.malformed(`the message has too many elements, ${length} more in one array`);
    return length;
  }

  /** As `count`; -1 for null. */
  nullableCount(length: number, elementBytesMin: number): number {
    return length === -1 ? -1 : this.count(length, elementBytesMin);
  }

  /** Skips a section of tagged fields none of which is known. */
  skipTags(): void {
    for (let left = this.unsignedVarint(); left > 0; left -= 1) {
      this.unsignedVarint();
      this.take(this.unsignedVarint());
    }
  }

  /** Starts a tagged field: gives where it ends. */
  taggedEnd(): number {
    const length = this.unsignedVarint();
    const from = this.take(length);
    this.at = from;
    return from + length;
  }

  /** Ends a tagged field; its value must have filled it. */
  closeTagged(end: number): void {
    if (this.at !== end) throw this.malformed(`a tagged field ends at ${end}`);
  }
}
