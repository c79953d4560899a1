import type { Logger } from '#std/log';
import { SimulatedDisk } from '#std/simulated-disk';
import type { AppendResult } from './engine.js';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import { appendOne, batchOf, fetchOne, openEngine, readPartition } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const kibibyte = 1024;

describe('The disk budget', () => {
  let clock: ManualClock;
  let catalog: MemoryCatalog;
  let disk: SimulatedDisk;
  let lines: string[];
  let counter = 0;
  let values: Map<number, string>;
  let id: string;
  const logger: Logger = {
    info: (message) => lines.push(message),
    warn: (message) => lines.push(message),
    error: (message) => lines.push(message),
    child: () => logger,
  };
  const open = (config: Readonly<Record<string, string>>): Promise<LocalEngine> =>
    openEngine({ disk, clock, catalog, logger, config: { 'log.cache.bytes': '0', ...config } });
  const append = async (engine: LocalEngine): Promise<AppendResult> => {
    counter += 1;
    const value = `${counter}${'v'.repeat(kibibyte)}`;
    const result = await appendOne(engine, id, 0, batchOf([value]));
    if (result.error === 'none') values.set(result.baseOffset, value);
    return result;
  };
  /** Until the first refusal. */
  const fill = async (engine: LocalEngine): Promise<AppendResult> => {
    for (;;) {
      const result = await append(engine);
      if (result.error !== 'none') return result;
    }
  };
  const second = async (): Promise<void> => {
    clock.advance(1000);
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const commit = (engine: LocalEngine, offset: number): Promise<void> =>
    engine.groups.commit('g', [{ topic: 't', partition: 0, offset, leaderEpoch: -1, metadata: '' }]);
  const create = async (engine: LocalEngine): Promise<void> => {
    const configs = { 'segment.bytes': String(8 * kibibyte), 'retention.ms': '-1' };
    id = (await engine.topics.create({ name: 't', partitions: 1, configs })).id;
  };

  beforeEach(() => {
    clock = new ManualClock();
    catalog = new MemoryCatalog();
    disk = new SimulatedDisk();
    lines = [];
    values = new Map();
  });

  it('warns at 90 percent, refuses at 100, and goes on when retention has made room', async () => {
    let engine = await open({ 'log.disk.budget.bytes': String(100 * kibibyte) });
    await create(engine);
    while (values.size < 90) await append(engine);
    await second();
    expect(engine.health()).toMatchObject({ ok: true, warning: expect.stringContaining('log.disk.budget.bytes') });
    expect(await fill(engine)).toMatchObject({
      error: 'storage_error',
      message: expect.stringContaining('nothing is lost'),
    });
    expect(lines.filter((line) => line.includes('log.disk.budget.bytes'))).toHaveLength(2);
    await commit(engine, 5);
    expect((await fetchOne(engine, id, 0, 0)).error).toBe('none');
    expect(await readPartition(engine, id, 0)).toEqual(values);
    // A kill changes nothing of it, although no partition is opened then.
    disk = disk.kill();
    engine = await open({ 'log.disk.budget.bytes': String(100 * kibibyte) });
    expect((await append(engine)).error).toBe('storage_error');
    expect(engine.groups.find('g', 't', 0)?.offset).toBe(5);
    await engine.topics.alterConfigs('t', {
      'segment.bytes': String(8 * kibibyte),
      'retention.bytes': String(40 * kibibyte),
    });
    while (await engine.maintain());
    await second();
    expect((await append(engine)).error).toBe('none');
    expect(engine.health()).toEqual({ ok: true, reason: null });
  });

  it.each(['0', '20480'])('keeps %s bytes of a small disk free, and ends by itself', async (minFree) => {
    disk.totalBytes = 100 * kibibyte;
    const engine = await open({ 'log.disk.min.free.bytes': minFree, 'log.disk.reserve.bytes': '8192' });
    await create(engine);
    await second();
    await second();
    expect(await fill(engine)).toMatchObject({ error: 'storage_error' });
    // Others may fill the rest; there is a reserve for journals.
    disk.totalBytes = disk.totalBytes - (await disk.space('/')).usableBytes;
    for (let offset = 0; offset < 20; offset += 1) await commit(engine, offset);
    expect(engine.groups.find('g', 't', 0)?.offset).toBe(19);
    expect(engine.describeDirectories()[0]).toMatchObject({ error: 'none', isFull: true });
    expect(await readPartition(engine, id, 0)).toEqual(values);
    expect((await append(engine)).error).toBe('storage_error');
    disk.totalBytes += 60 * kibibyte;
    for (let waited = 0; waited < 2; waited += 1) await second();
    expect((await append(engine)).error).toBe('none');
    expect(await readPartition(engine, id, 0)).toEqual(values);
    expect(engine.describeDirectories()[0]).toMatchObject({ isFull: false });
    await second();
    expect(disk.peek('/data/reserve')?.length).toBe(8192);
    await engine.close();
  });
});
