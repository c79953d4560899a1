import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { SinkWorker } from '../../apps/sink-worker/src/sink-worker.js';
import { ControlStore } from '#control/control-store';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import type { JobParts, JobResult } from '#jobs/job';
import { verifyJob } from '#jobs/types/verify';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicWriter } from '#topics/topic-writer';
import { startTopics, type RunningTopics } from '../flows/topic-service.js';

const port = 25_302;
const records = 1000;

describe('the audit of what a store holds', () => {
  let folder: string;
  let database: TestDatabase;
  let running: RunningTopics;
  let parts: JobParts;
  let topics: TopicAdmin;
  let worker: SinkWorker;
  let rows: pg.Client;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-verify-'));
    [database, running] = await Promise.all([startTestDatabase(), startTopics(folder, port)]);
    const common = { databaseUrl: database.databaseUrl, clock: systemClock, logger: silentLogger };
    const { bootstrap } = running;
    const store = new ControlStore(common);
    await store.start();
    const cluster = new Cluster({ bootstrap: [bootstrap], clientId: 'spec', ...common });
    topics = new TopicAdmin(cluster);
    parts = { ...common, store, cluster, environment: {}, dataDirectory: folder };
    worker = new SinkWorker({ ...common, bootstrap, dataDirectory: folder, workerId: 'one', environment: {} });
    await worker.start();
    rows = new pg.Client({ connectionString: database.databaseUrl });
    await rows.connect();
    await topics.createTopic({ name: 'orders', partitions: 2 });
    const writer = new TopicWriter(cluster);
    const writes: Promise<unknown>[] = [];
    for (let index = 0; index < records; index += 1) {
      // Two in a thousand are no rows.
      const value =
        index % 500 === 3 ? 'no json' : JSON.stringify({ id: index, amount: index / 8, name: `n "${index}"` });
      const record = { key: Buffer.from(String(index)), value: Buffer.from(value), partition: index % 2 };
      writes.push(writer.writeRecord('orders', record));
    }
    await Promise.all(writes);
    await writer.close();
    const tables = { 'connection.url': database.databaseUrl, 'auto.create': 'true', 'value.converter': 'json' };
    const dead = { 'errors.deadletterqueue.context.headers.enable': 'true' };
    await sink('keyed', {
      ...tables,
      ...dead,
      'connector.class': 'postgres',
      'pk.mode': 'kafka',
      'table.name.format': 'keyed',
    });
    await sink('plain', { ...tables, ...dead, 'connector.class': 'postgres', 'table.name.format': 'plain' });
    await sink('lines', { 'connector.class': 'file', 'file.path': join(folder, 'lake'), 'file.rollCount': '300' });
    await sink('mirror', { 'connector.class': 'kafka', 'bootstrap.servers': bootstrap, topic: 'copy.${topic}' });
    for (const name of ['keyed', 'plain', 'lines', 'mirror']) await committed(name);
  }, 90_000);

  afterAll(async () => {
    await worker.stop();
    await rows.end();
    await parts.cluster.close();
    await parts.store.stop();
    await running.child.kill();
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function sink(name: string, config: Record<string, string>): Promise<void> {
    const letters: Record<string, string> =
      name === 'lines' || name === 'mirror' ? {} : { 'errors.deadletterqueue.topic.name': `${name}.dead` };
    const own: Record<string, string> = {
      'file.rollInterval': '1',
      'commit.interval.ms': '200',
      'errors.deadletterqueue.topic.replication.factor': '1',
    };
    await parts.store.createConnector({
      name,
      kind: 'sink',
      config: { name, topics: 'orders', ...own, ...letters, ...config },
      tasksMax: 1,
    });
  }

  async function committed(name: string): Promise<void> {
    const end = Date.now() + 45_000;
    for (;;) {
      const offsets = await topics.groupOffsets(`connect-${name}`);
      if (offsets.reduce((sum, { offset }) => sum + offset, 0) === records) return;
      if (Date.now() > end) {
        const trace = (await parts.store.status(name))?.tasks[0]?.trace;
        throw new Error(`${name} has not committed all: ${JSON.stringify(offsets)} ${trace ?? ''}`);
      }
      await systemClock.sleep(100);
    }
  }

  function verify(name: string): Promise<JobResult> {
    return verifyJob.run(
      {
        id: 'verify',
        parameters: verifyJob.parameters.parse({ sink: name, range_records: 100 }),
        state: null,
        signal: AbortSignal.timeout(25_000),
        progress: () => undefined,
        log: () => undefined,
        checkpoint: () => Promise.resolve(),
      },
      parts,
    );
  }

  const clean = { matches: true, missing: 0, duplicated: 0, unexpected: 0, records };

  it('finds a row that was lost, by its offset, in a table with the coordinates as key', async () => {
    expect(await verify('keyed')).toMatchObject({ ...clean, dead: 2, expected: 998, found: 998 });
    await rows.query('DELETE FROM keyed WHERE __connect_partition = 1 AND __connect_offset = 123');
    const result = await verify('keyed');
    const at = { topic: 'orders', partition: 1, offset: 123 };
    expect(result).toMatchObject({ matches: false, missing: 1, unexpected: 0, differences: [{ kind: 'missing', at }] });
    const wrong = (result['ranges'] as { partition: number; from: number; matches: boolean }[]).filter(
      ({ matches }) => !matches,
    );
    expect(wrong).toMatchObject([{ partition: 1, from: 100, to: 200, missing: 1 }]);
  });

  it('finds a row that is there twice and one that was changed in a table without key', async () => {
    expect(await verify('plain')).toMatchObject({ ...clean, expected: 998 });
    await rows.query('INSERT INTO plain SELECT * FROM plain WHERE id = 77');
    await rows.query('UPDATE plain SET amount = -1 WHERE id = 78');
    expect(await verify('plain')).toMatchObject({ matches: false, missing: 1, duplicated: 1, unexpected: 1 });
  });

  it('finds a line that was lost and a line that is there twice, by their offsets, in files', async () => {
    expect(await verify('lines')).toMatchObject({ ...clean, expected: records });
    const [name = ''] = (await readdir(join(folder, 'lake'))).filter((file) => file.includes('+0+'));
    const path = join(folder, 'lake', name);
    const lines = (await readFile(path, 'utf8')).split('\n');
    const [first = ''] = lines.splice(10, 1);
    const [second = ''] = lines.splice(20, 1, lines[20] ?? '', lines[20] ?? '');
    await writeFile(path, lines.join('\n'));
    const result = await verify('lines');
    expect(result).toMatchObject({ matches: false, missing: 1, duplicated: 1, unexpected: 0 });
    const offsetOf = (line: string): number => (JSON.parse(line) as { id: number }).id / 2;
    expect(result['differences']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'missing', at: { topic: 'orders', partition: 0, offset: offsetOf(first) } }),
        expect.objectContaining({
          kind: 'duplicated',
          at: { topic: 'orders', partition: 0, offset: offsetOf(second) },
        }),
      ]),
    );
  });

  it('finds a record that is there twice and one of nobody in a topic', async () => {
    expect(await verify('mirror')).toMatchObject({ ...clean, expected: records });
    const writer = new TopicWriter(parts.cluster);
    const value = Buffer.from(JSON.stringify({ id: 5, amount: 5 / 8, name: 'n "5"' }));
    await writer.writeRecord('copy.orders', { key: Buffer.from('5'), value });
    await writer.writeRecord('copy.orders', { key: null, value: Buffer.from('stray') });
    await writer.close();
    const result = await verify('mirror');
    expect(result).toMatchObject({ matches: false, missing: 0, duplicated: 1, unexpected: 1 });
  });

  it('says of a store that can not be read back that it can not', async () => {
    await parts.store.createConnector({
      name: 'web',
      kind: 'sink',
      config: { name: 'web', 'connector.class': 'http', topics: 'orders', 'http.url': 'http://127.0.0.1:1/' },
      tasksMax: 1,
      initialState: 'STOPPED',
    });
    await expect(verify('web')).rejects.toThrow(/can not be read back/);
  });
});
