import { EventBatch } from '#pipeline/event-batch';
import { findCharset, withByteOrder, type Charset } from '../charset.js';
import { HeaderColumnsBuilder, HeaderTableError } from '../header-column.js';
import { BadRequestError, type HttpHandler, type HttpRequest } from './http-handler.js';
import { JsonScanner } from './json-scanner.js';

interface JsonEvent {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** A JSON array of `{headers: {name: value}, body: text}`; both may be absent. Bodies are in the charset of the request. */
export class JsonHandler implements HttpHandler {
  readonly bodyBytesMax = null;
  private readonly scanner = new JsonScanner();

  events({ body, contentType }: HttpRequest): EventBatch {
    const charset = charsetOf(contentType);
    const scanned = charset.name === 'UTF-8' ? tableOr400(() => this.scanner.scan(body)) : null;
    if (scanned !== null) return scanned;
    const text = textOf(charset, body);
    if (text.trim() === '') throw new Error('The request is empty.');
    const parsed = parse(text);
    // Numbers keep their own text, `1.50`; most requests have none, and need no second look.
    const list = hasNumber(parsed) ? parse(text, numbersAsText) : parsed;
    const events = list.map((item, index) => eventOf(charset, item, index));
    return tableOr400(() => batchOf(events));
  }
}

/** Headers that no table can hold are a bad request. */
function tableOr400<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof HeaderTableError) throw new BadRequestError(error.message, { cause: error });
    throw error;
  }
}

function batchOf(events: readonly JsonEvent[]): EventBatch {
  const headers = new HeaderColumnsBuilder();
  for (const [index, event] of events.entries()) {
    for (const [name, value] of Object.entries(event.headers)) headers.set(name, index, value);
  }
  const columns = headers.finish(events.length);
  return EventBatch.of(events.map(({ body }) => ({ body }))).withHeaders(columns);
}

/** The charset that the request names; UTF-8 where it names none. */
function charsetOf(contentType: string | null): Charset {
  const name = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1] ?? 'UTF-8';
  const charset = findCharset(name);
  if (charset === null || !/^UTF-(8|16|32)$/.test(charset.name)) {
    throw new Error(`The charset ${name} is none of UTF-8, UTF-16 and UTF-32.`);
  }
  return charset;
}

function textOf(charset: Charset, body: Buffer): string {
  const ordered = withByteOrder(charset, body.subarray(0, 4));
  const text = ordered.charset.decode(body.subarray(ordered.markBytes), 'REPLACE');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function parse(text: string, reviver?: (name: string, value: unknown) => unknown): unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, reviver);
  } catch (error) {
    throw new BadRequestError(`The request is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(parsed)) throw new BadRequestError('The request is no JSON array of events.');
  return parsed as unknown[];
}

function numbersAsText(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}

function hasNumber(list: readonly unknown[]): boolean {
  return list.some((item) => {
    if (!isObject(item)) return false;
    const { headers, body } = item;
    return (
      typeof body === 'number' ||
      (isObject(headers) && Object.values(headers).some((value) => typeof value === 'number'))
    );
  });
}

function eventOf(charset: Charset, item: unknown, index: number): JsonEvent {
  if (!isObject(item)) throw new BadRequestError(`Event ${index} is no object.`);
  const { headers = {}, body = null } = item;
  if (headers !== null && !isObject(headers)) throw new BadRequestError(`Event ${index}: headers is no object.`);
  const text = textOfValue(body, `Event ${index}: body`) ?? '';
  const entries = Object.entries(headers ?? {}).flatMap(([name, value]): [string, string][] => {
    const header = textOfValue(value, `Event ${index}: header ${name}`);
    return header === null ? [] : [[name, header]];
  });
  return { body: charset.encode?.(text) ?? Buffer.from(text), headers: Object.fromEntries(entries) };
}

/** Null for null. */
function textOfValue(value: unknown, what: string): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new BadRequestError(`${what} is no text.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
