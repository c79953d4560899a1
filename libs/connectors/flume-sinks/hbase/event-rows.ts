/** How Flume's HBase serializers make rows of events. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { Clock } from '#std/clock';
import { decodeText, encodeText, type CharsetName } from './row-text.js';

export interface RowCell {
  readonly qualifier: Buffer;
  readonly value: Buffer;
}

/** What one event gives. */
export interface EventRow {
  readonly put: { readonly row: Buffer; readonly cells: readonly RowCell[] } | null;
  readonly increment: { readonly row: Buffer; readonly qualifier: Buffer } | null;
}

/** Events as serializers see them; an EventBatch is one. */
export interface SerializedEvents {
  body(index: number): Buffer;
  headersOf(index: number): Readonly<Record<string, string>>;
  /** What only this event has, and has each time it comes. Optional. */
  idOf?(index: number): string;
}

export interface RowSerializer {
  /** Null where the event gives nothing. */
  rowOf(events: SerializedEvents, index: number): EventRow | null;
}

export interface SimpleOptions {
  readonly rowPrefix: string;
  /** `id`: the event's own, for events that have one. */
  readonly suffix: 'uuid' | 'random' | 'timestamp' | 'nano' | 'id';
  /** Null: no put. */
  readonly payloadColumn: string | null;
  /** Null: no increment. */
  readonly incrementColumn: string | null;
  readonly incrementRow: string;
}

/** The body in one column of a row of its own, and one more in a counter. */
export class SimpleRows implements RowSerializer {
  constructor(
    private readonly options: SimpleOptions,
    private readonly clock: Clock,
  ) {}

  rowOf(events: SerializedEvents, index: number): EventRow {
    const { rowPrefix, payloadColumn, incrementColumn, incrementRow } = this.options;
    return {
      put:
        payloadColumn === null
          ? null
          : {
              row: Buffer.from(`${rowPrefix}${this.suffix(events, index)}`),
              cells: [{ qualifier: Buffer.from(payloadColumn), value: events.body(index) }],
            },
      increment:
        incrementColumn === null ? null : { row: Buffer.from(incrementRow), qualifier: Buffer.from(incrementColumn) },
    };
  }

  private suffix(events: SerializedEvents, index: number): string {
    switch (this.options.suffix) {
      case 'id':
        return events.idOf?.(index) ?? randomUUID();
      case 'uuid':
        return randomUUID();
      case 'random':
        return randomBytes(8).readBigInt64BE().toString();
      case 'timestamp':
        return String(this.clock.now());
      case 'nano':
        return process.hrtime.bigint().toString();
    }
  }
}

export interface RegexOptions {
  /** Matches the whole body. */
  readonly pattern: RegExp;
  readonly columns: readonly string[];
  /** Column that is the row's key; null: the event's own id, or a key is made. */
  readonly rowKeyIndex: number | null;
  readonly depositHeaders: boolean;
  readonly charset: CharsetName;
}

const keyLength = 10;
const keyLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Groups of a pattern as columns. An event that does not match gives nothing. */
export class RegexRows implements RowSerializer {
  /** Of this process: keys are `<ms>-<this>-<counter>`. */
  private readonly processKey = Array.from({ length: keyLength }, () => keyLetters[randomInt(keyLetters.length)]).join(
    '',
  );
  private counter = 0;

  constructor(
    private readonly options: RegexOptions,
    private readonly clock: Clock,
  ) {}

  rowOf(events: SerializedEvents, index: number): EventRow | null {
    const { pattern, columns, rowKeyIndex, depositHeaders, charset } = this.options;
    const match = pattern.exec(decodeText(events.body(index), charset));
    if (match === null || match.length - 1 !== columns.length) return null;
    const cells: RowCell[] = [];
    for (const [at, column] of columns.entries()) {
      const value = match[at + 1];
      // Flume throws on a group that took no part, and stands still; the column is left out instead.
      if (at === rowKeyIndex || value === undefined) continue;
      cells.push({ qualifier: encodeText(column, charset), value: encodeText(value, charset) });
    }
    if (depositHeaders) {
      for (const [name, value] of Object.entries(events.headersOf(index))) {
        cells.push({ qualifier: encodeText(name, charset), value: encodeText(value, charset) });
      }
    }
    const key = rowKeyIndex === null ? (events.idOf?.(index) ?? this.nextKey()) : (match[rowKeyIndex + 1] ?? '');
    if (key === '' || cells.length === 0) return null;
    return { put: { row: encodeText(key, charset), cells }, increment: null };
  }

  private nextKey(): string {
    const number = this.counter;
    this.counter += 1;
    return `${this.clock.now()}-${this.processKey}-${number}`;
  }
}
