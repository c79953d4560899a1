import type { Random } from '#std/random';
import type { EventColumns } from './event-columns.js';

export interface PlainEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function columnsOf(events: readonly PlainEvent[]): EventColumns {
  const starts = new Int32Array(events.length);
  const ends = new Int32Array(events.length);
  const bodies = events.map(({ body }) => Buffer.from(body));
  let at = 0;
  for (const [index, body] of bodies.entries()) {
    starts[index] = at;
    at += body.length;
    ends[index] = at;
  }
  const names = new Set(events.flatMap(({ headers }) => Object.keys(headers)));
  const headers = new Map<string, string | (string | null)[]>();
  for (const name of names) {
    const values = events.map((event) => event.headers[name] ?? null);
    const [first = null] = values;
    const isShared = first !== null && values.every((value) => value === first);
    headers.set(name, isShared ? first : values);
  }
  return { bytes: Buffer.concat(bodies), starts, ends, headers };
}

export function plainEvents({ bytes, starts, ends, headers }: EventColumns): PlainEvent[] {
  return Array.from(starts, (start, index) => {
    const own: Record<string, string> = {};
    for (const [name, column] of headers) {
      const value = typeof column === 'string' ? column : (column[index] ?? null);
      if (value !== null) own[name] = value;
    }
    return { headers: own, body: bytes.toString('utf8', start, ends[index]) };
  });
}

const words = ['', 'a', 'host', 'ü€😀', 'x'.repeat(100), 'timestamp', '0'];

export function randomEvents(random: Random): PlainEvent[] {
  const below = (max: number): number => Math.floor(random.next() * max);
  const word = (): string => words[below(words.length)] ?? '';
  const shared = Object.fromEntries(Array.from({ length: below(3) }, () => [word(), word()]));
  return Array.from({ length: below(6) }, () => ({
    headers: { ...shared, ...(below(3) === 0 ? { [word()]: word() } : {}) },
    body: word().repeat(below(4)),
  }));
}

/** Some bytes changed, cut out, doubled or put in. */
export function damaged(bytes: Buffer, random: Random): Buffer {
  let result = Buffer.from(bytes);
  const below = (max: number): number => Math.floor(random.next() * max);
  for (let count = below(4); count >= 0; count -= 1) {
    const from = below(result.length + 1);
    const to = from + below(Math.min(40, result.length - from) + 1);
    const byte = Buffer.from([below(256)]);
    const kind = below(4);
    if (kind === 0) result = Buffer.concat([result.subarray(0, from), byte, result.subarray(from + 1)]);
    else if (kind === 1) result = Buffer.concat([result.subarray(0, from), result.subarray(to)]);
    else if (kind === 2) result = Buffer.concat([result.subarray(0, to), result.subarray(from)]);
    else result = Buffer.concat([result.subarray(0, from), byte, result.subarray(from)]);
  }
  return result;
}
