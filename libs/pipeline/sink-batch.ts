import type { JsonValue } from '#pipeline/sink-json';

/**
 * Records of one topic-partition as a sink gets them, laid out in columns: keys and values are slices of one buffer.
 * Headers are decoded only when asked for.
 */
export interface SinkBatch {
  readonly topic: string;
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
   * The value as the JSON converter has parsed it, whole numbers past 2^53 as bigint; undefined where no converter did. Not to be
   * changed. Absent = never parsed.
   */
  json?(index: number): JsonValue | undefined;
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
