/**
 * Events made ready to become records: bodies stay where they are, headers are encoded once. A header that all events share
 * costs one copy an event; one that differs costs one more.
 */
import { assert } from '#std/assert';
import { varintBytes, writeVarint } from './varint.js';

/** Events in columns, as an event batch has them. Value i is `bytes[starts[i], ends[i])`. */
export interface RecordInput {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** One text for all events, or one (or null for none) an event. */
  readonly headers: ReadonlyMap<string, string | readonly (string | null)[]>;
  /** Default: no record has a key. */
  readonly keys?: readonly (Buffer | null)[];
  /** Milliseconds since the epoch; one for all or one an event. Default: the time given to the constructor. */
  readonly timestamps?: number | Float64Array;
}

/** Encoded values of one header: of event i in `bytes[ends[i - 1], ends[i])`, length first; nothing where it has none. */
export interface HeaderColumn {
  /** The header's name with its length. */
  readonly name: Buffer;
  readonly bytes: Buffer;
  readonly ends: Int32Array;
}

/** A stretch of headers that all events share, or a column. */
export type HeaderPart = Buffer | HeaderColumn;

export class RecordSource {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly keys: readonly (Buffer | null)[] | null;
  /** One for all, where `timestamps` is null. */
  readonly timestampMs: number;
  readonly timestamps: Float64Array | null;
  /** All headers with their count, where every event has the same; else null and the next three hold. */
  readonly sharedHeaders: Buffer | null;
  readonly headerParts: readonly HeaderPart[];
  readonly headerCounts: Int32Array;
  /** Bytes of an event's headers, their count included. */
  readonly headerBytes: Int32Array;

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

    const { parts, sharedCount } = headerParts(input.headers, count);
    const columns = parts.filter(isColumn);
    const sharedBytes = parts.reduce((total, part) => total + (Buffer.isBuffer(part) ? part.length : 0), 0);
    this.headerParts = parts;
    if (columns.length === 0) {
      this.sharedHeaders = Buffer.concat([encodeVarint(sharedCount), ...parts.filter((part) => Buffer.isBuffer(part))]);
      this.headerCounts = noNumbers;
      this.headerBytes = noNumbers;
      return;
    }
    this.sharedHeaders = null;
    this.headerCounts = new Int32Array(count).fill(sharedCount);
    this.headerBytes = new Int32Array(count).fill(sharedBytes);
    for (const column of columns) addColumn(column, this.headerCounts, this.headerBytes);
    for (let index = 0; index < count; index += 1) {
      this.headerBytes[index] = (this.headerBytes[index] ?? 0) + varintBytes(this.headerCounts[index] ?? 0);
    }
  }

  get count(): number {
    return this.starts.length;
  }
}

function isColumn(part: HeaderPart): part is HeaderColumn {
  return !Buffer.isBuffer(part);
}

const noNumbers = new Int32Array(0);

function headerParts(headers: RecordInput['headers'], count: number): { parts: HeaderPart[]; sharedCount: number } {
  const parts: HeaderPart[] = [];
  let sharedCount = 0;
  for (const [name, values] of headers) {
    if (typeof values !== 'string') {
      assert(values.length === count, `the header ${name} has one entry an event`);
      parts.push(encodeColumn(name, values));
      continue;
    }
    const shared = Buffer.concat([encodeText(name), encodeText(values)]);
    const last = parts.at(-1);
    if (Buffer.isBuffer(last)) parts[parts.length - 1] = Buffer.concat([last, shared]);
    else parts.push(shared);
    sharedCount += 1;
  }
  return { parts, sharedCount };
}

function addColumn(column: HeaderColumn, counts: Int32Array, bytes: Int32Array): void {
  let from = 0;
  for (let index = 0; index < counts.length; index += 1) {
    const to = column.ends[index] ?? 0;
    if (from < to) {
      counts[index] = (counts[index] ?? 0) + 1;
      bytes[index] = (bytes[index] ?? 0) + column.name.length + to - from;
    }
    from = to;
  }
}

function encodeColumn(name: string, values: readonly (string | null)[]): HeaderColumn {
  let bytesMax = 0;
  for (const value of values) if (value !== null) bytesMax += 5 + 3 * value.length;
  const bytes = Buffer.allocUnsafe(bytesMax);
  const ends = new Int32Array(values.length);
  let at = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? null;
    if (value !== null) at = writeText(bytes, value, at);
    ends[index] = at;
  }
  return { name: encodeText(name), bytes, ends };
}

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

function encodeText(value: string): Buffer {
  const text = Buffer.from(value);
  return Buffer.concat([encodeVarint(text.length), text]);
}

function encodeVarint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(varintBytes(value));
  writeVarint(bytes, value, 0);
  return bytes;
}
