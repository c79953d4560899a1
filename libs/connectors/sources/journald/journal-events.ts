import { EventBatch } from '#pipeline/event-batch';
import { HeaderColumnsBuilder } from '../header-column.js';
import type { JournalEntry } from './journal-export.js';

export interface JournalEvents {
  readonly batch: EventBatch;
  /** Of the last entry that has one. */
  readonly cursor: string | null;
}

/**
 * Makes events of entries: MESSAGE is the body. Headers are `timestamp` (ms: when the sender says, else when the journal got it), `host`, and the
 * fields that are wanted, by their names; where a name comes several times, its first value.
 */
export function journalEvents(entries: readonly JournalEntry[], wants: (name: string) => boolean): JournalEvents {
  const headers = new HeaderColumnsBuilder();
  const bodies: { body: Buffer }[] = [];
  let cursor: string | null = null;
  for (const [index, { fields, isCut }] of entries.entries()) {
    const seen = new Set<string>();
    let body: Buffer | null = null;
    let receivedAt: Buffer | null = null;
    let sentAt: Buffer | null = null;
    for (const [name, value] of fields) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (name === 'MESSAGE') body = value;
      else if (name === '__CURSOR') cursor = value.toString();
      else if (name === '__REALTIME_TIMESTAMP') receivedAt = value;
      else if (name === '_SOURCE_REALTIME_TIMESTAMP') sentAt = value;
      else if (name === '_HOSTNAME') headers.set('host', index, value.toString());
      if (name !== 'MESSAGE' && wants(name)) headers.set(name, index, value.toString());
    }
    bodies.push({ body: body ?? Buffer.alloc(0) });
    const timestamp = msOf(sentAt) ?? msOf(receivedAt);
    if (timestamp !== null) headers.set('timestamp', index, timestamp);
    if (isCut) headers.set('journald.status', index, 'Incomplete');
  }
  const columns = headers.finish(bodies.length);
  return { batch: EventBatch.of(bodies).withHeaders(columns), cursor };
}

/** Microseconds, written out. */
function msOf(microseconds: Buffer | null): string | null {
  const text = microseconds?.toString() ?? '';
  return /^\d{4,19}$/.test(text) ? text.slice(0, -3) : null;
}

/** What `fields` of the options names; `*` is all but those that the journal makes itself. */
export function fieldFilter(names: readonly string[]): (name: string) => boolean {
  const set = new Set(names);
  if (!set.has('*')) return (name) => set.has(name);
  return (name) => set.has(name) || !name.startsWith('__');
}
