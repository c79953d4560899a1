/**
 * A record as a line of JSON, from which the same bytes can be made again:
 *
 *     {"topic":"orders","partition":0,"offset":7,"timestamp":"2026-01-31T12:00:00.000Z","key":"a","key_encoding":"text",
 *      "value":{"id":7},"value_encoding":"json","headers":[{"key":"tenant","value":"a","encoding":"text"}]}
 *
 * An encoding is `json`, `text` (UTF-8), `base64`, or null where there is nothing. JSON that would be written in another way than it came
 * (`1.50`, blanks, a name twice) has its text beside it: `value_text`.
 */
import { isUtf8 } from 'node:buffer';
import { bytesOf } from '#connectors/formats/json-scalars';
import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import {
  isJsonObject,
  parseJson,
  parseJsonText,
  stringifyJson,
  type JsonObject,
  type JsonValue,
} from '#pipeline/sink-json';

export type Encoding = 'json' | 'text' | 'base64';

/** Bytes as text: JSON and UTF-8 as they are. */
export interface EncodedText {
  readonly text: string | null;
  readonly encoding: Encoding | null;
  /** The text of JSON as JSON.stringify would write it; null for what is no JSON. */
  readonly json: string | null;
}

export function encodedText(bytes: Buffer | null): EncodedText {
  if (bytes === null) return { text: null, encoding: null, json: null };
  if (!isUtf8(bytes)) return { text: bytes.toString('base64'), encoding: 'base64', json: null };
  const text = bytes.toString('utf8');
  try {
    return { text, encoding: 'json', json: stringifyJson(parseJsonText(text)) };
  } catch {
    return { text, encoding: 'text', json: null };
  }
}

export function headersJson(headers: readonly RecordHeader[]): string {
  return JSON.stringify(
    headers.map(({ key, value }) => {
      if (value === null) return { key, value, encoding: null };
      const isText = isUtf8(value);
      return { key, value: value.toString(isText ? 'utf8' : 'base64'), encoding: isText ? 'text' : 'base64' };
    }),
  );
}

/** A time that no calendar has is its milliseconds. */
export function timeText(timestamp: number): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? String(timestamp) : date.toISOString();
}

/** With a line feed. */
export function recordLine(batch: SinkBatch, index: number): string {
  const head = `{"topic":${JSON.stringify(batch.topic)},"partition":${batch.partition},"offset":${batch.offset(index)}`;
  const time = JSON.stringify(timeText(batch.timestamp(index)));
  const [key, value] = [contentJson('key', batch.key(index)), contentJson('value', batch.value(index))];
  return `${head},"timestamp":${time},${key},${value},"headers":${headersJson(batch.headers(index))}}\n`;
}

function contentJson(name: 'key' | 'value', bytes: Buffer | null): string {
  const { text, encoding, json } = encodedText(bytes);
  const content = json ?? JSON.stringify(text);
  const exact = json === null || json === text ? '' : `,"${name}_text":${JSON.stringify(text)}`;
  return `"${name}":${content},"${name}_encoding":${JSON.stringify(encoding)}${exact}`;
}

/** A record that is to be written. */
export interface LineRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  /** Null: now. */
  readonly timestamp: number | null;
  /** Null: by the key. */
  readonly partition: number | null;
}

/** Encodings may be left out: then a text is text, everything else JSON. Headers may be an object. Throws a sentence. */
export function readRecordLine(line: Buffer): LineRecord {
  const record = parseJson(line);
  if (!isJsonObject(record)) throw new SyntaxError('the line is no JSON object');
  if (!('key' in record) && !('value' in record)) throw new SyntaxError('there is neither a key nor a value');
  return {
    key: contentOf(record, 'key'),
    value: contentOf(record, 'value'),
    headers: headersOf(record['headers'] ?? null),
    timestamp: timestampOf(record['timestamp'] ?? null),
    partition: partitionOf(record['partition'] ?? null),
  };
}

function contentOf(record: JsonObject, name: 'key' | 'value'): Buffer | null {
  const content = record[name] ?? null;
  const encoding = record[`${name}_encoding`] ?? null;
  if (encoding === 'json') {
    const exact = record[`${name}_text`];
    return Buffer.from(typeof exact === 'string' ? exact : stringifyJson(content));
  }
  return content === null ? null : scalarOf(content, encoding, name);
}

function scalarOf(content: JsonValue, encoding: JsonValue, name: string): Buffer {
  if (encoding === null) return Buffer.from(typeof content === 'string' ? content : stringifyJson(content));
  if (typeof content !== 'string')
    throw new SyntaxError(`${name} is no text, though its encoding is ${stringifyJson(encoding)}`);
  if (encoding === 'text') return Buffer.from(content);
  if (encoding !== 'base64') throw new SyntaxError(`the encoding of ${name} is none of json, text and base64`);
  try {
    return bytesOf(content);
  } catch {
    throw new SyntaxError(`${name} is no base64`);
  }
}

function headersOf(given: JsonValue): readonly RecordHeader[] {
  if (given === null) return [];
  if (isJsonObject(given)) {
    return Object.entries(given).map(([key, value]) => ({
      key,
      value: value === null ? null : scalarOf(value, null, `header ${key}`),
    }));
  }
  if (!Array.isArray(given)) throw new SyntaxError('headers are neither a list nor an object');
  return given.map((header) => {
    if (!isJsonObject(header) || typeof header['key'] !== 'string') throw new SyntaxError('a header has no key');
    const { key, value = null, encoding = null } = header;
    return { key, value: value === null ? null : scalarOf(value, encoding, `header ${key}`) };
  });
}

function timestampOf(given: JsonValue): number | null {
  if (given === null) return null;
  if (typeof given === 'number' && Number.isSafeInteger(given)) return given;
  const text = typeof given === 'string' ? given : '';
  const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(ms)) return ms;
  throw new SyntaxError('timestamp is neither a time such as 2026-01-31T12:00:00Z nor milliseconds');
}

function partitionOf(given: JsonValue): number | null {
  if (given === null) return null;
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0) return given;
  throw new SyntaxError('partition is no whole number');
}
