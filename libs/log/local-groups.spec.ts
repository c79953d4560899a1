import { silentLogger } from '#std/log';
import { SimulatedDisk } from '#std/simulated-disk';
import { LocalGroups } from './local-groups.js';
import { ManualClock } from './testing/manual-clock.js';

const path = '/data/groups.journal';
const row = (topic: string, partition: number, offset: number, metadata = '') => ({
  topic,
  partition,
  offset,
  leaderEpoch: -1,
  metadata,
});

async function open(disk: SimulatedDisk, clock = new ManualClock()): Promise<LocalGroups> {
  await disk.makeDirectory('/data');
  const groups = new LocalGroups(clock, { disk, logger: silentLogger, path });
  await groups.open();
  return groups;
}

describe('LocalGroups', () => {
  it('gives back the last commit of each partition after a kill', async () => {
    let disk = new SimulatedDisk();
    const clock = new ManualClock();
    const groups = await open(disk, clock);
    await groups.commit('a', [row('t', 0, 5, 'note'), row('t', 1, 6)]);
    await groups.commit('b', [row('t', 0, 7)]);
    await groups.commit('a', [row('t', 0, 9)]);
    await groups.deleteOffsets('a', [{ topic: 't', partition: 1 }]);
    await groups.commit('c', [row('t', 0, 1)]);
    await groups.delete('c');
    await groups.commit('d', [row('gone', 0, 1)]);
    await groups.forgetTopic('gone');
    disk = disk.kill();
    const again = await open(disk);
    expect(again.list()).toEqual(['a', 'b']);
    expect(again.committed('a')).toEqual([{ ...row('t', 0, 9), committedAtMs: clock.now() }]);
    expect(again.find('b', 't', 0)?.offset).toBe(7);
    expect(again.find('b', 't', 1)).toBeNull();
  });

  it.each(['kill', 'none'] as const)('keeps offsets of a transaction aside until it ends (%s)', async (fault) => {
    let disk = new SimulatedDisk();
    let groups = await open(disk);
    const next = async (): Promise<void> => {
      if (fault === 'none') return;
      disk = disk.kill();
      groups = await open(disk);
    };
    await groups.commit('g', [row('t', 0, 5)]);
    await groups.commitPending('g', 7, [row('t', 0, 8), row('t', 1, 1)]);
    await groups.commitPending('g', 8, [row('t', 0, 9)]);
    await next();
    const seen = (): readonly unknown[] => [groups.find('g', 't', 0)?.offset, groups.isPending('g', 't', 0)];
    expect(seen()).toEqual([5, true]);
    expect(groups.isPending('g', 't', 1)).toBe(true);
    await groups.endTransaction('g', 8, 'abort');
    await next();
    expect(seen()).toEqual([5, true]);
    await groups.endTransaction('g', 7, 'commit');
    await next();
    expect(seen()).toEqual([8, false]);
    expect(groups.find('g', 't', 1)?.offset).toBe(1);
    await groups.endTransaction('g', 7, 'abort');
    await next();
    expect(seen()).toEqual([8, false]);
  });

  it.each([false, true])(
    'of two commits the later one counts, whenever its transaction ends (compacted: %s)',
    async (compacted) => {
      let disk = new SimulatedDisk();
      const groups = await open(disk);
      await groups.commitPending('g', 7, [row('t', 0, 3), row('t', 1, 3)]);
      await groups.commit('g', [row('t', 0, 4)]);
      await groups.commit('g', [row('t', 2, 4)]);
      await groups.commitPending('g', 7, [row('t', 2, 5)]);
      const metadata = 'm'.repeat(60_000);
      for (let count = 0; compacted && count < 30; count += 1) await groups.commit('other', [row('t', 0, 0, metadata)]);
      disk = disk.kill();
      const again = await open(disk);
      await again.endTransaction('g', 7, 'commit');
      expect([0, 1, 2].map((partition) => again.find('g', 't', partition)?.offset)).toEqual([4, 3, 5]);
    },
  );

  it('forgets offsets of open transactions with their topic, their partition or their group', async () => {
    const groups = await open(new SimulatedDisk());
    await groups.commitPending('g', 7, [row('gone', 0, 3), row('t', 0, 3), row('t', 1, 3)]);
    await groups.commitPending('h', 7, [row('t', 0, 3)]);
    await groups.forgetTopic('gone');
    await groups.deleteOffsets('g', [{ topic: 't', partition: 1 }]);
    await groups.delete('h');
    await groups.endTransaction('g', 7, 'commit');
    await groups.endTransaction('h', 7, 'commit');
    expect(groups.committed('g').map(({ topic, partition }) => [topic, partition])).toEqual([['t', 0]]);
    expect(groups.list()).toEqual(['g']);
  });

  it('is durable with one sync for all commits that come together', async () => {
    const disk = new SimulatedDisk();
    const groups = await open(disk);
    const before = disk.operations;
    await Promise.all(Array.from({ length: 100 }, (_, index) => groups.commit(`g${index}`, [row('t', 0, index)])));
    expect(disk.operations - before).toBe(2);
  });

  it('keeps its journal to a multiple of what is in it', async () => {
    let disk = new SimulatedDisk();
    const groups = await open(disk);
    const metadata = 'm'.repeat(60_000);
    for (let offset = 0; offset < 60; offset += 1) await groups.commit('g', [row('t', 0, offset, metadata)]);
    expect(disk.peek(path)?.length).toBeLessThan(1_200_000);
    disk = disk.kill();
    expect((await open(disk)).find('g', 't', 0)?.offset).toBe(59);
  });

  it('cuts an incomplete end, at every length', async () => {
    const disk = new SimulatedDisk();
    const groups = await open(disk);
    await groups.commit('g', [row('t', 0, 1)]);
    const kept = disk.peek(path)?.length ?? 0;
    await groups.commit('g', [row('t', 0, 2)]);
    const whole = disk.peek(path) ?? Buffer.alloc(0);
    for (let length = kept; length < whole.length; length += 1) {
      disk.overwrite(path, whole.subarray(0, length));
      expect((await open(disk)).find('g', 't', 0)?.offset).toBe(1);
      expect(disk.peek(path)?.length).toBe(kept);
    }
  });

  it('goes on after a failed write', async () => {
    let disk = new SimulatedDisk();
    const groups = await open(disk);
    await groups.commit('g', [row('t', 0, 1)]);
    disk.failAt('write', 1, new Error('ENOSPC'));
    await expect(groups.commit('g', [row('t', 0, 2)])).rejects.toMatchObject({ code: 'log.storage.failed' });
    await groups.commit('g', [row('t', 1, 3)]);
    disk = disk.kill();
    expect((await open(disk)).committed('g').map((offset) => offset.offset)).toEqual([1, 3]);
  });

  it('answers an error and shows nothing when a commit is not durable', async () => {
    const disk = new SimulatedDisk();
    const groups = await open(disk);
    await groups.commit('g', [row('t', 0, 1)]);
    disk.failAt('sync', 1, new Error('EIO'));
    await expect(groups.commit('g', [row('t', 0, 2)])).rejects.toMatchObject({ code: 'log.storage.failed' });
    expect(groups.find('g', 't', 0)?.offset).toBe(1);
  });
});
