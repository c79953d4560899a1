/** Bytes that grow at their end. */
export class ByteSink {
  bytes: Buffer;
  length = 0;

  constructor(sizeAtFirst = 16 * 1024) {
    this.bytes = Buffer.allocUnsafeSlow(sizeAtFirst);
  }

  /** Where the next `size` bytes may be written. */
  reserve(size: number): number {
    const at = this.length;
    if (at + size > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, at + size));
      this.bytes.copy(larger, 0, 0, at);
      this.bytes = larger;
    }
    this.length = at + size;
    return at;
  }

  byte(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  append(bytes: Buffer): void {
    const at = this.reserve(bytes.length);
    bytes.copy(this.bytes, at);
  }

  /** A copy of what lies from `start` on. */
  copyFrom(start: number): Buffer {
    return Buffer.from(this.bytes.subarray(start, this.length));
  }
}
