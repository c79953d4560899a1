import type pg from 'pg';
import { PoisonRecordError } from '#pipeline/errors';
import type { JsonObject } from '#pipeline/sink-json';
import { messageOf } from '#std/errors';
import type { SqlSettings } from '../sql/sql-options.js';
import type { TableName } from '../sql/table-name.js';
import type { NewColumn, TableDialect, TableWrite } from '../sql/table-writer.js';
import type { ValueKind } from '../sql/value-kind.js';
import { arrayLiteral, columnOf, copyText, quoted, type Column, type ColumnRow } from './columns.js';
import { copyIn, lineOf } from './copy-in.js';
import { classOfError, sqlStateOf } from './sql-errors.js';

export function quotedTable(table: TableName): string {
  return table.schema === null ? quoted(table.name) : `${quoted(table.schema)}.${quoted(table.name)}`;
}

const types: Readonly<Record<ValueKind, string>> = {
  boolean: 'boolean',
  integer: 'bigint',
  decimal: 'numeric',
  double: 'double precision',
  text: 'text',
  json: 'jsonb',
  bytes: 'bytea',
  date: 'date',
  time: 'time',
  timestamp: 'timestamptz',
};

/** COPY is not for a table with row security; a view or a table with rules may want INSERT. */
const noCopy = new Set(['0A000', '42809']);

/**
 * Tables of PostgreSQL. Rows that are only added go through COPY; others in a statement that takes an array a column (`unnest`), so
 * that the number of parameters does not grow with the rows.
 */
export class PostgresTables implements TableDialect<pg.Client, Column> {
  /** Tables that do not take COPY. */
  private readonly withoutCopy = new Set<string>();

  constructor(private readonly settings: SqlSettings) {}

  quotedTable(table: TableName): string {
    return quotedTable(table);
  }

  async readColumns(client: pg.Client, table: TableName): Promise<ReadonlyMap<string, Column> | null> {
    const { rows } = await client.query<ColumnRow & { name: string | null; plain: boolean }>(
      `SELECT a.attname AS name, format_type(a.atttypid, -1) AS type, a.atttypmod AS modifier, t.typcategory = 'A' AS is_array,
              c.relkind IN ('r', 'p') AND NOT c.relrowsecurity AND NOT c.relhasrules AS plain
         FROM pg_class c
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         LEFT JOIN pg_type t ON t.oid = a.atttypid
        WHERE c.oid = to_regclass($1)`,
      [quotedTable(table)],
    );
    if (rows.length === 0) return null;
    if (rows[0]?.plain === false) this.withoutCopy.add(quotedTable(table));
    return new Map(rows.flatMap((row) => (row.name === null ? [] : [[row.name, columnOf(row)]])));
  }

  async createTable(
    client: pg.Client,
    table: TableName,
    columns: readonly NewColumn[],
    keyFields: readonly string[],
  ): Promise<void> {
    const sql = quotedTable(table);
    const lines = columns.map(({ name, kind }) => `${quoted(name)} ${types[kind]}`);
    if (keyFields.length > 0) lines.push(`PRIMARY KEY (${keyFields.map(quoted).join(', ')})`);
    await underTableLock(client, sql, async () => {
      await client.query(`CREATE TABLE IF NOT EXISTS ${sql} (${lines.join(', ')})`);
    });
  }

  async evolveTable(
    client: pg.Client,
    table: TableName,
    added: readonly NewColumn[],
    widened: readonly NewColumn[],
  ): Promise<void> {
    const sql = quotedTable(table);
    const actions = [
      ...added.map(({ name, kind }) => `ADD COLUMN IF NOT EXISTS ${quoted(name)} ${types[kind]}`),
      ...widened.map(({ name, kind }) => `ALTER COLUMN ${quoted(name)} TYPE ${types[kind]}`),
    ];
    await underTableLock(client, sql, async () => {
      await client.query(`ALTER TABLE ${sql} ${actions.join(', ')}`);
    });
  }

  async truncate(client: pg.Client, table: TableName): Promise<void> {
    await client.query(`TRUNCATE ${quotedTable(table)}`);
  }

  async delete(
    client: pg.Client,
    table: TableName,
    columns: readonly Column[],
    keys: readonly JsonObject[],
  ): Promise<void> {
    await client.query(
      `DELETE FROM ${quotedTable(table)} AS t USING ${unnested(columns)} WHERE ${sameCells(columns, columns)}`,
      columns.map((column) => arrayLiteral(keys, column)),
    );
  }

  async write(client: pg.Client, write: TableWrite<Column>): Promise<void> {
    const { table, columns, keyFields, rows, indexes } = write;
    const sql = quotedTable(table);
    if (this.settings.mode === 'insert' && !this.withoutCopy.has(sql)) {
      await this.copy(client, write);
      return;
    }
    const statement =
      this.settings.mode === 'update' ? updateSql(sql, columns, keyFields) : this.insertSql(sql, columns, keyFields);
    if (statement === null) return;
    try {
      await client.query(
        statement,
        columns.map((column) => arrayLiteral(rows, column)),
      );
    } catch (error) {
      throw withIndex(error, rows.length === 1 ? 1 : null, indexes);
    }
  }

  private async copy(client: pg.Client, { table, columns, rows, indexes }: TableWrite<Column>): Promise<void> {
    const sql = quotedTable(table);
    const names = columns.map(({ name }) => quoted(name)).join(', ');
    try {
      await copyIn(client, `COPY ${sql} (${names}) FROM STDIN`, Buffer.from(copyText(rows, columns)));
    } catch (error) {
      // The transaction is lost; the table is looked at anew by the next try, which then takes INSERT.
      if (noCopy.has(sqlStateOf(error) ?? '')) this.withoutCopy.add(sql);
      throw withIndex(error, lineOf(error), indexes);
    }
  }

  private insertSql(sql: string, columns: readonly Column[], keyFields: readonly string[]): string {
    const names = columns.map(({ name }) => quoted(name)).join(', ');
    return `INSERT INTO ${sql} (${names}) SELECT ${columns.map(cell).join(', ')} FROM ${unnested(columns)}${this.onConflict(columns, keyFields)}`;
  }

  private onConflict(columns: readonly Column[], keyFields: readonly string[]): string {
    if (this.settings.mode !== 'upsert') return '';
    const others = columns.filter(({ name }) => !keyFields.includes(name)).map(({ name }) => quoted(name));
    const target = keyFields.map(quoted).join(', ');
    if (others.length === 0) return ` ON CONFLICT (${target}) DO NOTHING`;
    return ` ON CONFLICT (${target}) DO UPDATE SET ${others.map((name) => `${name} = EXCLUDED.${name}`).join(', ')}`;
  }
}

/** Null where the rows have key columns and nothing else. */
function updateSql(table: string, columns: readonly Column[], keyFields: readonly string[]): string | null {
  const keys = columns.filter(({ name }) => keyFields.includes(name));
  const others = columns.filter(({ name }) => !keyFields.includes(name));
  if (others.length === 0) return null;
  const set = others.map((column) => `${quoted(column.name)} = ${cell(column, columns.indexOf(column))}`).join(', ');
  return `UPDATE ${table} AS t SET ${set} FROM ${unnested(columns)} WHERE ${sameCells(keys, columns)}`;
}

/** The parameters as rows. Array columns come as text: unnest would flatten them. */
function unnested(columns: readonly Column[]): string {
  const arrays = columns.map(({ type, isArray }, at) => `$${at + 1}::${isArray ? 'text' : type}[]`);
  return `unnest(${arrays.join(', ')}) AS u(${columns.map((_column, at) => `c${at}`).join(', ')})`;
}

function cell(column: Column, at: number): string {
  return column.isArray ? `u.c${at}::${column.type}` : `u.c${at}`;
}

function sameCells(keys: readonly Column[], columns: readonly Column[]): string {
  return keys.map((column) => `t.${quoted(column.name)} = ${cell(column, columns.indexOf(column))}`).join(' AND ');
}

/** The error with the index of the record where the server says which row it was, `line` from 1. */
function withIndex(error: unknown, line: number | null, indexes: readonly number[]): unknown {
  const index = line === null ? undefined : indexes[line - 1];
  if (index === undefined || index < 0 || classOfError(error) !== 'poison') return error;
  const state = sqlStateOf(error);
  return new PoisonRecordError(
    `The database refused the row: ${messageOf(error)}${state === null ? '' : ` [${state}]`}`,
    index,
    { cause: error },
  );
}

/** Tasks of one sink change a table one after another; the lock goes with the transaction. */
export async function underTableLock(client: pg.Client, table: string, change: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`millrace ${table}`]);
    await change();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
