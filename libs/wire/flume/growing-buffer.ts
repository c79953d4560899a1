/** Bytes that are written one after another into memory that grows; Avro's and Thrift's numbers, text with its length before it. */
export class GrowingBuffer {
  private bytes: Buffer;
  private at = 0;

  constructor(bytesGuess: number) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(64, bytesGuess));
  }

  get length(): number {
    return this.at;
  }

  /** Shares memory with this, which is not to be written further. */
  finish(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at] = value;
    this.at += 1;
  }

  int32(value: number): void {
    this.room(4);
    this.bytes.writeInt32BE(value, this.at);
    this.at += 4;
  }

  int16(value: number): void {
    this.room(2);
    this.bytes.writeInt16BE(value, this.at);
    this.at += 2;
  }

  /** Overwrites what was reserved before. */
  int32At(position: number, value: number): void {
    this.bytes.writeInt32BE(value, position);
  }

  /** Of a number that is not negative, seven bits a byte. */
  varint(value: number): void {
    this.room(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.at] = (rest % 0x80) + 0x80;
      this.at += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.at] = rest;
    this.at += 1;
  }

  /** Of a number that is not negative, zigzag. */
  zigzag(value: number): void {
    this.varint(value * 2);
  }

  raw(bytes: Buffer): void {
    this.room(bytes.length);
    this.at += bytes.copy(this.bytes, this.at);
  }

  slice(bytes: Buffer, start: number, end: number): void {
    if (end <= start) return;
    this.room(end - start);
    this.at += bytes.copy(this.bytes, this.at, start, end);
  }

  /** UTF-8, of which the length is known. */
  text(text: string, byteLength: number): void {
    this.room(byteLength);
    this.at += this.bytes.write(text, this.at, 'utf8');
  }

  private room(more: number): void {
    const needed = this.at + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}
