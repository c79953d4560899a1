import type { EventBatch, HeaderColumn } from '#pipeline/event-batch';

/**
 * The batch with `name` set to one value for every event; where `preserveExisting`, events that have the header keep theirs.
 * Costs nothing per event unless some events have the header and others have not.
 */
export function setHeader(
  batch: EventBatch,
  header: { readonly name: string; readonly value: string; readonly preserveExisting: boolean },
): EventBatch {
  const existing = header.preserveExisting ? batch.headers.get(header.name) : undefined;
  if (existing === undefined) return batch.withHeader(header.name, header.value);
  if (typeof existing === 'string' || !existing.includes(null)) return batch;
  const column: HeaderColumn = existing.map((value) => value ?? header.value);
  return batch.withHeader(header.name, column);
}
