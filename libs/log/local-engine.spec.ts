import { seededRandom } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import type { Topic } from './engine.js';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import {
  appendOne,
  batchOf,
  fetchOne,
  logDirectory,
  openEngine,
  readPartition,
  valuesIn,
} from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const small = { 'segment.bytes': '600', 'index.interval.bytes': '200' };
const noCache = { 'log.cache.bytes': '0' };

describe('LocalEngine', () => {
  let disk = new SimulatedDisk();
  let clock = new ManualClock();
  let catalog = new MemoryCatalog();
  let engine: LocalEngine;
  let topic: Topic;

  const open = async (config: Record<string, string> = {}): Promise<void> => {
    engine = await openEngine({ disk, clock, catalog, config });
  };
  const setUp = async (configs: Record<string, string> = {}, config: Record<string, string> = {}): Promise<void> => {
    disk = new SimulatedDisk();
    clock = new ManualClock();
    catalog = new MemoryCatalog();
    await open(config);
    topic = await engine.topics.create({ name: 'orders', partitions: 2, configs });
  };
  const append = (values: string[], spec = {}) => appendOne(engine, topic.id, 0, batchOf(values, spec));
  const appendMany = async (count: number): Promise<Map<number, string>> => {
    const expected = new Map<number, string>();
    for (let index = 0; index < count; index += 1) {
      const values = [`value ${index}`, `second ${index}`];
      const { baseOffset } = await append(values, { timestampMs: clock.now() + index * 10 });
      values.forEach((value, delta) => expected.set(baseOffset + delta, value));
    }
    return expected;
  };

  it('numbers batches of one call in order and shows them at once', async () => {
    await setUp();
    const results = await engine.append(
      [['a', 'b'], ['c'], ['d']].map((values, index) => ({
        topicId: topic.id,
        partition: index === 1 ? 1 : 0,
        batch: batchOf(values),
      })),
      { acks: -1 },
    );
    expect(results.map((result) => [result.error, result.baseOffset])).toEqual([
      ['none', 0],
      ['none', 0],
      ['none', 2],
    ]);
    expect([...(await readPartition(engine, topic.id, 0)).values()]).toEqual(['a', 'b', 'd']);
  });

  it.each([
    ['from memory', {}],
    ['from files', noCache],
  ])('serves whole batches from the one that holds the offset, %s', async (_name, config) => {
    await setUp(small, config);
    const expected = await appendMany(40);
    for (const maxBytes of [0, 1, 150, 400, 100_000]) {
      expect(await readPartition(engine, topic.id, 0, maxBytes)).toEqual(expected);
    }
    const middle = await fetchOne(engine, topic.id, 0, 41, { maxBytes: 1 });
    expect([...valuesIn(middle.batches).keys()]).toEqual([40, 41]);
    expect(disk.paths().filter((path) => path.endsWith('.log')).length).toBeGreaterThan(3);
  });

  it('keeps a batch that does not fit for the next fetch, but never the first', async () => {
    await setUp();
    await append(['x'.repeat(1000)]);
    await appendOne(engine, topic.id, 1, batchOf(['y'.repeat(1000)]));
    const slices = [0, 1].map((partition) => ({ topicId: topic.id, partition, offset: 0, maxBytes: 100 }));
    const results = await engine.fetch(slices, {
      minBytes: 1,
      maxBytes: 100,
      maxWaitMs: 0,
      isolation: 'read_uncommitted',
    });
    expect(results.map((result) => result.batches.length)).toEqual([1, 0]);
  });

  it('wakes a waiting fetch when its partition grows, and not for another one', async () => {
    await setUp();
    await append(['first']);
    let done = false;
    const waiting = fetchOne(engine, topic.id, 0, 1, { maxWaitMs: 1000 }).then((result) => {
      done = true;
      return result;
    });
    await appendOne(engine, topic.id, 1, batchOf(['elsewhere']));
    expect(done).toBe(false);
    await append(['second']);
    expect([...valuesIn((await waiting).batches).values()]).toEqual(['second']);
  });

  it('answers a waiting fetch at its time, at its abort, and when the topic goes', async () => {
    await setUp();
    await append(['first']);
    const byTime = fetchOne(engine, topic.id, 0, 1, { maxWaitMs: 500 });
    const abort = new AbortController();
    const byAbort = fetchOne(engine, topic.id, 0, 1, { maxWaitMs: 500, signal: abort.signal });
    const byDelete = fetchOne(engine, topic.id, 0, 1, { maxWaitMs: 5000 });
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    expect((await byAbort).error).toBe('none');
    clock.advance(500);
    expect(await byTime).toMatchObject({ error: 'none', batches: [], highWatermark: 1 });
    await engine.topics.delete('orders');
    expect((await byDelete).error).toBe('unknown_partition');
  });

  it('shows acks=1 data only after its sync', async () => {
    await setUp();
    const result = await appendOne(engine, topic.id, 0, batchOf(['later']), 1);
    expect(result.baseOffset).toBe(0);
    expect((await fetchOne(engine, topic.id, 0, 0)).highWatermark).toBe(0);
    clock.advance(50);
    await fetchOne(engine, topic.id, 0, 0, { maxWaitMs: 1000 });
    expect((await fetchOne(engine, topic.id, 0, 0)).highWatermark).toBe(1);
  });

  it.each([
    ['flush.messages', { 'flush.messages': '2' }, [0, 2], 0],
    ['flush.ms', { 'flush.ms': '10' }, [0, 0], 10],
    ['a default of all topics', {}, [1, 2], 0],
  ])('shows acks=1 data earlier by %s', async (name, configs, marks, afterMs) => {
    await setUp();
    if (name === 'a default of all topics') engine.setTopicDefaults({ 'flush.messages': '1' });
    await engine.topics.alterConfigs('orders', configs);
    let before = 0;
    for (const mark of marks) {
      await appendOne(engine, topic.id, 0, batchOf(['later']), 1);
      if (mark > before) await fetchOne(engine, topic.id, 0, before, { maxWaitMs: 1000 });
      expect((await fetchOne(engine, topic.id, 0, 0)).highWatermark).toBe(mark);
      before = mark;
    }
    clock.advance(afterMs);
    await fetchOne(engine, topic.id, 0, 0, { maxWaitMs: 1000 });
    expect((await fetchOne(engine, topic.id, 0, 0)).highWatermark).toBe(2);
  });

  it('gathers what arrives during a sync into one write and one sync', async () => {
    await setUp();
    await append(['open']);
    const before = disk.operations;
    await Promise.all(Array.from({ length: 50 }, (_, index) => append([`value ${index}`])));
    expect(disk.operations - before).toBeLessThanOrEqual(2);
  });

  it.each([
    ['an offset beyond the high watermark', 5],
    ['a negative offset', -1],
  ])('refuses %s', async (_name, offset) => {
    await setUp();
    await append(['only']);
    expect(await fetchOne(engine, topic.id, 0, offset)).toMatchObject({
      error: 'offset_out_of_range',
      highWatermark: 1,
    });
  });

  it('refuses each bad batch with its own error and appends nothing', async () => {
    await setUp({ 'max.message.bytes': '500' });
    const flipped = batchOf(['a']);
    flipped[62] = (flipped[62] ?? 0) ^ 1;
    const old = batchOf(['a']);
    old.writeInt8(1, 16);
    const cases: [Buffer, string][] = [
      [flipped, 'corrupt_batch'],
      [old, 'unsupported_magic'],
      [Buffer.concat([batchOf(['a']), batchOf(['b'])]), 'invalid_record'],
      [batchOf(['x'.repeat(1000)]), 'batch_too_large'],
      [batchOf(['a'], { timestampMs: clock.now() + 4_000_000 }), 'invalid_timestamp'],
      [Buffer.from('no batch'), 'corrupt_batch'],
    ];
    for (const [batch, error] of cases) {
      expect((await appendOne(engine, topic.id, 0, batch)).error).toBe(error);
    }
    expect((await append(['good'])).baseOffset).toBe(0);
    expect((await appendOne(engine, 'nothing', 0, batchOf(['a']))).error).toBe('unknown_partition');
  });

  it('stamps the append time where the topic asks for it', async () => {
    await setUp({ 'message.timestamp.type': 'LogAppendTime' });
    clock.advance(1234);
    const result = await append(['a'], { timestampMs: 5 });
    expect(result.logAppendTimeMs).toBe(clock.now());
    const [found] = await engine.listOffsets([{ topicId: topic.id, partition: 0, timestamp: -3 }]);
    expect(found).toEqual({ error: 'none', offset: 0, timestamp: clock.now() });
  });

  it('gives everything back after a clean stop, reading no segment to open', async () => {
    await setUp(small);
    const expected = await appendMany(40);
    await engine.close();
    disk.failAt('read', 1, new Error('a segment was read'), /\.log$/);
    await open();
    expect((await append(['next'])).baseOffset).toBe(80);
    disk = disk.kill();
    await open();
    expect(await readPartition(engine, topic.id, 0)).toEqual(expected.set(80, 'next'));
  });

  it.each(['.index', '.timeindex', '.snapshot', 'checkpoint'])('makes good for lost %s files', async (ending) => {
    await setUp(small, noCache);
    const expected = await appendMany(40);
    await engine.close();
    for (const path of disk.paths()) if (path.endsWith(ending)) await disk.remove(path);
    await open(noCache);
    expect(await readPartition(engine, topic.id, 0, 300)).toEqual(expected);
    const [found] = await engine.listOffsets([{ topicId: topic.id, partition: 0, timestamp: clock.now() + 112 }]);
    expect(found?.offset).toBe(24);
  });

  it('finds the first record at or after a timestamp, in compressed batches too', async () => {
    await setUp(small);
    const at = clock.now();
    for (const [index, codec] of (['none', 'gzip', 'lz4', 'snappy', 'zstd', 'none'] as const).entries()) {
      await append(['a', 'b', 'c'], { timestampMs: at + index * 100, codec });
    }
    const ask = async (timestamp: number) => {
      const [answer] = await engine.listOffsets([{ topicId: topic.id, partition: 0, timestamp }]);
      return [answer?.offset, answer?.timestamp];
    };
    expect(await ask(0)).toEqual([0, at]);
    expect(await ask(at + 2)).toEqual([2, at + 2]);
    expect(await ask(at + 3)).toEqual([3, at + 100]);
    expect(await ask(at + 401)).toEqual([13, at + 401]);
    expect(await ask(at + 503)).toEqual([-1, -1]);
    expect(await ask(-1)).toEqual([18, -1]);
    expect(await ask(-2)).toEqual([0, -1]);
    expect(await ask(-3)).toEqual([17, at + 502]);
  });

  it('removes whole closed segments by age and by size, and keeps the log start over a restart', async () => {
    await setUp({ ...small, 'retention.ms': '100000' });
    await appendMany(40);
    clock.advance(100_201);
    await engine.maintain();
    const [first] = engine.describePartitions(topic.id);
    expect(first?.logStartOffset).toBeGreaterThan(0);
    expect(first?.logStartOffset).toBeLessThan(80);
    const timestamp = (await engine.listOffsets([{ topicId: topic.id, partition: 0, timestamp: 0 }]))[0];
    expect(timestamp?.offset).toBe(first?.logStartOffset);
    await engine.topics.alterConfigs('orders', { ...small, 'retention.bytes': '700', 'retention.ms': '-1' });
    await engine.maintain();
    expect(engine.describePartitions(topic.id)[0]?.sizeBytes).toBeLessThan(1400);
    const start = engine.describePartitions(topic.id)[0]?.logStartOffset ?? -1;
    disk = disk.kill();
    await open();
    expect((await fetchOne(engine, topic.id, 0, start - 1)).error).toBe('offset_out_of_range');
    expect((await fetchOne(engine, topic.id, 0, start)).error).toBe('none');
  });

  it('moves the log start forward only, durably', async () => {
    await setUp(small);
    await appendMany(40);
    const advance = async (offset: number) =>
      (await engine.advanceStart([{ topicId: topic.id, partition: 0, offset }]))[0];
    expect(await advance(31)).toEqual({ error: 'none', logStartOffset: 31 });
    expect(await advance(7)).toEqual({ error: 'none', logStartOffset: 31 });
    expect(await advance(81)).toEqual({ error: 'offset_out_of_range', logStartOffset: 31 });
    disk = disk.kill();
    await open();
    expect([...(await readPartition(engine, topic.id, 0)).keys()][0]).toBe(31);
    expect(await advance(-1)).toEqual({ error: 'none', logStartOffset: 80 });
    expect((await append(['next'])).baseOffset).toBe(80);
  });

  it('never shows old data to a topic made anew under the same name', async () => {
    await setUp();
    await append(['old']);
    await engine.groups.commit('readers', [
      { topic: 'orders', partition: 0, offset: 1, leaderEpoch: -1, metadata: '' },
    ]);
    await engine.topics.delete('orders');
    expect(engine.groups.find('readers', 'orders', 0)).toBeNull();
    topic = await engine.topics.create({ name: 'orders', partitions: 1, configs: {} });
    expect((await append(['new'])).baseOffset).toBe(0);
    while (await engine.maintain());
    expect(disk.paths().some((path) => path.includes('/deleted/'))).toBe(false);
    disk = disk.kill();
    // As if the catalog were set back: the directory of the name belongs to another id.
    catalog = new MemoryCatalog();
    await catalog.insert({ ...topic, id: 'AnotherIdOf22Character' });
    await open();
    topic = { ...topic, id: 'AnotherIdOf22Character' };
    expect((await append(['third'])).baseOffset).toBe(0);
    expect(disk.paths().some((path) => path.startsWith(`${logDirectory}/stray/`))).toBe(true);
  });

  it('stops writing for good after one failed sync', async () => {
    await setUp();
    const reasons: string[] = [];
    disk = disk.kill();
    engine = await openEngine({ disk, clock, catalog, onFatal: (reason) => reasons.push(reason) });
    await append(['good']);
    disk.failAt('sync', 1, new Error('EIO'));
    const results = await Promise.all([append(['lost']), append(['lost too'])]);
    expect(results.map((result) => result.error)).toEqual(['storage_error', 'storage_error']);
    expect((await append(['refused'])).error).toBe('storage_error');
    expect(reasons).toHaveLength(1);
    expect(engine.health().ok).toBe(false);
    expect([...(await readPartition(engine, topic.id, 0)).values()]).toEqual(['good']);
  });

  it('says so in its health while a commit hangs', async () => {
    await setUp();
    await append(['good']);
    disk.haltIn(0);
    void append(['hangs']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(engine.health().ok).toBe(true);
    clock.advance(5000);
    expect(engine.health()).toEqual({ ok: false, reason: 'Writing orders-0 takes 5000 ms so far.' });
  });

  it('goes on after a failed write, at the offset it had', async () => {
    await setUp();
    await append(['good']);
    disk.failAt('write', 1, Object.assign(new Error('no space left'), { code: 'ENOSPC' }), /\.log$/);
    const stamp = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    expect((await append(['lost'], { producer: stamp })).error).toBe('storage_error');
    expect(await append(['again'], { producer: stamp })).toMatchObject({ error: 'none', baseOffset: 1 });
    disk = disk.kill();
    await open();
    expect([...(await readPartition(engine, topic.id, 0)).values()]).toEqual(['good', 'again']);
  });

  it('acknowledges acks=all only with all before it durable, what others wrote included', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      await setUp();
      expect((await appendOne(engine, topic.id, 0, batchOf(['first']), 1)).error).toBe('none');
      expect((await appendOne(engine, topic.id, 0, batchOf(['second']), -1)).error).toBe('none');
      disk = disk.crash(seededRandom(seed));
      await open();
      expect([seed, ...(await readPartition(engine, topic.id, 0)).values()]).toEqual([seed, 'first', 'second']);
    }
  });

  it('answers corrupt_batch for a damaged batch and serves the others', async () => {
    await setUp({}, noCache);
    const positions: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      positions.push(disk.peek(`${logDirectory}/orders-0/00000000000000000000.log`)?.length ?? 0);
      await append([`value ${index}`]);
    }
    const path = `${logDirectory}/orders-0/00000000000000000000.log`;
    const bytes = disk.peek(path) ?? Buffer.alloc(0);
    const at = (positions[2] ?? 0) + 65;
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    disk.overwrite(path, bytes);
    expect([...valuesIn((await fetchOne(engine, topic.id, 0, 0)).batches).keys()]).toEqual([0, 1]);
    expect((await fetchOne(engine, topic.id, 0, 2)).error).toBe('corrupt_batch');
    expect([...valuesIn((await fetchOne(engine, topic.id, 0, 3)).batches).keys()]).toEqual([3, 4]);
  });

  it('hands out no producer id twice, also after a crash', async () => {
    await setUp();
    const ids: number[] = [];
    for (let life = 0; life < 3; life += 1) {
      for (let count = 0; count < 3; count += 1) ids.push((await engine.allocateProducer()).producerId);
      disk = disk.kill();
      await open();
    }
    expect(new Set(ids).size).toBe(9);
  });
});
