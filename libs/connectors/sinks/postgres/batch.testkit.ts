import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';

export interface TestRecord {
  readonly offset: number;
  readonly key?: string | null;
  readonly value: string | null;
}

/** A batch of topic `orders`, partition 0, from plain records. */
export function batchOf(records: readonly TestRecord[], topic = 'orders', partition = 0): SinkBatch {
  const at = (index: number): TestRecord => {
    const record = records[index];
    if (record === undefined) throw new RangeError(`no record ${index}`);
    return record;
  };
  const bytes = (text: string | null | undefined): Buffer | null =>
    text === null || text === undefined ? null : Buffer.from(text);
  const noHeaders: readonly RecordHeader[] = [];
  return {
    topic,
    partition,
    count: records.length,
    byteCount: records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0),
    offset: (index) => at(index).offset,
    timestamp: () => 1_700_000_000_000,
    key: (index) => bytes(at(index).key),
    value: (index) => bytes(at(index).value),
    headers: () => noHeaders,
    header: () => null,
    slice: (from, to) => batchOf(records.slice(from, to), topic, partition),
  };
}

/** Values at offsets `from`, `from + 1` … */
export function valuesFrom(from: number, values: readonly unknown[]): SinkBatch {
  return batchOf(values.map((value, index) => ({ offset: from + index, value: JSON.stringify(value) })));
}
