import type { JsonValue } from '#pipeline/sink-json';

/**
 * What a column must hold, from the values seen, or from the schema where the records have one; each database has its own types for these.
 */
export type ValueKind =
  | 'boolean'
  | 'integer'
  | 'decimal'
  | 'double'
  | 'text'
  | 'json'
  | 'bytes'
  | 'date'
  | 'time'
  | 'timestamp';

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/** `integer` is one of 64 bits, `decimal` a whole number past them. Null of null. */
export function kindOf(value: JsonValue): ValueKind | null {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'number':
      return Number.isSafeInteger(value) ? 'integer' : 'double';
    case 'bigint':
      return value >= int64Min && value <= int64Max ? 'integer' : 'decimal';
    case 'string':
      return 'text';
    default:
      return value === null ? null : 'json';
  }
}

/** The narrowest kind that holds both. */
export function widerKind(a: ValueKind | null, b: ValueKind | null): ValueKind | null {
  if (a === null || b === null || a === b) return a ?? b;
  if (a === 'json' || b === 'json') return 'json';
  if (isNumeric(a) && isNumeric(b)) return a === 'decimal' || b === 'decimal' ? 'decimal' : 'double';
  return 'text';
}

function isNumeric(kind: ValueKind): boolean {
  return kind === 'integer' || kind === 'decimal' || kind === 'double';
}
