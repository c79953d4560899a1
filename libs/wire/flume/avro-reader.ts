import { malformed } from './errors.js';

/** Reads Avro binary. Throws `wire.flume.malformed` where the bytes end too early or a length cannot be. */
export class AvroReader {
  at = 0;

  constructor(readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** A zigzag varint; within ±2^53, which every length and count is. */
  long(): number {
    const { bytes } = this;
    const first = bytes[this.at];
    if (first === undefined) throw cutOff();
    this.at += 1;
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    let value = first & 0x7f;
    let scale = 0x80;
    for (let read = 1; read < 8; read += 1) {
      const byte = bytes[this.at];
      if (byte === undefined) throw cutOff();
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 0x80;
    }
    throw malformed('A number is longer than any that occurs here.');
  }

  /** Reads a length and steps over so many bytes; gives how many. They end at `at`. */
  skipBytes(): number {
    const length = this.long();
    if (length < 0 || length > this.left) throw cutOff();
    this.at += length;
    return length;
  }

  take(length: number): Buffer {
    if (length < 0 || length > this.left) throw cutOff();
    const taken = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  text(): string {
    return this.take(this.long()).toString();
  }

  boolean(): boolean {
    return this.take(1)[0] === 1;
  }

  /**
   * The items of the next block of an array or map; 0 at its end. A block may have its size in bytes with it, which its
   * negative count announces.
   */
  blockCount(itemBytesMin: number): number {
    let count = this.long();
    if (count < 0) {
      count = -count;
      this.long();
    }
    if (count * itemBytesMin > this.left) throw cutOff();
    return count;
  }

  skipMapOfBytes(): void {
    for (let count = this.blockCount(2); count > 0; count = this.blockCount(2)) {
      for (let left = count; left > 0; left -= 1) {
        this.skipBytes();
        this.skipBytes();
      }
    }
  }
}

function cutOff(): Error {
  return malformed('A message ends in the middle of a value.');
}
