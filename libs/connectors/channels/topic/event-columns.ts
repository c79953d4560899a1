/** Event headers that mean something to a topic, as columns of a write. */
import type { EventBatch } from '#pipeline/event-batch';

/** Flume's header for the record key. */
export const keyHeader = 'key';

/** Record keys of the header `key`; undefined where no event has one. */
export function keysOf(batch: EventBatch): (Buffer | null)[] | undefined {
  const column = batch.headers.get(keyHeader);
  if (column === undefined) return undefined;
  if (typeof column === 'string') {
    const key = Buffer.from(column);
    return Array.from({ length: batch.count }, () => key);
  }
  return column.map((value) => (value === null ? null : Buffer.from(value)));
}

/** Milliseconds of a header; an event without it, or with something else in it, gets `nowMs`. */
export function timestampsOf(batch: EventBatch, header: string, nowMs: number): number | Float64Array {
  const column = batch.headers.get(header);
  if (column === undefined) return nowMs;
  if (typeof column === 'string') return toMillis(column, nowMs);
  const times = new Float64Array(batch.count);
  let text: string | null = null;
  let time = nowMs;
  for (let index = 0; index < batch.count; index += 1) {
    const value = column[index] ?? null;
    // Neighbours mostly came in one batch and have one time.
    if (value !== text) {
      text = value;
      time = value === null ? nowMs : toMillis(value, nowMs);
    }
    times[index] = time;
  }
  return times;
}

function toMillis(text: string, nowMs: number): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : nowMs;
}

export interface PartitionChoice {
  /** Header that holds a partition; null: none. */
  readonly header: string | null;
  /** For events without the header; null: by key. */
  readonly fallback: number | null;
}

/** Throws an Error that names the value where a header is no whole number. */
export function partitionsOf(batch: EventBatch, choice: PartitionChoice): number | Int32Array | undefined {
  const fallback = choice.fallback ?? -1;
  const column = choice.header === null ? undefined : batch.headers.get(choice.header);
  if (column === undefined) return fallback < 0 ? undefined : fallback;
  if (typeof column === 'string') return toPartition(choice.header, column);
  return Int32Array.from(column, (value) => (value === null ? fallback : toPartition(choice.header, value)));
}

function toPartition(header: string | null, text: string): number {
  if (!/^\d{1,9}$/.test(text.trim()))
    throw new Error(`The header ${header ?? ''} must hold a partition, it holds "${text}".`);
  return Number(text);
}
