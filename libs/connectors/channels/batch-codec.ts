/**
 * An event batch as bytes, as the file channel keeps it. Little-endian:
 *
 * `u8 version=1, u8 flags, u16 headers, u32 events, u32 body bytes, u32 gap`, then per event `u32 length` (and, with flag 1,
 * `u32` gap before it; without it every gap but the first, which is none, is `gap`), then per header `u16 length, name, u8 kind`
 * followed by `u32 length, value` (kind 0, one value for all) or, an event, `i32 length (-1: none), value` (kind 1), then the
 * body bytes. The queue that keeps it adds length and CRC-32C.
 */
import { EventBatch, spanOf, type HeaderColumn } from '#pipeline/event-batch';
import { MillraceError, type ErrorKind } from '#std/errors';

export const batchCodecErrors = {
  unreadable: { code: 'connectors.channel.unreadable', retriable: false },
} satisfies Record<string, ErrorKind>;

const version = 1;
const fixedBytes = 16;
const flagGaps = 1;

/** Copies every body once, into memory that `allocate` gives: at least as many bytes as asked for, aligned for numbers. */
export function encodeBatch(
  batch: EventBatch,
  allocate: (size: number) => Buffer = (size) => Buffer.allocUnsafeSlow(size),
): Buffer {
  const { count } = batch;
  const span = spanOf(batch);
  const gap = span.isDense ? uniformGap(batch, span.from) : 0;
  const headers = encodeHeaders(batch);
  const tableBytes = count * (gap === null ? 8 : 4);
  const bodiesAt = fixedBytes + tableBytes + headers.length;
  const size = bodiesAt + span.keptBytes;
  const bytes = allocate(size).subarray(0, size);
  bytes[0] = version;
  bytes[1] = gap === null ? flagGaps : 0;
  bytes.writeUInt16LE(batch.headers.size, 2);
  bytes.writeUInt32LE(count, 4);
  bytes.writeUInt32LE(span.keptBytes, 8);
  bytes.writeUInt32LE(gap ?? 0, 12);
  const table = new Int32Array(bytes.buffer, bytes.byteOffset + fixedBytes, tableBytes / 4);
  headers.copy(bytes, fixedBytes + tableBytes);
  if (span.isDense) batch.bytes.copy(bytes, bodiesAt, span.from, span.to);
  let at = bodiesAt;
  let previousEnd = span.from;
  for (let index = 0; index < count; index += 1) {
    const start = batch.starts[index] ?? 0;
    const end = batch.ends[index] ?? 0;
    table[index] = end - start;
    if (gap === null) table[count + index] = start - previousEnd;
    if (!span.isDense && end > start) at += batch.bytes.copy(bytes, at, start, end);
    previousEnd = end;
  }
  return bytes;
}

/** Shares `bytes`. Throws `connectors.channel.unreadable` where they are of another version or do not fit together. */
export function decodeBatch(bytes: Buffer): EventBatch {
  if (bytes.length < fixedBytes || bytes[0] !== version) {
    throw new MillraceError(
      batchCodecErrors.unreadable,
      `A batch of a file channel has format ${bytes[0] ?? 'none'}, this release reads ${version}. Drain the channel with the release that wrote it.`,
    );
  }
  const hasGaps = ((bytes[1] ?? 0) & flagGaps) !== 0;
  const headerCount = bytes.readUInt16LE(2);
  const count = bytes.readUInt32LE(4);
  const bodyBytes = bytes.readUInt32LE(8);
  const gap = bytes.readUInt32LE(12);
  const tableAt = fixedBytes;
  const headersAt = tableAt + count * (hasGaps ? 8 : 4);
  const bodiesAt = bytes.length - bodyBytes;
  checkFits(headersAt <= bodiesAt);
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  let at = bodiesAt;
  for (let index = 0; index < count; index += 1) {
    if (hasGaps) at += bytes.readInt32LE(tableAt + 4 * (count + index));
    else if (index > 0) at += gap;
    starts[index] = at;
    at += bytes.readInt32LE(tableAt + 4 * index);
    ends[index] = at;
    checkFits(at <= bytes.length);
  }
  const headers = decodeHeaders(bytes.subarray(headersAt, bodiesAt), headerCount, count);
  return new EventBatch(bytes, starts, ends, headers);
}

/** How many events an encoded batch has, without decoding it. */
export function countOf(bytes: Buffer): number {
  checkFits(bytes.length >= fixedBytes);
  return bytes.readUInt32LE(4);
}

/** The one distance between neighbouring bodies (a newline: 1), or null where they differ. */
function uniformGap(batch: EventBatch, base: number): number | null {
  const { starts, ends, count } = batch;
  if (count === 0) return 0;
  if (starts[0] !== base) return null;
  const gap = count > 1 ? (starts[1] ?? 0) - (ends[0] ?? 0) : 0;
  if (gap < 0) return null;
  for (let index = 1; index < count; index += 1) {
    if ((starts[index] ?? 0) - (ends[index - 1] ?? 0) !== gap) return null;
  }
  return gap;
}

function encodeHeaders(batch: EventBatch): Buffer {
  const pieces: Buffer[] = [];
  for (const [name, column] of batch.headers) {
    const nameBytes = Buffer.from(name);
    const head = Buffer.allocUnsafe(2 + nameBytes.length + 1);
    head.writeUInt16LE(nameBytes.length, 0);
    nameBytes.copy(head, 2);
    head[2 + nameBytes.length] = typeof column === 'string' ? 0 : 1;
    pieces.push(head, typeof column === 'string' ? sized(column) : encodeColumn(column));
  }
  return Buffer.concat(pieces);
}

function sized(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(4 + Buffer.byteLength(text));
  bytes.writeUInt32LE(bytes.length - 4, 0);
  bytes.write(text, 4);
  return bytes;
}

function encodeColumn(column: readonly (string | null)[]): Buffer {
  let size = 0;
  for (const value of column) size += 4 + (value === null ? 0 : Buffer.byteLength(value));
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const value of column) {
    const length = value === null ? -1 : bytes.write(value, at + 4);
    at = bytes.writeInt32LE(length, at) + Math.max(length, 0);
  }
  return bytes;
}

function decodeHeaders(bytes: Buffer, headerCount: number, eventCount: number): Map<string, HeaderColumn> {
  const headers = new Map<string, HeaderColumn>();
  let at = 0;
  for (let header = 0; header < headerCount; header += 1) {
    checkFits(at + 3 <= bytes.length);
    const nameEnd = at + 2 + bytes.readUInt16LE(at);
    const name = bytes.toString('utf8', at + 2, nameEnd);
    at = nameEnd + 1;
    if (bytes[nameEnd] === 0) {
      checkFits(at + 4 <= bytes.length);
      const end = at + 4 + bytes.readUInt32LE(at);
      checkFits(end <= bytes.length);
      headers.set(name, bytes.toString('utf8', at + 4, end));
      at = end;
      continue;
    }
    const column: (string | null)[] = [];
    for (let index = 0; index < eventCount; index += 1) {
      checkFits(at + 4 <= bytes.length);
      const length = bytes.readInt32LE(at);
      at += 4;
      column.push(length < 0 ? null : bytes.toString('utf8', at, at + length));
      at += Math.max(length, 0);
      checkFits(at <= bytes.length);
    }
    headers.set(name, column);
  }
  return headers;
}

function checkFits(fits: boolean): void {
  if (fits) return;
  throw new MillraceError(
    batchCodecErrors.unreadable,
    'A batch of a file channel is cut or damaged, though its checksum holds.',
  );
}
