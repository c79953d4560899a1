import { messageOf } from '#std/errors';
import { seededRandom } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import { appendOne, keyedBatchOf, openEngine, readRecords } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const configs = {
  'cleanup.policy': 'compact',
  'segment.bytes': '500',
  'index.interval.bytes': '150',
  'min.cleanable.dirty.ratio': '0',
};
const config = { 'log.cache.bytes': '0' };
/** What a power cut leaves of what was not synced is drawn so often for each operation. */
const cutsPerOperation = Number(process.env['CUTS'] ?? 1);

describe('Compaction stopped at each of its operations on the disk', () => {
  const clock = new ManualClock();
  const catalog = new MemoryCatalog();
  let topicId = '';

  const open = (disk: SimulatedDisk) => openEngine({ disk, clock, catalog, config });
  const clean = async (engine: LocalEngine) => {
    while (await engine.maintain());
  };
  const content = async (engine: LocalEngine) =>
    (await readRecords(engine, topicId, 0)).map(({ offset, key, value }) => `${offset} ${key} ${value}`);
  const lastOfEachKey = (rows: readonly string[]) => new Map(rows.map((row) => [row.split(' ')[1], row]));

  /** A log that was cleaned once and is dirty again; stopped cleanly. */
  const makeImage = async (): Promise<SimulatedDisk> => {
    const disk = new SimulatedDisk();
    const engine = await open(disk);
    const known = engine.topics.byName('t');
    topicId = (known ?? (await engine.topics.create({ name: 't', partitions: 1, configs }))).id;
    for (let round = 0; round < 2; round += 1) {
      for (let index = 0; index < 8; index += 1) {
        const records = [
          { key: `k${index % 5}`, value: `${round}-${index}-${'x'.repeat(60)}` },
          { key: `once${round}-${index}`, value: 'y' },
        ];
        await appendOne(engine, topicId, 0, keyedBatchOf(records, { timestampMs: clock.now() }));
      }
      if (round === 0) await clean(engine);
    }
    await engine.close();
    return disk;
  };

  it('leaves the old segments or the new ones, and is done by the next start', async () => {
    const whole = await makeImage();
    const engine = await open(whole.kill());
    const before = await content(engine);
    await clean(engine);
    const after = await content(engine);
    expect(after.length).toBeLessThan(before.length);
    let isOver = false;
    for (let operation = 0; !isOver; operation += 1) {
      expect(operation).toBeLessThan(1000);
      for (let cut = 0; cut <= cutsPerOperation; cut += 1) {
        const disk = await makeImage();
        const stopped = await open(disk);
        disk.haltIn(operation);
        let isDone = false;
        void clean(stopped).then(() => (isDone = true));
        for (let turn = 0, last = -1; !isDone && (turn < 3 || last !== disk.operations); turn += 1) {
          last = disk.operations;
          for (let idle = 0; idle < 3; idle += 1) await new Promise((resolve) => setImmediate(resolve));
        }
        isOver = isDone;
        const survivor = cut === 0 ? disk.kill() : disk.crash(seededRandom(operation * 100 + cut));
        const again = await open(survivor);
        const present = await content(again);
        for (const row of present) expect(before).toContain(row);
        expect(lastOfEachKey(present)).toEqual(lastOfEachKey(before));
        await clean(again);
        expect(await content(again)).toEqual(after);
        expect(survivor.paths().filter((path) => /\.(?:cleaned|swap|tmp)$/.test(path))).toEqual([]);
        await again.close();
      }
    }
  }, 120_000);

  it.each([
    ['write', 'ENOSPC'],
    ['open', 'EMFILE'],
    ['rename', 'EIO'],
    ['remove', 'EIO'],
    ['sync', 'EIO'],
    ['read', 'EIO'],
  ] as const)('serves what it had, or the new segments, where a %s fails with %s', async (operation, code) => {
    const whole = await makeImage();
    const engine = await open(whole.kill());
    const before = await content(engine);
    await clean(engine);
    const after = await content(engine);
    for (let nth = 1, hasFailed = true; hasFailed; nth += 1) {
      const disk = await makeImage();
      let faulty = await open(disk);
      disk.failAt(operation, nth, Object.assign(new Error(code), { code }));
      await clean(faulty);
      hasFailed = disk.faultsLeft === 0;
      if (!hasFailed) break;
      // After a rename that was decided and failed only a start knows what is there: errors, but nothing wrong.
      const present = await content(faulty).catch((error: unknown) => {
        expect([messageOf(error), faulty.health().ok]).toEqual(['fetch at 0: storage_error', false]);
        return before;
      });
      for (const row of present) expect(before).toContain(row);
      expect([nth, lastOfEachKey(present)]).toEqual([nth, lastOfEachKey(before)]);
      clock.advance(120_000);
      await clean(faulty);
      // Where replaced segments could not be removed, it waits for a restart.
      if (faulty.health().ok && operation !== 'remove') expect([nth, await content(faulty)]).toEqual([nth, after]);
      faulty = await open(disk.kill());
      await clean(faulty);
      expect([nth, await content(faulty)]).toEqual([nth, after]);
      await faulty.close();
    }
  });
});
