import type { SourceContext } from '#pipeline/collector';
import { deliverUntilTaken } from '../deliver-until-taken.js';
import type { CursorKeeper } from './cursor-keeper.js';
import { journalEvents } from './journal-events.js';
import { JournalExportReader, type JournalEntry } from './journal-export.js';

export interface JournalStreamOptions {
  readonly context: SourceContext;
  readonly batchSize: number;
  readonly entryBytesMax: number;
  readonly wants: (name: string) => boolean;
  /** Ends the waits for full channels. */
  readonly signal: AbortSignal;
  /** Null where the stream cannot be read again from a place. */
  readonly cursors: CursorKeeper | null;
  /** Entries up to the one with this cursor are passed over. */
  readonly behind?: string | null;
}

/** The channels have waited themselves already. */
const retryMsMin = 100;
const retryMsMax = 3000;

/**
 * Delivers the entries of a stream, in order; the stream is read no further while the channels are slow. Resolves with the number of
 * entries when it has ended and all are delivered. Rejects with a `JournalFormatError`, and with the signal's reason.
 */
export async function deliverJournal(stream: AsyncIterable<Buffer>, options: JournalStreamOptions): Promise<number> {
  const reader = new JournalExportReader(options.entryBytesMax);
  let count = 0;
  let behind = options.behind ?? null;
  for await (const chunk of stream) {
    let entries = reader.push(chunk);
    if (behind !== null) {
      const found = placeOf(entries, behind);
      entries = found === -1 ? [] : entries.slice(found + 1);
      if (found !== -1) behind = null;
    }
    count += entries.length;
    await deliverEntries(entries, options);
  }
  const last = reader.finish();
  if (last === null || behind !== null) return count;
  await deliverEntries([last], options);
  return count + 1;
}

/** Whether an entry with this cursor is in a stream. */
export async function hasCursor(
  stream: AsyncIterable<Buffer>,
  cursor: string,
  entryBytesMax: number,
): Promise<boolean> {
  const reader = new JournalExportReader(entryBytesMax);
  for await (const chunk of stream) if (placeOf(reader.push(chunk), cursor) !== -1) return true;
  const last = reader.finish();
  return last !== null && placeOf([last], cursor) !== -1;
}

function placeOf(entries: readonly JournalEntry[], cursor: string): number {
  const wanted = Buffer.from(cursor);
  return entries.findIndex(({ fields }) => fields.some(([name, value]) => name === '__CURSOR' && value.equals(wanted)));
}

async function deliverEntries(entries: readonly JournalEntry[], options: JournalStreamOptions): Promise<void> {
  const { context, batchSize, wants, signal, cursors } = options;
  for (let from = 0; from < entries.length; from += batchSize) {
    const { batch, cursor } = journalEvents(entries.slice(from, from + batchSize), wants);
    await deliverUntilTaken(context, batch, {
      signal,
      moved: cursors?.moved(cursor),
      retryMsMin,
      retryMsMax,
      report: (error) => context.reportError(error),
    });
    await cursors?.keep(cursor);
  }
}
