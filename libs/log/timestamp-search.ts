import { recordBatch } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import type { PartitionLog } from './partition-log.js';
import type { Segment, SegmentIndexes } from './segment.js';
import { scanBatches } from './stored-batch.js';

export interface TimedOffset {
  readonly offset: number;
  readonly timestamp: number;
}

/** The first visible record with `timestampMs` or later; null without one. Looks inside batches, compressed ones too. */
export function findByTimestamp(partition: PartitionLog, timestampMs: number): Promise<TimedOffset | null> {
  return betweenSwaps(partition, () => searchByTimestamp(partition, timestampMs));
}

/** The first record that has the largest timestamp of all visible ones; null in an empty partition. */
export function findMaxTimestamp(partition: PartitionLog): Promise<TimedOffset | null> {
  return betweenSwaps(partition, () => searchMaxTimestamp(partition));
}

/** Searches again where compaction changed the files meanwhile. */
async function betweenSwaps(
  { swap }: PartitionLog,
  search: () => Promise<TimedOffset | null>,
): Promise<TimedOffset | null> {
  for (;;) {
    await swap.settled();
    const { generation } = swap;
    try {
      const found = await search();
      if (generation === swap.generation) return found;
    } catch (error) {
      if (generation === swap.generation) throw error;
    }
  }
}

async function searchByTimestamp(partition: PartitionLog, timestampMs: number): Promise<TimedOffset | null> {
  for (const segment of [...partition.segments]) {
    const indexes = await indexesOf(partition, segment);
    if (segment.maxTimestamp < timestampMs) continue;
    // Up to this row's making nothing was as new; its own batch is as good a start as the next one.
    const row = indexes.times.floor(timestampMs - 1);
    const start = row < 0 ? segment.baseOffset : indexes.times.value(row);
    const found = await findInBatches(partition, segment, indexes, start, (bytes) => {
      if (recordBatch.maxTimestamp(bytes) < timestampMs) return null;
      return firstRecord(bytes, partition.logStartOffset, (timestamp) => timestamp >= timestampMs);
    });
    if (found !== null) return found;
  }
  return null;
}

async function searchMaxTimestamp(partition: PartitionLog): Promise<TimedOffset | null> {
  let newest: Segment | null = null;
  for (const segment of [...partition.segments]) {
    if (segment.maxTimestamp < 0) await indexesOf(partition, segment);
    if (segment.maxTimestamp > (newest?.maxTimestamp ?? -1)) newest = segment;
  }
  if (newest === null) return null;
  const { maxTimestamp, maxTimestampOffset } = newest;
  return findInBatches(partition, newest, await indexesOf(partition, newest), maxTimestampOffset, (bytes) =>
    recordBatch.maxTimestamp(bytes) < maxTimestamp
      ? null
      : firstRecord(bytes, partition.logStartOffset, (timestamp) => timestamp === maxTimestamp),
  );
}

/** What `look` finds first in the batches from the one with `offset` on. */
async function findInBatches(
  partition: PartitionLog,
  segment: Segment,
  indexes: SegmentIndexes,
  offset: number,
  look: (batch: Buffer) => TimedOffset | null,
): Promise<TimedOffset | null> {
  const row = indexes.offsets.floor(offset);
  const from = row < 0 ? 0 : indexes.offsets.value(row);
  const expectedOffset = row < 0 ? segment.baseOffset : indexes.offsets.key(row);
  let found: TimedOffset | null = null;
  await partition.ports.files.use(segment.path, (file) =>
    scanBatches(file, { from, to: segment.size, expectedOffset, order: indexes.table }, (bytes, at) => {
      found = look(bytes.subarray(at, at + recordBatch.length(bytes, at)));
      return found === null;
    }),
  );
  return found;
}

function firstRecord(batch: Buffer, fromOffset: number, matches: (timestamp: number) => boolean): TimedOffset | null {
  if (recordBatch.isControl(batch)) {
    // A marker is a record with a time like any other here, as in Kafka.
    const [offset, timestamp] = [recordBatch.baseOffset(batch), recordBatch.maxTimestamp(batch)];
    return recordBatch.count(batch) > 0 && offset >= fromOffset && matches(timestamp) ? { offset, timestamp } : null;
  }
  const records = decodeRecords(batch, { fromOffset });
  for (let index = 0; index < records.count; index += 1) {
    const timestamp = records.timestamp(index);
    if (matches(timestamp)) return { offset: records.offset(index), timestamp };
  }
  return null;
}

async function indexesOf(partition: PartitionLog, segment: Segment): Promise<SegmentIndexes> {
  return partition.ports.indexes.of(segment, partition.topic.settings.indexIntervalBytes);
}
