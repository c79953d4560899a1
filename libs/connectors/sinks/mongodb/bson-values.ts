import { types } from 'node:util';
import type * as Bson from 'bson';
import { isJsonObject, stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { messageOf } from '#std/errors';

/** A value that BSON can not hold. */
export class BsonValueError extends Error {}

export type BsonLibrary = Pick<typeof Bson, 'Long' | 'Decimal128' | 'EJSON'>;

/** Types that MongoDB's Extended JSON (v2) writes as an object of one name, or of `$binary` and `$type`. */
const extended =
  /^\$(oid|date|numberInt|numberLong|numberDouble|numberDecimal|binary|uuid|timestamp|regularExpression)$/;

/**
 * JSON as BSON: whole numbers past 32 bits become 64-bit ones, past 64 bits decimals of 34 digits, and nothing is rounded. Extended JSON (`{"$date": …}`,
 * `{"$numberDecimal": …}`) becomes the type that it says.
 */
export function toBson(value: JsonValue, bson: BsonLibrary): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) && Math.abs(value) > 0x7fff_ffff ? bson.Long.fromNumber(value) : value;
    case 'bigint':
      return wide(value, bson);
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.map((item) => toBson(item, bson));
      return objectToBson(value, bson);
    default:
      return value;
  }
}

function objectToBson(value: JsonObject, bson: BsonLibrary): unknown {
  const names = Object.keys(value);
  const [first = ''] = names;
  if (names.length <= 2 && extended.test(first)) {
    try {
      const parsed: unknown = bson.EJSON.parse(`{"v":${stringifyJson(value)}}`, { relaxed: false });
      const found = typeof parsed === 'object' && parsed !== null && 'v' in parsed ? parsed.v : null;
      if (!types.isDate(found) || !Number.isNaN(found.getTime())) return found;
    } catch (error) {
      throw new BsonValueError(`${stringifyJson(value).slice(0, 80)} is no Extended JSON: ${messageOf(error)}`);
    }
    throw new BsonValueError(`${stringifyJson(value).slice(0, 80)} is no date`);
  }
  const document: Record<string, unknown> = {};
  for (const name of names) document[name] = toBson(value[name] ?? null, bson);
  return document;
}

/** The document of a JSON object; never a single value. */
export function toDocument(value: JsonValue, bson: BsonLibrary): Record<string, unknown> {
  const document = isJsonObject(value) ? objectToBson(value, bson) : null;
  if (typeof document !== 'object' || document === null || Object.getPrototypeOf(document) !== Object.prototype) {
    throw new BsonValueError('its value is not a JSON object');
  }
  return { ...document };
}

function wide(value: bigint, bson: BsonLibrary): unknown {
  if (BigInt.asIntN(64, value) === value) return bson.Long.fromBigInt(value);
  const digits = value.toString();
  if (digits.replace('-', '').replace(/0+$/, '').length <= 34) return bson.Decimal128.fromString(digits);
  throw new BsonValueError(`${digits.slice(0, 40)}… has more than 34 digits`);
}
