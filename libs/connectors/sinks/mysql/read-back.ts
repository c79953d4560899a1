import type { SqlReadBack } from '../sql/read-back.js';
import { quoted } from './columns.js';
import type { MysqlConnection } from './mysql-connection.js';

export const mysqlReadBack: SqlReadBack<MysqlConnection> = {
  async makeShadow(client, sql, name) {
    await client.query(`CREATE TEMPORARY TABLE ${quoted(name)} LIKE ${sql}`);
    return { schema: null, name };
  },
  quoted,
  literal: (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
  hash: (columns) => `MD5(JSON_ARRAY(${columns.join(', ')}))`,
  text: (columns) => `LEFT(CAST(JSON_ARRAY(${columns.join(', ')}) AS CHAR), 200)`,
  query: (client, sql) => client.query<Record<string, unknown>>(sql),
};
