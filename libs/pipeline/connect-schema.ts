import type { JsonValue } from '#pipeline/sink-json';

/**
 * The types of a record's value, after Kafka Connect's data model. The values themselves stay JSON (`SinkBatch.json`), in these forms:
 *
 * | type | JSON |
 * | --- | --- |
 * | int8 … int64 | number; bigint where a double can not hold it |
 * | float32, float64 | number; `"NaN"`, `"Infinity"`, `"-Infinity"` as text |
 * | bytes | base64 text |
 * | map | object where keys are strings, else an array of `[key, value]` |
 * | `Decimal` | exact text: `"12.50"` |
 * | `Date` | `"2026-01-31"` |
 * | `Time` | `"12:30:00.250"`, UTC |
 * | `Timestamp` | `"2026-01-31T12:30:00.250Z"` |
 */
export interface ConnectSchema {
  readonly type: ConnectType;
  readonly optional: boolean;
  /** Of a struct its record name, of a logical type one of `logicalNames`. */
  readonly name?: string;
  readonly version?: number;
  readonly doc?: string;
  /** `scale` of a Decimal, among others. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly default?: JsonValue;
  /** Of a struct, in order. */
  readonly fields?: readonly ConnectField[];
  /** Of an array's items or a map's values. */
  readonly items?: ConnectSchema;
  /** Of a map's keys. */
  readonly keys?: ConnectSchema;
}

export interface ConnectField {
  readonly name: string;
  readonly schema: ConnectSchema;
}

export type ConnectType =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'boolean'
  | 'string'
  | 'bytes'
  | 'array'
  | 'map'
  | 'struct';

/** Names of Connect's logical types. */
export const logicalNames = {
  decimal: 'org.apache.kafka.connect.data.Decimal',
  date: 'org.apache.kafka.connect.data.Date',
  time: 'org.apache.kafka.connect.data.Time',
  timestamp: 'org.apache.kafka.connect.data.Timestamp',
} as const;
