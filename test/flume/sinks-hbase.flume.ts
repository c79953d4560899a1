import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../flows/product.js';
import { sleep } from '../peers/child.js';
import { HBase } from '../peers/hbase.js';
import { SinkCollector } from './sinks-collector.js';

/** Flume's HBase sink on a real HBase, read through HBase's own REST gateway. */
describe('hbase sinks of a flume.conf', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-sinks-hbase-'));
  let hbase: HBase;

  beforeAll(async () => {
    hbase = await HBase.start({ port: 31_850, directory: join(directory, 'hbase') });
  }, 240_000);

  afterAll(async () => {
    await hbase.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  test('Simple and Regex serializers write their rows, and an HBase that is gone for a while loses none', async () => {
    for (const table of ['simple', 'regex']) await hbase.createTable(table, 'f');
    const collector = new SinkCollector({
      directory: join(directory, 'collector'),
      channel: { type: 'file', capacity: 100_000, transactionCapacity: 1000, minimumRequiredSpace: 1_048_576 },
      sinks: {
        k1: {
          type: 'hbase2',
          table: 'simple',
          columnFamily: 'f',
          zookeeperQuorum: hbase.zooKeeper,
          coalesceIncrements: true,
          'serializer.rowPrefix': 'row-',
        },
        k2: {
          type: 'org.apache.flume.sink.hbase2.HBase2Sink',
          table: 'regex',
          columnFamily: 'f',
          zookeeperQuorum: hbase.zooKeeper,
          serializer: 'org.apache.flume.sink.hbase2.RegexHBase2EventSerializer',
          // A flume.conf takes a backslash off.
          'serializer.regex': String.raw`line (\\d+) (.*)`,
          'serializer.colNames': 'ROW_KEY,text',
          'serializer.rowKeyIndex': 0,
          'serializer.depositHeaders': true,
        },
      },
      interceptors: { dc: { type: 'static', key: 'dc', value: 'b1' } },
    });
    let next = 0;
    const write = async (count: number): Promise<void> => {
      for (const end = next + count; next < end; next += 50) {
        appendFileSync(collector.input, Array.from({ length: 50 }, (_, at) => `line ${next + at} of many\n`).join(''));
        await sleep(20);
      }
      appendFileSync(collector.input, 'something else\n');
    };
    await write(500);
    await collector.start();
    await eventually('rows before the outage', 30_000, async () => (await hbase.rows('regex')).size >= next);
    await hbase.kill();
    await write(1000);
    await hbase.run();
    await write(200);
    let rows = new Map<string, Record<string, Buffer>>();
    await eventually('all rows', 90_000, async () => {
      rows = await hbase.rows('regex');
      return rows.size >= next && (await hbase.rows('simple')).size >= next + 4;
    }).catch((error: unknown) => {
      throw new Error(`${rows.size} of ${next} rows:\n${collector.log.slice(-3000)}`, { cause: error });
    });
    await collector.stop();
    expect(rows.size).toBe(next);
    for (let at = 0; at < next; at += 1) {
      const row = rows.get(String(at)) ?? {};
      expect(
        Object.fromEntries(Object.entries(row).map(([column, value]) => [column, value.toString()])),
      ).toMatchObject({
        'f:text': 'of many',
        'f:dc': 'b1',
      });
    }
    const simple = await hbase.rows('simple');
    const counter = simple.get('incRow')?.['f:iCol'];
    simple.delete('incRow');
    // Lines, and three that say something else.
    expect([...simple.keys()].filter((key) => !/^row-[0-9a-f-]{36}$/.test(key))).toEqual([]);
    expect([...simple.values()].map((row) => row['f:pCol']?.toString())).toContain('line 7 of many');
    expect(simple.size).toBe(next + 3);
    expect(counter?.readBigInt64BE()).toBe(BigInt(next + 3));
  }, 240_000);
});
