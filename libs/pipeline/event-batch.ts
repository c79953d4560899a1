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

  /**
   * One batch of several, in order. Bodies are copied only where the parts lie in different memory, and then without what lies
   * between them where that is much. A header that has the same one value in every part stays one value.
   */
  static join(parts: readonly EventBatch[]): EventBatch {
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return first;
    const count = parts.reduce((total, part) => total + part.count, 0);
    const starts = new Int32Array(count);
    const ends = new Int32Array(count);
    const bytes = joinBodies(parts, starts, ends);
    return new EventBatch(bytes, starts, ends, joinHeaders(parts));
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

  /** The same events without one header. */
  withoutHeader(name: string): EventBatch {
    if (!this.headers.has(name)) return this;
    const headers = new Map(this.headers);
    headers.delete(name);
    return new EventBatch(this.bytes, this.starts, this.ends, headers);
  }

  /** The same events with other headers. */
  withHeaders(headers: HeaderColumns): EventBatch {
    return new EventBatch(this.bytes, this.starts, this.ends, headers);
  }

  /** Events `[from, to)`; bytes are shared. */
  slice(from: number, to: number): EventBatch {
    if (from === 0 && to >= this.count) return this;
    const headers = new Map<string, HeaderColumn>();
    for (const [name, column] of this.headers) {
      headers.set(name, typeof column === 'string' ? column : column.slice(from, to));
    }
    return new EventBatch(this.bytes, this.starts.subarray(from, to), this.ends.subarray(from, to), headers);
  }

  /** The same events in memory of their own, nothing between the bodies. */
  copy(): EventBatch {
    const starts = new Int32Array(this.count);
    const ends = new Int32Array(this.count);
    const target = Buffer.allocUnsafeSlow(this.bodyBytes);
    copyBodies({ part: this, target, targetAt: 0, starts, ends, first: 0 });
    return new EventBatch(target, starts, ends, this.headers);
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

interface BodyCopy {
  readonly part: EventBatch;
  readonly target: Buffer;
  readonly targetAt: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Position of the part's first event in `starts` and `ends`. */
  readonly first: number;
}

/** Copies every body of `part`, one after another; gives the position after them. */
function copyBodies({ part, target, targetAt, starts, ends, first }: BodyCopy): number {
  let at = targetAt;
  for (let index = 0; index < part.count; index += 1) {
    const from = part.starts[index] ?? 0;
    const to = part.ends[index] ?? 0;
    starts[first + index] = at;
    if (to > from) at += part.bytes.copy(target, at, from, to);
    ends[first + index] = at;
  }
  return at;
}

/** Fills `starts` and `ends` for the buffer that it gives. */
function joinBodies(parts: readonly EventBatch[], starts: Int32Array, ends: Int32Array): Buffer {
  const [head] = parts;
  const memory = head?.bytes.buffer;
  if (head !== undefined && parts.every((part) => part.bytes.buffer === memory)) {
    let first = 0;
    for (const part of parts) {
      shift({ from: part.starts, to: starts, first, by: part.bytes.byteOffset });
      shift({ from: part.ends, to: ends, first, by: part.bytes.byteOffset });
      first += part.count;
    }
    return Buffer.from(head.bytes.buffer);
  }
  const spans = parts.map((part) => spanOf(part));
  const target = Buffer.allocUnsafeSlow(spans.reduce((total, span) => total + span.keptBytes, 0));
  let at = 0;
  let first = 0;
  for (const [index, part] of parts.entries()) {
    const span = spans[index];
    if (span === undefined) break;
    if (span.isDense) {
      part.bytes.copy(target, at, span.from, span.to);
      shift({ from: part.starts, to: starts, first, by: at - span.from });
      shift({ from: part.ends, to: ends, first, by: at - span.from });
    } else {
      copyBodies({ part, target, targetAt: at, starts, ends, first });
    }
    at += span.keptBytes;
    first += part.count;
  }
  return target;
}

function shift({ from, to, first, by }: { from: Int32Array; to: Int32Array; first: number; by: number }): void {
  for (let index = 0; index < from.length; index += 1) to[first + index] = (from[index] ?? 0) + by;
}

export interface BodySpan {
  readonly from: number;
  readonly to: number;
  /** The bodies fill most of the span, so that copying it whole is cheapest. */
  readonly isDense: boolean;
  /** Bytes that a copy takes: of the span where it is dense, else of the bodies. */
  readonly keptBytes: number;
}

/** The part of a batch's buffer in which its bodies lie. */
export function spanOf(batch: EventBatch): BodySpan {
  if (batch.count === 0) return { from: 0, to: 0, isDense: true, keptBytes: 0 };
  let from = batch.bytes.length;
  let to = 0;
  let bodyBytes = 0;
  for (let index = 0; index < batch.count; index += 1) {
    const start = batch.starts[index] ?? 0;
    const end = batch.ends[index] ?? 0;
    if (start < from) from = start;
    if (end > to) to = end;
    bodyBytes += end - start;
  }
  const isDense = to - from <= bodyBytes + 2 * batch.count + (bodyBytes >> 3);
  return { from, to, isDense, keptBytes: isDense ? to - from : bodyBytes };
}

function joinHeaders(parts: readonly EventBatch[]): HeaderColumns {
  const names = new Set(parts.flatMap((part) => [...part.headers.keys()]));
  const headers = new Map<string, HeaderColumn>();
  for (const name of names) {
    const value = parts[0]?.headers.get(name);
    if (typeof value === 'string' && parts.every((part) => part.headers.get(name) === value)) {
      headers.set(name, value);
    } else {
      headers.set(name, joinColumn(parts, name));
    }
  }
  return headers;
}

function joinColumn(parts: readonly EventBatch[], name: string): (string | null)[] {
  const joined: (string | null)[] = [];
  for (const part of parts) {
    const column = part.headers.get(name);
    const isShared = column === undefined || typeof column === 'string';
    const shared = isShared ? (column ?? null) : null;
    for (let index = 0; index < part.count; index += 1) joined.push(isShared ? shared : (column[index] ?? null));
  }
  return joined;
}
