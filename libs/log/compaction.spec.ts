import { batchesIn, codecs, recordBatch } from '#wire/kafka/record-batch';
import { SimulatedDisk } from '#std/simulated-disk';
import type { Topic } from './engine.js';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import {
  appendOne,
  fetchOne,
  keyedBatchOf,
  openEngine,
  readRecords,
  type BatchSpec,
} from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const compacted = {
  'cleanup.policy': 'compact',
  'segment.bytes': '400',
  'index.interval.bytes': '150',
  'min.cleanable.dirty.ratio': '0',
  'delete.retention.ms': '1000',
};

describe('Compaction', () => {
  let disk = new SimulatedDisk();
  let clock = new ManualClock();
  let catalog = new MemoryCatalog();
  let engine: LocalEngine;
  let topic: Topic;

  const open = async (config: Record<string, string> = { 'log.cache.bytes': '0' }): Promise<void> => {
    engine = await openEngine({ disk, clock, catalog, config });
  };
  const setUp = async (configs: Record<string, string> = {}, config?: Record<string, string>): Promise<void> => {
    disk = new SimulatedDisk();
    clock = new ManualClock();
    catalog = new MemoryCatalog();
    await open(config);
    topic = await engine.topics.create({ name: 'prices', partitions: 1, configs: { ...compacted, ...configs } });
  };
  const append = (text: string, spec: BatchSpec = {}) => {
    const records = text.split(' ').map((pair) => {
      const [key = '', value] = pair.split('=');
      return { key, value: value === undefined ? null : value };
    });
    return appendOne(engine, topic.id, 0, keyedBatchOf(records, { timestampMs: clock.now(), ...spec }));
  };
  /** Closes the newest segment, so that all before may be cleaned. */
  const fill = () => append(`filler=${'x'.repeat(390)}`);
  const clean = async (): Promise<void> => {
    while (await engine.maintain());
  };
  const content = async () =>
    (await readRecords(engine, topic.id, 0))
      .filter(({ key }) => key !== 'filler')
      .map(({ offset, key, value }) => `${offset}:${key}${value === null ? '' : `=${value}`}`)
      .join(' ');
  const segments = () => disk.paths().filter((path) => path.endsWith('.log')).length;

  it.each(codecs)('keeps the last record of each key at its offset and in its order, codec %s', async (codec) => {
    await setUp();
    await append('a=1 b=1 c=1', { codec });
    await append('b=2 a=2', { codec });
    await append('c=2', { codec });
    await append('a=3', { codec });
    await fill();
    await clean();
    expect(await content()).toBe('3:b=2 5:c=2 6:a=3');
    disk = disk.kill();
    await open();
    expect(await content()).toBe('3:b=2 5:c=2 6:a=3');
    expect((await append('a=4')).baseOffset).toBe(8);
  });

  it('serves the next record there is for an offset that is gone', async () => {
    await setUp();
    for (let index = 0; index < 20; index += 1) await append(`a=${'x'.repeat(100)}${index} b${index}=1`);
    await fill();
    await clean();
    for (const maxBytes of [1, 200, 10_000]) {
      for (let offset = 0; offset < 40; offset += 1) {
        const [first] = await readRecords(engine, topic.id, 0, { from: offset, maxBytes });
        expect([offset, first?.offset]).toEqual([offset, offset === 38 ? 38 : offset + 1 - (offset % 2)]);
      }
    }
  });

  it('joins small segments and cleans again only what is dirty enough', async () => {
    await setUp({ 'min.cleanable.dirty.ratio': '0.5' });
    for (let index = 0; index < 12; index += 1) await append(`a=${'x'.repeat(150)}${index}`);
    await fill();
    const before = segments();
    await clean();
    expect([before, segments()]).toEqual([13, 2]);
    const kept = disk.operations;
    await clean();
    expect(disk.operations - kept).toBeLessThan(3);
  });

  it('keeps a tombstone for delete.retention.ms after the first cleaning that met it', async () => {
    await setUp();
    await append('a=1 b=1');
    clock.advance(5000);
    await append('a');
    await fill();
    await clean();
    expect(await content()).toBe('1:b=1 2:a');
    const [found] = await readRecords(engine, topic.id, 0, { from: 2 });
    expect(found?.timestamp).toBe(clock.now());
    clock.advance(900);
    await append('c=1');
    await fill();
    await clean();
    expect(await content()).toBe('1:b=1 2:a 4:c=1');
    clock.advance(200);
    await fill();
    await clean();
    expect(await content()).toBe('1:b=1 4:c=1');
  });

  it('takes aborted records, keeps committed ones and their marker, and lets a marker go when nothing is left of its transaction', async () => {
    await setUp();
    const producer = (producerId: number, baseSequence: number) => ({
      producer: { producerId, producerEpoch: 0, baseSequence, isTransactional: true },
    });
    const end = (producerId: number, outcome: 'commit' | 'abort') =>
      engine.writeMarkers([
        { topicId: topic.id, partition: 0, producerId, producerEpoch: 0, outcome, coordinatorEpoch: 0 },
      ]);
    await append('a=1');
    await append('a=2 b=2', producer(1, 0));
    await append('c=2', producer(2, 0));
    await end(1, 'abort');
    await end(2, 'commit');
    await append('x=1', producer(1, 2));
    await end(1, 'commit');
    await append('y=1', producer(2, 1));
    await end(2, 'commit');
    await fill();
    await clean();
    expect(await content()).toBe('0:a=1 3:c=2 6:x=1 8:y=1');
    const markers = async () => {
      let count = 0;
      for (let offset = 0; ;) {
        const { batches, aborted } = await fetchOne(engine, topic.id, 0, offset, { isolation: 'read_committed' });
        expect(aborted).toEqual([]);
        if (batches.length === 0) return count;
        for (const batch of batches.flatMap((bytes) => [...batchesIn(bytes)])) {
          if (recordBatch.isControl(batch)) count += 1;
          offset = recordBatch.lastOffset(batch) + 1;
        }
      }
    };
    expect(await markers()).toBe(4);
    clock.advance(2000);
    await fill();
    await clean();
    expect(await content()).toBe('0:a=1 3:c=2 6:x=1 8:y=1');
    expect(await markers()).toBe(3);
  });

  it('leaves an open transaction alone, with all behind it', async () => {
    await setUp();
    await append('a=1');
    await append('b=1', { producer: { producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true } });
    await append('a=2');
    await fill();
    await append('a=3');
    await fill();
    await clean();
    expect(await content()).toBe('0:a=1 1:b=1 2:a=2 4:a=3');
  });

  it('keeps the last batch of a producer, empty, so that its sequence goes on', async () => {
    await setUp();
    const producer = (baseSequence: number) => ({ producer: { producerId: 7, producerEpoch: 0, baseSequence } });
    await append('a=1', producer(0));
    await append('a=2', { ...producer(1), timestampMs: clock.now() + 500 });
    await append('a=3');
    await fill();
    await clean();
    expect(await content()).toBe('2:a=3');
    const [newest] = await engine.listOffsets([{ topicId: topic.id, partition: 0, timestamp: -3 }]);
    expect(newest?.offset).toBe(2);
    await engine.close();
    for (const path of disk.paths()) if (/snapshot|checkpoint/.test(path)) await disk.remove(path);
    disk = disk.kill();
    await open();
    expect(await append('a=2', producer(1))).toMatchObject({ error: 'none', baseOffset: 1 });
    expect((await append('a=5', producer(3))).error).toBe('out_of_order_sequence');
    expect((await append('a=4', producer(2))).error).toBe('none');
  });

  it('does it in parts where the keys have no room in memory', async () => {
    await setUp({}, { 'log.cache.bytes': '0', 'log.cleaner.dedupe.buffer.size': '1024' });
    for (let round = 0; round < 3; round += 1) {
      for (let index = 0; index < 100; index += 1) await append(`k${index}=${round} l${index}=${round}`);
    }
    await fill();
    await clean();
    const records = (await readRecords(engine, topic.id, 0)).filter(({ key }) => key !== 'filler');
    expect(records.map(({ value }) => value)).toEqual(Array.from({ length: 200 }, () => '2'));
  });

  it('waits for min.compaction.lag.ms, and not beyond max.compaction.lag.ms', async () => {
    await setUp({
      'min.compaction.lag.ms': '1000',
      'max.compaction.lag.ms': '5000',
      'min.cleanable.dirty.ratio': '1',
    });
    await append('a=1');
    await append('a=2');
    await fill();
    clock.advance(900);
    await clean();
    expect(await content()).toBe('0:a=1 1:a=2');
    clock.advance(4000);
    await clean();
    expect(await content()).toBe('0:a=1 1:a=2');
    clock.advance(200);
    await clean();
    expect(await content()).toBe('1:a=2');
  });

  it('leaves a damaged segment as it is, and goes on with the other partitions', async () => {
    await setUp();
    await engine.topics.addPartitions('prices', 2);
    await append('a=1');
    await append('a=2');
    await fill();
    const one = (value: string) => keyedBatchOf([{ key: 'a', value }]);
    for (const value of ['1', '2', 'x'.repeat(390)]) await appendOne(engine, topic.id, 1, one(value));
    const path = disk.paths().find((name) => name.endsWith('prices-0/00000000000000000000.log')) ?? '';
    const bytes = disk.peek(path) ?? Buffer.alloc(0);
    bytes[64] = (bytes[64] ?? 0) ^ 1;
    disk.overwrite(path, bytes);
    await clean();
    expect((await fetchOne(engine, topic.id, 0, 1)).error).toBe('none');
    expect((await readRecords(engine, topic.id, 1)).map(({ offset }) => offset)).toEqual([1, 2]);
  });

  it('answers look-ups by time from what is left', async () => {
    await setUp();
    const at = clock.now();
    for (const text of ['a=1', 'b=1', 'a=2', 'b=2', 'c=1']) {
      await append(text);
      clock.advance(10);
    }
    await append('b=3');
    await fill();
    await clean();
    expect(await content()).toBe('2:a=2 4:c=1 5:b=3');
    const ask = async (timestamp: number) =>
      (await engine.listOffsets([{ topicId: topic.id, partition: 0, timestamp }]))[0];
    expect(await ask(at)).toEqual({ error: 'none', offset: 2, timestamp: at + 20 });
    expect(await ask(at + 21)).toEqual({ error: 'none', offset: 4, timestamp: at + 40 });
    expect((await ask(-3))?.offset).toBe(5);
  });
});
