import { SimulatedDisk } from '#std/simulated-disk';
import { MemoryCatalog } from './memory-catalog.js';
import { ProducerState, sequenceAfter } from './producer-state.js';
import { appendOne, batchOf, openEngine } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const batch = (firstSequence: number, count: number, baseOffset: number) => ({
  firstSequence,
  lastSequence: sequenceAfter(firstSequence, count - 1),
  baseOffset,
  lastOffset: baseOffset + count - 1,
  logAppendTimeMs: -1,
});

const header = (producerId: number, epoch: number, firstSequence: number, lastOffsetDelta: number) => ({
  producerId,
  epoch,
  firstSequence,
  lastOffsetDelta,
  isTransactional: false,
});
const accept = (state: ProducerState, producerId: number, epoch: number, one: ReturnType<typeof batch>, nowMs = 0) =>
  state.accept(header(producerId, epoch, one.firstSequence, one.lastOffset - one.baseOffset), one, nowMs);

describe('ProducerState', () => {
  it.each([
    ['the next sequence', 0, 7, 1, 'next'],
    ['the last batch again', 0, 6, 1, 'duplicate'],
    ['the oldest of five again', 0, 2, 1, 'duplicate'],
    ['one older than the window', 0, 1, 1, 'out_of_order_sequence'],
    ['the start of a kept batch but another end', 0, 6, 2, 'out_of_order_sequence'],
    ['a gap', 0, 9, 1, 'out_of_order_sequence'],
    ['an older epoch', -1, 7, 1, 'invalid_producer_epoch'],
    ['a newer epoch from zero', 1, 0, 1, 'next'],
    ['a newer epoch from elsewhere', 1, 7, 1, 'out_of_order_sequence'],
  ] as const)('answers %s', (_name, epoch, firstSequence, count, expected) => {
    const state = new ProducerState();
    for (let sequence = 0; sequence < 7; sequence += 1) accept(state, 1, 0, batch(sequence, 1, 100 + sequence));
    expect(state.check(header(1, epoch, firstSequence, count - 1)).kind).toBe(expected);
  });

  it('takes any first sequence of a producer it does not know', () => {
    expect(new ProducerState().check(header(1, 0, 1234, 0)).kind).toBe('next');
  });

  it.each([
    [0, true, 'next'],
    [1234, true, 'out_of_order_sequence'],
    [1234, false, 'next'],
  ])(
    'told that transactions begin at zero, of sequence %d, transactional %s: %s',
    (sequence, isTransactional, kind) => {
      const first = { ...header(1, 0, sequence, 0), isTransactional };
      expect(new ProducerState().check(first, true).kind).toBe(kind);
    },
  );

  it('goes on at 0 after 2147483647', () => {
    const state = new ProducerState();
    accept(state, 1, 0, batch(2 ** 31 - 2, 3, 0), 0);
    expect(state.check(header(1, 0, 1, 0)).kind).toBe('next');
    expect(state.check(header(1, 0, 2 ** 31 - 2, 2)).kind).toBe('duplicate');
  });

  it('forgets who has not written for long', () => {
    const state = new ProducerState();
    accept(state, 1, 0, batch(0, 1, 0), 1000);
    state.expire(1001);
    expect(state.check(header(1, 0, 5, 0)).kind).toBe('next');
  });

  it('gives back a snapshot and refuses a damaged one', () => {
    const state = new ProducerState();
    state.settle(9, accept(state, 9, 3, batch(0, 5, 40)), 44, null);
    const bytes = state.encode();
    const again = ProducerState.decode(bytes);
    expect(again?.check(header(9, 3, 0, 4))).toEqual({ kind: 'duplicate', batch: batch(0, 5, 40) });
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(ProducerState.decode(damaged)).toBeNull();
    }
  });

  it.each(['kill', 'clean stop'])('finds duplicates after a %s, with the offset of the first time', async (how) => {
    let disk = new SimulatedDisk();
    const clock = new ManualClock();
    const catalog = new MemoryCatalog();
    let engine = await openEngine({ disk, clock, catalog });
    const { id } = await engine.topics.create({ name: 'a', partitions: 1, configs: {} });
    const send = (sequence: number) =>
      appendOne(
        engine,
        id,
        0,
        batchOf(['x', 'y'], { producer: { producerId: 3, producerEpoch: 0, baseSequence: sequence } }),
      );
    for (let sequence = 0; sequence < 14; sequence += 2) expect((await send(sequence)).baseOffset).toBe(sequence);
    if (how === 'clean stop') await engine.close();
    disk = disk.kill();
    engine = await openEngine({ disk, clock, catalog });
    expect(await send(12)).toMatchObject({ error: 'none', baseOffset: 12 });
    expect(await send(4)).toMatchObject({ error: 'none', baseOffset: 4 });
    expect(await send(2)).toMatchObject({ error: 'out_of_order_sequence', baseOffset: -1 });
    expect(await send(14)).toMatchObject({ error: 'none', baseOffset: 14 });
  });

  it('checks batches that arrive together against each other', async () => {
    const engine = await openEngine({
      disk: new SimulatedDisk(),
      clock: new ManualClock(),
      catalog: new MemoryCatalog(),
    });
    const { id } = await engine.topics.create({ name: 'a', partitions: 1, configs: {} });
    const send = (sequence: number) =>
      appendOne(
        engine,
        id,
        0,
        batchOf(['x'], { producer: { producerId: 3, producerEpoch: 0, baseSequence: sequence } }),
      );
    const results = await Promise.all([send(0), send(1), send(1), send(3), send(2)]);
    expect(results.map((result) => [result.error, result.baseOffset])).toEqual([
      ['none', 0],
      ['none', 1],
      ['none', 1],
      ['out_of_order_sequence', -1],
      ['none', 2],
    ]);
  });
});
