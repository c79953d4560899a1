import { FatalSinkError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import type { ColumnFamily } from '#wire/hbase/hbase-client';
import { HBaseError, hbaseErrors } from '#wire/hbase/hbase-errors';
import type { Mutation } from '#wire/hbase/mutation';
import { batchOf } from '../postgres/batch.testkit.js';
import { HBaseSink } from './hbase-sink.js';
import type { HBaseTables } from './hbase-store.js';
import { hbaseSettings } from './options.js';

/** Tables that keep what is written, and refuse what they are told to. */
class FakeTables implements HBaseTables {
  readonly written: { readonly table: string; readonly rows: readonly string[] }[] = [];
  found: readonly ColumnFamily[] | null = [{ name: 'd', ttlSeconds: null }];
  refuses: (mutation: Mutation) => boolean = () => false;
  failure: HBaseError | null = null;

  families(): Promise<readonly ColumnFamily[] | null> {
    return Promise.resolve(this.found);
  }

  async mutate(table: string, mutations: readonly Mutation[]): Promise<void> {
    await this.mutateEach(table, mutations);
  }

  mutateEach(table: string, mutations: readonly Mutation[]): Promise<readonly HBaseError[]> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.written.push({ table, rows: mutations.map(({ row }) => row.toString()) });
    return Promise.resolve(
      mutations.flatMap((mutation, index) =>
        this.refuses(mutation) ? [new HBaseError(hbaseErrors.invalid, 'no', { index })] : [],
      ),
    );
  }

  close(): void {
    this.written.length = 0;
  }
}

async function started(tables: FakeTables, options: Record<string, string> = {}): Promise<HBaseSink> {
  const sink = new HBaseSink(hbaseSettings({ 'column.family': 'd', ...options }, {}), () => tables);
  const context = { name: 'rows', task: 0, ownerEpoch: 1, stateDirectory: '' };
  await sink.start({ ...context, clock: systemClock, logger: silentLogger });
  return sink;
}

const batch = (...keys: readonly string[]) =>
  batchOf(keys.map((key, index) => ({ offset: 10 + index, key, value: key === 'bad' ? 'x' : '{"a":1}' })));

describe('an hbase sink', () => {
  it('writes a topic into its table, and its offsets follow', async () => {
    const tables = new FakeTables();
    const sink = await started(tables, { 'table.name.format': 'ns:${topic}' });
    await sink.put(batch('a', 'b'));
    expect(tables.written).toEqual([{ table: 'ns:orders', rows: ['a', 'b'] }]);
    expect(await sink.flush()).toEqual([{ topic: 'orders', partition: 0, offset: 12 }]);
    await sink.close([{ topic: 'orders', partition: 0 }]);
    expect(await sink.flush()).toEqual([]);
  });

  it('keeps the rest where it or HBase refuses records, and says which', async () => {
    const tables = new FakeTables();
    tables.refuses = ({ row }) => row.toString() === 'c';
    const error: unknown = await (
      await started(tables)
    )
      .put(batch('bad', 'b', 'c', 'd'))
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RefusedRecordsError);
    expect(error).toMatchObject({ refusals: [{ index: 0 }, { index: 2, message: 'no' }] });
    expect(tables.written).toEqual([{ table: 'orders', rows: ['b', 'c', 'd'] }]);
  });

  it.each<[HBaseError, unknown]>([
    [new HBaseError(hbaseErrors.away, 'gone'), RetriableSinkError],
    [new HBaseError(hbaseErrors.busy, 'moves'), RetriableSinkError],
    [new HBaseError(hbaseErrors.denied, 'not allowed'), FatalSinkError],
    [new HBaseError(hbaseErrors.missing, 'no table'), FatalSinkError],
  ])('gives %s its class', async (failure, expected) => {
    const tables = new FakeTables();
    tables.failure = failure;
    const sink = await started(tables);
    await expect(sink.put(batch('a'))).rejects.toBeInstanceOf(expected);
    expect(await sink.flush()).toEqual([]);
  });

  it('has the runner look for the record where HBase does not say which it refuses', async () => {
    const tables = new FakeTables();
    tables.failure = new HBaseError(hbaseErrors.invalid, 'one of them');
    const sink = await started(tables);
    await expect(sink.put(batch('a', 'b'))).rejects.toMatchObject({ index: null });
    await expect(sink.put(batch('a'))).rejects.toMatchObject({ index: 0 });
  });

  it('stops where the table or a family is not there, or would drop its cells at once', async () => {
    const tables = new FakeTables();
    tables.found = null;
    await expect((await started(tables)).put(batch('a'))).rejects.toThrow(/There is no HBase table orders/);
    tables.found = [{ name: 'x', ttlSeconds: null }];
    await expect((await started(tables)).put(batch('a'))).rejects.toThrow(/no column family d; it has x/);
    tables.found = [{ name: 'd', ttlSeconds: 3600 }];
    await expect((await started(tables)).put(batch('a'))).rejects.toThrow(/Set cell.timestamp=record/);
    await (await started(tables, { 'cell.timestamp': 'record' })).put(batch('a'));
  });

  it('counts records for a Simple serializer that is told to', async () => {
    const tables = new FakeTables();
    const options = { serializer: 'simple', 'cell.timestamp': 'server', 'serializer.incrementColumn': 'iCol' };
    await (await started(tables, options)).put(batch('a', 'b'));
    expect(tables.written.map(({ rows }) => rows.length)).toEqual([2, 1]);
    expect(tables.written[1]?.rows).toEqual(['incRow']);
  });
});
