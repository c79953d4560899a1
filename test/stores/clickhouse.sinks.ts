import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clickhouseSinkType } from '#connectors/sinks/clickhouse/sink-type';
import { batchOf, valuesFrom } from '#connectors/sinks/postgres/batch.testkit';
import { FatalSinkError, FencedSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import type { Child } from '../peers/child.js';
import { clickHouseLogin, startClickHouse } from '../peers/clickhouse.js';

jest.setTimeout(180_000);

const at = { topic: 'orders', partition: 0 };
const port = 25_490;
const url = `http://127.0.0.1:${port}`;

describe('the clickhouse sink with the real engine', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-clickhouse-'));
  const sinks: Sink[] = [];
  let server: Child;
  let counter = 0;
  let database = '';

  beforeAll(async () => {
    server = await startClickHouse({ directory, port });
  });

  afterAll(async () => {
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  beforeEach(async () => {
    counter += 1;
    database = `sink_${counter}`;
    await query(`CREATE DATABASE ${database}`, 'default');
    await query(
      `CREATE TABLE orders (id Int64, name String DEFAULT '', at Nullable(DateTime64(3)), big UInt64, tags Array(String), amount Decimal(18, 4))
         ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100`,
    );
  });

  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.stop();
  });

  async function query(sql: string, on = database): Promise<string> {
    const headers = { 'X-ClickHouse-User': clickHouseLogin, 'X-ClickHouse-Key': clickHouseLogin };
    const response = await fetch(`${url}/?database=${on}`, { method: 'POST', body: sql, headers });
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    return text.trim();
  }

  function optionsOf(more: Record<string, string>): Record<string, string> {
    return { 'clickhouse.url': url, database, username: clickHouseLogin, password: clickHouseLogin, ...more };
  }

  async function opened(options: Record<string, string> = {}): Promise<{ sink: Sink; position: number | undefined }> {
    const sink = clickhouseSinkType.create(optionsOf(options));
    sinks.push(sink);
    await sink.start({
      name: 'rows',
      task: 0,
      clock: systemClock,
      logger: silentLogger,
      ownerEpoch: 1,
      stateDirectory: directory,
    });
    const [stored] = await sink.open([at]);
    return { sink, position: stored?.offset };
  }

  const ids = (from: number, to: number) =>
    valuesFrom(
      from,
      Array.from({ length: to - from }, (_, n) => ({ id: from + n })),
    );
  const count = () => query('SELECT count(), uniqExact(id), max(id) FROM orders');

  it('writes every kind of value as it was', async () => {
    const { sink } = await opened();
    await sink.put(
      batchOf([
        {
          offset: 0,
          value:
            '{"id":9007199254740993,"name":"é\\t😀\\"","at":"2026-01-02T03:04:05.678Z","big":18446744073709551615,"tags":["a","b"],"amount":"12.3400"}',
        },
        { offset: 1, value: '{"id":2}' },
      ]),
    );
    expect(
      await query("SELECT id, name, toString(at, 'UTC'), big, tags, amount FROM orders ORDER BY id DESC LIMIT 1"),
    ).toBe("9007199254740993\té\\t😀\"\t2026-01-02 03:04:05.678\t18446744073709551615\t['a','b']\t12.34");
    expect(await sink.flush(false)).toEqual([{ ...at, offset: 2 }]);
  });

  it('writes a block once that arrived before its worker died, however the records are cut afterwards', async () => {
    const first = await opened();
    await first.sink.put(ids(0, 100));
    await first.sink.put(ids(100, 250));
    await first.sink.stop();
    const second = await opened();
    expect(second.position).toBe(100);
    await second.sink.put(ids(100, 130));
    expect(await second.sink.flush(true)).toEqual([]);
    await second.sink.put(ids(130, 300));
    expect(await second.sink.flush(true)).toEqual([{ ...at, offset: 300 }]);
    expect(await count()).toBe('300\t300\t299');
  });

  it('writes a block of which only the bounds had arrived', async () => {
    const first = await opened();
    await first.sink.put(ids(0, 10));
    await server.kill();
    await expect(first.sink.put(ids(10, 30))).rejects.toThrow(RetriableSinkError);
    server = await startClickHouse({ directory, port });
    await first.sink.put(ids(10, 30));
    expect(await count()).toBe('30\t30\t29');
    const begun =
      'INSERT INTO millrace_sink_blocks SELECT sink, topic, partition, version + 1, owner_epoch, 30, 60, now64(3) FROM millrace_sink_blocks ORDER BY version DESC LIMIT 1';
    await query(begun);
    const second = await opened();
    expect(second.position).toBe(30);
    await second.sink.put(ids(30, 100));
    expect(await count()).toBe('100\t100\t99');
  });

  it('goes on behind what a task wrote that let go of its partition, and starts elsewhere where its position is altered', async () => {
    const { sink } = await opened();
    await sink.put(ids(0, 10));
    await sink.close([at]);
    expect((await opened()).position).toBe(10);
    await clickhouseSinkType.alterOffsets?.('rows', optionsOf({}), [{ ...at, offset: 4 }]);
    expect((await opened()).position).toBe(4);
    await clickhouseSinkType.alterOffsets?.('rows', optionsOf({}), [{ ...at, offset: null }]);
    expect((await opened()).position).toBeUndefined();
  });

  it('lets only the last opener write', async () => {
    const zombie = await opened();
    await zombie.sink.put(ids(0, 10));
    const owner = await opened();
    await expect(zombie.sink.put(ids(10, 20))).rejects.toThrow(FencedSinkError);
    await owner.sink.put(ids(0, 20));
    expect(await count()).toBe('20\t20\t19');
  });

  it('refuses bad records by their place, and keeps nothing of the batch', async () => {
    const { sink } = await opened();
    const refused = async (values: unknown[], index: number | null): Promise<void> => {
      const put = sink.put(valuesFrom(0, values));
      await expect(put).rejects.toBeInstanceOf(PoisonRecordError);
      await expect(put).rejects.toMatchObject({ index });
    };
    await refused([{ id: 1 }, { id: 'x' }, { id: 2 }], 1);
    await refused([{ id: 1 }, { id: 2 }, { id: 3, unknown: 1 }], 2);
    await refused([{ id: 1 }, []], 1);
    await refused([{ id: 1, at: 'yesterday' }], 0);
    expect(await count()).toBe('0\t0\t0');
    await sink.put(ids(0, 1));
    await sink.skip?.({ ...at, offset: 2 });
    expect((await opened()).position).toBe(2);
    const lenient = await opened({ 'fields.ignore.unknown': 'true' });
    await lenient.sink.put(valuesFrom(2, [{ id: 7, unknown: 1 }]));
    expect(await count()).toBe('2\t2\t7');
  });

  it.each([
    ['a wrong password', { password: 'wrong' }, FatalSinkError],
    ['an unknown database', { database: 'nowhere' }, FatalSinkError],
    ['a server that is away', { 'clickhouse.url': 'http://127.0.0.1:1' }, RetriableSinkError],
  ])('answers %s', async (_what, options, error) => {
    await expect(opened(options as Record<string, string>)).rejects.toThrow(error);
  });

  it('is looked at before it runs', async () => {
    await query('CREATE TABLE plain (id Int64) ENGINE = MergeTree ORDER BY id');
    const verify = async (options: Record<string, string>) =>
      (await clickhouseSinkType.verify?.(optionsOf(options)))?.map(({ name, message }) => [name, message]);
    expect(await verify({ topics: 'orders' })).toEqual([]);
    expect(await verify({ topics: 'absent,plain' })).toEqual([
      ['table.name.format', 'Table absent does not exist'],
      ['exactlyOnce', expect.stringContaining('non_replicated_deduplication_window')],
    ]);
    expect(await verify({ topics: 'plain', exactlyOnce: 'false' })).toEqual([]);
    expect(await verify({ password: 'wrong', topics: 'orders' })).toEqual([
      ['username', expect.stringContaining('Authentication')],
    ]);
    expect(await verify({ 'clickhouse.url': 'http://127.0.0.1:1', topics: 'orders' })).toEqual([
      ['clickhouse.url', expect.any(String)],
    ]);
  });
});
