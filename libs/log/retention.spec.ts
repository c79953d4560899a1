import type { Logger, LogFields } from '#std/log';
import { SimulatedDisk } from '#std/simulated-disk';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import { appendOne, batchOf, openEngine } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const dayMs = 86_400_000;

describe('Retention and groups', () => {
  let clock: ManualClock;
  let engine: LocalEngine;
  let id: string;
  let losses: LogFields[];
  const logger: Logger = {
    info() {},
    warn: (message, fields) => {
      if (message.includes('had not read')) losses.push(fields ?? {});
    },
    error() {},
    child: () => logger,
  };
  const commit = (group: string, offset: number): Promise<void> =>
    engine.groups.commit(group, [{ topic: 't', partition: 0, offset, leaderEpoch: -1, metadata: '' }]);
  const startAfterRetention = async (): Promise<number> => {
    while (await engine.maintain());
    return engine.describePartitions(id)[0]?.logStartOffset ?? -1;
  };
  /** Twenty batches of one record, two to a segment. */
  const make = async (configs: Readonly<Record<string, string>>): Promise<void> => {
    clock = new ManualClock();
    losses = [];
    engine = await openEngine({ disk: new SimulatedDisk(), clock, catalog: new MemoryCatalog(), logger });
    const value = 'v'.repeat(100);
    const segmentBytes = batchOf([value]).length * 2;
    const all = { 'segment.bytes': String(segmentBytes), 'retention.ms': String(dayMs), ...configs };
    id = (await engine.topics.create({ name: 't', partitions: 1, configs: all })).id;
    for (let index = 0; index < 20; index += 1) {
      await appendOne(engine, id, 0, batchOf([value], { timestampMs: clock.now() }));
    }
  };

  it.each([
    ['time', { 'retention.ms': '1000' }],
    ['size', { 'retention.bytes': '0' }],
  ])('by %s waits for the groups that are held for', async (_by, configs) => {
    await make({ ...configs, 'retention.hold.groups': 'slow,other' });
    clock.advance(2000);
    expect(await startAfterRetention()).toBe(0);
    await commit('slow', 7);
    expect(await startAfterRetention()).toBe(0);
    await commit('other', 15);
    expect(await startAfterRetention()).toBe(6);
    await commit('slow', 20);
    expect(await startAfterRetention()).toBe(14);
    expect(losses).toEqual([]);
    await commit('other', 20);
    expect(await startAfterRetention()).toBe(18);
  });

  it('tells exactly which offsets a group lost unread, once', async () => {
    await make({ 'retention.ms': '1000' });
    await commit('late', 3);
    await commit('ahead', 19);
    clock.advance(2000);
    expect(await startAfterRetention()).toBe(18);
    expect(losses).toEqual([{ group: 'late', topic: 't', partition: 0, firstOffset: 3, lastOffset: 17 }]);
    expect(engine.describePartitions(id)[0]?.lostUnread).toBe(15);
    await startAfterRetention();
    expect(losses).toHaveLength(1);
  });

  it('counts nothing that was deleted by request', async () => {
    await make({});
    await commit('late', 3);
    await engine.advanceStart([{ topicId: id, partition: 0, offset: 10 }]);
    await startAfterRetention();
    expect(losses).toEqual([]);
  });
});
