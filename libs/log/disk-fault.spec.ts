import { SimulatedDisk, type DiskOperation } from '#std/simulated-disk';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import { appendOne, batchOf, fetchOne, openEngine, readPartition, valuesIn } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

/**
 * One failing disk operation at each place of a short life. Whatever fails, what was acknowledged is there afterwards in its place,
 * and after a failed sync of a segment nothing more is acknowledged.
 */
const placesMax = 300;
/** Kinds of operation, and how many of each a life has at least. */
const operations: [DiskOperation, number][] = [
  ['open', 100],
  ['stat', 100],
  ['read', 80],
  ['write', 200],
  ['truncate', 80],
  ['sync', 200],
  ['rename', 12],
  ['remove', 20],
  ['syncDirectory', 40],
];

describe('A failing disk operation', () => {
  it.each(operations)(
    '%s, at every place, loses nothing acknowledged',
    async (operation, least) => {
      for (let nth = 1; nth <= placesMax; nth += 1) {
        const error = Object.assign(new Error(`EIO at ${operation} ${nth}`), { code: 'EIO' });
        const { reached } = await lifeWithFault(operation, nth, error);
        if (!reached) {
          expect(nth).toBeGreaterThan(least);
          return;
        }
      }
    },
    60_000,
  );

  it.each(['write', 'open', 'rename'] as const)(
    '%s, for want of room, loses nothing acknowledged and ends nothing',
    async (operation) => {
      for (let nth = 1; nth <= placesMax; nth += 1) {
        const full = Object.assign(new Error(`no space at ${operation} ${nth}`), { code: 'ENOSPC' });
        const { fatal } = await lifeWithFault(operation, nth, full);
        if (fatal) throw new Error(`no space at ${operation} ${nth} ended the engine`);
      }
    },
    60_000,
  );
});

async function lifeWithFault(
  operation: DiskOperation,
  nth: number,
  fault: Error,
): Promise<{ fatal: boolean; reached: boolean }> {
  const clock = new ManualClock();
  const catalog = new MemoryCatalog();
  let disk = new SimulatedDisk();
  const config = { 'log.checkpoint.bytes': '500', 'log.cache.bytes': '0' };
  const configs = { 'segment.bytes': '400', 'retention.ms': '-1' };
  let fatal = false;
  let engine = await openEngine({ disk, clock, catalog, config, onFatal: () => (fatal = true) });
  const { id } = await engine.topics.create({ name: 't', partitions: 2, configs });
  disk.failAt(operation, nth, fault);
  const acked = [new Map<number, string>(), new Map<number, string>()];
  let appendsAfter = 0;
  for (let index = 0; index < 80 && appendsAfter < 10; index += 1) {
    if (disk.faultsLeft === 0) appendsAfter += 1;
    const partition = index % 2;
    const wasFatal = fatal;
    const producer = { producerId: partition, producerEpoch: 0, baseSequence: acked[partition]?.size ?? 0 };
    const value = `value ${index}`;
    const result = await appendOne(engine, id, partition, batchOf([value], { producer }));
    if (result.error === 'none') {
      same(nth, wasFatal, false);
      acked[partition]?.set(result.baseOffset, value);
    } else {
      same(nth, result.error, 'storage_error');
    }
    const { error, batches } = await fetchOne(engine, id, partition, result.baseOffset < 0 ? 0 : result.baseOffset);
    if (error === 'none' && result.error === 'none') same(nth, valuesIn(batches).get(result.baseOffset), value);
    await commitQuietly(engine, index);
    await engine.maintain();
  }
  await engine.close().catch(() => undefined);
  const reached = disk.faultsLeft === 0;
  disk = disk.kill();
  engine = await openEngine({ disk, clock, catalog, config });
  for (const partition of [0, 1]) {
    const present = await readPartition(engine, id, partition);
    for (const [offset, value] of acked[partition] ?? []) same(nth, present.get(offset), value);
    const next = await appendOne(engine, id, partition, batchOf(['next']));
    same(nth, `${next.error} ${next.baseOffset}`, `none ${present.size}`);
  }
  return { fatal, reached };
}

function same(nth: number, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`fault ${nth}: ${String(found)}, expected ${String(expected)}`);
}

async function commitQuietly(engine: LocalEngine, offset: number): Promise<void> {
  await engine.groups
    .commit('g', [{ topic: 't', partition: 0, offset, leaderEpoch: -1, metadata: '' }])
    .catch(() => undefined);
}
