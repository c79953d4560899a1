import type { DiskFile } from '#std/disk';
import { crc32c } from '#std/crc32c';
import { batchHeaderBytes, recordBatch } from '#wire/kafka/record-batch';
import type { BatchTable } from './batch-table.js';

/**
 * What holds for every batch in a segment: format 2, leader epoch 0, a base offset that follows the batch before it without a gap
 * (in a cleaned segment: that its table names for this place, with this length), and a right CRC. The first three are what Kafka's CRC
 * leaves out, so each bit of a stored batch is checked by one of them.
 */
export const batchDamaged = -1;
export const batchIncomplete = 0;

/** Larger than any batch that was ever accepted: a length above it is damage. */
const batchBytesMax = 2 ** 30;
/** Leader epoch of every batch of this engine. */
export const leaderEpoch = 0;

/** The table of a cleaned segment; `rebuild` where it was lost: then any rising offsets will do. */
export type BatchOrder = BatchTable | 'rebuild' | null;

export interface ExpectedBatch {
  readonly offset: number;
  /** 0 where any length will do. */
  readonly bytes: number;
}

/** What has to begin at `position` of a segment, where `next` follows the batch before; null where nothing begins there. */
export function expectedBatch(order: BatchOrder, position: number, next: number): ExpectedBatch | null {
  if (order === null || order === 'rebuild') return { offset: next, bytes: 0 };
  const row = order.rowAt(position);
  return row < 0 ? null : { offset: order.offset(row), bytes: order.bytes(row) };
}

/** Bytes of the whole, checked batch at `at`; `batchIncomplete` where it goes on behind `bytes`; else `batchDamaged`. */
export function checkStoredBatch(bytes: Buffer, at: number, expectedOffset: number, expectedBytes = 0): number {
  if (at + batchHeaderBytes > bytes.length) return batchIncomplete;
  const length = recordBatch.length(bytes, at);
  if (
    recordBatch.magic(bytes, at) !== 2 ||
    recordBatch.leaderEpoch(bytes, at) !== leaderEpoch ||
    recordBatch.baseOffset(bytes, at) !== expectedOffset ||
    length < batchHeaderBytes ||
    length > batchBytesMax ||
    (expectedBytes > 0 && length !== expectedBytes)
  ) {
    return batchDamaged;
  }
  if (at + length > bytes.length) return batchIncomplete;
  const stored = recordBatch.crc(bytes, at);
  if (crc32c(bytes.subarray(at + 21, at + length)) !== stored) return batchDamaged;
  return recordBatch.lastOffsetDelta(bytes, at) < 0 ? batchDamaged : length;
}

export interface ScanRange {
  /** Position in the file of a batch. */
  readonly from: number;
  readonly to: number;
  /** Base offset of the batch at `from`. */
  readonly expectedOffset: number;
  /** Default: null, batches that follow each other without a gap. */
  readonly order?: BatchOrder;
  /** Read and visited in one go, more where a batch is larger. Default: a mebibyte. */
  readonly pieceBytes?: number;
}

export interface ScanEnd {
  /** Behind the last whole batch. */
  readonly position: number;
  /** The offset that would follow it. */
  readonly nextOffset: number;
}

/** Sees one whole, checked batch at `at` in `bytes`, at `position` in the file; false ends the scan before it. */
export type BatchVisitor = (bytes: Buffer, at: number, position: number) => boolean | void;

const pieceBytesDefault = 1024 * 1024;

/** Walks the batches of a file piece by piece until `to`, the first one that is not whole, or until the visitor ends it. */
export async function scanBatches(file: DiskFile, range: ScanRange, visit: BatchVisitor): Promise<ScanEnd> {
  let position = range.from;
  let nextOffset = range.expectedOffset;
  const pieceBytes = range.pieceBytes ?? pieceBytesDefault;
  let wanted = pieceBytes;
  const order = range.order ?? null;
  const check = (bytes: Buffer, at: number): number => {
    const expected = expectedBatch(order, position + at, nextOffset);
    if (expected === null) return batchDamaged;
    const isHole = order === 'rebuild' && at + batchHeaderBytes <= bytes.length;
    const offset = isHole ? Math.max(nextOffset, recordBatch.baseOffset(bytes, at)) : expected.offset;
    return checkStoredBatch(bytes, at, offset, expected.bytes);
  };
  while (position < range.to) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(wanted, range.to - position));
    const bytes = buffer.subarray(0, await file.read(buffer, position));
    let at = 0;
    let length = check(bytes, at);
    while (length > 0) {
      if (visit(bytes, at, position + at) === false) return { position: position + at, nextOffset };
      nextOffset = recordBatch.lastOffset(bytes, at) + 1;
      at += length;
      length = check(bytes, at);
    }
    if (length === batchDamaged) return { position: position + at, nextOffset };
    if (at === 0) {
      // Not one whole batch: it ends behind the file, or behind this piece.
      if (bytes.length < batchHeaderBytes || wanted >= range.to - position) return { position, nextOffset };
      wanted = Math.max(recordBatch.length(bytes), pieceBytes);
      continue;
    }
    position += at;
    wanted = pieceBytes;
  }
  return { position, nextOffset };
}
