import { hbaseSinkType } from '../../libs/connectors/sinks/hbase/sink-type.js';
import { batchOf, type TestRecord } from '../../libs/connectors/sinks/postgres/batch.testkit.js';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { HBase } from '../peers/hbase.js';
import { trial } from './trial.js';

trial({
  name: 'HBase',
  port: 25_300,
  guarantee: 'effectively-once',
  // HBase keeps no positions: all since the last commit is written again after each kill.
  commitIntervalMs: 2000,
  async open(directory, port) {
    const hbase = await HBase.start({ port, directory });
    try {
      await hbase.createTable('records', 'd');
      await hbase.createTable('odd', 'd');
      await checkRefusals(hbase);
    } catch (error) {
      await hbase.stop();
      throw error;
    }
    return {
      config: {
        'connector.class': 'hbase',
        'zookeeper.quorum': hbase.zooKeeper,
        'table.name.format': '${topic}',
        'column.family': 'd',
        'column.mapping': 'd:n=id:long',
        'cell.timestamp': 'offset',
      },
      pause: () => hbase.kill(),
      resume: () => hbase.run(),
      stop: () => hbase.stop(),
      async read() {
        const last = new Map<string, number>();
        for (const [key, row] of await hbase.rows('records')) {
          last.set(key, Number(row['d:n']?.readBigInt64BE() ?? -1n));
          if (row['d:key']?.toString() !== key) throw new Error(`the row ${key} has columns of another record`);
        }
        return { kind: 'last', last };
      },
    };
  },
});

/** What the options promise, and what HBase does with rows that it does not take. */
async function checkRefusals(hbase: HBase): Promise<void> {
  const options = {
    topics: 'odd',
    'zookeeper.quorum': hbase.zooKeeper,
    'column.family': 'd',
    'delete.enabled': 'true',
    // The server's own limit is 10 MiB.
    'cell.max.bytes': '33554432',
  };
  expect(await hbaseSinkType.verify?.(options)).toEqual([]);
  const names = async (more: Record<string, string>): Promise<unknown> =>
    (await hbaseSinkType.verify?.({ ...options, ...more }))?.map(({ name }) => name);
  expect(await names({ 'column.family': 'e' })).toEqual(['column.family']);
  expect(await names({ 'table.name.format': 'none' })).toEqual(['table.name.format']);
  expect(await names({ 'zookeeper.quorum': '127.0.0.1:1' })).toEqual(['zookeeper.quorum']);
  const sink = hbaseSinkType.create(options);
  await sink.start({
    name: 'odd',
    task: 0,
    clock: systemClock,
    logger: silentLogger,
    ownerEpoch: 1,
    stateDirectory: '',
  });
  const put = (...records: readonly TestRecord[]): Promise<void> => sink.put(batchOf(records, 'odd'));
  const large = { offset: 8, key: 'large', value: JSON.stringify({ a: 'x'.repeat(11 * 1024 * 1024) }) };
  await expect(put(large)).rejects.toMatchObject({
    refusals: [{ index: 0, message: expect.stringContaining('exceeds limit') }],
  });
  await expect(put({ offset: 7, key: 'k', value: '{"a":7}' }, large)).rejects.toMatchObject({
    refusals: [{ index: 1 }],
  });
  const valueOf = async (key: string): Promise<string | undefined> =>
    (await hbase.rows('odd')).get(key)?.['d:a']?.toString();
  await put({ offset: 10, key: 'k', value: '{"a":10}' }, { offset: 11, key: 'k', value: '{"a":11}' });
  expect(await valueOf('k')).toBe('11');
  // Late, from a worker that has lost its partition: nothing changes.
  await put({ offset: 10, key: 'k', value: '{"a":10}' });
  expect(await valueOf('k')).toBe('11');
  await put({ offset: 12, key: 'k', value: null });
  await put({ offset: 11, key: 'k', value: '{"a":11}' });
  expect(await valueOf('k')).toBeUndefined();
  await put({ offset: 13, key: 'k', value: '{"a":13}' });
  expect(await valueOf('k')).toBe('13');
  await sink.stop();
}
