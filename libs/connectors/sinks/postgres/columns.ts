import { stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { timeOfNumber, type TimeUnit } from '../sql/number-time.js';
import type { SqlColumn } from '../sql/table-writer.js';

/** A column as the table has it. */
export interface Column extends SqlColumn {
  /** PostgreSQL's name of the type without length or precision: a cast to it never cuts a value. */
  readonly type: string;
  readonly isArray: boolean;
}

export interface ColumnRow {
  readonly name: string;
  readonly type: string;
  /** `atttypmod`: of texts with a bound, four more than their characters. */
  readonly modifier: number;
  readonly is_array: boolean;
}

const wholeBits: Readonly<Record<string, number>> = { smallint: 16, integer: 32, bigint: 64 };
const boundTexts = new Set(['character varying', 'bpchar']);

export function columnOf({ name, type, modifier, is_array: isArray }: ColumnRow): Column {
  const bits = wholeBits[type];
  return {
    name,
    type,
    isArray,
    wholeMax: bits === undefined ? null : 2 ** (bits - 1) - 1,
    charsMax: boundTexts.has(type) && modifier >= 4 ? modifier - 4 : null,
  };
}

/** Safe in SQL whatever it holds; PostgreSQL itself takes no zero character. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""').replaceAll('\u0000', '')}"`;
}

/**
 * One array literal for a parameter, so that a statement has one parameter a column whatever the number of rows: numbers go
 * in as their digits, strings quoted, objects and arrays as JSON text.
 */
export function arrayLiteral(rows: readonly JsonObject[], column: Column): string {
  const toText = textFor(column);
  const { name } = column;
  let text = '{';
  for (let index = 0; index < rows.length; index += 1) {
    const value = rows[index]?.[name] ?? null;
    if (index > 0) text += ',';
    text += value === null ? 'NULL' : typeof value === 'number' ? `"${toText(value)}"` : element(toText(value));
  }
  return `${text}}`;
}

const special = /["\\]/;

function element(text: string): string {
  return special.test(text) ? `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : `"${text}"`;
}

/** Rows in COPY's text format: a line a row, tabs between the columns, `\N` for null. */
export function copyText(rows: readonly JsonObject[], columns: readonly Column[]): string {
  const writers = columns.map((column) => ({ name: column.name, toText: textFor(column) }));
  let text = '';
  for (const row of rows) {
    for (let at = 0; at < writers.length; at += 1) {
      const writer = writers[at];
      if (writer === undefined) break;
      const value = row[writer.name] ?? null;
      if (at > 0) text += '\t';
      if (value === null) text += '\\N';
      else if (typeof value === 'number') text += writer.toText(value);
      else text += copyField(writer.toText(value));
    }
    text += '\n';
  }
  return text;
}

const copySpecial = /[\\\t\n\r]/;

function copyField(text: string): string {
  if (!copySpecial.test(text)) return text;
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
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
      return (value) => timeText(value, 'days');
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return (value) => timeText(value, 'seconds');
    default:
      return plainText;
  }
}

function plainText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}

/** Base64, as Connect writes bytes into JSON; PostgreSQL's own hex form is taken as it is. */
function byteText(value: string): string {
  return value.startsWith('\\x') ? value : `\\x${Buffer.from(value, 'base64').toString('hex')}`;
}

function timeText(value: JsonValue, unit: TimeUnit): string {
  if (typeof value !== 'number' && typeof value !== 'bigint') return plainText(value);
  const time = timeOfNumber(value, unit);
  return time === null ? String(value) : `${time}Z`;
}

function innerArray(values: readonly JsonValue[]): string {
  const parts = values.map((value) => {
    if (value === null) return 'NULL';
    return Array.isArray(value) ? innerArray(value) : element(plainText(value));
  });
  return `{${parts.join(',')}}`;
}
