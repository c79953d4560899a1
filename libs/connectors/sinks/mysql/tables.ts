import { createHash } from 'node:crypto';
import { PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { JsonObject } from '#pipeline/sink-json';
import type { SqlSettings } from '../sql/sql-options.js';
import type { TableName } from '../sql/table-name.js';
import type { NewColumn, TableDialect, TableWrite } from '../sql/table-writer.js';
import type { ValueKind } from '../sql/value-kind.js';
import { columnOf, quoted, selects, tuples, valueLists, type ColumnRow, type MysqlColumn } from './columns.js';
import type { MysqlConnection } from './mysql-connection.js';
import { withRow } from './mysql-errors.js';

/** How long a task waits while another one changes a table, s. */
const lockSecondsMax = 30;
/** An index of InnoDB takes 3072 bytes, four a character. */
const keyCharacters = 255;

export function quotedTable(table: TableName): string {
  return table.schema === null ? quoted(table.name) : `${quoted(table.schema)}.${quoted(table.name)}`;
}

/** Tables of MySQL and MariaDB, written by statements of many rows. */
export class MysqlTables implements TableDialect<MysqlConnection, MysqlColumn> {
  constructor(private readonly settings: SqlSettings) {}

  quotedTable(table: TableName): string {
    return quotedTable(table);
  }

  async readColumns(
    client: MysqlConnection,
    { schema, name }: TableName,
  ): Promise<ReadonlyMap<string, MysqlColumn> | null> {
    const rows = await client.query<ColumnRow & { extra: string }>(
      `SELECT COLUMN_NAME AS name, DATA_TYPE AS type, COLUMN_TYPE AS fullType, CHARACTER_MAXIMUM_LENGTH AS chars, EXTRA AS extra
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?`,
      [schema, name],
    );
    if (rows.length === 0) return null;
    const json = client.isMariaDb ? await jsonColumns(client, schema, name) : new Set<string>();
    return new Map(
      rows
        .filter(({ extra }) => !/GENERATED/.test(extra) || /DEFAULT_GENERATED/.test(extra))
        .map((row) => [row.name, columnOf(row, json.has(row.name))]),
    );
  }

  async createTable(
    client: MysqlConnection,
    table: TableName,
    columns: readonly NewColumn[],
    keyFields: readonly string[],
  ): Promise<void> {
    const sql = quotedTable(table);
    const lines = columns.map(({ name, kind }) => `${quoted(name)} ${typeOf(kind, keyFields.includes(name))}`);
    if (keyFields.length > 0) lines.push(`PRIMARY KEY (${keyFields.map(quoted).join(', ')})`);
    await underTableLock(client, sql, async () => {
      await client.query(
        `CREATE TABLE IF NOT EXISTS ${sql} (${lines.join(', ')}) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE ${client.exactCollation}`,
      );
    });
  }

  async evolveTable(
    client: MysqlConnection,
    table: TableName,
    added: readonly NewColumn[],
    widened: readonly NewColumn[],
  ): Promise<void> {
    const sql = quotedTable(table);
    await underTableLock(client, sql, async () => {
      // Only MariaDB has ADD COLUMN IF NOT EXISTS: another task may have been quicker.
      const present = (await this.readColumns(client, table)) ?? new Map<string, MysqlColumn>();
      const actions = [
        ...added
          .filter(({ name }) => !present.has(name))
          .map(({ name, kind }) => `ADD COLUMN ${quoted(name)} ${typeOf(kind, false)} NULL`),
        ...(await changedTypes(client, table, widened)),
      ];
      if (actions.length > 0) await client.query(`ALTER TABLE ${sql} ${actions.join(', ')}`);
    });
  }

  /** Not TRUNCATE, which commits. */
  async truncate(client: MysqlConnection, table: TableName): Promise<void> {
    await client.query(`DELETE FROM ${quotedTable(table)}`);
  }

  async delete(
    client: MysqlConnection,
    table: TableName,
    columns: readonly MysqlColumn[],
    keys: readonly JsonObject[],
  ): Promise<void> {
    const names = columns.map(({ name }) => quoted(name)).join(', ');
    for (const { sql } of valueLists(keys, columns, tuples, client.valueBytesMax)) {
      await client.query(`DELETE FROM ${quotedTable(table)} WHERE (${names}) IN (${sql})`);
    }
  }

  async write(client: MysqlConnection, write: TableWrite<MysqlColumn>): Promise<void> {
    const { table, columns, keyFields, rows, indexes } = write;
    const names = columns.map(({ name }) => quoted(name));
    const others = columns.filter(({ name }) => !keyFields.includes(name)).map(({ name }) => quoted(name));
    const updates = this.settings.mode === 'update';
    if (updates && others.length === 0) return;
    for (const { sql, from, to } of valueLists(rows, columns, updates ? selects : tuples, client.valueBytesMax)) {
      const statement = updates
        ? updateSql(quotedTable(table), names, keyFields.map(quoted), others, sql)
        : `INSERT INTO ${quotedTable(table)} (${names.join(', ')}) VALUES ${sql}${this.onDuplicate(others, names)}`;
      if (to - from === 1) checkLength(statement, client.packetBytesMax, indexes[from] ?? -1);
      try {
        await client.query(statement);
      } catch (error) {
        throw withRow(error, indexes.slice(from, to));
      }
    }
  }

  /** VALUES() and not a row alias: MariaDB does not know the alias. */
  private onDuplicate(others: readonly string[], names: readonly string[]): string {
    if (this.settings.mode !== 'upsert') return '';
    const changed =
      others.length === 0
        ? names.slice(0, 1).map((name) => `${name} = ${name}`)
        : others.map((name) => `${name} = VALUES(${name})`);
    return ` ON DUPLICATE KEY UPDATE ${changed.join(', ')}`;
  }
}

/** A longer statement costs the connection, and looks like a server that is gone. */
function checkLength(statement: string, packetBytesMax: number, index: number): void {
  const bytes = Buffer.byteLength(statement);
  if (bytes < packetBytesMax) return;
  throw new PoisonRecordError(
    `The row has ${bytes} bytes as a statement, and the server takes ${packetBytesMax} (max_allowed_packet)`,
    index < 0 ? null : index,
  );
}

/**
 * The table's own columns come first in the union, and give the values their types and collations. A derived table may read the table
 * that is changed, since it is made before.
 */
function updateSql(
  table: string,
  names: readonly string[],
  keys: readonly string[],
  others: readonly string[],
  values: string,
): string {
  return (
    `UPDATE ${table} AS t JOIN (SELECT ${names.join(', ')} FROM ${table} WHERE FALSE UNION ALL ${values}) AS u ` +
    `ON ${keys.map((name) => `t.${name} = u.${name}`).join(' AND ')} SET ${others.map((name) => `t.${name} = u.${name}`).join(', ')}`
  );
}

function typeOf(kind: ValueKind, isKey: boolean): string {
  switch (kind) {
    case 'boolean':
      return 'tinyint(1)';
    case 'integer':
      return 'bigint';
    case 'decimal':
      return 'decimal(65, 20)';
    case 'double':
      return 'double';
    case 'text':
      return isKey ? `varchar(${keyCharacters})` : 'longtext';
    case 'bytes':
      return isKey ? `varbinary(${keyCharacters})` : 'longblob';
    case 'date':
      return 'date';
    case 'time':
      return 'time(6)';
    case 'timestamp':
      return 'datetime(6)';
    case 'json':
      return isKey ? `varchar(${keyCharacters})` : 'json';
  }
}

/** Columns with other types, everything else about them as it is: MODIFY takes the whole definition. */
async function changedTypes(
  client: MysqlConnection,
  { schema, name }: TableName,
  widened: readonly NewColumn[],
): Promise<string[]> {
  if (widened.length === 0) return [];
  const rows = await client.query<{ name: string; nullable: string; columnKey: string; usual: string | null }>(
    `SELECT COLUMN_NAME AS name, IS_NULLABLE AS nullable, COLUMN_KEY AS columnKey, COLUMN_DEFAULT AS usual
       FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?`,
    [schema, name],
  );
  return widened.flatMap(({ name: column, kind }) => {
    const row = rows.find((candidate) => candidate.name === column);
    // A longer text may not fit into an index, and a default would be lost: such columns stay, and the record is refused.
    if (row === undefined || (kind === 'text' && row.columnKey !== '')) return [];
    if (row.usual !== null && row.usual !== 'NULL') return [];
    return [`MODIFY COLUMN ${quoted(column)} ${typeOf(kind, false)} ${row.nullable === 'NO' ? 'NOT NULL' : 'NULL'}`];
  });
}

/** MariaDB's JSON is text with a check by JSON_VALID. */
async function jsonColumns(client: MysqlConnection, schema: string | null, name: string): Promise<Set<string>> {
  const rows = await client.query<{ clause: string }>(
    `SELECT CHECK_CLAUSE AS clause FROM information_schema.CHECK_CONSTRAINTS
      WHERE CONSTRAINT_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?`,
    [schema, name],
  );
  return new Set(
    rows.flatMap(
      ({ clause }) => /^\(?json_valid\(`((?:[^`]|``)*)`\)\)?$/i.exec(clause)?.[1]?.replaceAll('``', '`') ?? [],
    ),
  );
}

/** Tasks of one sink change a table one after another. A change of a table commits by itself, so the lock is the session's. */
export async function underTableLock(
  client: MysqlConnection,
  table: string,
  change: () => Promise<void>,
): Promise<void> {
  const name = `millrace ${createHash('sha1').update(table).digest('hex')}`;
  const rows = await client.query<{ got: number | null }>('SELECT GET_LOCK(?, ?) AS got', [name, lockSecondsMax]);
  if (Number(rows[0]?.got ?? 0) !== 1) {
    throw new RetriableSinkError(`Table ${table} is being changed by another task for more than ${lockSecondsMax} s`);
  }
  try {
    await change();
  } finally {
    // Where the connection is gone, so is the lock.
    await client.query('SELECT RELEASE_LOCK(?)', [name]).catch(() => undefined);
  }
}
