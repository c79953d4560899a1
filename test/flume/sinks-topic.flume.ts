import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { eventually, Product } from '../flows/product.js';
import { sleep } from '../peers/child.js';
import { SinkCollector } from './sinks-collector.js';

/** With a topic as channel sinks run as sink tasks: files with offsets in their names, rows with offsets beside them, each event once. */
describe('sinks of a flume.conf behind a topic channel', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-sinks-topic-'));
  const product = new Product({
    directory: join(directory, 'product'),
    topicsPort: 31_830,
    httpPort: 31_831,
    config: {},
  });
  const lake = join(directory, 'lake');

  let database: TestDatabase;
  let databaseUrl = '';

  beforeAll(async () => {
    await product.start();
    database = await startTestDatabase();
    databaseUrl = await database.createDatabase('lines');
  }, 120_000);

  afterAll(async () => {
    await database.remove();
    await product.dispose();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  test('a collector that is killed again and again leaves each event once', async () => {
    for (const name of ['a1-c-k1', 'a1-c-k2']) await product.admin.createTopic({ name, partitions: 3 });
    const collector = new SinkCollector({
      directory: join(directory, 'collector'),
      bootstrap: product.bootstrap,
      channel: { type: 'topic' },
      sinks: {
        k1: {
          type: 'hdfs',
          'hdfs.path': `file://${lake}/%{dc}`,
          'hdfs.filePrefix': 'web',
          'hdfs.fileType': 'DataStream',
          'hdfs.rollInterval': 2,
          'hdfs.rollSize': 0,
          'hdfs.rollCount': 400,
        },
        k2: {
          type: 'postgres',
          'connection.url': databaseUrl,
          'table.name.format': 'lines',
          'auto.create': true,
        },
      },
      interceptors: { dc: { type: 'static', key: 'dc', value: 'b1' } },
    });
    let next = 0;
    const write = async (count: number): Promise<void> => {
      for (const end = next + count; next < end; next += 100) {
        appendFileSync(collector.input, Array.from({ length: 100 }, (_, at) => `{"n": ${next + at}}\n`).join(''));
        await sleep(50);
      }
    };
    await write(500);
    for (let kill = 0; kill < 3; kill += 1) {
      await collector.start();
      await write(1500);
      await sleep(500);
      await collector.kill();
    }
    await collector.start();
    let got: string[] = [];
    await eventually(`${next} lines`, 90_000, async () => {
      got = written();
      return got.length >= next && (await rows()).length >= next;
    }).catch((error: unknown) => {
      throw new Error(`${got.length} of ${next} lines:\n${collector.log.slice(-3000)}`, { cause: error });
    });
    await collector.stop();
    got = written();
    expect(new Set(got).size).toBe(next);
    expect(got).toHaveLength(next);
    const names = readdirSync(join(lake, 'b1'));
    expect(await rows()).toEqual(Array.from({ length: next }, (_, at) => at));
    expect(names.filter((name) => !/^web\+a1-c-k1\+[012]\+\d{10}\+\d{10}\.txt$/.test(name))).toEqual([]);
  }, 180_000);

  /** What the table has, in order. */
  async function rows(): Promise<number[]> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      const result = await client.query<{ n: string }>('SELECT n FROM lines ORDER BY n');
      return result.rows.map(({ n }) => Number(n));
    } finally {
      await client.end();
    }
  }

  /** Lines of all finished files. */
  function written(): string[] {
    const folder = join(lake, 'b1');
    if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
    return readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
  }
});
