/**
 * Writes Kafka's primitive encodings into chunks. Small values are copied into a chunk that grows by being replaced; record
 * data becomes a piece of its own and is never copied. One writer serves many messages, one after the other: the chunk is
 * carved up, so that a small answer costs no allocation of its own.
 */
import { assert } from '#std/assert';

const chunkBytes = 64 * 1024;
/** Pieces below this are cheaper to copy than to hand to the socket as one more vector. */
const copyBytesMax = 256;

export class ByteWriter {
  private chunk: Buffer = Buffer.allocUnsafeSlow(chunkBytes);
  private at = 0;
  /** Where the piece under way begins in the chunk. */
  private pieceAt = 0;
  private pieces: Buffer[] = [];
  private closedBytes = 0;

  /** Starts a message and leaves room for its size. */
  begin(): void {
    this.pieces = [];
    this.closedBytes = 0;
    this.pieceAt = this.at;
    this.reserve(4);
  }

  /** Ends the message: writes its size in front and gives the pieces in order. */
  finish(): Buffer[] {
    const bytes = this.closedBytes + this.at - this.pieceAt;
    this.closePiece();
    const pieces = this.pieces;
    const first = pieces[0];
    assert(first !== undefined, 'a message has at least its size');
    first.writeInt32BE(bytes - 4, 0);
    this.pieces = [];
    return pieces;
  }

  private closePiece(): void {
    if (this.pieceAt < this.at) {
      this.pieces.push(this.chunk.subarray(this.pieceAt, this.at));
      this.closedBytes += this.at - this.pieceAt;
      this.pieceAt = this.at;
    }
  }

  /** Makes room for `length` bytes and gives where they begin. */
  private reserve(length: number): number {
    if (this.at + length > this.chunk.length) this.grow(length);
    const from = this.at;
    this.at = from + length;
    return from;
  }

  private grow(length: number): void {
    const begun = this.at - this.pieceAt;
    const chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, 2 * (begun + length)));
    this.chunk.copy(chunk, 0, this.pieceAt, this.at);
    this.chunk = chunk;
    this.pieceAt = 0;
    this.at = begun;
  }

  /** Stops where a message has null for a field that must have a value in its version. */
  refuseNull(value: unknown, name: string): void {
    assert(value !== null, `${name} cannot be null in this version`);
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int8(value: number): void {
    const at = this.reserve(1);
    this.chunk[at] = value;
  }

  int16(value: number): void {
    const at = this.reserve(2);
    this.chunk.writeInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.reserve(4);
    this.chunk.writeInt32BE(value, at);
  }

  /** Values past the range of 64 bits, which a rounded 2^63-1 is, are written as the nearest that fits. */
  int64(value: number): void {
    const at = this.reserve(8);
    assert(Number.isInteger(value), 'an int64 is a whole number');
    if (value >= 2 ** 63) {
      this.chunk.writeInt32BE(0x7fffffff, at);
      this.chunk.writeUInt32BE(0xffffffff, at + 4);
      return;
    }
    const high = Math.max(Math.floor(value / 0x1_0000_0000), -0x8000_0000);
    this.chunk.writeInt32BE(high, at);
    this.chunk.writeUInt32BE(value >>> 0, at + 4);
  }

  float64(value: number): void {
    const at = this.reserve(8);
    this.chunk.writeDoubleBE(value, at);
  }

  uuid(value: string): void {
    const at = this.reserve(16);
    const written = this.chunk.write(value, at, 16, 'base64url');
    assert(written === 16 && value.length === 22, `a uuid has 22 characters of base64url: ${value}`);
  }

  unsignedVarint(value: number): void {
    let rest = value;
    let at = this.reserve(5);
    while (rest > 0x7f) {
      this.chunk[at] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
      at += 1;
    }
    this.chunk[at] = rest;
    this.at = at + 1;
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    assert(length <= 0x7fff, 'a string is at most 32767 bytes');
    const at = this.reserve(2 + length);
    this.chunk.writeInt16BE(length, at);
    this.chunk.write(value, at + 2, length, 'utf8');
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1);
    else this.string(value);
  }

  compactString(value: string): void {
    const length = Buffer.byteLength(value);
    this.unsignedVarint(length + 1);
    const at = this.reserve(length);
    this.chunk.write(value, at, length, 'utf8');
  }

  nullableCompactString(value: string | null): void {
    if (value === null) this.unsignedVarint(0);
    else this.compactString(value);
  }

  /** The length of bytes or an array; null is written as -1. */
  length(value: number): void {
    this.int32(value);
  }

  compactLength(value: number): void {
    this.unsignedVarint(value + 1);
  }

  blob(value: Buffer): void {
    this.int32(value.length);
    this.raw(value);
  }

  nullableBlob(value: Buffer | null): void {
    if (value === null) this.int32(-1);
    else this.blob(value);
  }

  compactBlob(value: Buffer): void {
    this.unsignedVarint(value.length + 1);
    this.raw(value);
  }

  nullableCompactBlob(value: Buffer | null): void {
    if (value === null) this.unsignedVarint(0);
    else this.compactBlob(value);
  }

  private raw(value: Buffer): void {
    const at = this.reserve(value.length);
    value.copy(this.chunk, at);
  }

  /** Record data: one buffer or several that follow each other. */
  records(value: Buffer | readonly Buffer[] | null): void {
    if (value === null) {
      this.int32(-1);
      return;
    }
    this.int32(recordBytes(value));
    this.shared(value);
  }

  compactRecords(value: Buffer | readonly Buffer[] | null): void {
    if (value === null) {
      this.unsignedVarint(0);
      return;
    }
    this.unsignedVarint(recordBytes(value) + 1);
    this.shared(value);
  }

  private shared(value: Buffer | readonly Buffer[]): void {
    if (Buffer.isBuffer(value)) this.share(value);
    else for (const piece of value) this.share(piece);
  }

  private share(piece: Buffer): void {
    if (piece.length <= copyBytesMax) {
      this.raw(piece);
      return;
    }
    this.closePiece();
    this.pieces.push(piece);
    this.closedBytes += piece.length;
  }

  /** Starts a tagged field; `endTagged` gets what this gives. The size takes one byte until it is known. */
  beginTagged(tag: number): number {
    this.unsignedVarint(tag);
    this.reserve(1);
    return this.at - this.pieceAt;
  }

  /** Ends a tagged field. `mark` counts from the piece's start, because the chunk may have moved meanwhile. */
  endTagged(mark: number): void {
    const from = this.pieceAt + mark;
    const length = this.at - from;
    if (length < 0x80) {
      this.chunk[from - 1] = length;
      return;
    }
    const sizeBytes = varintBytes(length);
    this.reserve(sizeBytes - 1);
    const begin = this.pieceAt + mark;
    this.chunk.copyWithin(begin + sizeBytes - 1, begin, begin + length);
    this.at = begin - 1;
    this.unsignedVarint(length);
    this.at = begin + sizeBytes - 1 + length;
  }
}

function recordBytes(value: Buffer | readonly Buffer[]): number {
  if (Buffer.isBuffer(value)) return value.length;
  let total = 0;
  for (const piece of value) total += piece.length;
  return total;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes += 1;
  return bytes;
}
