import { crc32c } from '#std/crc32c';
import { ByteReader } from '#wire/kafka/byte-reader';
import { compress, inflate } from '#wire/kafka/compression';
import { batchHeaderBytes, batchPrefixBytes, recordBatch } from '#wire/kafka/record-batch';
import { varintBytes, writeVarint } from '#wire/kafka/varint';

/** What compaction looks at of a record. */
export interface KeyedRecord {
  readonly offset: number;
  /** Shares memory with the (inflated) batch. */
  readonly key: Buffer | null;
  /** Without a value: it deletes its key. */
  readonly isTombstone: boolean;
}

interface PlacedRecord extends KeyedRecord {
  /** From its length on. */
  readonly start: number;
  /** Where its time and what follows the time begin. */
  readonly timeAt: number;
  readonly restAt: number;
  readonly end: number;
  readonly timestamp: number;
}

/** The time in the header is a delete horizon, to which the records' times are relative (KIP-534). */
const horizonBit = 0x40;
const attributesAt = 21;

/** When tombstones and markers of the batch may go, wall time in ms; -1 where that was not decided. */
export function deleteHorizon(batch: Buffer): number {
  return (recordBatch.attributes(batch) & horizonBit) === 0 ? -1 : recordBatch.baseTimestamp(batch);
}

/** The records of one whole, checked batch. Throws a WireError where they do not decode. */
export function keyedRecords(batch: Buffer): readonly KeyedRecord[] {
  return placedRecords(batch, inflatedRecords(batch));
}

/**
 * The batch with just the records that `keep` names, at their old offsets, times and sequence numbers; null where none is left. The
 * same buffer where nothing changes. A `horizonMs` of 0 or more is set as the delete horizon.
 */
export function filterBatch(batch: Buffer, keep: (record: KeyedRecord) => boolean, horizonMs: number): Buffer | null {
  const records = inflatedRecords(batch);
  const all = placedRecords(batch, records);
  const kept = all.filter(keep);
  if (kept.length === 0) return null;
  if (kept.length === all.length && horizonMs < 0) return batch;
  const baseTimestamp = horizonMs < 0 ? recordBatch.baseTimestamp(batch) : horizonMs;
  const pieces =
    baseTimestamp === recordBatch.baseTimestamp(batch)
      ? neighboursJoined(records, kept)
      : kept.map((record) => retimed(records, record, baseTimestamp));
  const maxTimestamp = recordBatch.isLogAppendTime(batch)
    ? recordBatch.maxTimestamp(batch)
    : kept.reduce((newest, record) => Math.max(newest, record.timestamp), -1);
  const body = compress(recordBatch.codec(batch) ?? 'none', Buffer.concat(pieces));
  const attributes = recordBatch.attributes(batch) | (horizonMs < 0 ? 0 : horizonBit);
  return rebuilt(batch, { body, attributes, baseTimestamp, maxTimestamp, count: kept.length });
}

/** The batch without its records: what is left tells the producer's epoch and sequence, and that the offsets were used. */
export function emptyBatch(batch: Buffer): Buffer {
  return rebuilt(batch, {
    body: Buffer.alloc(0),
    // Without records there is nothing compressed.
    attributes: recordBatch.attributes(batch) & ~0x07,
    baseTimestamp: recordBatch.baseTimestamp(batch),
    // No record has the time that look-ups would find here.
    maxTimestamp: -1,
    count: 0,
  });
}

interface BatchParts {
  readonly body: Buffer;
  readonly attributes: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly count: number;
}

function rebuilt(batch: Buffer, { body, attributes, baseTimestamp, maxTimestamp, count }: BatchParts): Buffer {
  const bytes = Buffer.allocUnsafeSlow(batchHeaderBytes + body.length);
  batch.copy(bytes, 0, 0, batchHeaderBytes);
  body.copy(bytes, batchHeaderBytes);
  bytes.writeInt32BE(bytes.length - batchPrefixBytes, 8);
  bytes.writeInt16BE(attributes, attributesAt);
  bytes.writeBigInt64BE(BigInt(baseTimestamp), 27);
  bytes.writeBigInt64BE(BigInt(maxTimestamp), 35);
  bytes.writeInt32BE(count, 57);
  bytes.writeUInt32BE(crc32c(bytes.subarray(attributesAt)), 17);
  return bytes;
}

function inflatedRecords(batch: Buffer): Buffer {
  return inflate(recordBatch.codec(batch) ?? 'none', batch.subarray(batchHeaderBytes));
}

function placedRecords(batch: Buffer, records: Buffer): PlacedRecord[] {
  const baseOffset = recordBatch.baseOffset(batch);
  const baseTimestamp = recordBatch.baseTimestamp(batch);
  const reader = new ByteReader(records);
  const placed: PlacedRecord[] = [];
  for (let left = recordBatch.count(batch); left > 0; left -= 1) {
    const start = reader.at;
    const length = reader.checkedLength(reader.varint());
    const end = reader.at + length;
    if (end > records.length) throw reader.malformed(`a record of ${length} bytes leaves its batch`);
    reader.take(1);
    const timeAt = reader.at;
    const timestamp = baseTimestamp + reader.varlong();
    const restAt = reader.at;
    const offset = baseOffset + reader.varint();
    const keyLength = reader.varint();
    const key = keyLength < 0 ? null : reader.blob(keyLength);
    const isTombstone = reader.varint() < 0;
    placed.push({ offset, key, isTombstone, start, timeAt, restAt, end, timestamp });
    reader.at = end;
  }
  return placed;
}

/** The bytes of these records, as few pieces as they lie in. */
function neighboursJoined(records: Buffer, kept: readonly PlacedRecord[]): Buffer[] {
  const pieces: Buffer[] = [];
  let start = kept[0]?.start ?? 0;
  for (const [index, { end }] of kept.entries()) {
    const next = kept[index + 1];
    if (next?.start === end) continue;
    pieces.push(records.subarray(start, end));
    start = next?.start ?? end;
  }
  return pieces;
}

/** The record with its time relative to another one. */
function retimed(records: Buffer, record: PlacedRecord, baseTimestamp: number): Buffer {
  const delta = record.timestamp - baseTimestamp;
  const length = 1 + varintBytes(delta) + record.end - record.restAt;
  const bytes = Buffer.allocUnsafe(varintBytes(length) + length);
  let at = writeVarint(bytes, length, 0);
  at += records.copy(bytes, at, record.timeAt - 1, record.timeAt);
  at = writeVarint(bytes, delta, at);
  records.copy(bytes, at, record.restAt, record.end);
  return bytes;
}
