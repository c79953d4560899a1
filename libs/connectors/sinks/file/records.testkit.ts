import type { TopicPartition } from '#pipeline/sink';
import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';

export interface TestRecord {
  readonly offset: number;
  readonly value: string | Buffer | null;
  readonly key?: string | Buffer | null;
  readonly timestamp?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A batch of plain objects; a record without timestamp has its offset for one. */
export function recordsOf(at: TopicPartition, records: readonly TestRecord[]): SinkBatch {
  const bytes = (content: string | Buffer | null | undefined): Buffer | null =>
    typeof content === 'string' ? Buffer.from(content) : (content ?? null);
  const record = (index: number): TestRecord => records[index] ?? { offset: -1, value: null };
  const headers = (index: number): RecordHeader[] =>
    Object.entries(record(index).headers ?? {}).map(([key, value]) => ({ key, value: Buffer.from(value) }));
  return {
    ...at,
    count: records.length,
    byteCount: records.reduce(
      (sum, { key, value }) => sum + (bytes(key)?.length ?? 0) + (bytes(value)?.length ?? 0),
      0,
    ),
    offset: (index) => record(index).offset,
    timestamp: (index) => record(index).timestamp ?? record(index).offset,
    key: (index) => bytes(record(index).key),
    value: (index) => bytes(record(index).value),
    headers,
    header: (index, name) => record(index).headers?.[name] ?? null,
    slice: (from, to) => recordsOf(at, records.slice(from, to)),
  };
}
