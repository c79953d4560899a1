import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import type { WriteColumns } from '#topics/topic-writer';
import { encodeHeaders } from '#wire/kafka/record-source';

export interface CopyOptions {
  /** The record's partition number is kept; else its key chooses. */
  readonly keepPartition: boolean;
  /** Headers that say which record this is a copy of. */
  readonly provenance: boolean;
}

/** Headers of a copy, where they are asked for. */
const provenanceHeaders = {
  topic: '__source.topic',
  partition: '__source.partition',
  offset: '__source.offset',
} as const;

/** Records as they are: key, value, headers, time. Null stays null. */
export function copiesOf(batch: SinkBatch, options: CopyOptions): WriteColumns {
  const { count } = batch;
  const starts = new Int32Array(count).fill(-1);
  const ends = new Int32Array(count).fill(-1);
  const timestamps = new Float64Array(count);
  const values: Buffer[] = [];
  const keys: (Buffer | null)[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const value = batch.value(index);
    timestamps[index] = batch.timestamp(index);
    keys.push(batch.key(index));
    if (value === null) continue;
    values.push(value);
    starts[index] = at;
    at += value.length;
    ends[index] = at;
  }
  return {
    bytes: Buffer.concat(values, at),
    starts,
    ends,
    keys,
    timestamps,
    headers: new Map(),
    headerBlocks: encodeHeaders(count, options.provenance ? withProvenance(batch) : (index) => batch.headers(index)),
    ...(options.keepPartition ? { partitions: batch.partition } : {}),
  };
}

function withProvenance(batch: SinkBatch): (index: number) => readonly RecordHeader[] {
  const topic = { key: provenanceHeaders.topic, value: Buffer.from(batch.topic) };
  const partition = { key: provenanceHeaders.partition, value: Buffer.from(String(batch.partition)) };
  return (index) => {
    const offset = { key: provenanceHeaders.offset, value: Buffer.from(String(batch.offset(index))) };
    return [...batch.headers(index), topic, partition, offset];
  };
}
