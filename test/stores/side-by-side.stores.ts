import { jest } from '@jest/globals';
import { Client } from 'cassandra-driver';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import { TopicAdmin } from '#topics/topic-admin';
import { Ledger } from '../flows/line-writer.js';
import { eventually } from '../flows/product.js';
import { callRest } from '../flows/rest.js';
import { Roles } from '../flows/roles.js';
import { startTopics } from '../flows/topic-service.js';
import { Cassandra } from '../peers/cassandra.js';
import { sleep, type Child } from '../peers/child.js';
import { HBase } from '../peers/hbase.js';
import { Hdfs } from '../peers/hdfs.js';
import { readFinalLines } from './hdfs-files.js';
import { SteadyProducer } from './steady-producer.js';
import { outcomeOf, type EachRecord, type LastRecord } from './trial-records.js';

jest.setTimeout(600_000);

const port = 28_410;
const url = `http://127.0.0.1:${port + 1}`;
const [recordsPerSecond, seconds] = [1_000, 45];
const records = recordsPerSecond * seconds;
const minute = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'millrace-side-by-side-'));
// PostgreSQL does not run as root: its own user has to pass through here.
chmodSync(folder, 0o755);
const database = new EmbeddedPostgres({ directory: join(folder, 'database'), durable: false });
const cluster = new Cluster({
  bootstrap: [`127.0.0.1:${port}`],
  clientId: 'test',
  clock: systemClock,
  logger: silentLogger,
});
let topics: Child;
let roles: Roles;
let hdfs: Hdfs;
let hbase: HBase;
let cassandra: Cassandra;

beforeAll(async () => {
  [{ child: topics }, hdfs, hbase, cassandra] = await Promise.all([
    startTopics(folder, port),
    Hdfs.start({ port: port + 10, directory: join(folder, 'hdfs') }),
    HBase.start({ port: port + 20, directory: join(folder, 'hbase') }),
    Cassandra.start({ port: port + 30, directory: join(folder, 'cassandra') }),
    database.start(),
  ]);
  roles = new Roles({ directory: folder, databaseUrl: database.databaseUrl, bootstrap: `127.0.0.1:${port}` });
  await Promise.all([
    roles.start('admin', { port: port + 1 }),
    roles.start('sink-worker'),
    hbase.createTable('records', 'd'),
    cql(
      "CREATE KEYSPACE trial WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      'CREATE TABLE trial.records (key text PRIMARY KEY, id bigint)',
    ),
    new TopicAdmin(cluster).createTopic({ name: 'records', partitions: 2, replicationFactor: 1 }),
  ]);
});
afterAll(async () => {
  await cluster.close();
  await roles.dispose();
  await Promise.all([topics.kill(), hdfs.stop(), hbase.stop(), cassandra.kill()]);
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('one topic into four stores at once: while one is down the others keep their pace, and a fifth is added', async () => {
  for (const [name, config] of Object.entries(connectors())) await add(name, config);
  await eventually('four tasks', minute, async () => (await reports()).size === 4);
  const producer = new SteadyProducer(cluster, 'records');
  const produced = producer.run(records, recordsPerSecond);
  await sleep(12_000);
  const before = await reports();
  const [writtenBefore, beganAt] = [producer.written, performance.now()];
  await hdfs.stop();
  await add('fifth', {
    'connector.class': 'file',
    'file.path': join(folder, 'fifth'),
    'file.rollCount': '10000',
    'file.rollInterval': '1',
  });
  await sleep(15_000);
  const during = await reports();
  const producerPace = (producer.written - writtenBefore) / (performance.now() - beganAt);
  const paces = ['postgres', 'hbase', 'cassandra'].map(
    (name) => [name, paceOf(before.get(name), during.get(name))] as const,
  );
  const stalled = during.get('hdfs');
  await hdfs.run();
  await produced;
  const found = await everything();
  const lines = paces.map(([name, pace]) => `${name} ${percent(pace)}`);
  process.stderr.write(
    `side by side: HDFS down for 15 s, producer ${percent(producerPace)} of its pace, ${lines.join(', ')}; fifth sink had ` +
      `${during.get('fifth')?.sent ?? 0} records by then; lost ${Object.entries(found)
        .map(([name, { lost }]) => `${name} ${lost}`)
        .join(', ')}\n`,
  );
  expect(stalled).toMatchObject({ state: 'RUNNING', degraded: true });
  // Records in the window over what was planned for it, at a rate that is far from what the machine can do.
  expect(percentNumber(producerPace)).toBeGreaterThanOrEqual(95);
  for (const [name, pace] of paces) expect([name, percentNumber(pace) >= 95]).toEqual([name, true]);
  expect(during.get('fifth')?.sent).toBeGreaterThan(0);
  for (const outcome of Object.values(found)) expect(outcome).toEqual({ lost: 0, repeated: 0, wrong: 0 });
});

interface Report {
  readonly state: string;
  readonly degraded: boolean;
  readonly sent: number;
  /** Wall time of the report, ms. */
  readonly at: number;
}

function connectors(): Record<string, Record<string, string>> {
  return {
    hdfs: {
      'connector.class': 'hdfs',
      'hdfs.url': hdfs.webUrl,
      'hdfs.user': hdfs.user,
      'hdfs.path': '/lake',
      'hdfs.fileType': 'DataStream',
      'hdfs.rollInterval': '1',
    },
    hbase: {
      'connector.class': 'hbase',
      'zookeeper.quorum': hbase.zooKeeper,
      'table.name.format': 'records',
      'column.family': 'd',
      'column.mapping': 'd:n=id:long',
      'cell.timestamp': 'offset',
    },
    cassandra: {
      'connector.class': 'cassandra',
      contactPoints: '127.0.0.1',
      port: String(port + 30),
      'loadBalancing.localDc': 'datacenter1',
      keyspace: 'trial',
      table: 'records',
      columns: 'key=value.key, id=value.id',
    },
    postgres: {
      'connector.class': 'postgres',
      'connection.url': database.databaseUrl,
      'table.name.format': 'trial_records',
      'auto.create': 'true',
    },
  };
}

async function add(name: string, config: Readonly<Record<string, string>>): Promise<void> {
  const common = {
    topics: 'records',
    'value.converter': 'json',
    'errors.deadletterqueue.topic.name': `${name}-dead`,
    'errors.retry.delay.max.ms': '1000',
  };
  const answer = await callRest(url, 'POST', '/connectors', { name, config: { ...common, ...config } });
  expect([name, answer.status, answer.status === 201 ? '' : answer.body]).toEqual([name, 201, '']);
}

/** What the worker says of each task, by connector; those that have said nothing are not there. */
async function reports(): Promise<Map<string, Report>> {
  const rows = await sql<{ connector: string; state: string; details: Record<string, unknown>; at: Date | null }>(
    'SELECT connector, state, details, reported_at AS at FROM millrace.task',
  );
  const found = new Map<string, Report>();
  for (const { connector, state, details, at } of rows) {
    if (state === 'FAILED') throw new Error(`the task of ${connector} failed`);
    const sent = details['sink_record_send_total'];
    if (at === null || typeof sent !== 'number') continue;
    found.set(connector, { state, sent, degraded: details['degraded'] === true, at: at.getTime() });
  }
  return found;
}

/** Records a millisecond between two reports. */
function paceOf(before: Report | undefined, after: Report | undefined): number {
  if (before === undefined || after === undefined) return 0;
  return (after.sent - before.sent) / (after.at - before.at);
}

function percentNumber(pace: number): number {
  return (pace / recordsPerSecond) * 100_000;
}

function percent(pace: number): string {
  return `${percentNumber(pace).toFixed(0)} %`;
}

/** What the stores have once they have it all. */
async function everything(): Promise<Record<string, ReturnType<typeof outcomeOf>>> {
  const stores: Record<string, () => Promise<EachRecord | LastRecord>> = {
    postgres: async () => {
      const rows = await sql<{ id: string }>('SELECT id FROM trial_records');
      return each(rows.map(({ id }) => Number(id)));
    },
    hdfs: async () => {
      const ids: number[] = [];
      const client = new WebHdfsClient({ urls: [hdfs.webUrl] });
      await readFinalLines(client, '/lake', (line) => ids.push((JSON.parse(line) as { id: number }).id));
      client.close();
      return each(ids);
    },
    fifth: () => Promise.resolve(each(filesBelow(join(folder, 'fifth')))),
    hbase: async () => {
      const rows = await hbase.rows('records');
      return {
        kind: 'last',
        last: new Map([...rows].map(([key, row]) => [key, Number(row['d:n']?.readBigInt64BE())])),
      };
    },
    cassandra: async () => {
      const rows = await cql('SELECT key, id FROM trial.records');
      return { kind: 'last', last: new Map(rows.map((row) => [String(row['key']), Number(row['id'])])) };
    },
  };
  await eventually('all sinks are at the end', 3 * minute, async () => {
    const admin = new TopicAdmin(cluster);
    const lags = await Promise.all(Object.keys(stores).map((name) => admin.groupLag(`connect-${name}`)));
    return lags.every((rows) => rows.length === 2 && rows.every(({ lag }) => lag === 0));
  });
  const found: Record<string, ReturnType<typeof outcomeOf>> = {};
  for (const [name, read] of Object.entries(stores)) found[name] = outcomeOf(await read(), records);
  return found;
}

function each(ids: readonly number[]): EachRecord {
  const seen = new Ledger(records);
  for (const id of ids) seen.add(id);
  return { kind: 'each', seen };
}

function filesBelow(path: string): number[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('+'))
    .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').trimEnd().split('\n'))
    .map((line) => (JSON.parse(line) as { id: number }).id);
}

async function sql<Row extends pg.QueryResultRow>(query: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database.databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(query)).rows;
  } finally {
    await client.end();
  }
}

async function cql(...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new Client({
    contactPoints: [`127.0.0.1:${port + 30}`],
    localDataCenter: 'datacenter1',
    queryOptions: { fetchSize: 50_000 },
  });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await client.execute(statement)).rows;
    return rows;
  } finally {
    await client.shutdown();
  }
}
