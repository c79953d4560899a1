/**
 * A record batch of format 2, as it lies in a frame, on disk and in an answer.
 *
 *    0 baseOffset i64 · 8 batchLength i32 (bytes after it) · 12 partitionLeaderEpoch i32 · 16 magic i8 = 2 · 17 crc u32
 *   21 attributes i16 · 23 lastOffsetDelta i32 · 27 baseTimestamp i64 · 35 maxTimestamp i64 · 43 producerId i64
 *   51 producerEpoch i16 · 53 baseSequence i32 · 57 count i32 · 61 records, compressed where the attributes say so
 *
 * The CRC-32C covers everything from the attributes on. Base offset and leader epoch lie before it, so that an append
 * patches twelve bytes and leaves the rest as it came.
 */
import { crc32c } from '#std/crc32c';
import { WireError, wireErrors } from './errors.js';

/** Bytes before the records. */
export const batchHeaderBytes = 61;
/** Bytes before what `batchLength` counts. */
export const batchPrefixBytes = 12;
const crcAt = 17;
/** What the CRC covers begins here. */
const attributesAt = 21;

export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof codecs)[number];

const timestampTypeBit = 0x08;
const codecMask = 0x07;
const transactionalBit = 0x10;
const controlBit = 0x20;

/** Reads the fields of the batch that begins at `at`; the caller knows that a whole header is there. */
export const recordBatch = {
  baseOffset: (bytes: Buffer, at = 0): number => int64(bytes, at),
  /** Of the whole batch, from its base offset to its last record. */
  length: (bytes: Buffer, at = 0): number => batchPrefixBytes + bytes.readInt32BE(at + 8),
  leaderEpoch: (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 12),
  magic: (bytes: Buffer, at = 0): number => bytes.readInt8(at + 16),
  crc: (bytes: Buffer, at = 0): number => bytes.readUInt32BE(at + crcAt),
  attributes: (bytes: Buffer, at = 0): number => bytes.readInt16BE(at + attributesAt),
  lastOffsetDelta: (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 23),
  lastOffset: (bytes: Buffer, at = 0): number => int64(bytes, at) + bytes.readInt32BE(at + 23),
  baseTimestamp: (bytes: Buffer, at = 0): number => int64(bytes, at + 27),
  maxTimestamp: (bytes: Buffer, at = 0): number => int64(bytes, at + 35),
  /** -1 without one. */
  producerId: (bytes: Buffer, at = 0): number => int64(bytes, at + 43),
  producerEpoch: (bytes: Buffer, at = 0): number => bytes.readInt16BE(at + 51),
  /** -1 without one. */
  baseSequence: (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 53),
  count: (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 57),
  /** Null for a number that no codec has. */
  codec: (bytes: Buffer, at = 0): Codec | null => codecs[bytes.readInt16BE(at + attributesAt) & 0x07] ?? null,
  isLogAppendTime: (bytes: Buffer, at = 0): boolean => hasBit(bytes, at, timestampTypeBit),
  isTransactional: (bytes: Buffer, at = 0): boolean => hasBit(bytes, at, transactionalBit),
  isControl: (bytes: Buffer, at = 0): boolean => hasBit(bytes, at, controlBit),
} as const;

export interface BatchProblem {
  readonly code: 'corrupt_batch' | 'unsupported_magic' | 'invalid_record';
  readonly message: string;
}

/** What is wrong with the one batch that `bytes` should be, stored or produced; null when nothing is. */
export function validateRecordBatch(bytes: Buffer): BatchProblem | null {
  if (bytes.length < batchHeaderBytes) {
    return corrupt(`a record batch has at least ${batchHeaderBytes} bytes, these are ${bytes.length}`);
  }
  const magic = recordBatch.magic(bytes);
  if (magic !== 2)
    return { code: 'unsupported_magic', message: `record batch format ${magic} is not supported, only 2 is` };
  const length = recordBatch.length(bytes);
  if (length < batchHeaderBytes || length > bytes.length) {
    return corrupt(`the batch says it has ${length} bytes, there are ${bytes.length}`);
  }
  if (length < bytes.length) return invalid(`${bytes.length - length} bytes follow the batch; exactly one is expected`);
  const stored = recordBatch.crc(bytes);
  const computed = crc32c(bytes.subarray(attributesAt));
  if (stored !== computed) {
    return corrupt(`the batch has CRC-32C ${stored.toString(16)}, its bytes give ${computed.toString(16)}`);
  }
  if (recordBatch.codec(bytes) === null) return invalid('the batch names a codec that does not exist');
  const count = recordBatch.count(bytes);
  const lastOffsetDelta = recordBatch.lastOffsetDelta(bytes);
  if (count < 0 || lastOffsetDelta < 0 || count > lastOffsetDelta + 1) {
    return invalid(`the batch says it has ${count} records and a last offset delta of ${lastOffsetDelta}`);
  }
  return null;
}

/** As `validateRecordBatch`, with what only a producer must keep to: no holes between offsets, no control batch. */
export function validateProducedBatch(bytes: Buffer): BatchProblem | null {
  const problem = validateRecordBatch(bytes);
  if (problem !== null) return problem;
  if (recordBatch.isControl(bytes)) return invalid('a producer may not send a control batch');
  const count = recordBatch.count(bytes);
  if (count === 0) return invalid('the batch has no record');
  if (count !== recordBatch.lastOffsetDelta(bytes) + 1) {
    return invalid(`the batch has ${count} records, its last offset delta is ${recordBatch.lastOffsetDelta(bytes)}`);
  }
  return null;
}

/** Gives the batch its place in the partition. Outside the CRC. */
export function patchBaseOffset(bytes: Buffer, baseOffset: number, at = 0): void {
  writeInt64(bytes, baseOffset, at);
}

/** Outside the CRC. */
export function patchLeaderEpoch(bytes: Buffer, leaderEpoch: number, at = 0): void {
  bytes.writeInt32BE(leaderEpoch, at + 12);
}

/** Sets the time at which the batch was appended, for topics with message.timestamp.type=LogAppendTime; renews the CRC. */
export function patchLogAppendTime(bytes: Buffer, timestampMs: number, at = 0): void {
  bytes.writeInt16BE(recordBatch.attributes(bytes, at) | timestampTypeBit, at + attributesAt);
  writeInt64(bytes, timestampMs, at + 35);
  sealBatch(bytes, at);
}

/** The same batch with its records in another codec, given as they are in it; renews the CRC. */
export function recompressBatch(bytes: Buffer, codec: Codec, records: Buffer): Buffer {
  const made = Buffer.concat([bytes.subarray(0, batchHeaderBytes), records]);
  made.writeInt32BE(made.length - batchPrefixBytes, 8);
  made.writeInt16BE((recordBatch.attributes(bytes) & ~codecMask) | codecs.indexOf(codec), attributesAt);
  sealBatch(made);
  return made;
}

/** Numbers the batch for an idempotent or transactional producer; renews the CRC. */
export function patchProducer(bytes: Buffer, producer: ProducerStamp, at = 0): void {
  if (producer.isTransactional === true) {
    bytes.writeInt16BE(recordBatch.attributes(bytes, at) | transactionalBit, at + attributesAt);
  }
  writeInt64(bytes, producer.producerId, at + 43);
  bytes.writeInt16BE(producer.producerEpoch, at + 51);
  bytes.writeInt32BE(producer.baseSequence, at + 53);
  sealBatch(bytes, at);
}

export interface ProducerStamp {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Of the batch's first record. */
  readonly baseSequence: number;
  /** Makes the batch part of the producer's transaction; default: false, which leaves a batch as it is. */
  readonly isTransactional?: boolean;
}

export interface BatchHeader {
  readonly codec: Codec;
  readonly count: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producer: ProducerStamp | null;
  /** A marker of the broker's own; default: false. */
  readonly isControl?: boolean;
}

/** Writes the header of a new batch into the first 61 bytes of `bytes`, which is the whole batch, and seals it. */
export function writeBatchHeader(bytes: Buffer, header: BatchHeader): void {
  bytes.fill(0, 0, 8);
  bytes.writeInt32BE(bytes.length - batchPrefixBytes, 8);
  bytes.writeInt32BE(-1, 12);
  bytes.writeInt8(2, 16);
  const transactional = header.producer?.isTransactional === true ? transactionalBit : 0;
  const control = header.isControl === true ? controlBit : 0;
  bytes.writeInt16BE(codecs.indexOf(header.codec) | transactional | control, attributesAt);
  bytes.writeInt32BE(header.count - 1, 23);
  writeInt64(bytes, header.baseTimestamp, 27);
  writeInt64(bytes, header.maxTimestamp, 35);
  writeInt64(bytes, header.producer?.producerId ?? -1, 43);
  bytes.writeInt16BE(header.producer?.producerEpoch ?? -1, 51);
  bytes.writeInt32BE(header.producer?.baseSequence ?? -1, 53);
  bytes.writeInt32BE(header.count, 57);
  sealBatch(bytes);
}

/**
 * The whole batches of a buffer, one after the other, sharing its memory. A batch cut off at the end is left out, as an answer to a
 * fetch may have one. Throws a WireError where a batch's size cannot be.
 */
export function* batchesIn(bytes: Buffer): Generator<Buffer, void> {
  let at = 0;
  while (at + batchHeaderBytes <= bytes.length) {
    const length = recordBatch.length(bytes, at);
    if (length < batchHeaderBytes) {
      throw new WireError(wireErrors.corruptBatch, `at byte ${at}: a record batch cannot have ${length} bytes`);
    }
    if (at + length > bytes.length) return;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

function sealBatch(bytes: Buffer, at = 0): void {
  bytes.writeUInt32BE(crc32c(bytes.subarray(at + attributesAt, at + recordBatch.length(bytes, at))), at + crcAt);
}

function hasBit(bytes: Buffer, at: number, bit: number): boolean {
  return (bytes.readInt16BE(at + attributesAt) & bit) !== 0;
}

function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

function writeInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeInt32BE(Math.floor(value / 0x1_0000_0000), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

function corrupt(message: string): BatchProblem {
  return { code: 'corrupt_batch', message };
}

function invalid(message: string): BatchProblem {
  return { code: 'invalid_record', message };
}
