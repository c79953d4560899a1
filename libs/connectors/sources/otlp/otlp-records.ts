import { EventBatch } from '#pipeline/event-batch';
import { HeaderColumnsBuilder } from '../header-column.js';

export interface OtlpRecords {
  readonly batch: EventBatch;
  /** Records that are no events, and the first reason. */
  readonly rejected: number;
  readonly reason: string;
}

/** The request is not what the protocol has. */
export class OtlpFormatError extends Error {}

/** Attributes of the resource and scope get these before their names. */
const resourcePrefix = 'resource.';
const scopePrefix = 'scope.';
const depthMax = 32;

/**
 * Makes events of a request. The body of a record is that of the event: a text as it is, bytes as they are, anything else as JSON. Headers are
 * `timestamp` (ms; when it was observed where it has no time), `severity`, `severityNumber`, `traceId`, `spanId`, `eventName`, the attributes by
 * their names, `resource.NAME`, and `scope.name`, `scope.version` and `scope.NAME`.
 */
export function readRecords(request: unknown, recordBytesMax: number): OtlpRecords {
  const events = new OtlpEvents(recordBytesMax);
  for (const resourceLogs of listOf(request, 'resourceLogs')) {
    const resource = attributesOf(fieldOf(resourceLogs, 'resource'), resourcePrefix);
    for (const scopeLogs of listOf(resourceLogs, 'scopeLogs')) {
      const scope = scopeOf(fieldOf(scopeLogs, 'scope'));
      for (const record of listOf(scopeLogs, 'logRecords')) events.add(record, resource, scope);
    }
  }
  return events.finish();
}

type Headers = readonly (readonly [string, string])[];

class OtlpEvents {
  private readonly bodies: Buffer[] = [];
  private readonly headers = new HeaderColumnsBuilder();
  private rejected = 0;
  private reason = '';

  constructor(private readonly recordBytesMax: number) {}

  add(record: unknown, resource: Headers, scope: Headers): void {
    let body: Buffer;
    let own: Headers;
    try {
      body = bodyOf(fieldOf(record, 'body'));
      own = [...attributesOf(record, ''), ...fixedHeaders(record)];
    } catch (error) {
      this.reject((error as Error).message);
      return;
    }
    if (body.length > this.recordBytesMax) {
      this.reject(`a record of ${body.length} bytes is more than maxRecordBytes ${this.recordBytesMax}`);
      return;
    }
    const index = this.bodies.length;
    this.bodies.push(body);
    for (const part of [resource, scope, own]) {
      for (const [name, value] of part) this.headers.set(name, index, value);
    }
  }

  finish(): OtlpRecords {
    const { rejected, reason, bodies } = this;
    const headers = this.headers.finish(bodies.length);
    return { batch: EventBatch.of(bodies.map((body) => ({ body }))).withHeaders(headers), rejected, reason };
  }

  private reject(reason: string): void {
    this.rejected += 1;
    if (this.reason === '') this.reason = reason;
  }
}

function fixedHeaders(record: unknown): Headers {
  const headers: [string, string][] = [];
  const add = (name: string, value: string | null): void => {
    if (value !== null && value !== '') headers.push([name, value]);
  };
  const nanoseconds = numberText(record, 'timeUnixNano') ?? numberText(record, 'observedTimeUnixNano');
  if (nanoseconds !== null) add('timestamp', String(BigInt(nanoseconds) / 1_000_000n));
  add('severity', plainText(fieldOf(record, 'severityText')));
  add('severityNumber', numberText(record, 'severityNumber'));
  add('traceId', idText(fieldOf(record, 'traceId')));
  add('spanId', idText(fieldOf(record, 'spanId')));
  add('eventName', plainText(fieldOf(record, 'eventName')));
  return headers;
}

function scopeOf(scope: unknown): Headers {
  const headers = [...attributesOf(scope, scopePrefix)];
  for (const field of ['name', 'version']) {
    const text = plainText(fieldOf(scope, field));
    if (text !== null && text !== '') headers.push([`${scopePrefix}${field}`, text]);
  }
  return headers;
}

function attributesOf(owner: unknown, prefix: string): Headers {
  return listOf(owner, 'attributes').map((attribute) => {
    const key = plainText(fieldOf(attribute, 'key')) ?? '';
    return [`${prefix}${key}`, textOf(fieldOf(attribute, 'value'))];
  });
}

function bodyOf(value: unknown): Buffer {
  const bytes = fieldOf(value, 'bytesValue');
  if (bytes !== undefined && bytes !== null) return bytesOf(bytes);
  return Buffer.from(textOf(value));
}

/** A text as it is, nothing as nothing, else JSON. */
function textOf(value: unknown): string {
  const plain = valueOf(value, 0);
  if (plain === null) return '';
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

/** An AnyValue as JSON has it. */
function valueOf(value: unknown, depth: number): unknown {
  if (depth > depthMax) throw new OtlpFormatError(`a value is nested over ${depthMax} times`);
  if (!isObject(value)) return null;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (intValue !== undefined) return JSON.rawJSON(numberText(value, 'intValue') ?? '0');
  if (doubleValue !== undefined) return doubleValue;
  if (isObject(arrayValue)) return listOf(arrayValue, 'values').map((item) => valueOf(item, depth + 1));
  if (isObject(kvlistValue)) {
    const entries = listOf(kvlistValue, 'values').map((item) => [
      plainText(fieldOf(item, 'key')) ?? '',
      valueOf(fieldOf(item, 'value'), depth + 1),
    ]);
    return Object.fromEntries(entries) as unknown;
  }
  return bytesValue === undefined ? null : bytesOf(bytesValue).toString('base64');
}

/** A whole number, which JSON writes as a text where it has 64 bits; null where there is none, or 0 as for none. */
function numberText(owner: unknown, field: string): string | null {
  const value = fieldOf(owner, field);
  if (value === undefined || value === null) return null;
  const text = String(value as string | number);
  if (!/^-?\d{1,20}$/.test(text)) throw new OtlpFormatError(`${field} is no whole number`);
  return text === '0' && field !== 'intValue' ? null : text;
}

/** Hexadecimal in both encodings; JSON has it so already. */
function idText(value: unknown): string | null {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return plainText(value);
}

function bytesOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  return Buffer.from(plainText(value) ?? '', 'base64');
}

function plainText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function fieldOf(owner: unknown, field: string): unknown {
  return isObject(owner) ? owner[field] : undefined;
}

function listOf(owner: unknown, field: string): readonly unknown[] {
  const list = fieldOf(owner, field) ?? [];
  if (!Array.isArray(list)) throw new OtlpFormatError(`${field} is no list`);
  return list as unknown[];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
