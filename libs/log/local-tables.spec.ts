import { seededRandom } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import { MemoryCatalog } from './memory-catalog.js';
import { openEngine } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

describe('A durable table', () => {
  const catalog = new MemoryCatalog();
  const clock = new ManualClock();
  const text = (value: string) => Buffer.from(value);

  it('gives back what was put, after a power cut too, and nothing half of a call', async () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      let disk = new SimulatedDisk();
      let engine = await openEngine({ disk, clock, catalog });
      const table = engine.table('transactions');
      expect(engine.table('transactions')).toBe(table);
      expect(table.get('a')).toBeNull();
      await table.put([
        { key: 'a', value: text('1') },
        { key: 'b', value: Buffer.alloc(0) },
      ]);
      await Promise.all([
        table.put([{ key: 'a', value: null }]),
        table.put([
          { key: 'ä', value: text('2') },
          { key: 'a', value: text('3') },
        ]),
      ]);
      disk.haltIn(seed % 3);
      void table.put([
        { key: 'c', value: text('4') },
        { key: 'd', value: text('5') },
      ]);
      await new Promise((resolve) => setImmediate(resolve));
      disk = disk.crash(seededRandom(seed));
      engine = await openEngine({ disk, clock, catalog });
      const rows = [...engine.table('transactions').entries()].map(([key, value]) => `${key}=${value.toString()}`);
      expect([seed, ['b=', 'ä=2', 'a=3', 'c=4', 'd=5'].slice(0, rows.length)]).toEqual([seed, rows]);
      expect([3, 5]).toContain(rows.length);
    }
  });

  it('does not change with the buffers it was given, nor when the disk fails', async () => {
    const disk = new SimulatedDisk();
    const engine = await openEngine({ disk, clock, catalog });
    const table = engine.table('groups');
    const value = text('kept');
    await table.put([{ key: 'a', value }]);
    value.fill(0);
    expect(table.get('a')?.toString()).toBe('kept');
    disk.failAt('write', 1, Object.assign(new Error('no space left'), { code: 'ENOSPC' }), /groups\.journal$/);
    await expect(table.put([{ key: 'a', value: text('lost') }])).rejects.toMatchObject({ code: 'log.storage.failed' });
    expect(table.get('a')?.toString()).toBe('kept');
    await table.put([{ key: 'a', value: text('next') }]);
    expect(table.get('a')?.toString()).toBe('next');
  });

  it('is made anew when it was empty at a clean stop', async () => {
    const disk = new SimulatedDisk();
    const engine = await openEngine({ disk, clock, catalog });
    engine.table('unused');
    await engine.close();
    expect(disk.paths().some((path) => path.includes('unused'))).toBe(false);
  });
});
