import { assert } from '#std/assert';

/**
 * Events as a source read them, laid out in columns: bodies are slices of one buffer, headers are columns over the whole
 * batch. A header that all events share costs one string. Nothing here is an object per event.
 *
 * A batch is not changed once made: interceptors give a new one that shares the bytes.
 */
export class EventBatch {
  constructor(
    /** All bodies lie in here; there may be other bytes between them. */
    readonly bytes: Buffer,
    /** Body i is `bytes[starts[i], ends[i])`. */
    readonly starts: Int32Array,
    readonly ends: Int32Array,
    readonly headers: HeaderColumns = noHeaders,
  ) {
    assert(starts.length === ends.length, 'starts and ends have one entry an event');
  }

  /** A batch of separate bodies, joined into one buffer. For sources that get events one by one. */
  static of(events: readonly { body: Buffer; headers?: Readonly<Record<string, string>> }[]): EventBatch {
    const starts = new Int32Array(events.length);
    const ends = new Int32Array(events.length);
    let at = 0;
    const columns = new Map<string, (string | null)[]>();
    for (const [index, event] of events.entries()) {
      starts[index] = at;
      at += event.body.length;
      ends[index] = at;
      for (const [name, value] of Object.entries(event.headers ?? {})) {
        let column = columns.get(name);
        if (column === undefined) {
          column = Array.from({ length: events.length }, () => null);
          columns.set(name, column);
        }
        column[index] = value;
      }
    }
    return new EventBatch(Buffer.concat(events.map((event) => event.body)), starts, ends, columns);
  }

  get count(): number {
    return this.starts.length;
  }

  /** Bytes of all bodies, without headers. */
  get bodyBytes(): number {
    let total = 0;
    for (let index = 0; index < this.starts.length; index += 1)
      total += (this.ends[index] ?? 0) - (this.starts[index] ?? 0);
    return total;
  }

  body(index: number): Buffer {
    return this.bytes.subarray(this.starts[index], this.ends[index]);
  }

  header(index: number, name: string): string | null {
    const column = this.headers.get(name);
    if (column === undefined) return null;
    return typeof column === 'string' ? column : (column[index] ?? null);
  }

  /** The headers of one event as an object. For sinks and tests; not on the hot path. */
  headersOf(index: number): Record<string, string> {
    const all: Record<string, string> = {};
    for (const name of this.headers.keys()) {
      const value = this.header(index, name);
      if (value !== null) all[name] = value;
    }
    return all;
  }

  /** The same events with one header column set or replaced. */
  withHeader(name: string, column: HeaderColumn): EventBatch {
    const headers = new Map(this.headers);
    headers.set(name, column);
    return new EventBatch(this.bytes, this.starts, this.ends, headers);
  }

  /** The events at `indexes`, in that order; bytes are shared. */
  select(indexes: Int32Array): EventBatch {
    const starts = new Int32Array(indexes.length);
    const ends = new Int32Array(indexes.length);
    for (let at = 0; at < indexes.length; at += 1) {
      const index = indexes[at] ?? 0;
      starts[at] = this.starts[index] ?? 0;
      ends[at] = this.ends[index] ?? 0;
    }
    const headers = new Map<string, HeaderColumn>();
    for (const [name, column] of this.headers) {
      headers.set(name, typeof column === 'string' ? column : Array.from(indexes, (index) => column[index] ?? null));
    }
    return new EventBatch(this.bytes, starts, ends, headers);
  }
}

/** One value for every event, or a value (or null for none) an event. */
export type HeaderColumn = string | readonly (string | null)[];
export type HeaderColumns = ReadonlyMap<string, HeaderColumn>;

const noHeaders: HeaderColumns = new Map();
