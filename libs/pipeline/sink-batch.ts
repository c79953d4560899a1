import type { JsonValue } from '#pipeline/sink-json';
import type { ConnectSchema } from '#pipeline/connect-schema';

/**
 * Records of one topic-partition as a sink gets them, laid out in columns: keys and values are slices of one buffer.
 * Headers are decoded only when asked for.
 */
export interface SinkBatch {
  /** The topic that the records lie in. With `partition` and `offset` it says which records these are, whatever transforms did to them. */
  readonly topic: string;
  /**
   * The topic's name as transforms changed it (RegexRouter), the same for all records of the batch. Absent = not changed. What names its
   * tables, indexes or folders after the topic asks `destinationTopic`; positions and commits go by `topic`.
   */
  readonly routedTopic?: string;
  readonly partition: number;
  readonly count: number;
  /** Bytes of keys and values together. */
  readonly byteCount: number;
  offset(index: number): number;
  /** Milliseconds since the epoch. */
  timestamp(index: number): number;
  /** Shares memory with the batch: copy what is kept. */
  key(index: number): Buffer | null;
  value(index: number): Buffer | null;
  /**
   * The value as a converter has parsed it, whole numbers past 2^53 as bigint; undefined where no converter did. Not to be
   * changed. Absent = never parsed.
   */
  json?(index: number): JsonValue | undefined;
  /** The types behind `json`, where the converter knows them (Avro, JSON Schema, Connect's envelope); undefined or absent = unknown. */
  schema?(index: number): ConnectSchema | undefined;
  headers(index: number): readonly RecordHeader[];
  /** The last value of a header as text, or null. */
  header(index: number, name: string): string | null;
  /** Records `[from, to)`, sharing memory. */
  slice(from: number, to: number): SinkBatch;
}

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** The name to call a table, an index or a folder after. */
export function destinationTopic(batch: SinkBatch): string {
  return batch.routedTopic ?? batch.topic;
}
