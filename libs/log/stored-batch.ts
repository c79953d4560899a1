import type { DiskFile } from '#std/disk';
import { crc32c } from '#std/crc32c';
import { batchHeaderBytes, recordBatch } from '#wire/kafka/record-batch';

/**
 * What holds for every batch in a segment: format 2, leader epoch 0, a base offset that follows the batch before it without a gap,
 * and a right CRC. The first three are what Kafka's CRC leaves out, so each bit of a stored batch is checked by one of them.
 */
export const batchDamaged = -1;
export const batchIncomplete = 0;

/** Larger than any batch that was ever accepted: a length above it is damage. */
const batchBytesMax = 2 ** 30;
/** Leader epoch of every batch of this engine. */
export const leaderEpoch = 0;

/** Bytes of the whole, checked batch at `at`; `batchIncomplete` where it goes on behind `bytes`; else `batchDamaged`. */
export function checkStoredBatch(bytes: Buffer, at: number, expectedOffset: number): number {
  if (at + batchHeaderBytes > bytes.length) return batchIncomplete;
  const length = recordBatch.length(bytes, at);
  if (
    recordBatch.magic(bytes, at) !== 2 ||
    recordBatch.leaderEpoch(bytes, at) !== leaderEpoch ||
    recordBatch.baseOffset(bytes, at) !== expectedOffset ||
    length < batchHeaderBytes ||
    length > batchBytesMax
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
}

export interface ScanEnd {
  /** Behind the last whole batch. */
  readonly position: number;
  /** The offset that would follow it. */
  readonly nextOffset: number;
}

/** Sees one whole, checked batch at `at` in `bytes`, at `position` in the file; false ends the scan before it. */
export type BatchVisitor = (bytes: Buffer, at: number, position: number) => boolean | void;

const pieceBytes = 1024 * 1024;

/** Walks the batches of a file piece by piece until `to`, the first one that is not whole, or until the visitor ends it. */
export async function scanBatches(file: DiskFile, range: ScanRange, visit: BatchVisitor): Promise<ScanEnd> {
  let position = range.from;
  let nextOffset = range.expectedOffset;
  let wanted = pieceBytes;
  while (position < range.to) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(wanted, range.to - position));
    const bytes = buffer.subarray(0, await file.read(buffer, position));
    let at = 0;
    let length = checkStoredBatch(bytes, at, nextOffset);
    while (length > 0) {
      if (visit(bytes, at, position + at) === false) return { position: position + at, nextOffset };
      nextOffset = recordBatch.lastOffset(bytes, at) + 1;
      at += length;
      length = checkStoredBatch(bytes, at, nextOffset);
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
