/** How large events are in a message, so that none goes out that a receiver of Flume would never take. */
import { PoisonRecordError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';

/** Around an event: its list entry, its map, lengths. */
const eventOverheadBytes = 32;
const headerOverheadBytes = 10;

/** About the bytes of an event in a message, never less. */
function eventBytes(events: EventBatch, index: number): number {
  let total = (events.ends[index] ?? 0) - (events.starts[index] ?? 0) + eventOverheadBytes;
  for (const name of events.headers.keys()) {
    const value = events.header(index, name);
    if (value !== null) total += 3 * (name.length + value.length) + headerOverheadBytes;
  }
  return total;
}

/** Throws PoisonRecordError for the first event that is larger; Flume would close the connection, again and again. */
export function checkEventBytes(events: EventBatch, bytesMax: number): void {
  for (let index = 0; index < events.count; index += 1) {
    const bytes = eventBytes(events, index);
    if (bytes <= bytesMax) continue;
    throw new PoisonRecordError(
      `An event of ${bytes} bytes with its headers is larger than event.max.bytes (${bytesMax}): the receiving agent might never take it`,
      index,
    );
  }
}

/** The events in messages of bounded size, one event at least in each. */
export function partsOf(events: EventBatch, limits: { readonly count: number; readonly bytes: number }): EventBatch[] {
  const parts: EventBatch[] = [];
  for (let from = 0; from < events.count;) {
    let bytes = 0;
    let to = from;
    while (to < events.count && to - from < limits.count) {
      bytes += eventBytes(events, to);
      if (bytes > limits.bytes && to > from) break;
      to += 1;
    }
    parts.push(events.slice(from, to));
    from = to;
  }
  return parts;
}
