import { stringifyJson, type JsonValue } from '#pipeline/sink-json';

/** A column as the table has it. */
export interface Column {
  readonly name: string;
  /** PostgreSQL's name of the type without length or precision: a cast to it never cuts a value. */
  readonly type: string;
  readonly isArray: boolean;
}

/** What a new column must hold, from the values seen; `null` where only nulls were. */
export type ColumnKind = 'boolean' | 'bigint' | 'numeric' | 'double precision' | 'text' | 'jsonb';

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

export function kindOf(value: JsonValue): ColumnKind | null {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'number':
      return Number.isSafeInteger(value) ? 'bigint' : 'double precision';
    case 'bigint':
      return value >= int64Min && value <= int64Max ? 'bigint' : 'numeric';
    case 'string':
      return 'text';
    default:
      return value === null ? null : 'jsonb';
  }
}

/** The narrowest kind that holds both. */
export function widerKind(a: ColumnKind | null, b: ColumnKind | null): ColumnKind | null {
  if (a === null || b === null || a === b) return a ?? b;
  if (a === 'jsonb' || b === 'jsonb') return 'jsonb';
  if (isNumeric(a) && isNumeric(b)) return a === 'numeric' || b === 'numeric' ? 'numeric' : 'double precision';
  return 'text';
}

function isNumeric(kind: ColumnKind): boolean {
  return kind === 'bigint' || kind === 'numeric' || kind === 'double precision';
}

const wholeTypes = new Set(['smallint', 'integer', 'bigint']);

export function isWhole(column: Column): boolean {
  return wholeTypes.has(column.type);
}

/** Whether a column of whole numbers has to become numeric for values of `kind`. */
export function mustWiden(column: Column, kind: ColumnKind | null): boolean {
  return isWhole(column) && (kind === 'double precision' || kind === 'numeric');
}

/** Safe in SQL whatever it holds; PostgreSQL itself takes no zero character. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""').replaceAll('\u0000', '')}"`;
}

/**
 * One array literal for a parameter, so that a statement has one parameter a column whatever the number of rows: numbers go
 * in as their digits, strings quoted, objects and arrays as JSON text.
 */
export function arrayLiteral(values: readonly (JsonValue | undefined)[], column: Column): string {
  const toText = textFor(column);
  let text = '{';
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? null;
    if (index > 0) text += ',';
    if (value === null) text += 'NULL';
    else if (typeof value === 'string') text += element(toText(value));
    else if (typeof value === 'boolean') text += value ? 'true' : 'false';
    else text += element(toText(value));
  }
  return `${text}}`;
}

const special = /["\\]/;

function element(text: string): string {
  return special.test(text) ? `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : `"${text}"`;
}

type ToText = (value: JsonValue) => string;

function textFor(column: Column): ToText {
  if (column.isArray) return (value) => (Array.isArray(value) ? innerArray(value) : plainText(value));
  switch (column.type) {
    case 'json':
    case 'jsonb':
      return stringifyJson;
    case 'bytea':
      return (value) => (typeof value === 'string' ? byteText(value) : plainText(value));
    case 'date':
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return timeText;
    default:
      return plainText;
  }
}

function plainText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}

/** Numbers are milliseconds since 1970, as Connect writes times. */
function timeText(value: JsonValue): string {
  if (typeof value !== 'number' && typeof value !== 'bigint') return plainText(value);
  const date = new Date(Number(value));
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString();
}

/** Base64, as Connect writes bytes into JSON; PostgreSQL's own hex form is taken as it is. */
function byteText(value: string): string {
  return value.startsWith('\\x') ? value : `\\x${Buffer.from(value, 'base64').toString('hex')}`;
}

function innerArray(values: readonly JsonValue[]): string {
  const parts = values.map((value) => {
    if (value === null) return 'NULL';
    return Array.isArray(value) ? innerArray(value) : element(plainText(value));
  });
  return `{${parts.join(',')}}`;
}
