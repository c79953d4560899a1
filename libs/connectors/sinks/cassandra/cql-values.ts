/**
 * JSON values as the bytes of CQL types (native protocol v5, section 6, "Data Type Serialization Formats"). Written here and not left to
 * the driver: what does not fit a type exactly is refused, never rounded or cut, and the size of a row is known before it is sent.
 */
import { isIP } from 'node:net';
import { isJsonObject, stringifyJson, type JsonValue } from '#pipeline/sink-json';
import { collectionBytes, decimalBytes, durationBytes, int64Bytes, varintBytes } from './cql-bytes.js';
import { dayOf, inetBytes, instantOf, nanosecondsOf, timeUnits, type TimeUnit } from './cql-texts.js';

/** A type as the table's metadata has it: a code of the native protocol (section 4.2.5.2), and what it is made of. */
export interface CqlType {
  readonly code: number;
  readonly info?: unknown;
  readonly options?: { readonly frozen?: boolean };
}

/** Throws a CqlValueError for a value that the type can not hold. */
export type CqlEncoder = (value: JsonValue) => Buffer;

export class CqlValueError extends Error {}

export const cqlCodes = {
  ascii: 0x01,
  bigint: 0x02,
  blob: 0x03,
  boolean: 0x04,
  counter: 0x05,
  decimal: 0x06,
  double: 0x07,
  float: 0x08,
  int: 0x09,
  text: 0x0a,
  timestamp: 0x0b,
  uuid: 0x0c,
  varchar: 0x0d,
  varint: 0x0e,
  timeuuid: 0x0f,
  inet: 0x10,
  date: 0x11,
  time: 0x12,
  smallint: 0x13,
  tinyint: 0x14,
  duration: 0x15,
  list: 0x20,
  map: 0x21,
  set: 0x22,
  udt: 0x30,
  tuple: 0x31,
} as const;

const nameOfCode = new Map(Object.entries(cqlCodes).map(([name, code]) => [code as number, name]));

export function typeName(type: CqlType): string {
  return nameOfCode.get(type.code) ?? `type ${type.code}`;
}

/** The encoder of a type; null for one that is not known here. `unit` is what numbers of timestamps count since 1970. */
export function encoderOf(type: CqlType, unit: TimeUnit): CqlEncoder | null {
  const plain = plainEncoder(type.code, unit);
  if (plain !== null) return plain;
  switch (type.code) {
    case cqlCodes.list:
    case cqlCodes.set:
      return listEncoder(asType(type.info), typeName(type), unit);
    case cqlCodes.map:
      return mapEncoder(type.info, unit);
    case cqlCodes.tuple:
      return tupleEncoder(type.info, unit);
    case cqlCodes.udt:
      return udtEncoder(type.info, unit);
    default:
      return null;
  }
}

function plainEncoder(code: number, unit: TimeUnit): CqlEncoder | null {
  switch (code) {
    case cqlCodes.text:
    case cqlCodes.varchar:
      return (value) => Buffer.from(textOf(value), 'utf8');
    case cqlCodes.ascii:
      return asciiBytes;
    case cqlCodes.tinyint:
      return (value) => smallInt(value, 1, 'tinyint');
    case cqlCodes.smallint:
      return (value) => smallInt(value, 2, 'smallint');
    case cqlCodes.int:
      return (value) => smallInt(value, 4, 'int');
    case cqlCodes.bigint:
      return (value) => int64Bytes(inInt64(wholeOf(value, 'bigint'), 'bigint'));
    case cqlCodes.varint:
      return (value) => varintBytes(wholeOf(value, 'varint'));
    case cqlCodes.decimal:
      return (value) => decimalBytes(decimalText(value));
    case cqlCodes.double:
      return doubleBytes;
    case cqlCodes.float:
      return floatBytes;
    case cqlCodes.boolean:
      return booleanBytes;
    case cqlCodes.blob:
      return blobBytes;
    case cqlCodes.uuid:
      return (value) => uuidBytes(value, 'uuid');
    case cqlCodes.timeuuid:
      return (value) => uuidBytes(value, 'timeuuid');
    case cqlCodes.timestamp:
      return (value) => timestampBytes(value, unit);
    case cqlCodes.date:
      return dateBytes;
    case cqlCodes.time:
      return (value) => int64Bytes(inDay(value));
    case cqlCodes.inet:
      return (value) =>
        typeof value === 'string' && isIP(value) !== 0 ? inetBytes(value) : wrong(value, 'inet', 'an address');
    case cqlCodes.duration:
      return (value) => {
        const bytes = typeof value === 'string' ? durationBytes(value) : null;
        return bytes ?? wrong(value, 'duration', 'a text like 1h30m or P1DT2H');
      };
    default:
      return null;
  }
}

/** Bytes of a part of a record that is not parsed: what a blob gets as it is, and everything else as text. */
export function encodeRaw(type: CqlType, encoder: CqlEncoder, bytes: Buffer): Buffer {
  return type.code === cqlCodes.blob ? bytes : encoder(bytes.toString('utf8'));
}

function wrong(value: JsonValue, type: string, wanted: string): never {
  const text = typeof value === 'string' ? JSON.stringify(value) : stringifyJson(value);
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  throw new CqlValueError(`${shown} is no ${type}: ${wanted} is wanted`);
}

function textOf(value: JsonValue): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}

// oxlint-disable-next-line no-control-regex
const asciiOnly = /^[\u0000-\u007f]*$/;

function asciiBytes(value: JsonValue): Buffer {
  const text = textOf(value);
  return asciiOnly.test(text) ? Buffer.from(text, 'latin1') : wrong(value, 'ascii', 'text without other characters');
}

const wholeText = /^[+-]?\d{1,1000}$/;

function wholeOf(value: JsonValue, type: string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && wholeText.test(value)) return BigInt(value.replace(/^\+/, ''));
  return wrong(value, type, 'a whole number');
}

function inInt64(value: bigint, type: string): bigint {
  return BigInt.asIntN(64, value) === value ? value : wrong(value, type, 'a number of 64 bits');
}

function smallInt(value: JsonValue, width: 1 | 2 | 4, type: string): Buffer {
  const number = typeof value === 'number' ? value : Number(wholeOf(value, type));
  const bound = 2 ** (8 * width - 1);
  if (!Number.isInteger(number) || number < -bound || number >= bound) {
    return wrong(value, type, `a whole number of ${8 * width} bits`);
  }
  const bytes = Buffer.allocUnsafe(width);
  bytes.writeIntBE(number, 0, width);
  return bytes;
}

const decimalPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,5})?$/i;

function decimalText(value: JsonValue): string {
  const text = textOf(value);
  const right = typeof value !== 'boolean' && typeof value !== 'object' && decimalPattern.test(text);
  return right ? text : wrong(value, 'decimal', 'a number');
}

function numberOf(value: JsonValue, type: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return BigInt(number) === value ? number : wrong(value, type, 'a number that fits 53 bits');
  }
  if (typeof value === 'string' && /^(NaN|[+-]?Infinity)$/.test(value)) return Number(value);
  if (typeof value === 'string' && decimalPattern.test(value)) return Number(value);
  return wrong(value, type, 'a number');
}

function doubleBytes(value: JsonValue): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(numberOf(value, 'double'), 0);
  return bytes;
}

function floatBytes(value: JsonValue): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  const number = numberOf(value, 'float');
  if (Number.isFinite(number) && !Number.isFinite(Math.fround(number))) wrong(value, 'float', 'a smaller number');
  bytes.writeFloatBE(number, 0);
  return bytes;
}

const yes = Buffer.from([1]);
const no = Buffer.from([0]);

function booleanBytes(value: JsonValue): Buffer {
  if (value === true || value === 'true') return yes;
  if (value === false || value === 'false') return no;
  return wrong(value, 'boolean', 'true or false');
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Base64, as Connect writes bytes into JSON, or hexadecimal after `0x`, as CQL writes them. */
function blobBytes(value: JsonValue): Buffer {
  if (typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value)) return Buffer.from(value.slice(2), 'hex');
  if (typeof value === 'string' && base64.test(value)) return Buffer.from(value, 'base64');
  return wrong(value, 'blob', 'a text in Base64, or in hexadecimal after 0x,');
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function uuidBytes(value: JsonValue, type: 'uuid' | 'timeuuid'): Buffer {
  const right = typeof value === 'string' && uuidPattern.test(value) && (type === 'uuid' || value[14] === '1');
  return right ? Buffer.from(value.replaceAll('-', ''), 'hex') : wrong(value, type, `a text like a ${type}`);
}

function timestampBytes(value: JsonValue, unit: TimeUnit): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') {
    const [factor, divisor] = timeUnits[unit];
    const whole = wholeOf(value, 'timestamp');
    return int64Bytes(inInt64((whole * factor) / divisor, 'timestamp'));
  }
  const instant = typeof value === 'string' ? instantOf(value) : null;
  return instant === null ? wrong(value, 'timestamp', 'an ISO 8601 text or a number') : int64Bytes(BigInt(instant));
}

/** Days since 1970 as Connect writes dates, or `2026-11-22`; on the wire 1970 is in the middle of the range. */
function dateBytes(value: JsonValue): Buffer {
  const day = typeof value === 'number' ? value : typeof value === 'string' ? dayOf(value) : null;
  if (day === null || !Number.isInteger(day) || day < -(2 ** 31) || day >= 2 ** 31) {
    return wrong(value, 'date', 'a text like 2026-11-22, or days since 1970,');
  }
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(day + 2 ** 31, 0);
  return bytes;
}

const dayNanoseconds = 86_400_000_000_000n;

/** Milliseconds of the day as Connect writes times, or `12:34:56.789`. */
function inDay(value: JsonValue): bigint {
  const nanoseconds =
    typeof value === 'string'
      ? nanosecondsOf(value)
      : typeof value === 'number'
        ? wholeOf(value, 'time') * 1_000_000n
        : null;
  const right = nanoseconds !== null && nanoseconds >= 0n && nanoseconds < dayNanoseconds;
  return right ? nanoseconds : wrong(value, 'time', 'a text like 12:34:56.789, or milliseconds of the day,');
}

function asType(info: unknown): CqlType | null {
  if (typeof info !== 'object' || info === null || !('code' in info) || typeof info.code !== 'number') return null;
  return 'info' in info ? { code: info.code, info: info.info } : { code: info.code };
}

function inner(type: CqlType | null, unit: TimeUnit): CqlEncoder | null {
  return type === null ? null : encoderOf(type, unit);
}

function listEncoder(item: CqlType | null, name: string, unit: TimeUnit): CqlEncoder | null {
  const encode = inner(item, unit);
  if (encode === null) return null;
  return (value) => {
    if (!Array.isArray(value)) return wrong(value, name, 'an array');
    return collectionBytes(
      value.length,
      value.map((element) => (element === null ? wrong(value, name, 'an array without nulls') : encode(element))),
    );
  };
}

function mapEncoder(info: unknown, unit: TimeUnit): CqlEncoder | null {
  if (!Array.isArray(info)) return null;
  const [key, item] = info.map((type) => inner(asType(type), unit));
  if (key === undefined || key === null || item === undefined || item === null) return null;
  return (value) => {
    if (!isJsonObject(value)) return wrong(value, 'map', 'an object');
    const entries = Object.entries(value);
    const parts = entries.flatMap(([name, element]) => [
      key(name),
      element === null ? wrong(value, 'map', 'an object without nulls') : item(element),
    ]);
    return collectionBytes(entries.length, parts);
  };
}

function tupleEncoder(info: unknown, unit: TimeUnit): CqlEncoder | null {
  if (!Array.isArray(info)) return null;
  const encoders = info.map((type) => inner(asType(type), unit));
  return (value) => {
    if (!Array.isArray(value) || value.length > encoders.length) {
      return wrong(value, 'tuple', `an array of ${encoders.length}`);
    }
    return collectionBytes(
      null,
      encoders.map((encode, index) => fieldBytes(encode, value[index] ?? null)),
    );
  };
}

function udtEncoder(info: unknown, unit: TimeUnit): CqlEncoder | null {
  if (typeof info !== 'object' || info === null || !('fields' in info) || !Array.isArray(info.fields)) return null;
  const fields = info.fields as readonly { readonly name: string; readonly type: unknown }[];
  const encoders = fields.map(({ name, type }) => ({ name, encode: inner(asType(type), unit) }));
  return (value) => {
    if (!isJsonObject(value)) return wrong(value, 'user-defined type', 'an object');
    const strange = Object.keys(value).find((name) => !fields.some((field) => field.name === name));
    if (strange !== undefined) return wrong(value, 'user-defined type', `an object without ${strange}`);
    return collectionBytes(
      null,
      encoders.map(({ name, encode }) => fieldBytes(encode, value[name] ?? null)),
    );
  };
}

function fieldBytes(encode: CqlEncoder | null, value: JsonValue): Buffer | null {
  if (value === null) return null;
  if (encode === null) throw new CqlValueError('a part of the type is not supported');
  return encode(value);
}
