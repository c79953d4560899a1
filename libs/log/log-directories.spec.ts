import { SimulatedDisk } from '#std/simulated-disk';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import { appendOne, batchOf, fetchOne, logDirectory, openEngine, readPartition } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const config = { 'log.dirs': '/second,/third', 'log.cache.bytes': '0' };

describe('Several data directories', () => {
  const clock = new ManualClock();
  let catalog: MemoryCatalog;
  let disk: SimulatedDisk;
  let fatal: string[];
  const open = (over: Readonly<Record<string, string>> = config): Promise<LocalEngine> =>
    openEngine({ disk, clock, catalog, config: over, onFatal: (reason) => fatal.push(reason) });
  const fill = async (engine: LocalEngine, partitions: number): Promise<string> => {
    const { id } = await engine.topics.create({ name: 't', partitions, configs: {} });
    for (let partition = 0; partition < partitions; partition += 1) {
      expect((await appendOne(engine, id, partition, batchOf([`value ${partition}`]))).error).toBe('none');
    }
    return id;
  };
  const directoriesOf = (engine: LocalEngine): string[] =>
    engine.describePartitions().map(({ directory }) => directory);

  beforeEach(() => {
    catalog = new MemoryCatalog();
    disk = new SimulatedDisk();
    fatal = [];
  });

  it('take new partitions where the fewest are, and have them there after a restart', async () => {
    let engine = await open();
    const id = await fill(engine, 6);
    const places = directoriesOf(engine);
    expect(places).toEqual([logDirectory, '/second', '/third', logDirectory, '/second', '/third']);
    disk = disk.kill();
    engine = await open();
    expect(directoriesOf(engine)).toEqual(places);
    for (let partition = 0; partition < 6; partition += 1) {
      expect([...(await readPartition(engine, id, partition)).values()]).toEqual([`value ${partition}`]);
    }
    await engine.topics.delete('t');
    expect(disk.paths().filter((path) => path.includes('/t-'))).not.toEqual([]);
    while (await engine.maintain());
    await engine.maintain();
    expect(disk.paths().filter((path) => path.includes('/t-'))).toEqual([]);
  });

  it('keep their marks and log starts each in its own', async () => {
    let engine = await open();
    const id = await fill(engine, 3);
    await engine.advanceStart([0, 1, 2].map((partition) => ({ topicId: id, partition, offset: 1 })));
    await engine.close();
    for (const path of [logDirectory, '/second', '/third']) {
      for (const name of ['recovery-point-offset-checkpoint', 'log-start-offset-checkpoint']) {
        expect(disk.peek(`${path}/${name}`)?.toString()).toContain(`${id} 1`);
      }
    }
    disk = disk.kill();
    engine = await open();
    expect(engine.describePartitions().map(({ logStartOffset }) => logStartOffset)).toEqual([1, 1, 1]);
  });

  it.each([
    ['is written through', 'sync', -1],
    ['is written', 'sync', 1],
  ] as const)('go on where a sync of one fails that %s', async (_how, operation, acks) => {
    const engine = await open();
    const id = await fill(engine, 3);
    disk.failAt(operation, 1, new Error('EIO'), /^\/second/);
    const append = (partition: number, level: -1 | 1 = -1): Promise<string> =>
      appendOne(engine, id, partition, batchOf(['more']), level).then(({ error }) => error);
    await append(1, acks);
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
    expect([await append(0), await append(1), await append(2)]).toEqual(['none', 'storage_error', 'none']);
    expect(engine.describeDirectories().map(({ error }) => error)).toEqual(['none', 'storage_error', 'none']);
    expect(engine.health()).toMatchObject({ ok: false, reason: expect.stringContaining('/second/t-1') });
    expect((await fetchOne(engine, id, 1, 0)).error).toBe('none');
    expect(fatal).toEqual([]);
    const later = await engine.topics.create({ name: 'later', partitions: 4, configs: {} });
    const laterDirectories = engine.describePartitions(later.id).map(({ directory }) => directory);
    expect(new Set(laterDirectories)).toEqual(new Set([logDirectory, '/third']));
    await engine.maintain();
    await engine.close();
    disk = disk.kill();
    const again = await open();
    expect((await readPartition(again, id, 0)).size).toBe(2);
    expect((await readPartition(again, id, 1)).get(0)).toBe('value 1');
  });

  it('end the process only when none is left', async () => {
    const engine = await open();
    const id = await fill(engine, 3);
    for (const [partition, path] of [/^\/second/, /^\/third/, new RegExp(`^${logDirectory}`)].entries()) {
      expect(fatal).toEqual([]);
      disk.failAt('sync', 1, new Error('EIO'), path);
      await appendOne(engine, id, (partition + 1) % 3, batchOf(['more']));
    }
    expect(fatal).toHaveLength(1);
    await engine.close();
  });

  it('are not used while another engine has one of them', async () => {
    const engine = await open();
    await expect(open()).rejects.toMatchObject({ code: 'log.directory.locked' });
    await expect(open({})).rejects.toMatchObject({ code: 'log.directory.locked' });
    await engine.close();
    await (await open()).close();
  });

  it('stay locked by nobody where the start fails', async () => {
    disk.failAt('read', 2, new Error('EIO'));
    await expect(open()).rejects.toThrow('EIO');
    await (await open()).close();
  });

  it('are all needed: one that was left out or is empty now ends the start', async () => {
    const engine = await open();
    await fill(engine, 3);
    await engine.close();
    disk = disk.kill();
    await expect(open({ 'log.dirs': '/second' })).rejects.toMatchObject({ code: 'log.directory.missing' });
    await disk.removeTree('/third');
    await expect(open()).rejects.toMatchObject({ code: 'log.directory.missing' });
    await disk.remove(`${logDirectory}/directories`);
    await (await open()).close();
  });

  it('are known again under another path', async () => {
    let engine = await open();
    const id = await fill(engine, 3);
    await engine.close();
    disk = disk.kill();
    await disk.rename('/third', '/moved');
    engine = await open({ ...config, 'log.dirs': '/moved,/second' });
    expect([...(await readPartition(engine, id, 2)).values()]).toEqual(['value 2']);
    await engine.close();
  });

  it('start without one whose disk cannot be read, and take nothing of it for empty', async () => {
    let engine = await open();
    const id = await fill(engine, 3);
    await engine.close();
    disk = disk.kill();
    disk.failAt('stat', 1, new Error('EIO'), /^\/second/);
    engine = await open();
    expect(await appendOne(engine, id, 0, batchOf(['more']))).toMatchObject({ error: 'none', baseOffset: 1 });
    expect(await appendOne(engine, id, 1, batchOf(['more']))).toMatchObject({ error: 'storage_error' });
    expect((await fetchOne(engine, id, 1, 0)).error).toBe('storage_error');
    expect(engine.health().ok).toBe(false);
    await engine.close();
    disk = disk.kill();
    engine = await open();
    expect([...(await readPartition(engine, id, 1)).values()]).toEqual(['value 1']);
  });

  it('tell two directories of one name apart by the topic', async () => {
    let engine = await open();
    const id = await fill(engine, 3);
    await engine.close();
    disk = disk.kill();
    await disk.makeDirectory('/third/t-0');
    const file = await disk.open('/third/t-0/partition.metadata', 'append');
    await file.write([Buffer.from('version: 1\ntopic_id: another\n')], 0);
    engine = await open();
    expect([...(await readPartition(engine, id, 0)).values()]).toEqual(['value 0']);
    await engine.close();
  });
});
