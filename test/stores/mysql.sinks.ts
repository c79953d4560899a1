import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { Ledger } from '../flows/line-writer.js';
import { mariaDbLogin, startMariaDb } from '../peers/mariadb.js';
import { trial } from './trial.js';

const records = 200_000;

trial({
  name: 'MariaDB',
  port: 25_410,
  guarantee: 'exactly-once',
  records,
  async open(folder, port) {
    const options = { directory: folder, port };
    let server = await startMariaDb(options);
    return {
      config: {
        'connector.class': 'io.aiven.connect.jdbc.JdbcSinkConnector',
        'connection.url': `jdbc:mariadb://127.0.0.1:${port}/${mariaDbLogin}`,
        'connection.user': mariaDbLogin,
        'connection.password': mariaDbLogin,
        'auto.create': 'true',
      },
      pause: () => server.kill(),
      async resume() {
        server = await startMariaDb(options);
      },
      stop: () => server.kill(),
      async read() {
        const login = { host: '127.0.0.1', port, user: mariaDbLogin, password: mariaDbLogin, database: mariaDbLogin };
        const client = await createConnection({ ...login, supportBigNumbers: true, rowsAsArray: true });
        const [rows] = await client.query<(RowDataPacket & [number])[]>('SELECT id FROM records');
        await client.end();
        const seen = new Ledger(records);
        for (const [id] of rows) seen.add(id);
        return { kind: 'each', seen };
      },
    };
  },
});
