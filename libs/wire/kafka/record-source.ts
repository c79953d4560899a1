/**
 * Events made ready to become records: bodies stay where they are, the headers of an event are encoded to one block. Events
 * that follow each other with the same headers share the block, so that what a whole batch or a whole file has
 * in common costs nothing an event.
 */
import { assert } from '#std/assert';
import { varintBytes, writeVarint } from './varint.js';

/** Events in columns, as an event batch has them. Value i is `bytes[starts[i], ends[i])`, or null where its start and end are -1. */
export interface RecordInput {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** One text for all events, or one (or null for none) an event. */
  readonly headers: ReadonlyMap<string, string | readonly (string | null)[]>;
  /** Headers that are encoded already, in place of `headers`: copied from other records, for instance. */
  readonly headerBlocks?: EncodedHeaders;
  /** Default: no record has a key. */
  readonly keys?: readonly (Buffer | null)[];
  /** Milliseconds since the epoch; one for all or one an event. Default: the time given to the constructor. */
  readonly timestamps?: number | Float64Array;
}

/** Headers of event i, their count first, are `bytes[starts[i], ends[i])`; events may share a block. */
export interface EncodedHeaders {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export class RecordSource {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly keys: readonly (Buffer | null)[] | null;
  /** One for all, where `timestamps` is null. */
  readonly timestampMs: number;
  readonly timestamps: Float64Array | null;
  /** Headers of event i, their count first, are `headers[headerStarts[i], headerEnds[i])`. */
  readonly headers: Buffer;
  readonly headerStarts: Int32Array;
  readonly headerEnds: Int32Array;

  constructor(input: RecordInput, nowMs: number) {
    const count = input.starts.length;
    assert(input.ends.length === count, 'starts and ends have one entry an event');
    assert(input.keys === undefined || input.keys.length === count, 'keys have one entry an event');
    this.bytes = input.bytes;
    this.starts = input.starts;
    this.ends = input.ends;
    this.keys = input.keys ?? null;
    this.timestamps = typeof input.timestamps === 'object' ? input.timestamps : null;
    assert(this.timestamps === null || this.timestamps.length === count, 'timestamps have one entry an event');
    this.timestampMs = typeof input.timestamps === 'number' ? input.timestamps : nowMs;

    const { starts, ends, bytes } = input.headerBlocks ?? new HeaderBlocks(input.headers, count).encoded();
    assert(starts.length === count && ends.length === count, 'header blocks have one entry an event');
    this.headerStarts = starts;
    this.headerEnds = ends;
    this.headers = bytes;
  }

  get count(): number {
    return this.starts.length;
  }
}

/** A header that differs from event to event. */
interface HeaderColumn {
  /** The name with its length. */
  readonly name: Buffer;
  readonly values: readonly (string | null)[];
}

class HeaderBlocks {
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  /** In the order of the map; headers that all events share and that follow each other are encoded together. */
  private readonly parts: (Buffer | HeaderColumn)[] = [];
  private readonly columns: HeaderColumn[] = [];
  private sharedCount = 0;
  private sharedBytes = 0;
  private bytes: Buffer = Buffer.alloc(0);

  constructor(
    headers: RecordInput['headers'],
    private readonly count: number,
  ) {
    this.starts = new Int32Array(count);
    this.ends = new Int32Array(count);
    for (const [name, values] of headers) {
      if (typeof values === 'string') this.addShared(Buffer.concat([encodeText(name), encodeText(values)]));
      else this.addColumn({ name: encodeText(name), values });
    }
  }

  private addShared(header: Buffer): void {
    this.sharedCount += 1;
    this.sharedBytes += header.length;
    const last = this.parts.at(-1);
    if (Buffer.isBuffer(last)) this.parts[this.parts.length - 1] = Buffer.concat([last, header]);
    else this.parts.push(header);
  }

  private addColumn(column: HeaderColumn): void {
    assert(column.values.length === this.count, 'a header has one entry an event');
    this.columns.push(column);
    this.parts.push(column);
  }

  encoded(): EncodedHeaders {
    let start = 0;
    let end = 0;
    for (let index = 0; index < this.count; index += 1) {
      if (index === 0 || !this.isAsBefore(index)) {
        start = end;
        end = this.encodeBlock(index, start);
      }
      this.starts[index] = start;
      this.ends[index] = end;
    }
    return { starts: this.starts, ends: this.ends, bytes: this.bytes.subarray(0, end) };
  }

  private isAsBefore(index: number): boolean {
    for (const { values } of this.columns) {
      if (values[index] !== values[index - 1]) return false;
    }
    return true;
  }

  private encodeBlock(index: number, from: number): number {
    let count = this.sharedCount;
    let bytesMax = this.sharedBytes + 5;
    for (const { name, values } of this.columns) {
      const value = values[index] ?? null;
      if (value === null) continue;
      count += 1;
      bytesMax += name.length + 5 + 3 * value.length;
    }
    if (from + bytesMax > this.bytes.length) this.grow(from, bytesMax);
    const bytes = this.bytes;
    let at = writeVarint(bytes, count, from);
    for (const part of this.parts) {
      if (Buffer.isBuffer(part)) {
        at = part.length > copyLoopMax ? at + part.copy(bytes, at) : copyShort(bytes, part, at);
        continue;
      }
      const value = part.values[index] ?? null;
      if (value !== null) at = writeText(bytes, value, copyShort(bytes, part.name, at));
    }
    return at;
  }

  private grow(used: number, bytesMax: number): void {
    const bytes = Buffer.allocUnsafeSlow(2 * used + bytesMax);
    this.bytes.copy(bytes, 0, 0, used);
    this.bytes = bytes;
  }
}

/** Up to here a loop copies faster than a call out of the engine. */
const copyLoopMax = 32;
/** Texts up to this many characters are written here when they are ASCII: a call out costs more than the loop. */
const asciiLoopMax = 48;

function writeText(bytes: Buffer, value: string, at: number): number {
  if (value.length <= asciiLoopMax) {
    let index = 0;
    for (; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) break;
      bytes[at + 1 + index] = code;
    }
    if (index === value.length) {
      bytes[at] = 2 * index;
      return at + 1 + index;
    }
  }
  const length = Buffer.byteLength(value);
  const from = writeVarint(bytes, length, at);
  bytes.write(value, from, length, 'utf8');
  return from + length;
}

function copyShort(bytes: Buffer, source: Buffer, at: number): number {
  for (let index = 0; index < source.length; index += 1) bytes[at + index] = source[index] ?? 0;
  return at + source.length;
}

function encodeText(value: string): Buffer {
  const length = Buffer.byteLength(value);
  const bytes = Buffer.allocUnsafe(varintBytes(length) + length);
  bytes.write(value, writeVarint(bytes, length, 0), 'utf8');
  return bytes;
}

/** Encodes headers with bytes as values; records without any share a block. */
export function encodeHeaders(
  count: number,
  headersOf: (index: number) => readonly { readonly key: string; readonly value: Buffer | null }[],
): EncodedHeaders {
  const starts = new Int32Array(count);
  const ends = new Int32Array(count).fill(1);
  // No headers: a count of 0.
  const pieces: Buffer[] = [Buffer.from([0])];
  let at = 1;
  for (let index = 0; index < count; index += 1) {
    const headers = headersOf(index);
    if (headers.length === 0) continue;
    starts[index] = at;
    at = addPiece(pieces, at, encodeVarint(headers.length));
    for (const { key, value } of headers) {
      at = addPiece(pieces, at, encodeText(key));
      at = addPiece(pieces, at, encodeVarint(value?.length ?? -1));
      if (value !== null) at = addPiece(pieces, at, value);
    }
    ends[index] = at;
  }
  return { bytes: Buffer.concat(pieces, at), starts, ends };
}

function addPiece(pieces: Buffer[], at: number, piece: Buffer): number {
  pieces.push(piece);
  return at + piece.length;
}

function encodeVarint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(varintBytes(value));
  writeVarint(bytes, value, 0);
  return bytes;
}
