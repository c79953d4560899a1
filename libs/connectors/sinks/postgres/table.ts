import type pg from 'pg';
import { FatalSinkError, PoisonRecordError } from '#pipeline/errors';
import { quoted, type Column, type ColumnKind } from './columns.js';

export interface TableName {
  /** Null = the first of the search path. */
  readonly schema: string | null;
  readonly name: string;
}

/** Only the dots of the format part schema and table. */
export function tableName(format: string, topic: string): TableName {
  const dot = format.indexOf('.');
  const fill = (text: string): string => text.replaceAll('${topic}', () => topic);
  if (dot < 0) return { schema: null, name: fill(format) };
  return { schema: fill(format.slice(0, dot)), name: fill(format.slice(dot + 1)) };
}

export function quotedTable(table: TableName): string {
  return table.schema === null ? quoted(table.name) : `${quoted(table.schema)}.${quoted(table.name)}`;
}

/** A table without end is no table: PostgreSQL itself stops at 1600. */
const columnsMax = 1000;

/** The columns of a table by name, generated ones left out; null where there is no such table. */
export async function readColumns(client: pg.Client, table: TableName): Promise<ReadonlyMap<string, Column> | null> {
  const { rows } = await client.query<{ name: string | null; type: string; is_array: boolean }>(
    `SELECT a.attname AS name, format_type(a.atttypid, -1) AS type, t.typcategory = 'A' AS is_array
       FROM (SELECT to_regclass($1) AS id) c
       LEFT JOIN pg_attribute a ON a.attrelid = c.id AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       LEFT JOIN pg_type t ON t.oid = a.atttypid
      WHERE c.id IS NOT NULL`,
    [quotedTable(table)],
  );
  if (rows.length === 0) return null;
  const columns = new Map<string, Column>();
  for (const { name, type, is_array: isArray } of rows) {
    if (name !== null) columns.set(name, { name, type, isArray });
  }
  return columns;
}

export interface NewColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** Creates the table unless somebody else just did. Key columns become the primary key. */
export async function createTable(
  client: pg.Client,
  table: TableName,
  columns: readonly NewColumn[],
  keyFields: readonly string[],
): Promise<void> {
  const sql = quotedTable(table);
  if (columns.length === 0) {
    throw new PoisonRecordError(`Table ${sql} can not be created from records without a field that has a value`, null);
  }
  if (columns.length > columnsMax) throw tooManyColumns(sql);
  const lines = columns.map(({ name, kind }) => `${quoted(name)} ${kind}`);
  if (keyFields.length > 0) lines.push(`PRIMARY KEY (${keyFields.map(quoted).join(', ')})`);
  await underTableLock(client, sql, async () => {
    await client.query(`CREATE TABLE IF NOT EXISTS ${sql} (${lines.join(', ')})`);
  });
}

/** Adds nullable columns, and widens columns of whole numbers. */
export async function evolveTable(
  client: pg.Client,
  table: TableName,
  present: number,
  added: readonly NewColumn[],
  widened: readonly string[],
): Promise<void> {
  const sql = quotedTable(table);
  if (present + added.length > columnsMax) throw tooManyColumns(sql);
  const actions = [
    ...added.map(({ name, kind }) => `ADD COLUMN IF NOT EXISTS ${quoted(name)} ${kind}`),
    ...widened.map((name) => `ALTER COLUMN ${quoted(name)} TYPE numeric`),
  ];
  await underTableLock(client, sql, async () => {
    await client.query(`ALTER TABLE ${sql} ${actions.join(', ')}`);
  });
}

export function missingTable(table: TableName): FatalSinkError {
  return new FatalSinkError(`Table ${quotedTable(table)} does not exist. Create it, or set auto.create=true`);
}

function tooManyColumns(table: string): PoisonRecordError {
  return new PoisonRecordError(`Table ${table} would have more than ${columnsMax} columns`, null);
}

/** Tasks of one sink change a table one after another; the lock goes with the transaction. */
async function underTableLock(client: pg.Client, table: string, change: () => Promise<void>): Promise<void> {
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
