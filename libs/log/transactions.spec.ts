import { SimulatedDisk } from '#std/simulated-disk';
import type { Topic, TransactionMarker } from './engine.js';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import { appendOne, batchOf, fetchOne, openEngine, readCommitted } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const small = { 'segment.bytes': '400', 'index.interval.bytes': '150' };

describe('Transactions in the log', () => {
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
    topic = await engine.topics.create({ name: 'orders', partitions: 1, configs });
  };
  const restart = async (): Promise<void> => {
    disk = disk.kill();
    await open();
  };
  const append = (producerId: number, sequence: number, values: string[], epoch = 0, isTransactional = true) => {
    const producer = { producerId, producerEpoch: epoch, baseSequence: sequence, isTransactional };
    return appendOne(engine, topic.id, 0, batchOf(values, { producer, timestampMs: clock.now() }));
  };
  const end = (producerId: number, outcome: 'commit' | 'abort', fields: Partial<TransactionMarker> = {}) =>
    engine.writeMarkers([
      { topicId: topic.id, partition: 0, producerId, producerEpoch: 0, outcome, coordinatorEpoch: 0, ...fields },
    ]);
  const committed = async (maxBytes?: number) =>
    [...(await readCommitted(engine, topic.id, 0, maxBytes === undefined ? {} : { maxBytes })).values()].join(' ');
  const latest = async (isolation: 'read_committed' | 'read_uncommitted') =>
    (await engine.listOffsets([{ topicId: topic.id, partition: 0, timestamp: -1, isolation }]))[0]?.offset;

  it.each([
    ['from memory', {}],
    ['from files', { 'log.cache.bytes': '0' }],
  ])('shows a committed reader nothing that is open or aborted, %s', async (_name, config) => {
    await setUp(small, config);
    await append(1, 0, ['a1', 'a2']);
    await append(2, 0, ['b1']);
    await append(9, 0, ['plain'], 0, false);
    expect(await committed()).toBe('');
    expect([await latest('read_committed'), await latest('read_uncommitted')]).toEqual([0, 4]);
    expect(await end(2, 'commit')).toEqual(['none']);
    expect(await committed()).toBe('');
    expect(await end(1, 'abort')).toEqual(['none']);
    await append(1, 2, ['c1']);
    expect([await latest('read_committed'), await latest('read_uncommitted')]).toEqual([6, 7]);
    for (const maxBytes of [1, 150, 100_000]) expect(await committed(maxBytes)).toBe('b1 plain');
    await end(1, 'commit');
    for (const maxBytes of [1, 150, 100_000]) expect(await committed(maxBytes)).toBe('b1 plain c1');
  });

  it('lists just the aborted transactions that overlap what it serves, and none to others', async () => {
    await setUp(small, { 'log.cache.bytes': '0' });
    for (const producerId of [1, 2, 3]) {
      await append(producerId, 0, [`${producerId}`.repeat(200)]);
      await end(producerId, 'abort');
    }
    const fetch = (offset: number, maxBytes: number) =>
      fetchOne(engine, topic.id, 0, offset, { maxBytes, isolation: 'read_committed' });
    expect((await fetch(0, 1)).aborted).toEqual([{ producerId: 1, firstOffset: 0 }]);
    expect((await fetch(2, 1)).aborted).toEqual([{ producerId: 2, firstOffset: 2 }]);
    expect((await fetch(3, 1)).aborted).toEqual([{ producerId: 2, firstOffset: 2 }]);
    expect((await fetch(6, 1)).aborted).toEqual([]);
    expect((await fetchOne(engine, topic.id, 0, 0)).aborted).toBeNull();
  });

  it('wakes a committed reader when the last stable offset moves, not when an open transaction grows', async () => {
    await setUp();
    await append(1, 0, ['open']);
    let answered = false;
    const waiting = fetchOne(engine, topic.id, 0, 0, { maxWaitMs: 1000, isolation: 'read_committed' });
    void waiting.then(() => (answered = true));
    await append(1, 1, ['more']);
    await append(2, 0, ['other'], 0, false);
    expect(answered).toBe(false);
    await end(1, 'commit');
    const result = await waiting;
    expect([result.batches.length, result.lastStableOffset, result.highWatermark]).toEqual([4, 4, 4]);
  });

  it('counts only committed bytes towards the least of a fetch', async () => {
    await setUp();
    const waiting = fetchOne(engine, topic.id, 0, 0, { minBytes: 300, maxWaitMs: 1000, isolation: 'read_committed' });
    await append(9, 0, ['x'.repeat(100)], 0, false);
    await append(1, 0, ['y'.repeat(1000)]);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
    expect((await waiting).batches).toHaveLength(1);
  });

  it.each([
    ['a kill, from the log', async () => undefined, []],
    ['a clean stop, from the snapshot', () => engine.close(), []],
    ['a clean stop and loss of the snapshot, from the log', () => engine.close(), ['.snapshot']],
    ['a clean stop and loss of indexes, from both', () => engine.close(), ['index']],
  ])('knows all of it after %s', async (_name, stop, lost) => {
    await setUp(small);
    await append(1, 0, ['a1']);
    await append(2, 0, ['b1']);
    await end(1, 'abort');
    await append(3, 0, ['c1']);
    await end(2, 'commit');
    const before = await engine.describeProducers(topic.id, 0);
    expect(before?.map((one) => [one.producerId, one.lastSequence, one.transactionStartOffset])).toEqual([
      [1, 0, -1],
      [2, 0, -1],
      [3, 0, 3],
    ]);
    await stop();
    for (const path of disk.paths()) if (lost.some((ending) => path.endsWith(ending))) await disk.remove(path);
    await restart();
    expect(await latest('read_committed')).toBe(3);
    expect(await committed()).toBe('b1');
    expect(await engine.describeProducers(topic.id, 0)).toEqual(before);
    await end(3, 'abort');
    expect(await committed()).toBe('b1');
    expect(await latest('read_committed')).toBe(6);
  });

  it('remembers the epoch of a marker: older ones are fenced, the new one begins at sequence 0', async () => {
    await setUp();
    await append(1, 0, ['old']);
    await end(1, 'commit', { producerEpoch: 1 });
    for (const again of [false, true]) {
      if (again) await restart();
      expect((await append(1, 1, ['zombie'])).error).toBe('invalid_producer_epoch');
      expect((await append(1, 1, ['gap'], 1)).error).toBe('out_of_order_sequence');
      expect(await end(1, 'commit')).toEqual(['invalid_producer_epoch']);
    }
    expect((await append(1, 0, ['new'], 1)).error).toBe('none');
    expect((await append(1, 1, ['outside'], 1, false)).error).toBe('invalid_transaction_state');
    expect(await end(1, 'commit', { producerEpoch: 1 })).toEqual(['none']);
    expect((await append(1, 1, ['next'], 1)).error).toBe('none');
  });

  it('refuses the marker of a coordinator that was replaced', async () => {
    await setUp();
    await append(1, 0, ['a']);
    expect(await end(1, 'commit', { coordinatorEpoch: 7 })).toEqual(['none']);
    expect(await end(1, 'abort', { coordinatorEpoch: 6 })).toEqual(['coordinator_fenced']);
  });

  it('writes a marker without a transaction all the same, and answers each of a call', async () => {
    await setUp();
    const marker = {
      topicId: topic.id,
      producerId: 4,
      producerEpoch: 2,
      outcome: 'abort',
      coordinatorEpoch: 0,
    } as const;
    const results = await engine.writeMarkers([
      { ...marker, partition: 0 },
      { ...marker, partition: 7 },
    ]);
    expect(results).toEqual(['none', 'unknown_partition']);
    expect([await latest('read_committed'), await committed()]).toEqual([1, '']);
    expect((await engine.describeProducers(topic.id, 0))?.[0]).toMatchObject({ producerEpoch: 2, lastSequence: -1 });
    expect(await engine.describeProducers('nothing', 0)).toBeNull();
  });

  it('keeps a transaction open that lost its first write, from what was written again', async () => {
    await setUp();
    await append(9, 0, ['plain'], 0, false);
    disk.failAt('write', 1, Object.assign(new Error('no space left'), { code: 'ENOSPC' }), /\.log$/);
    expect((await append(1, 0, ['lost'])).error).toBe('storage_error');
    await append(9, 1, ['plain too'], 0, false);
    expect(await latest('read_committed')).toBe(2);
    expect((await append(1, 0, ['again'])).baseOffset).toBe(2);
    expect(await latest('read_committed')).toBe(2);
  });

  it('keeps by retention what is open, but lets records be deleted under it', async () => {
    await setUp({ ...small, 'retention.ms': '1000' });
    await append(9, 0, ['x'.repeat(300)], 0, false);
    await append(1, 0, ['y'.repeat(300)]);
    for (let index = 1; index < 4; index += 1) await append(9, index, ['x'.repeat(300)], 0, false);
    clock.advance(100_000);
    await engine.maintain();
    const start = () => engine.describePartitions(topic.id)[0]?.logStartOffset;
    expect(start()).toBe(1);
    await engine.advanceStart([{ topicId: topic.id, partition: 0, offset: 3 }]);
    expect([start(), await latest('read_committed')]).toEqual([3, 3]);
    await end(1, 'abort');
    expect(await latest('read_committed')).toBe(6);
  });

  it('forgets no producer while its transaction is open', async () => {
    await setUp();
    await append(1, 0, ['open']);
    clock.advance(90_000_000);
    await engine.maintain();
    expect(await engine.describeProducers(topic.id, 0)).toHaveLength(1);
    await end(1, 'abort');
    clock.advance(90_000_000);
    await engine.maintain();
    expect(await engine.describeProducers(topic.id, 0)).toHaveLength(0);
  });

  it('answers look-ups by time with what the reader may see, markers counted as records', async () => {
    await setUp(small);
    await append(9, 0, ['first'], 0, false);
    clock.advance(10);
    await append(1, 0, ['open']);
    clock.advance(10);
    const at = clock.now();
    const ask = async (timestamp: number, isolation: 'read_committed' | 'read_uncommitted') =>
      (await engine.listOffsets([{ topicId: topic.id, partition: 0, timestamp, isolation }]))[0]?.offset;
    expect([await ask(at - 10, 'read_uncommitted'), await ask(at - 10, 'read_committed')]).toEqual([1, -1]);
    await end(1, 'commit');
    expect([await ask(at - 10, 'read_committed'), await ask(at, 'read_committed')]).toEqual([1, 2]);
    expect(await ask(-3, 'read_committed')).toBe(2);
  });
});
