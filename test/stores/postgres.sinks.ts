import { chmodSync, mkdirSync } from 'node:fs';
import pg from 'pg';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { trial } from './trial.js';

trial({
  name: 'PostgreSQL, upsert',
  port: 25_420,
  guarantee: 'exactly-once',
  async open(folder, port) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
    const server = new EmbeddedPostgres({ directory: folder, port });
    await server.start();
    return {
      config: {
        'connector.class': 'io.confluent.connect.jdbc.JdbcSinkConnector',
        'connection.url': `jdbc:${server.databaseUrl}`,
        'insert.mode': 'upsert',
        'pk.mode': 'record_value',
        'pk.fields': 'key',
        'auto.create': 'true',
      },
      pause: () => server.stop(),
      resume: () => server.start(),
      stop: () => server.stop(),
      async read() {
        const client = new pg.Client({ connectionString: server.databaseUrl });
        await client.connect();
        const { rows } = await client.query<{ key: string; id: string }>('SELECT key, id FROM records');
        await client.end();
        return { kind: 'last', last: new Map(rows.map(({ key, id }) => [key, Number(id)])) };
      },
    };
  },
});
