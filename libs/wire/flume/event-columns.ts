/** Events in columns, as a collector's batches have them: bodies are slices of one buffer, a header is a column over all events. */
import { malformed } from './errors.js';

export interface EventColumns {
  readonly bytes: Buffer;
  /** Body i is `bytes[starts[i], ends[i])`. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** One value for every event, or a value (or null for none) an event. */
  readonly headers: ReadonlyMap<string, string | readonly (string | null)[]>;
}

/** Events of one call, at most. */
export const eventsMax = 1_000_000;
/** Header names of one call times its events, at most: a column holds a place for each event. */
const cellsMax = 8_000_000;

/** A header as the last event had it, by its place among that event's headers. */
interface Seen {
  nameStart: number;
  nameEnd: number;
  column: Column;
  valueStart: number;
  valueEnd: number;
  value: string;
}

interface Column {
  readonly values: (string | null)[];
  /** All values so far are the first one. */
  isShared: boolean;
}

/**
 * Collects the events of one call. Most events have the same header names in the same order, and often the same values: text is made only where the
 * bytes differ from those of the event before.
 */
export class EventColumnsBuilder {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly columns = new Map<string, Column>();
  private readonly seen: Seen[] = [];
  private place = 0;

  constructor(private readonly bytes: Buffer) {}

  get count(): number {
    return this.starts.length;
  }

  /** A header of the event that the next `body` ends: where its name and value lie, UTF-8. The last of two with one name counts. */
  header(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const seen = this.seen[this.place];
    this.place += 1;
    if (seen === undefined) {
      const column = this.columnOf(nameStart, nameEnd);
      const value = this.text(valueStart, valueEnd);
      this.seen.push({ nameStart, nameEnd, column, valueStart, valueEnd, value });
      this.put(column, value);
      return;
    }
    if (!this.isSame(seen.nameStart, seen.nameEnd, nameStart, nameEnd)) {
      seen.column = this.columnOf(nameStart, nameEnd);
      seen.nameStart = nameStart;
      seen.nameEnd = nameEnd;
    }
    if (!this.isSame(seen.valueStart, seen.valueEnd, valueStart, valueEnd)) {
      seen.value = this.text(valueStart, valueEnd);
      seen.valueStart = valueStart;
      seen.valueEnd = valueEnd;
    }
    this.put(seen.column, seen.value);
  }

  /** A header whose name is not in the bytes. No event may have both kinds. */
  namedHeader(name: string, valueStart: number, valueEnd: number): void {
    let [seen] = this.seen;
    if (seen === undefined) {
      seen = {
        nameStart: 0,
        nameEnd: 0,
        column: this.columnNamed(name),
        valueStart,
        valueEnd,
        value: this.text(valueStart, valueEnd),
      };
      this.seen.push(seen);
    } else if (!this.isSame(seen.valueStart, seen.valueEnd, valueStart, valueEnd)) {
      seen.value = this.text(valueStart, valueEnd);
      seen.valueStart = valueStart;
      seen.valueEnd = valueEnd;
    }
    this.put(seen.column, seen.value);
  }

  /** Ends an event. */
  body(start: number, end: number): void {
    if (this.starts.length >= eventsMax) throw malformed(`A call has more than ${eventsMax} events.`);
    this.starts.push(start);
    this.ends.push(end);
    this.place = 0;
  }

  finish(): EventColumns {
    const { count } = this;
    const headers = new Map<string, string | (string | null)[]>();
    for (const [name, { values, isShared }] of this.columns) {
      const [first = null] = values;
      if (isShared && values.length === count && first !== null) {
        headers.set(name, first);
      } else {
        while (values.length < count) values.push(null);
        headers.set(name, values);
      }
    }
    return { bytes: this.bytes, starts: Int32Array.from(this.starts), ends: Int32Array.from(this.ends), headers };
  }

  private put(column: Column, value: string): void {
    const { values } = column;
    const index = this.starts.length;
    while (values.length < index) {
      values.push(null);
      column.isShared = false;
    }
    values[index] = value;
    if (column.isShared && value !== values[0]) column.isShared = false;
  }

  private columnOf(nameStart: number, nameEnd: number): Column {
    return this.columnNamed(this.text(nameStart, nameEnd));
  }

  private columnNamed(name: string): Column {
    const known = this.columns.get(name);
    if (known !== undefined) return known;
    if ((this.columns.size + 1) * (this.starts.length + 1) > cellsMax) {
      throw malformed(`A call has too many different header names: ${this.columns.size} over ${this.count} events.`);
    }
    const column: Column = { values: [], isShared: true };
    this.columns.set(name, column);
    return column;
  }

  private text(start: number, end: number): string {
    return this.bytes.toString('utf8', start, end);
  }

  private isSame(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    const length = end - start;
    if (length !== otherEnd - otherStart) return false;
    const { bytes } = this;
    for (let at = 0; at < length; at += 1) if (bytes[start + at] !== bytes[otherStart + at]) return false;
    return true;
  }
}
