/**
 * Makes record batches: the collector's hot path. Records are written straight into one buffer behind room for the
 * header; nothing is allocated per record.
 */
import { assert } from '#std/assert';
import { compress } from './compression.js';
import { batchHeaderBytes, writeBatchHeader, type Codec, type ProducerStamp } from './record-batch.js';
import type { RecordSource } from './record-source.js';
import { varintBytes, writeVarint } from './varint.js';

export interface RecordBatchOptions {
  /** Bytes of a batch before compression; a record that alone is larger still gets a batch of its own. */
  readonly bytesMax: number;
  readonly codec: Codec;
}

export interface NewRecord {
  readonly key: Buffer | null;
  /** Null is a tombstone in a compacted topic. */
  readonly value: Buffer | null;
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[];
  readonly timestampMs: number;
}

const firstBufferBytes = 16 * 1024;
const noBytes = Buffer.alloc(0);
/** Up to here a loop copies faster than a call out of the engine. */
const copyLoopMax = 24;

export class RecordBatchBuilder {
  /** Empty between a large batch given away and the next record: an idle builder holds next to no memory. */
  private bytes: Buffer = noBytes;
  private nextBufferBytes = firstBufferBytes;
  private at = batchHeaderBytes;
  private records = 0;
  private baseTimestamp = 0;
  private maxTimestamp = 0;
  /** The header block written last: of which buffer, from where in it, to where here. */
  private lastHeaders: Buffer | null = null;
  private lastHeadersFrom = 0;
  private lastHeadersAt = 0;

  constructor(private readonly options: RecordBatchOptions) {}

  get count(): number {
    return this.records;
  }

  /** Bytes of the batch so far, header included, before compression. */
  get byteCount(): number {
    return this.at;
  }

  /** Appends events `[from, to)` while they fit and gives the index of the first one that did not: `to` when all did. */
  appendRange(source: RecordSource, from: number, to: number): number {
    for (let index = from; index < to; index += 1) {
      if (!this.appendEvent(source, index)) return index;
    }
    return to;
  }

  /** Appends one event; false, and nothing happened, when the batch has no room for it. */
  appendEvent(source: RecordSource, index: number): boolean {
    const start = source.starts[index] ?? 0;
    const end = source.ends[index] ?? 0;
    const key = source.keys === null ? null : (source.keys[index] ?? null);
    const timestamp = source.timestamps === null ? source.timestampMs : (source.timestamps[index] ?? 0);
    const headersFrom = source.headerStarts[index] ?? 0;
    const headersTo = source.headerEnds[index] ?? 0;
    let at = this.open(timestamp, key, start < 0 ? -1 : end - start, headersTo - headersFrom);
    if (at < 0) return false;
    at = copyInto(this.bytes, at, source.bytes, start, end);
    this.writeHeaders(source.headers, headersFrom, headersTo, at);
    this.close(timestamp);
    return true;
  }

  /** Appends one record; false, and nothing happened, when the batch has no room for it. */
  append(record: NewRecord): boolean {
    const headers = encodeHeaders(record.headers);
    let at = this.open(
      record.timestampMs,
      record.key,
      record.value === null ? -1 : record.value.length,
      headers.length,
    );
    if (at < 0) return false;
    if (record.value !== null) at = copyInto(this.bytes, at, record.value, 0, record.value.length);
    copyInto(this.bytes, at, headers, 0, headers.length);
    this.close(record.timestampMs);
    return true;
  }

  /**
   * Gives the batch and starts the next one. The buffer belongs to the caller. `producer` numbers it for an idempotent
   * producer; it may also be stamped later by `patchProducer`.
   */
  build(producer: ProducerStamp | null = null): Buffer {
    assert(this.records > 0, 'a batch has a record');
    const bytes = this.options.codec === 'none' ? this.handOver() : this.compressed(this.options.codec);
    writeBatchHeader(bytes, {
      codec: this.options.codec,
      count: this.records,
      baseTimestamp: this.baseTimestamp,
      maxTimestamp: this.maxTimestamp,
      producer,
    });
    this.at = batchHeaderBytes;
    this.records = 0;
    this.lastHeaders = null;
    return bytes;
  }

  /**
   * Writes a record up to its value's first byte and gives that place; -1 when it does not fit. What `close` needs
   * to finish the record is kept in `at`, so the value and the headers must follow at once.
   */
  private open(timestamp: number, key: Buffer | null, valueLength: number, headerBytes: number): number {
    const delta = this.records === 0 ? 0 : timestamp - this.baseTimestamp;
    const valueBytes = valueLength < 0 ? 0 : valueLength;
    const keyBytes = key === null ? 1 : varintBytes(key.length) + key.length;
    const length =
      1 +
      varintBytes(delta) +
      varintBytes(this.records) +
      keyBytes +
      varintBytes(valueLength) +
      valueBytes +
      headerBytes;
    const end = this.at + varintBytes(length) + length;
    if (end > this.options.bytesMax && this.records > 0) return -1;
    if (end > this.bytes.length) this.grow(end);
    const bytes = this.bytes;
    let at = writeVarint(bytes, length, this.at);
    bytes[at] = 0;
    at = writeVarint(bytes, delta, at + 1);
    at = writeVarint(bytes, this.records, at);
    if (key === null) {
      bytes[at] = 1;
      at += 1;
    } else {
      at = writeVarint(bytes, key.length, at);
      at = copyInto(bytes, at, key, 0, key.length);
    }
    this.at = end;
    return writeVarint(bytes, valueLength, at);
  }

  private close(timestamp: number): void {
    if (this.records === 0) {
      this.baseTimestamp = timestamp;
      this.maxTimestamp = timestamp;
    } else if (timestamp > this.maxTimestamp) {
      this.maxTimestamp = timestamp;
    }
    this.records += 1;
  }

  /** A block that the record before has too is copied from there: inside one buffer that takes half the time. */
  private writeHeaders(headers: Buffer, from: number, to: number, at: number): void {
    const length = to - from;
    if (length > copyLoopMax && this.lastHeaders === headers && this.lastHeadersFrom === from) {
      this.bytes.copyWithin(at, this.lastHeadersAt, this.lastHeadersAt + length);
    } else {
      copyInto(this.bytes, at, headers, from, to);
    }
    this.lastHeaders = headers;
    this.lastHeadersFrom = from;
    this.lastHeadersAt = at;
  }

  private grow(bytesMin: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(this.nextBufferBytes, 2 * this.bytes.length, bytesMin));
    this.bytes.copy(bytes, 0, 0, this.at);
    this.bytes = bytes;
  }

  /** The buffer itself when most of it is used, else a copy of what is; the next one is sized accordingly. */
  private handOver(): Buffer {
    const buffer = this.bytes;
    const used = buffer.subarray(0, this.at);
    if (2 * this.at >= buffer.length) {
      this.nextBufferBytes = buffer.length;
      this.bytes = noBytes;
      return used;
    }
    if (buffer.length > firstBufferBytes) {
      this.nextBufferBytes = Math.max(firstBufferBytes, buffer.length >>> 1);
      this.bytes = noBytes;
    }
    return Buffer.from(used);
  }

  private compressed(codec: Codec): Buffer {
    const records = compress(codec, this.bytes.subarray(batchHeaderBytes, this.at));
    const bytes = Buffer.allocUnsafeSlow(batchHeaderBytes + records.length);
    records.copy(bytes, batchHeaderBytes);
    return bytes;
  }
}

/** Copies `source[from, to)` to `at` and gives the place after it. */
function copyInto(bytes: Buffer, at: number, source: Buffer, from: number, to: number): number {
  const length = to - from;
  if (length > copyLoopMax) {
    source.copy(bytes, at, from, to);
    return at + length;
  }
  for (let index = 0; index < length; index += 1) bytes[at + index] = source[from + index] ?? 0;
  return at + length;
}

function encodeHeaders(headers: NewRecord['headers']): Buffer {
  const pieces: Buffer[] = [encodeVarint(headers.length)];
  for (const header of headers) {
    const name = Buffer.from(header.key);
    pieces.push(encodeVarint(name.length), name, encodeVarint(header.value?.length ?? -1));
    if (header.value !== null) pieces.push(header.value);
  }
  return Buffer.concat(pieces);
}

function encodeVarint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(varintBytes(value));
  writeVarint(bytes, value, 0);
  return bytes;
}
