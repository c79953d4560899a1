import type { SinkBatch } from '#pipeline/sink-batch';

const timestampHeader = 'timestamp';

/**
 * The time of a record in milliseconds: Flume's `timestamp` header where it holds a whole number, else the record's own
 * timestamp. (Flume fails for ever on an event without the header; a record in a topic always has a time.)
 */
export function recordTimeMs(batch: SinkBatch, index: number): number {
  const text = batch.header(index, timestampHeader);
  if (text !== null && /^-?\d{1,15}$/.test(text)) return Number(text);
  return batch.timestamp(index);
}
