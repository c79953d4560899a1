/** How channels in memory count bytes: bodies only, each rounded up to slots, as Flume's do. */
import { defineOptions } from '#config/options';
import type { EventBatch } from '#pipeline/event-batch';

export const byteCapacityOptions = defineOptions({
  byteCapacity: {
    type: 'long',
    default: 268435456,
    min: 0,
    unit: 'bytes',
    doc: 'Bytes of bodies held in memory at most; 0 is no limit. Flume takes 80 % of its Java heap.',
  },
  byteCapacityBufferPercentage: {
    type: 'int',
    default: 20,
    min: 0,
    max: 99,
    doc: 'Part of `byteCapacity` left free for headers, in percent.',
  },
});

/** Bytes that bodies may take; no limit where that is less than one slot, as in Flume. */
export function byteLimitOf(
  values: { readonly byteCapacity: number; readonly byteCapacityBufferPercentage: number },
  slotBytes: number,
): number {
  const usable = Math.floor(values.byteCapacity * (1 - values.byteCapacityBufferPercentage / 100));
  return usable < slotBytes ? Number.MAX_SAFE_INTEGER : usable - (usable % slotBytes);
}

/** What a batch counts, bytes: every body a whole number of slots, at least one. */
export function slotBytesOf(batch: EventBatch, slotBytes: number): number {
  let slots = 0;
  for (let index = 0; index < batch.count; index += 1) {
    const length = (batch.ends[index] ?? 0) - (batch.starts[index] ?? 0);
    slots += Math.max(1, Math.ceil(length / slotBytes));
  }
  return slots * slotBytes;
}
