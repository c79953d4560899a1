import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject } from '#pipeline/sink-json';
import { jsonValueOf } from './json-rows.js';
import { timestampOf } from './json-scalars.js';

const timestampHeader = 'timestamp';

/**
 * The time of a record in milliseconds: Flume's `timestamp` header where it holds a whole number, else the record's own
 * timestamp; with `field` what that field of its JSON value holds. (Flume fails for ever on an event without the header; a record in a topic always has a time.)
 */
export function recordTimeMs(batch: SinkBatch, index: number, field: string | null = null): number {
  if (field !== null) return fieldTimeMs(batch, index, field) ?? batch.timestamp(index);
  const text = batch.header(index, timestampHeader);
  if (text !== null && /^-?\d{1,15}$/.test(text)) return Number(text);
  return batch.timestamp(index);
}

/** The time that a field of the JSON value holds: milliseconds since 1970, or a text of ISO 8601. Null where it holds none. */
export function fieldTimeMs(batch: SinkBatch, index: number, field: string): number | null {
  let value = jsonValueOf(batch, index);
  for (const name of field.split('.')) value = value !== undefined && isJsonObject(value) ? value[name] : undefined;
  try {
    return value === undefined ? null : timestampOf(value);
  } catch {
    return null;
  }
}
