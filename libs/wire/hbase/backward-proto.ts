/**
 * Writes a protobuf message from its end to its beginning: the length of a nested message stands before it, and is known without a pass of
 * its own once the message lies there.
 */
export class BackwardProto {
  private buffer: Buffer;
  private at: number;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafe(capacity);
    this.at = capacity;
  }

  /** Bytes so far. */
  get length(): number {
    return this.buffer.length - this.at;
  }

  /** Shares memory with the writer, which must not be used further. */
  finish(): Buffer {
    return this.buffer.subarray(this.at);
  }

  /** A whole number from 0 to 2^53. */
  number(field: number, value: number): void {
    this.varint(value);
    this.byte(field * 8);
  }

  /** From 0 to 2^64. */
  big(field: number, value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    for (const byte of bytes.toReversed()) this.byte(byte);
    this.byte(field * 8);
  }

  bytes(field: number, value: Buffer): void {
    this.reserve(value.length);
    this.at -= value.length;
    value.copy(this.buffer, this.at);
    this.varint(value.length);
    this.byte(field * 8 + 2);
  }

  /** What was written since `length` was `before` is a message. */
  message(field: number, before: number): void {
    this.varint(this.length - before);
    this.byte(field * 8 + 2);
  }

  private varint(value: number): void {
    if (value < 0x80) {
      this.byte(value);
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
    this.reserve(size);
    this.at -= size;
    let rest = value;
    for (let at = this.at; at < this.at + size - 1; at += 1) {
      this.buffer[at] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.at + size - 1] = rest;
  }

  /** Field numbers below 16 only, whose keys are one byte. */
  private byte(value: number): void {
    this.reserve(1);
    this.at -= 1;
    this.buffer[this.at] = value;
  }

  private reserve(count: number): void {
    if (count <= this.at) return;
    const { length } = this;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, length + count));
    this.buffer.copy(larger, larger.length - length, this.at);
    this.at = larger.length - length;
    this.buffer = larger;
  }
}
