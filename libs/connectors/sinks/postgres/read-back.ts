import type pg from 'pg';
import type { SqlReadBack } from '../sql/read-back.js';
import { quoted } from './columns.js';

const schema = 'pg_temp';

export const postgresReadBack: SqlReadBack<pg.Client> = {
  async makeShadow(client, sql, name) {
    await client.query(`CREATE TEMPORARY TABLE ${quoted(name)} (LIKE ${sql} INCLUDING ALL)`);
    return { schema, name };
  },
  quoted,
  literal: (text) => `'${text.replaceAll("'", "''")}'`,
  hash: (columns) => `md5(ROW(${columns.join(', ')})::text)`,
  text: (columns) => `left(ROW(${columns.join(', ')})::text, 200)`,
  async query(client, sql) {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  },
};
