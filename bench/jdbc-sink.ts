import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { startKafkaConnect } from '../test/peers/kafka-connect.js';
import { usageOf } from '../test/peers/usage.js';
import { benchSink, type SinkContender, type SinkRun } from './sink-bed.js';

/** With upserts every key is written ten times. */
const keys = 100_000;

/** Rows of about 200 bytes as JSON, with the schema that Debezium's sink wants. */
const schema = JSON.stringify({
  type: 'struct',
  optional: false,
  name: 'row',
  fields: [
    { field: 'id', type: 'int64', optional: false },
    { field: 'key', type: 'string', optional: false },
    { field: 'amount', type: 'double', optional: true },
    { field: 'flag', type: 'boolean', optional: true },
    { field: 'text', type: 'string', optional: true },
  ],
});

function value(n: number): Buffer {
  const row = `{"id":${n},"key":"k${n % keys}","amount":${(n % 4000) / 4},"flag":${n % 2 === 0},"text":"${String(n).padStart(120, '.')}"}`;
  return Buffer.from(`{"schema":${schema},"payload":${row}}`);
}

/** The same for both; the peer's batches as large as ours. */
function config(run: SinkRun, url: string, mode: 'insert' | 'upsert'): Record<string, string> {
  const { username, password, host, pathname } = new URL(url);
  return {
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'true',
    'connection.url': `jdbc:postgresql://${host}${pathname}?reWriteBatchedInserts=true`,
    'connection.username': decodeURIComponent(username),
    'connection.password': decodeURIComponent(password),
    'collection.name.format': run.place,
    'insert.mode': mode,
    'batch.size': '5000',
    'consumer.override.max.poll.records': '5000',
    'consumer.override.auto.offset.reset': 'earliest',
    ...(mode === 'insert'
      ? { 'primary.key.mode': 'none' }
      : { 'primary.key.mode': 'record_value', 'primary.key.fields': 'key', 'use.reduction.buffer': 'true' }),
  };
}

/**
 * A topic into a table of PostgreSQL: our sink worker against Kafka Connect with Debezium's JDBC sink, both from the same config. The table is
 * there before. What Kafka Connect takes to start is printed, since it counts.
 */
export function benchJdbcSink(mode: 'insert' | 'upsert'): (args: readonly string[]) => Promise<void> {
  return benchSink({
    name: `jdbc-sink-${mode}`,
    what:
      `${mode} into PostgreSQL, JSON with schemas; Kafka Connect 4.3.1 with Debezium's JDBC sink 3.3.1, the same config ` +
      '(batches of 5000, rewritten inserts, reduction buffer)',
    records: 1_000_000,
    port: 25_450,
    value,
    async open({ folder, port, sinkWorker }) {
      const directory = join(folder, 'target');
      mkdirSync(directory, { mode: 0o755 });
      const database = new EmbeddedPostgres({ directory, durable: false });
      await database.start();
      const client = new pg.Client({ connectionString: database.databaseUrl });
      await client.connect();
      const makeTable = async ({ place }: SinkRun): Promise<void> => {
        const key = mode === 'insert' ? '' : ' PRIMARY KEY';
        await client.query(
          `CREATE TABLE ${place} (id bigint, key text${key}, amount double precision, flag boolean, text text)`,
        );
      };
      const stored = async ({ place, records }: SinkRun): Promise<number> => {
        if (mode === 'insert') return countOf(client, `SELECT count(*) FROM ${place}`);
        // The last tenth of the records is what every key has at the end.
        const done = await countOf(client, `SELECT count(*) FROM ${place} WHERE id >= ${records - keys}`);
        return done === keys ? records : 0;
      };
      const ours = sinkWorker((run) => config(run, database.databaseUrl, mode), stored);
      const connect: SinkContender = {
        name: 'kafka-connect',
        async start(run) {
          await makeTable(run);
          const own = { name: run.place, topics: run.topic, ...config(run, database.databaseUrl, mode) };
          const child = await startKafkaConnect({
            bootstrap: run.bootstrap,
            port,
            directory: run.directory,
            connectors: [own],
          });
          process.stderr.write(
            `kafka-connect: ${usageOf(child.pid).cpuSeconds.toFixed(2)} CPU-s until its REST answers\n`,
          );
          return child;
        },
        stored,
        end: async ({ place }) => {
          await client.query(`DROP TABLE ${place}`);
        },
      };
      const prepared: SinkContender = {
        ...ours,
        async start(run) {
          await makeTable(run);
          return ours.start(run);
        },
        async end(run) {
          await ours.end?.(run);
          await client.query(`DROP TABLE ${run.place}`);
        },
      };
      return {
        contenders: [prepared, connect],
        async close() {
          await client.end();
          await database.stop();
        },
      };
    },
  });
}

async function countOf(client: pg.Client, sql: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(sql);
  return Number(rows[0]?.count ?? 0);
}
