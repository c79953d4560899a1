import { Ledger } from '../flows/line-writer.js';
import { clickHouseLogin, startClickHouse } from '../peers/clickhouse.js';
import { trial } from './trial.js';

const records = 200_000;

trial({
  name: 'ClickHouse',
  port: 25_430,
  guarantee: 'effectively-once',
  records,
  async open(folder, port) {
    const options = { directory: folder, port };
    let server = await startClickHouse(options);
    const query = async (sql: string): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${port}/?database=default`, {
        method: 'POST',
        body: sql,
        headers: { 'X-ClickHouse-User': clickHouseLogin, 'X-ClickHouse-Key': clickHouseLogin },
      });
      if (response.status !== 200) throw new Error(await response.text());
      return response.text();
    };
    await query(
      `CREATE TABLE records (id Int64, key String, amount Float64, flag Bool, big UInt64, text String)
         ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
    );
    return {
      config: {
        'connector.class': 'com.clickhouse.kafka.connect.ClickHouseSinkConnector',
        hostname: '127.0.0.1',
        port: String(port),
        ssl: 'false',
        username: clickHouseLogin,
        password: clickHouseLogin,
      },
      pause: () => server.kill(),
      async resume() {
        server = await startClickHouse(options);
      },
      stop: () => server.kill(),
      async read() {
        const seen = new Ledger(records);
        for (const line of (await query('SELECT id FROM records')).split('\n')) if (line !== '') seen.add(Number(line));
        return { kind: 'each', seen };
      },
    };
  },
});
