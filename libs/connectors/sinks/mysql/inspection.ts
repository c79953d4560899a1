import type { SqlInspection, TableRight } from '../sql/verify.js';
import { quoted } from './columns.js';
import type { MysqlConnection } from './mysql-connection.js';
import { serverErrorOf } from './mysql-errors.js';
import { quotedTable } from './tables.js';

/** Denied on a table, on a column; a view of which the user may not see the inside. */
const denied = new Set([1142, 1143, 1345]);
const deniedAtLogin = new Set([1045, 1698, 1130]);

/** What MySQL and MariaDB tell of rights and keys. */
export const mysqlInspection: SqlInspection<MysqlConnection> = {
  /** The server asks for the rights of a statement when it explains it, whichever grant or role they come from. */
  async missingRights(client, table, rights) {
    const sql = quotedTable(table);
    const column = await firstColumn(client, table.schema, table.name);
    if (column === null) return [];
    const statements: Readonly<Record<TableRight, string | null>> = {
      SELECT: `SELECT ${column} FROM ${sql} WHERE FALSE`,
      INSERT: `INSERT INTO ${sql} (${column}) VALUES (NULL)`,
      UPDATE: `UPDATE ${sql} SET ${column} = NULL WHERE FALSE`,
      DELETE: `DELETE FROM ${sql} WHERE FALSE`,
      TRUNCATE: `DELETE FROM ${sql} WHERE FALSE`,
      // Nothing explains it.
      ALTER: null,
    };
    const missing: TableRight[] = [];
    for (const right of rights) {
      const statement = statements[right];
      if (statement !== null && (await isDenied(client, `EXPLAIN ${statement}`))) missing.push(right);
    }
    return missing;
  },
  async mayCreate(client, { schema }) {
    const [row] = await client.query<{ name: string | null }>('SELECT COALESCE(?, DATABASE()) AS name', [schema]);
    const grants = (await client.query<Record<string, string>>('SHOW GRANTS')).map(
      (grant) => Object.values(grant)[0] ?? '',
    );
    const database = quoted(row?.name ?? '').slice(1, -1);
    return grants.some((grant) => {
      const parts = /^GRANT (.*?) ON (?:\*|`((?:[^`]|``)*)`)\.\* TO /.exec(grant);
      // A role, or rights on single tables: not known.
      if (parts === null) return !/ ON /.test(grant);
      const [, rights = '', pattern] = parts;
      const covers = pattern === undefined || likes(pattern, database);
      return covers && /(?:^|, )(?:ALL PRIVILEGES|CREATE)(?:,|$)/.test(rights);
    });
  },
  async uniqueKeys(client, { schema, name }) {
    const rows = await client.query<{ key: string; name: string; part: string | number | null }>(
      `SELECT INDEX_NAME AS \`key\`, COLUMN_NAME AS name, SUB_PART AS part FROM information_schema.STATISTICS
        WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? AND NON_UNIQUE = 0`,
      [schema, name],
    );
    const keys = Map.groupBy(rows, ({ key }) => key);
    return [...keys.values()]
      .filter((columns) => columns.every(({ part }) => part === null))
      .map((columns) => columns.map((column) => column.name));
  },
  isLogin: (error) => deniedAtLogin.has(serverErrorOf(error)?.errno ?? 0),
};

async function firstColumn(client: MysqlConnection, schema: string | null, name: string): Promise<string | null> {
  const [row] = await client.query<{ name: string }>(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION LIMIT 1`,
    [schema, name],
  );
  return row === undefined ? null : quoted(row.name);
}

async function isDenied(client: MysqlConnection, statement: string): Promise<boolean> {
  try {
    await client.query(statement);
    return false;
  } catch (error) {
    return denied.has(serverErrorOf(error)?.errno ?? 0);
  }
}

/** A pattern of GRANT, with `%`, `_` and `\`. */
function likes(pattern: string, name: string): boolean {
  const source = pattern.replaceAll(/\\(.)|([%_])|([^\\%_])/gs, (_all, escaped: string, wild: string, plain: string) =>
    wild === '%' ? '.*' : wild === '_' ? '.' : (escaped ?? plain).replace(/[.*+?^${}()|[\]\\/]/, String.raw`\$&`),
  );
  return new RegExp(`^${source}$`, 's').test(name);
}
