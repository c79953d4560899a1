import { jest } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import { Ledger } from '../flows/line-writer.js';
import { eventually, projectRoot } from '../flows/product.js';
import { startTopics, type RunningTopics } from '../flows/topic-service.js';
import { Child, sleep } from '../peers/child.js';
import { Hdfs } from '../peers/hdfs.js';

jest.setTimeout(240_000);

const topics = { hdfs: 'from-hdfs', table: 'from-table' } as const;
const files = 30;
const linesPerFile = 1000;
const rows = 30_000;
const kills = 5;

/** Sources that poll a real HDFS and a real PostgreSQL, into topics, over kills of the collector: each line and row once. */
describe('polling', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-polling-'));
  let hdfs: Hdfs;
  const database = new EmbeddedPostgres({ directory: join(directory, 'postgres') });
  const ledgers = { [topics.hdfs]: new Ledger(files * linesPerFile), [topics.table]: new Ledger(rows) };
  let service: RunningTopics;
  let collector: Child | null = null;
  let starts = 0;

  beforeAll(async () => {
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, 'hdfs'), { recursive: true });
    [hdfs] = await Promise.all([Hdfs.start({ directory: join(directory, 'hdfs'), port: 31_900 }), database.start()]);
    service = await startTopics(directory, 31_930);
  }, 180_000);

  afterAll(async () => {
    await collector?.stop();
    await service.child.stop();
    await Promise.all([hdfs.stop(), database.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  test('files of HDFS and rows of a table are in topics once, over kills of the collector', async () => {
    const cluster = new Cluster({
      bootstrap: [service.bootstrap],
      clientId: 'counter',
      clock: systemClock,
      logger: silentLogger,
    });
    const admin = new TopicAdmin(cluster);
    for (const name of Object.values(topics)) await admin.createTopic({ name, partitions: 1, replicationFactor: 1 });
    const reader = new TopicReader(cluster, { topics: Object.values(topics), isolation: 'read_committed' });
    await reader.start();
    let isDone = false;
    const counting = (async () => {
      while (!isDone) {
        for (const { topic, records } of await reader.poll(100)) {
          for (let index = 0; index < records.count; index += 1) {
            const text = records.value(index)?.toString() ?? '';
            ledgers[topic as keyof typeof ledgers].add(Number(/\d+/.exec(text)?.[0]));
          }
        }
      }
    })();
    startCollector();
    await Promise.all([writeFiles(), writeRows(), killOnTheWay()]);
    await eventually('all lines and rows', 120_000, () =>
      Object.values(ledgers).every((ledger) => ledger.missing() === 0),
    );
    await sleep(500);
    isDone = true;
    await counting;
    await reader.stop();
    await cluster.close();
    expect(Object.values(ledgers).map((ledger) => [ledger.missing(), ledger.repeated()])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  function startCollector(): void {
    const url = new URL(database.databaseUrl);
    const confPath = join(directory, 'flume.conf');
    writeFileSync(
      confPath,
      `a1.sources = h t
a1.channels = ch ct
a1.sources.h.type = hdfs_poll
a1.sources.h.channels = ch
a1.sources.h.exactly.once.support = required
a1.sources.h.hdfs.url = ${hdfs.webUrl}
a1.sources.h.hdfs.user = ${hdfs.user}
a1.sources.h.path = /incoming
a1.sources.h.pollDelay = 100
a1.sources.h.minAge = 0
a1.sources.h.batchSize = 100
a1.sources.t.type = jdbc_poll
a1.sources.t.channels = ct
a1.sources.t.exactly.once.support = required
a1.sources.t.connection.url = jdbc:postgresql://${url.host}${url.pathname}
a1.sources.t.connection.user = ${url.username}
a1.sources.t.connection.password = ${decodeURIComponent(url.password)}
a1.sources.t.table.whitelist = readings
a1.sources.t.incrementing.column.name = id
a1.sources.t.poll.interval.ms = 50
a1.sources.t.batch.max.rows = 200
a1.channels.ch.type = topic
a1.channels.ch.topic = ${topics.hdfs}
a1.channels.ct.type = topic
a1.channels.ct.topic = ${topics.table}
`,
    );
    starts += 1;
    const words = ['collector', 'run', '--conf', confPath, '--name', 'a1', '--data', join(directory, 'state')];
    collector = new Child({
      command: process.execPath,
      args: [join(projectRoot, 'bin', 'millrace.mjs'), ...words, '--bootstrap', service.bootstrap],
      logPath: join(directory, `collector-${starts}.out`),
    });
  }

  /** Under their final names only when they are whole, as HDFS's users do it. */
  async function writeFiles(): Promise<void> {
    const client = new WebHdfsClient({ urls: [hdfs.webUrl], user: hdfs.user });
    await client.makeDirectory('/incoming');
    for (let file = 0; file < files; file += 1) {
      const lines = Array.from({ length: linesPerFile }, (_, at) => `${file * linesPerFile + at} a line\n`);
      const path = `/incoming/${file}.log`;
      await client.create(`${path}.tmp`, chunks(lines.join('')));
      await client.rename(`${path}.tmp`, path);
    }
    client.close();
  }

  async function writeRows(): Promise<void> {
    const client = new pg.Client({ connectionString: database.databaseUrl });
    await client.connect();
    await client.query('CREATE TABLE readings (id bigint PRIMARY KEY, value text)');
    for (let from = 0; from < rows; from += 500) {
      await client.query('INSERT INTO readings SELECT i, $1 FROM generate_series($2::bigint, $3::bigint) i', [
        'a value',
        from,
        from + 499,
      ]);
      await sleep(50);
    }
    await client.end();
  }

  async function killOnTheWay(): Promise<void> {
    for (let count = 0; count < kills; count += 1) {
      await sleep(600 + 900 * Math.random());
      await collector?.kill();
      startCollector();
    }
  }
});

async function* chunks(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text));
}
