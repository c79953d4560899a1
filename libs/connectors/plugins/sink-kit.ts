/** What a package with a sink of one's own is given: a package lies outside of this product and cannot import it. */
import { defineOptions, parseOptions, requireOptions } from '#config/options';
import {
  FatalSinkError,
  FencedSinkError,
  PoisonRecordError,
  RefusedRecordsError,
  RetriableSinkError,
} from '#pipeline/errors';
import type { Sink, SinkContext, SinkType, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import { parseJson, stringifyJson } from '#pipeline/sink-json';

export interface SinkKit {
  readonly defineOptions: typeof defineOptions;
  readonly parseOptions: typeof parseOptions;
  readonly requireOptions: typeof requireOptions;
  readonly RetriableSinkError: typeof RetriableSinkError;
  readonly PoisonRecordError: typeof PoisonRecordError;
  readonly RefusedRecordsError: typeof RefusedRecordsError;
  readonly FatalSinkError: typeof FatalSinkError;
  readonly FencedSinkError: typeof FencedSinkError;
  /** JSON with whole numbers past 2^53 as bigint. */
  readonly parseJson: typeof parseJson;
  readonly stringifyJson: typeof stringifyJson;
  readonly plainSink: typeof plainSink;
}

/** The default export of a package `millrace-sink-*`. */
export type SinkPlugin = SinkType | ((kit: SinkKit) => SinkType);

/** A store that has a batch durably when the call has returned, and keeps no positions. */
export interface PlainStore {
  /** Optional. Throws as `Sink.start` does. */
  start?(context: SinkContext): Promise<void>;
  /** Resolves when the store has all of it, durably. Throws as `Sink.put` does. */
  write(batch: SinkBatch): Promise<void>;
  /** Optional. */
  stop?(): Promise<void>;
}

/** The sink of a plain store: the consumer group keeps the positions, and they follow each write. At least once. */
export function plainSink(store: PlainStore): Sink {
  const written = new Map<string, StoredOffset>();
  const keyOf = ({ topic, partition }: TopicPartition): string => `${partition}@${topic}`;
  return {
    start: (context) => store.start?.(context) ?? Promise.resolve(),
    open: () => Promise.resolve([]),
    async put(batch) {
      await store.write(batch);
      const { topic, partition } = batch;
      written.set(keyOf(batch), { topic, partition, offset: batch.offset(batch.count - 1) + 1 });
    },
    flush: () => Promise.resolve([...written.values()]),
    close(partitions) {
      for (const partition of partitions) written.delete(keyOf(partition));
      return Promise.resolve();
    },
    stop: () => store.stop?.() ?? Promise.resolve(),
  };
}

export const sinkKit: SinkKit = {
  defineOptions,
  parseOptions,
  requireOptions,
  RetriableSinkError,
  PoisonRecordError,
  RefusedRecordsError,
  FatalSinkError,
  FencedSinkError,
  parseJson,
  stringifyJson,
  plainSink,
};

/** A record of a test. */
export interface TestRecord {
  readonly key?: string | null;
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: one after the record before, from 0. */
  readonly offset?: number;
  /** Default 0. */
  readonly timestamp?: number;
}

/** A batch as the runner gives it, for the tests of a sink. */
export function testBatch(topic: string, partition: number, records: readonly TestRecord[]): SinkBatch {
  const rows: {
    offset: number;
    key: Buffer | null;
    value: Buffer | null;
    headers: RecordHeader[];
    timestamp: number;
  }[] = [];
  for (const { key = null, value, headers = {}, offset = (rows.at(-1)?.offset ?? -1) + 1, timestamp = 0 } of records) {
    rows.push({
      offset,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers: Object.entries(headers).map(([name, text]) => ({ key: name, value: Buffer.from(text) })),
      timestamp,
    });
  }
  const row = (index: number): (typeof rows)[number] => {
    const found = rows[index];
    if (found === undefined) throw new RangeError(`there is no record ${index} in a batch of ${rows.length}`);
    return found;
  };
  return {
    topic,
    partition,
    count: rows.length,
    byteCount: rows.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0),
    offset: (index) => row(index).offset,
    timestamp: (index) => row(index).timestamp,
    key: (index) => row(index).key,
    value: (index) => row(index).value,
    headers: (index) => row(index).headers,
    header: (index, name) =>
      row(index)
        .headers.findLast(({ key }) => key === name)
        ?.value?.toString() ?? null,
    slice: (from, to) =>
      testBatch(
        topic,
        partition,
        records.slice(from, to).map((record, at) => ({ ...record, offset: row(from + at).offset })),
      ),
  };
}
