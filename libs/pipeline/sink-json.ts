import { isUtf8 } from 'node:buffer';

/**
 * JSON as records carry it, with whole numbers kept exact: one that a double can not hold becomes a bigint. Only text that
 * has a number of sixteen digits pays for it.
 */
export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | JsonObject;

export interface JsonObject {
  [name: string]: JsonValue;
}

declare global {
  interface JSON {
    /** A value that `stringify` writes as the given text (Node 22 and later). */
    rawJSON(text: string): object;
  }
}

/** A long number outside a string, or something in a string that looks like one, which costs time and nothing else. */
const longNumber = /(?:^|[:[,\s])-?\d{16}/;
const wholeNumber = /^-?\d+$/;

/** Throws a SyntaxError that says what is wrong. */
export function parseJson(bytes: Buffer): JsonValue {
  if (!isUtf8(bytes)) throw new SyntaxError('the bytes are not UTF-8');
  return parseJsonText(bytes.toString('utf8'));
}

export function parseJsonText(text: string): JsonValue {
  if (!longNumber.test(text)) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, keepWholeNumbers) as JsonValue;
}

function keepWholeNumbers(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return wholeNumber.test(source) ? BigInt(source) : value;
}

/** The inverse of `parseJson`. */
export function stringifyJson(value: JsonValue): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'bigint' ? JSON.rawJSON(inner.toString()) : inner,
  );
}

export function isJsonObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
