/** What a write is checked for before anything of it is sent. */
import { batchHeaderBytes } from '#wire/kafka/record-batch';
import type { NewRecord } from '#wire/kafka/record-batch-builder';
import type { RecordSource } from '#wire/kafka/record-source';
import { RecordTooLargeError, TopicsError, topicsErrors } from '#topics/errors';

/** What a record costs besides its value, key and headers; only for the buffer's account. */
const recordOverheadBytes = 12;

/** Bytes that the write holds of the buffer, or the error of its first record that no batch of `limitBytes` can take. */
export function checkedSize(source: RecordSource, topic: string, limitBytes: number): number | RecordTooLargeError {
  const { starts, ends, keys, headerStarts, headerEnds } = source;
  const roomBytes = limitBytes - batchHeaderBytes;
  let total = 0;
  for (let index = 0; index < starts.length; index += 1) {
    const size =
      (ends[index] ?? 0) -
      (starts[index] ?? 0) +
      (headerEnds[index] ?? 0) -
      (headerStarts[index] ?? 0) +
      (keys === null ? 0 : (keys[index]?.length ?? 0)) +
      recordOverheadBytes;
    if (size > roomBytes) return new RecordTooLargeError(topic, size + batchHeaderBytes, limitBytes, index);
    total += size;
  }
  return total;
}

export function sizeOf(record: NewRecord): number {
  let total = batchHeaderBytes + recordOverheadBytes + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers) total += header.key.length + (header.value?.length ?? 0) + 4;
  return total;
}

/** The first partition that the topic has not; null where it has all. */
export function strayPartition(partitions: number | Int32Array | undefined, count: number): number | null {
  if (typeof partitions === 'number') return partitions < count ? null : partitions;
  return partitions?.find((partition) => partition >= count) ?? null;
}

export function unknownPartition(topic: string, partition: number, count: number): TopicsError {
  return new TopicsError(
    topicsErrors.unknownPartition,
    `Topic ${topic} has no partition ${partition}; it has ${count}. Add partitions, or choose one below ${count}.`,
  );
}
