import { describe, expect, it } from '@jest/globals';
import { RecordQueue } from '#log/record-queue';
import type { ChannelTake } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { seededRandom } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import { countOf, decodeBatch, encodeBatch } from './batch-codec.js';
import { textsOf } from './channel.testkit.js';
import { storeOf } from './file/queue-store.js';
import { StoredEvents } from './stored-events.js';

const folders = ['/one', '/two'];

async function open(disk: SimulatedDisk, capacity = 10_000): Promise<StoredEvents> {
  const queue = await RecordQueue.open(folders, { disk, logger: silentLogger, segmentBytesMax: 600 });
  const events = new StoredEvents({
    name: 'c1',
    context: {
      name: 'c1',
      clock: systemClock,
      logger: silentLogger,
      stateDirectory: '/',
      count() {},
      reportError() {},
    },
    store: storeOf(queue),
    codec: { encode: encodeBatch, decode: decodeBatch, countOf },
    limits: { capacity, transactionCapacity: 1000, keepAliveMs: 0 },
  });
  await events.recover();
  return events;
}

const batchOf = (from: number, to: number) =>
  EventBatch.of(Array.from({ length: to - from }, (_, at) => ({ body: Buffer.from(String(from + at)) })));
const numbersOf = (take: ChannelTake | null) => textsOf(take).map(Number);

async function drain(events: StoredEvents): Promise<number[]> {
  const all: number[] = [];
  for (;;) {
    const take = await events.take({ maxEvents: 7, waitMs: 0 });
    if (take === null) return all;
    all.push(...numbersOf(take));
    await take.commit();
  }
}

/** Several lives of one channel on one disk; each ends at any moment, by a kill or a power cut. */
async function crashRun(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const below = (count: number): number => Math.floor(random.next() * count);
  let disk = new SimulatedDisk({ random });
  let next = 0;
  const acknowledged = new Set<number>();
  const delivered = new Set<number>();
  for (let life = 0; life < 3; life += 1) {
    const events = await open(disk);
    disk.haltIn(below(80));
    let steps = 0;
    const source = async (): Promise<void> => {
      for (let round = 0; round < 12; round += 1) {
        const [from, to] = [next, next + 1 + below(5)];
        next = to;
        await events.put(batchOf(from, to));
        for (let number = from; number < to; number += 1) acknowledged.add(number);
        steps += 1;
      }
    };
    const sink = async (): Promise<void> => {
      for (let round = 0; round < 12; round += 1) {
        const take = await events.take({ maxEvents: 1 + below(6), waitMs: 0 });
        steps += 1;
        if (take === null) continue;
        if (random.next() < 0.3) {
          await take.rollback();
          continue;
        }
        // The sink has them; whether the channel still knows that after a crash is open.
        for (const number of numbersOf(take)) delivered.add(number);
        await take.commit();
      }
    };
    void source();
    void source();
    void sink();
    for (let last = -1; !disk.halted && steps < 36 && last !== disk.operations;) {
      last = disk.operations;
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    disk = random.next() < 0.3 ? disk.kill() : disk.crash(random);
  }
  const events = await open(disk);
  const size = events.size;
  const left = await drain(events);
  const missing = [...acknowledged].filter((number) => !delivered.has(number) && !left.includes(number));
  expect([seed, missing]).toEqual([seed, []]);
  expect([seed, left.length]).toEqual([seed, size]);
  expect(left.every((number, at) => at === 0 || number > (left[at - 1] ?? 0))).toBe(true);
  expect(left.every((number) => number < next)).toBe(true);
}

describe('stored events', () => {
  it('lose nothing that was acknowledged over 300 runs of kills and power cuts, and keep the order', async () => {
    for (let seed = 1; seed <= 300; seed += 1) await crashRun(seed);
  });

  it('fail a put whose sync fails, and every one after it, and have the others again', async () => {
    const disk = new SimulatedDisk();
    const events = await open(disk);
    await events.put(batchOf(0, 3));
    disk.failAt('sync', 1, new Error('EIO'));
    await expect(events.put(batchOf(3, 5))).rejects.toThrow('Channel c1');
    await expect(events.put(batchOf(5, 6))).rejects.toThrow('cannot write');
    expect(events.size).toBe(3);
    expect((await drain(await open(disk.kill()))).slice(0, 3)).toEqual([0, 1, 2]);
  });

  it('keep a take whose commit the disk refuses, for another try', async () => {
    const disk = new SimulatedDisk();
    const events = await open(disk);
    await events.put(batchOf(0, 3));
    const take = await events.take({ maxEvents: 3, waitMs: 0 });
    disk.failAt('write', 1, new Error('ENOSPC'));
    await expect(take?.commit()).rejects.toThrow('ENOSPC');
    expect(events.size).toBe(3);
    await take?.rollback();
    expect(await drain(events)).toEqual([0, 1, 2]);
    expect(events.size).toBe(0);
  });

  it('have room again for a put that the disk refused', async () => {
    const disk = new SimulatedDisk();
    const events = await open(disk, 3);
    disk.failAt('write', 2, new Error('ENOSPC'));
    await events.put(batchOf(0, 1)).catch(() => undefined);
    await events.put(batchOf(1, 2)).catch(() => undefined);
    const { size } = events;
    await events.put(batchOf(2, 2 + 3 - size));
    expect(events.size).toBe(3);
    await expect(events.put(batchOf(9, 10))).rejects.toThrow('ChannelFullException');
  });
});
