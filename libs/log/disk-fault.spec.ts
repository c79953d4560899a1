import { SimulatedDisk, type DiskOperation } from '#std/simulated-disk';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import { appendOne, batchOf, openEngine, readPartition } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

/**
 * One failing disk operation at each place of a short life. Whatever fails, what was acknowledged is there afterwards in its place,
 * and after a failed sync of a segment nothing more is acknowledged.
 */
const operations: DiskOperation[] = [
  'open',
  'stat',
  'read',
  'write',
  'truncate',
  'sync',
  'rename',
  'remove',
  'syncDirectory',
];

describe('A failing disk operation', () => {
  it.each(operations)('%s, at every place, loses nothing acknowledged', async (operation) => {
    for (let nth = 1; nth <= 60; nth += 1) {
      await lifeWithFault(operation, nth, new Error(`EIO at ${operation} ${nth}`));
    }
  });

  it('write, for want of room, loses nothing acknowledged and ends nothing', async () => {
    for (let nth = 1; nth <= 60; nth += 1) {
      const full = Object.assign(new Error(`no space at write ${nth}`), { code: 'ENOSPC' });
      expect([nth, await lifeWithFault('write', nth, full)]).toEqual([nth, { fatal: false }]);
    }
  });
});

async function lifeWithFault(operation: DiskOperation, nth: number, error: Error): Promise<{ fatal: boolean }> {
  const clock = new ManualClock();
  const catalog = new MemoryCatalog();
  let disk = new SimulatedDisk();
  const config = { 'log.checkpoint.bytes': '500', 'log.cache.bytes': '0' };
  const configs = { 'segment.bytes': '400', 'retention.ms': '-1' };
  let fatal = false;
  let engine = await openEngine({ disk, clock, catalog, config, onFatal: () => (fatal = true) });
  const { id } = await engine.topics.create({ name: 't', partitions: 2, configs });
  disk.failAt(operation, nth, error);
  const acked = [new Map<number, string>(), new Map<number, string>()];
  for (let index = 0; index < 14; index += 1) {
    const partition = index % 2;
    const wasFatal = fatal;
    const producer = { producerId: partition, producerEpoch: 0, baseSequence: acked[partition]?.size ?? 0 };
    const value = `value ${index}`;
    const result = await appendOne(engine, id, partition, batchOf([value], { producer }));
    if (result.error === 'none') {
      expect(wasFatal).toBe(false);
      acked[partition]?.set(result.baseOffset, value);
    } else {
      expect(result.error).toBe('storage_error');
    }
    await commitQuietly(engine, index);
    await engine.maintain();
  }
  await engine.close().catch(() => undefined);
  disk = disk.kill();
  engine = await openEngine({ disk, clock, catalog, config });
  for (const partition of [0, 1]) {
    const present = await readPartition(engine, id, partition);
    for (const [offset, value] of acked[partition] ?? []) expect([nth, present.get(offset)]).toEqual([nth, value]);
    const next = await appendOne(engine, id, partition, batchOf(['next']));
    expect([nth, next.error, next.baseOffset]).toEqual([nth, 'none', present.size]);
  }
  return { fatal };
}

async function commitQuietly(engine: LocalEngine, offset: number): Promise<void> {
  await engine.groups
    .commit('g', [{ topic: 't', partition: 0, offset, leaderEpoch: -1, metadata: '' }])
    .catch(() => undefined);
}
