import { stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { secondsText, timeOfNumber, type TimeUnit } from '../sql/number-time.js';
import type { SqlColumn } from '../sql/table-writer.js';

/** A column as `information_schema.COLUMNS` tells. */
export interface MysqlColumn extends SqlColumn {
  /** DATA_TYPE: `bigint`, `varchar`. */
  readonly type: string;
  /** Type `JSON`; in MariaDB, where that is text, a column with a check by JSON_VALID. */
  readonly isJson: boolean;
}

export interface ColumnRow {
  readonly name: string;
  readonly type: string;
  /** COLUMN_TYPE: `bigint(20) unsigned`. */
  readonly fullType: string;
  readonly chars: string | number | null;
}

const wholeBits: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 64 };
const textTypes = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set']);
const binaryTypes = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);

export function columnOf({ name, type, fullType, chars }: ColumnRow, isJson: boolean): MysqlColumn {
  const bits = wholeBits[type];
  const isText = textTypes.has(type) && type !== 'enum' && type !== 'set';
  return {
    name,
    type,
    isJson: isJson || type === 'json',
    wholeMax: bits === undefined ? null : 2 ** (/unsigned/.test(fullType) ? bits : bits - 1) - 1,
    charsMax: isText && !isJson && chars !== null && type !== 'longtext' ? Number(chars) : null,
  };
}

/** Safe in SQL whatever it holds. */
export function quoted(identifier: string): string {
  return `\`${identifier.replaceAll('`', '``').replaceAll('\u0000', '')}\``;
}

/** Writes values of one column as SQL. */
export type ToSql = (value: JsonValue) => string;

/** Literals for a server whose `sql_mode` leaves the backslash its meaning, in utf8mb4. */
export function sqlFor(column: MysqlColumn): ToSql {
  if (column.isJson) return (value) => (value === null ? 'NULL' : text(stringifyJson(value)));
  if (textTypes.has(column.type)) {
    return (value) => (value === null ? 'NULL' : text(typeof value === 'string' ? value : plainText(value)));
  }
  if (binaryTypes.has(column.type)) {
    return (value) =>
      typeof value === 'string' ? `X'${Buffer.from(value, 'base64').toString('hex')}'` : plainSql(value);
  }
  switch (column.type) {
    case 'datetime':
    case 'timestamp':
      return (value) => timeSql(value, 'seconds');
    case 'date':
      return (value) => timeSql(value, 'days');
    default:
      return plainSql;
  }
}

function plainSql(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'number':
    case 'bigint':
      return String(value);
    case 'boolean':
      return value ? '1' : '0';
    default:
      return value === null ? 'NULL' : text(stringifyJson(value));
  }
}

function plainText(value: JsonValue): string {
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}

const special = /['\\]/;

function text(value: string): string {
  return special.test(value) ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${value}'`;
}

/** ISO 8601 with a zone, which the server does not read. */
const zoned = /^(\d{4,}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?\s*(Z|[+-]\d\d:?\d\d)$/i;

/** Times in UTC, as the session is. */
function timeSql(value: JsonValue, unit: TimeUnit): string {
  if (typeof value === 'number' || typeof value === 'bigint') {
    const time = timeOfNumber(value, unit);
    return time === null ? String(value) : `'${time}'`;
  }
  if (typeof value !== 'string') return plainSql(value);
  const parts = zoned.exec(value);
  if (parts === null) return text(value);
  const [, day = '', time = '', fraction = '', zone = 'Z'] = parts;
  const at = new Date(`${day}T${time.length === 5 ? `${time}:00` : time}${zoneText(zone)}`);
  return Number.isNaN(at.getTime()) ? text(value) : `'${secondsText(at)}${unit === 'days' ? '' : fraction}'`;
}

function zoneText(zone: string): string {
  return zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
}

/** How rows are written one after another. */
export interface ListShape {
  readonly open: string;
  readonly close: string;
  readonly between: string;
}

/** `(1,'a'),(2,'b')` */
export const tuples: ListShape = { open: '(', close: ')', between: ',' };
/** `SELECT 1,'a' UNION ALL SELECT 2,'b'`: MySQL and MariaDB have no other table of values in common. */
export const selects: ListShape = { open: 'SELECT ', close: '', between: ' UNION ALL ' };

/** Rows as SQL, in parts that are at most `bytesMax` long unless one row alone is longer. */
export function* valueLists(
  rows: readonly JsonObject[],
  columns: readonly MysqlColumn[],
  { open, close, between }: ListShape,
  bytesMax: number,
): Generator<{ readonly sql: string; readonly from: number; readonly to: number }> {
  const writers = columns.map((column) => ({ name: column.name, toSql: sqlFor(column) }));
  let sql = '';
  let bytes = 0;
  let from = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] ?? {};
    let tuple = open;
    for (let at = 0; at < writers.length; at += 1) {
      const writer = writers[at];
      if (writer === undefined) break;
      if (at > 0) tuple += ',';
      tuple += writer.toSql(row[writer.name] ?? null);
    }
    tuple += close;
    const tupleBytes = Buffer.byteLength(tuple) + between.length;
    if (index > from && bytes + tupleBytes > bytesMax) {
      yield { sql, from, to: index };
      sql = tuple;
      bytes = tupleBytes;
      from = index;
    } else {
      sql = index === from ? tuple : `${sql}${between}${tuple}`;
      bytes += tupleBytes;
    }
  }
  if (from < rows.length) yield { sql, from, to: rows.length };
}
