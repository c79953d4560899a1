import { bufferMemory } from '#std/buffer-memory';
import { messageOf } from '#std/errors';
import { batchHeaderBytes, recordBatch } from '#wire/kafka/record-batch';
import type { BatchTable } from './batch-table.js';
import type { PartitionLog } from './partition-log.js';
import type { Segment } from './segment.js';
import { checkStoredBatch, leaderEpoch } from './stored-batch.js';

export type PartitionRead =
  | {
      readonly kind: 'batches';
      readonly batches: readonly Buffer[];
      readonly bytes: number;
      /** The offset that follows them; the asked one where there are none. */
      readonly nextOffset: number;
    }
  | { readonly kind: 'corrupt_batch' }
  | { readonly kind: 'storage_error' };

export interface ReadLimits {
  readonly bytesMax: number;
  /** The first batch comes whole even if it is larger. */
  readonly firstWhole: boolean;
  /** Only batches that end below are served. */
  readonly endOffset: number;
}

/** A read begins at an index row; the batch wanted lies at most about so far behind it. */
const approachBytes = 8 * 1024;
/** A fetch of more gets this much from a file, and comes again. */
const pieceBytesMax = 8 * 1024 * 1024;

/** Batches from memory; null where they have to be read from a file. */
export function readTail(partition: PartitionLog, offset: number, limits: ReadLimits): PartitionRead | null {
  const batches = partition.tail.read(offset, limits);
  if (batches === null) return null;
  let bytes = 0;
  for (const batch of batches) {
    bytes += batch.length;
    partition.ports.cache.memory.lend(batch);
  }
  const last = batches.at(-1);
  return {
    kind: 'batches',
    batches,
    bytes,
    nextOffset: last === undefined ? offset : recordBatch.lastOffset(last) + 1,
  };
}

/**
 * Batches from the segment that holds `offset`, as one piece; `offset` lies between log start and high watermark. What is
 * served was checked: format, leader epoch, continuity, CRC. A damaged batch ends the piece before it; if it is the first,
 * the answer is `corrupt_batch`.
 */
export async function readSegment(partition: PartitionLog, offset: number, asked: ReadLimits): Promise<PartitionRead> {
  const limits = { ...asked, bytesMax: Math.min(asked.bytesMax, pieceBytesMax) };
  for (;;) {
    await partition.swap.settled();
    if (partition.swap.isBroken) return { kind: 'storage_error' };
    const segment = segmentFor(partition, offset);
    // Retention took it between the caller's look and now, or compaction left nothing from here on.
    if (segment === undefined) return noBatches(offset);
    const { generation } = partition.swap;
    const read = await readWhole(partition, segment, offset, limits);
    if (read === 'beyond') {
      const next = partition.segments[partition.segments.indexOf(segment) + 1];
      if (next === undefined || next.baseOffset >= limits.endOffset) return noBatches(offset);
      if (generation === partition.swap.generation) return readSegment(partition, next.baseOffset, asked);
    } else if (read.kind === 'batches' || generation === partition.swap.generation) {
      return read;
    }
    // The files were another segment's meanwhile: what was found says nothing.
  }
}

function segmentFor(partition: PartitionLog, offset: number): Segment | undefined {
  return partition.segments.findLast((candidate) => candidate.baseOffset <= offset);
}

/** `beyond` where a cleaned segment has no batch at `offset` or behind it. */
async function readWhole(
  partition: PartitionLog,
  segment: Segment,
  offset: number,
  limits: ReadLimits,
): Promise<PartitionRead | 'beyond'> {
  const { generation } = partition.swap;
  const { logger, indexes } = partition.ports;
  try {
    const read = await readFrom(partition, segment, offset, limits);
    if (read !== null) return read;
    if (generation !== partition.swap.generation) return { kind: 'corrupt_batch' };
    // The index led astray, or the batch is damaged: a fresh index tells which.
    if (await indexes.repair(segment, partition.topic.settings.indexIntervalBytes)) {
      const again = await readFrom(partition, segment, offset, limits);
      if (again !== null) return again;
    }
    const behind = segment.isCleaned ? null : await readBehindDamage(partition, segment, offset);
    if (behind !== null) return behind;
    if (generation === partition.swap.generation) {
      logger.error('A stored batch is damaged; fetches of it answer corrupt_batch.', {
        topicPartition: partition.identity.directory,
        offset,
        file: segment.path,
      });
    }
    return { kind: 'corrupt_batch' };
  } catch (error) {
    if (generation === partition.swap.generation) {
      logger.error('A segment cannot be read.', { file: segment.path, error: messageOf(error) });
    }
    return { kind: 'storage_error' };
  }
}

/** Null where the batch with `offset` was not found whole and sound. */
async function readFrom(
  partition: PartitionLog,
  segment: Segment,
  offset: number,
  limits: ReadLimits,
): Promise<PartitionRead | 'beyond' | null> {
  const size = segment.size;
  const { offsets, table } = await partition.ports.indexes.of(segment, partition.topic.settings.indexIntervalBytes);
  if (table !== null) return readCleaned(partition, segment, table, offset, limits);
  const row = offsets.floor(offset);
  const from = row < 0 ? 0 : offsets.value(row);
  const expected = row < 0 ? segment.baseOffset : offsets.key(row);
  if (from >= size) return null;
  return partition.ports.files.use(segment.path, async (file) => {
    const read = async (position: number, length: number): Promise<Buffer> => {
      const buffer = bufferMemory.take(Math.max(0, Math.min(length, size - position)));
      return buffer.subarray(0, await file.read(buffer, position));
    };
    let position = from;
    let bytes = await read(position, limits.bytesMax + approachBytes);
    let next = expected;
    let at = 0;
    // Towards the wanted batch by the headers alone: damage in a body on the way is not what was asked for.
    for (;;) {
      if (at + batchHeaderBytes > bytes.length) {
        position += at;
        bytes = await read(position, limits.bytesMax + approachBytes);
        at = 0;
        if (bytes.length < batchHeaderBytes) return null;
      }
      if (recordBatch.baseOffset(bytes, at) !== next || recordBatch.length(bytes, at) < batchHeaderBytes) return null;
      const last = recordBatch.lastOffset(bytes, at);
      if (last >= offset || last < next) break;
      next = last + 1;
      at += recordBatch.length(bytes, at);
    }
    const first = recordBatch.length(bytes, at);
    if (first > limits.bytesMax && !limits.firstWhole) return noBatches(offset);
    if (at + first > bytes.length) {
      if (position + at + first > size) return null;
      bytes = await read(position + at, Math.max(first, limits.bytesMax));
      at = 0;
    }
    // Its end is only believed once it was checked: a damaged one would seem to lie ahead for ever.
    const isAhead = recordBatch.lastOffset(bytes, at) >= limits.endOffset;
    if (isAhead) return checkStoredBatch(bytes, at, next) > 0 ? noBatches(offset) : null;
    const start = at;
    const whole = wholeBatches(bytes, { start, offset: next }, limits);
    const { end, nextOffset } = whole;
    if (end === start) return null;
    return { kind: 'batches', batches: [bytes.subarray(start, end)], bytes: end - start, nextOffset };
  });
}

/** From a segment with holes between its batches: the first one that ends at `offset` or behind it, and those after it. */
async function readCleaned(
  partition: PartitionLog,
  segment: Segment,
  table: BatchTable,
  offset: number,
  limits: ReadLimits,
): Promise<PartitionRead | 'beyond' | null> {
  return partition.ports.files.use(segment.path, async (file) => {
    for (let row = Math.max(0, table.floor(offset)); row < table.count; row += 1) {
      const from = table.position(row);
      const wanted = Math.max(limits.bytesMax, table.bytes(row));
      const buffer = Buffer.allocUnsafeSlow(Math.min(wanted, table.size - from));
      const bytes = buffer.subarray(0, await file.read(buffer, from));
      if (checkStoredBatch(bytes, 0, table.offset(row), table.bytes(row)) <= 0) return null;
      if (recordBatch.lastOffset(bytes) < offset) continue;
      if (recordBatch.lastOffset(bytes) >= limits.endOffset) return noBatches(offset);
      if (table.bytes(row) > limits.bytesMax && !limits.firstWhole) return noBatches(offset);
      let end = 0;
      let nextOffset = offset;
      for (let next = row; next < table.count; next += 1) {
        const length = checkStoredBatch(bytes, end, table.offset(next), table.bytes(next));
        if (length <= 0 || (end > 0 && end + length > limits.bytesMax)) break;
        const last = recordBatch.lastOffset(bytes, end);
        if (last >= limits.endOffset) break;
        nextOffset = last + 1;
        end += length;
      }
      return { kind: 'batches', batches: [bytes.subarray(0, end)], bytes: end, nextOffset };
    }
    return 'beyond';
  });
}

/**
 * The batch with `offset` where one before it, since the last index row, is damaged so that nothing leads from the row to it. A place
 * counts as a batch only if sound batches lead from there exactly to the next index row: bytes inside a record that look like a
 * batch do not.
 */
async function readBehindDamage(
  partition: PartitionLog,
  segment: Segment,
  offset: number,
): Promise<PartitionRead | null> {
  const following = partition.segments[partition.segments.indexOf(segment) + 1];
  const segmentEnd = { position: segment.size, offset: following?.baseOffset ?? partition.highWatermark };
  const { offsets } = await partition.ports.indexes.of(segment, partition.topic.settings.indexIntervalBytes);
  const row = offsets.floor(offset);
  const from = row < 0 ? 0 : offsets.value(row);
  const hasNext = row + 1 < offsets.count && offsets.value(row + 1) < segmentEnd.position;
  const end = hasNext ? { position: offsets.value(row + 1), offset: offsets.key(row + 1) } : segmentEnd;
  const buffer = Buffer.allocUnsafeSlow(Math.max(0, end.position - from));
  const bytes = await partition.ports.files.use(segment.path, async (file) =>
    buffer.subarray(0, await file.read(buffer, from)),
  );
  for (let at = 0; at + batchHeaderBytes <= bytes.length; at += 1) {
    if (recordBatch.magic(bytes, at) !== 2 || recordBatch.leaderEpoch(bytes, at) !== leaderEpoch) continue;
    if (recordBatch.baseOffset(bytes, at) > offset) continue;
    const found = follow(bytes, at, offset, end.offset);
    if (found === null) continue;
    const nextOffset = recordBatch.lastOffset(found) + 1;
    return { kind: 'batches', batches: [found], bytes: found.length, nextOffset };
  }
  return null;
}

/** The batch with `offset` on the way from `start` to the end of `bytes`, if all on it are sound and `endOffset` follows. */
function follow(bytes: Buffer, start: number, offset: number, endOffset: number): Buffer | null {
  let found: Buffer | null = null;
  let next = recordBatch.baseOffset(bytes, start);
  let at = start;
  while (at < bytes.length) {
    const length = checkStoredBatch(bytes, at, next);
    if (length <= 0) return null;
    const base = next;
    next = recordBatch.lastOffset(bytes, at) + 1;
    if (base <= offset && offset < next) found = bytes.subarray(at, at + length);
    at += length;
  }
  return next === endOffset ? found : null;
}

/** Behind the last sound batch within the limits, the first one whatever its size. */
function wholeBatches(
  bytes: Buffer,
  from: { start: number; offset: number },
  limits: ReadLimits,
): { end: number; nextOffset: number } {
  let at = from.start;
  let next = from.offset;
  for (;;) {
    const length = checkStoredBatch(bytes, at, next);
    if (length <= 0) break;
    if (at > from.start && at + length - from.start > limits.bytesMax) break;
    const last = recordBatch.lastOffset(bytes, at);
    if (last >= limits.endOffset) break;
    next = last + 1;
    at += length;
  }
  return { end: at, nextOffset: next };
}

function noBatches(offset: number): PartitionRead {
  return { kind: 'batches', batches: [], bytes: 0, nextOffset: offset };
}
