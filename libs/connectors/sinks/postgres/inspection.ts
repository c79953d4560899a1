import type pg from 'pg';
import type { SqlInspection } from '../sql/verify.js';
import { sqlStateOf } from './sql-errors.js';
import { quotedTable } from './tables.js';

/** What PostgreSQL tells of rights and keys. */
export const postgresInspection: SqlInspection<pg.Client> = {
  async missingRights(client, table, rights) {
    const { rows } = await client.query<{ right: string }>(
      `SELECT r AS right FROM unnest($2::text[]) AS r, pg_class c
        WHERE c.oid = to_regclass($1)
          AND NOT CASE r WHEN 'ALTER' THEN pg_has_role(c.relowner, 'USAGE') ELSE has_table_privilege(c.oid, r) END`,
      [quotedTable(table), rights],
    );
    const missing = new Set(rows.map(({ right }) => right));
    return rights.filter((right) => missing.has(right));
  },
  async mayCreate(client, { schema }) {
    const { rows } = await client.query<{ may: boolean | null }>(
      `SELECT has_schema_privilege(n.oid, 'CREATE') AS may FROM pg_namespace n WHERE n.nspname = coalesce($1, current_schema())`,
      [schema],
    );
    return rows[0]?.may === true;
  },
  async uniqueKeys(client, table) {
    const { rows } = await client.query<{ names: string[] }>(
      `SELECT array_agg(a.attname::text) AS names
         FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
        WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
        GROUP BY i.indexrelid`,
      [quotedTable(table)],
    );
    return rows.map(({ names }) => names);
  },
  isLogin: (error) => sqlStateOf(error)?.startsWith('28') ?? false,
};
