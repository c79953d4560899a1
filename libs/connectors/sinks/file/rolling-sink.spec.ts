import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FatalSinkError, FencedSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { seededRandom } from '#std/random';
import { silentLogger } from '#std/log';
import { ManualClock } from './manual-clock.testkit.js';
import { recordsOf, type TestRecord } from './records.testkit.js';
import { parseFinalName } from './final-name.js';
import type { FileStore } from './file-store.js';
import { rollingSetup } from './rolling-options.js';
import { rollingSpecs, rollingValues } from './rolling-specs.js';
import { RollingSink } from './rolling-sink.js';
import { SimulatedStore, SimulatedTree, type SimulatedFault } from './simulated-store.testkit.js';
import { requireOptions } from '#config/options';

const at = { topic: 'orders', partition: 3 };
const specs = rollingSpecs('file.');
let root = '';
let ids = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rolling-'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const defaultOptions = { 'file.path': '/lake/%{kind}', 'file.rollInterval': '0', 'file.timeZone': 'UTC' };

function makeSink(store: FileStore, options: Record<string, string> = {}): RollingSink {
  const values = rollingValues('file.', requireOptions('sink', specs, { ...defaultOptions, ...options }));
  return new RollingSink({
    connect: () => store,
    ...rollingSetup(values, { topicsDirectory: null, fileType: 'DataStream' }),
    newId: () => `id-${(ids += 1)}`,
  });
}

interface Owner {
  readonly ownerEpoch?: number;
  readonly task?: number;
  readonly connector?: string;
  readonly clock?: ManualClock;
}

async function start(sink: Sink, owner: Owner = {}): Promise<void> {
  await sink.start({
    name: owner.connector ?? 'lake',
    task: owner.task ?? 0,
    clock: owner.clock ?? new ManualClock(),
    logger: silentLogger,
    ownerEpoch: owner.ownerEpoch ?? 1,
    stateDirectory: join(root, String((ids += 1))),
  });
}

/** Record of an offset: its text is the offset, its kind one of three. */
function record(offset: number): TestRecord {
  return { offset, value: String(offset), headers: { kind: ['a', 'b', 'c'][(offset * 7) % 3] ?? '' } };
}

function batch(from: number, to: number) {
  return recordsOf(
    at,
    Array.from({ length: to - from }, (_, index) => record(from + index)),
  );
}

/** Offsets under final names, in order, with repeats. */
function visible(tree: SimulatedTree): number[] {
  const offsets: number[] = [];
  for (const [path, bytes] of tree.files) {
    if (path.includes('/+')) continue;
    const lines = bytes.toString().split('\n').slice(0, -1).map(Number);
    const name = parseFinalName(path.slice(path.lastIndexOf('/') + 1));
    expect(name).toMatchObject({ ...at, firstOffset: lines[0], lastOffset: lines.at(-1) });
    offsets.push(...lines);
  }
  return offsets.sort((left, right) => left - right);
}

const allOffsets = (end: number): number[] => Array.from({ length: end }, (_, offset) => offset);

/**
 * What the runner does: reads from the stored offset in batches (of 4 for the first owner, larger for later ones, so that owners
 * cut files differently), flushes all after each second one, and once more.
 */
async function runToEnd(sink: Sink, owner: Owner, end: number): Promise<void> {
  await start(sink, owner);
  const [stored] = await sink.open([at]);
  let offset = stored?.offset ?? 0;
  for (let round = 1; offset < end; round += 1) {
    const next = Math.min(end, offset + 3 + (owner.ownerEpoch ?? 1));
    await sink.put(batch(offset, next));
    offset = next;
    if (round % 2 === 0) await sink.flush(true);
  }
  expect(await sink.flush(true)).toEqual([{ ...at, offset: end }]);
}

describe('rolling files on a store that fails', () => {
  const end = 20;
  const faults: readonly SimulatedFault[] = ['before', 'after', 'half'];

  it.each(faults)('have each offset once after a crash %s each single store call', async (fault) => {
    const dry = new SimulatedStore(new SimulatedTree());
    await runToEnd(makeSink(dry), {}, end);
    expect(dry.calls).toBeGreaterThan(40);
    for (let crashAt = 0; crashAt < dry.calls; crashAt += 1) {
      const tree = new SimulatedTree();
      const crashing = new SimulatedStore(tree, (call) =>
        call < crashAt ? 'none' : call === crashAt ? fault : 'before',
      );
      await expect(runToEnd(makeSink(crashing), {}, end)).rejects.toThrow(RetriableSinkError);
      await runToEnd(makeSink(new SimulatedStore(tree)), { ownerEpoch: 2 }, end);
      expect(visible(tree)).toEqual(allOffsets(end));
      expect([...tree.files.keys()].filter((path) => path.includes('/+tmp/'))).toEqual([]);
      expect([...tree.files.keys()].filter((path) => path.includes('/+state/'))).toHaveLength(1);
    }
  });

  it('have each offset once when the recovery crashes too, at each of its calls', async () => {
    const dry = new SimulatedStore(new SimulatedTree());
    await runToEnd(makeSink(dry), {}, end);
    for (let first = 0; first < dry.calls; first += 3) {
      for (let second = 0; second < 24; second += 1) {
        const tree = new SimulatedTree();
        for (const [epoch, crashAt] of [first, second].entries()) {
          const fault: SimulatedFault = (first + second + epoch) % 2 === 0 ? 'after' : 'before';
          const store = new SimulatedStore(tree, (call) =>
            call < crashAt ? 'none' : call === crashAt ? fault : 'before',
          );
          await runToEnd(makeSink(store), { ownerEpoch: epoch + 1 }, end).catch(() => undefined);
        }
        await runToEnd(makeSink(new SimulatedStore(tree)), { ownerEpoch: 3 }, end);
        expect(visible(tree)).toEqual(allOffsets(end));
      }
    }
  });

  it('go on in the same run after single calls that failed or whose answers were lost', async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = seededRandom(seed);
      const tree = new SimulatedTree();
      let calm = false;
      const store = new SimulatedStore(tree, () =>
        calm || random.next() > 0.15 ? 'none' : (faults[Math.floor(random.next() * 3)] ?? 'before'),
      );
      const sink = makeSink(store);
      await start(sink);
      await untilDone(() => sink.open([at]));
      for (let offset = 0; offset < 40; offset += 4) {
        await sink.put(batch(offset, offset + 4));
        await sink.flush(offset % 3 === 0).catch(() => undefined);
      }
      calm = true;
      expect(await sink.flush(true)).toEqual([{ ...at, offset: 40 }]);
      expect({ seed, offsets: visible(tree) }).toEqual({ seed, offsets: allOffsets(40) });
      await sink.put(batch(40, 41));
      await sink.flush(true);
      expect([...tree.files.keys()].filter((path) => path.includes('/+tmp/'))).toEqual([]);
    }
  });

  it('have each offset once with stale owners at work, in any interleaving of their calls', async () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = seededRandom(seed);
      const tree = new SimulatedTree();
      const gate = new Gate();
      const runs = [1, 2, 3].map(async (epoch) => {
        const store = new SimulatedStore(tree, () => gate.pass(epoch));
        const task = seed % 2 === 0 ? 0 : epoch;
        for (let attempt = 0; attempt < epoch * 2; attempt += 1) await gate.pass(epoch);
        await runToEnd(makeSink(store), { ownerEpoch: epoch, task }, end).catch((error: unknown) => {
          if (!(error instanceof FencedSinkError) && !(error instanceof FatalSinkError)) throw error;
        });
      });
      await gate.runAll(runs, random.next.bind(random));
      await runToEnd(makeSink(new SimulatedStore(tree)), { ownerEpoch: 4 }, end);
      expect({ seed, offsets: visible(tree) }).toEqual({ seed, offsets: allOffsets(end) });
    }
  });
});

describe('a rolling sink', () => {
  it('refuses to open for an older owner of the same task', async () => {
    const tree = new SimulatedTree();
    await runToEnd(makeSink(new SimulatedStore(tree)), { ownerEpoch: 7 }, 8);
    const older = makeSink(new SimulatedStore(tree));
    await start(older, { ownerEpoch: 6 });
    await expect(older.open([at])).rejects.toThrow(FatalSinkError);
  });

  it('lets another task take a partition over whatever its epoch, and fences the first', async () => {
    const tree = new SimulatedTree();
    const first = makeSink(new SimulatedStore(tree));
    await start(first, { task: 0, ownerEpoch: 9 });
    await first.open([at]);
    await first.put(batch(0, 5));
    const second = makeSink(new SimulatedStore(tree));
    await start(second, { task: 1, ownerEpoch: 2 });
    expect(await second.open([at])).toEqual([]);
    await expect(first.flush(true)).rejects.toThrow(FencedSinkError);
    expect(await first.flush(true)).toEqual([]);
    await expect(first.put(batch(5, 6))).rejects.toThrow(FencedSinkError);
    await second.put(batch(0, 6));
    await second.flush(true);
    expect(visible(tree)).toEqual(allOffsets(6));
  });

  it('keeps a position past records that became dead letters, with files or without', async () => {
    const tree = new SimulatedTree();
    const open = async (ownerEpoch: number) => {
      const sink = makeSink(new SimulatedStore(tree), { 'file.path': '/lake' });
      await start(sink, { ownerEpoch });
      return { sink, stored: await sink.open([at]) };
    };
    const { sink } = await open(1);
    await sink.skip({ ...at, offset: 2 });
    expect(await sink.flush(false)).toEqual([]);
    expect(await sink.flush(true)).toEqual([{ ...at, offset: 2 }]);
    await sink.put(batch(2, 4));
    await sink.skip({ ...at, offset: 6 });
    await sink.put(batch(6, 7));
    await sink.skip({ ...at, offset: 8 });
    expect(await sink.flush(true)).toEqual([{ ...at, offset: 8 }]);
    expect([...tree.files.keys()].filter((path) => !path.includes('/+'))).toEqual([
      '/lake/orders+3+0000000002+0000000006.txt',
    ]);
    expect((await open(2)).stored).toEqual([{ ...at, offset: 8 }]);
  });

  it('finds its position from file names when the commit log is gone', async () => {
    const tree = new SimulatedTree();
    await runToEnd(makeSink(new SimulatedStore(tree)), {}, 12);
    for (const path of tree.files.keys()) if (path.includes('/+state/')) tree.files.delete(path);
    tree.files.set('/lake/a/orders+30+0000000000+0000000999.txt', Buffer.alloc(0));
    const sink = makeSink(new SimulatedStore(tree));
    await start(sink);
    expect(await sink.open([at])).toEqual([{ ...at, offset: 12 }]);
  });

  it('never replaces a foreign file under one of its names', async () => {
    const tree = new SimulatedTree();
    const sink = makeSink(new SimulatedStore(tree), { 'file.path': '/lake' });
    await start(sink);
    await sink.open([at]);
    tree.files.set('/lake/orders+3+0000000000+0000000003.txt', Buffer.from('foreign'));
    await sink.put(batch(0, 4));
    await expect(sink.flush(true)).rejects.toThrow(FatalSinkError);
    expect(tree.files.get('/lake/orders+3+0000000000+0000000003.txt')?.toString()).toBe('foreign');
  });

  it('passes over records that it has already', async () => {
    const tree = new SimulatedTree();
    const sink = makeSink(new SimulatedStore(tree));
    await start(sink);
    await sink.open([at]);
    await sink.put(batch(0, 5));
    await sink.put(batch(2, 8));
    await sink.flush(true);
    expect(visible(tree)).toEqual(allOffsets(8));
  });

  it('does not block in put while the store is away, and says so once the spool is full', async () => {
    const tree = new SimulatedTree();
    let away = false;
    const store = new SimulatedStore(tree, () => (away ? 'before' : 'none'));
    const sink = makeSink(store, {
      'file.path': '/lake',
      'file.spoolBytes': String(1024 * 1024),
      'file.spoolMemoryBytes': '1000',
    });
    await start(sink);
    await sink.open([at]);
    away = true;
    const calls = store.calls;
    const value = 'x'.repeat(100 * 1024);
    let offset = 0;
    const put = () => sink.put(recordsOf(at, [{ offset, value }]));
    for (; offset < 11; offset += 1) await put();
    expect(store.calls).toBe(calls);
    await expect(put()).rejects.toThrow(/spool holds/);
    await expect(sink.flush(false)).rejects.toThrow(RetriableSinkError);
    away = false;
    expect(await sink.flush(false)).toEqual([{ ...at, offset: 11 }]);
    await put();
    expect(await sink.flush(true)).toEqual([{ ...at, offset: 12 }]);
    const lines = [...tree.files].filter(([path]) => !path.includes('/+')).map(([, bytes]) => bytes.toString());
    expect(lines).toEqual([`${value}\n`.repeat(11), `${value}\n`]);
  });

  it('rejects a poison record with its index and keeps nothing of the batch', async () => {
    const tree = new SimulatedTree();
    const sink = makeSink(new SimulatedStore(tree), { 'file.path': '/lake', format: 'json' });
    await start(sink);
    await sink.open([at]);
    const bad = recordsOf(at, [
      { offset: 0, value: '{"a":1}' },
      { offset: 1, value: '{"a":' },
    ]);
    const error: unknown = await sink.put(bad).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PoisonRecordError);
    expect(error).toMatchObject({ index: 1 });
    await sink.put(bad.slice(0, 1));
    await sink.flush(true);
    expect([...tree.files.keys()].filter((path) => !path.includes('/+'))).toEqual([
      '/lake/orders+3+0000000000+0000000000.json',
    ]);
  });

  it.each([
    [
      'rollCount',
      { 'flush.size': '2' },
      0,
      [
        [0, 1],
        [2, 3],
      ],
    ],
    ['rollSize', { 'file.rollSize': '10' }, 0, [[0, 4]]],
    ['rollInterval, not yet', { 'file.rollInterval': '1' }, 999, []],
    ['rollInterval', { 'file.rollInterval': '1' }, 1000, [[0, 4]]],
    ['rotate.interval.ms', { 'rotate.interval.ms': '500' }, 500, [[0, 4]]],
    ['idleTimeout', { 'file.idleTimeout': '2' }, 2000, [[0, 4]]],
    ['rollRecordSpan', { 'file.rollRecordSpan': '4' }, 0, [[0, 4]]],
    ['no limit', {}, 1_000_000_000, []],
  ])('rolls by %s', async (_name, options, waitMs, expected) => {
    const tree = new SimulatedTree();
    const clock = new ManualClock();
    const sink = makeSink(new SimulatedStore(tree), { 'file.path': '/lake', 'file.rollSize': '0', ...options });
    await start(sink, { clock });
    await sink.open([at]);
    await sink.put(batch(0, 5));
    clock.advance(waitMs);
    await sink.flush(false);
    const ranges = [...tree.files.keys()].flatMap((path) => {
      const name = path.includes('/+') ? null : parseFinalName(path.slice(path.lastIndexOf('/') + 1));
      return name === null ? [] : [[name.firstOffset, name.lastOffset]];
    });
    expect(ranges).toEqual(expected);
  });

  it('writes the same gzip bytes however records were batched', async () => {
    const written = async (sizes: readonly number[]): Promise<Map<string, Buffer>> => {
      const tree = new SimulatedTree();
      const sink = makeSink(new SimulatedStore(tree), { 'file.path': '/lake', 'file.codeC': 'GzipCodec' });
      await start(sink);
      await sink.open([at]);
      let offset = 0;
      for (const size of sizes) await sink.put(batch(offset, (offset += size)));
      await sink.flush(true);
      return new Map([...tree.files].filter(([path]) => !path.includes('/+')));
    };
    const whole = await written([50_000]);
    expect([...whole.keys()]).toEqual(['/lake/orders+3+0000000000+0000049999.txt.gz']);
    expect(await written([1, 7, 40_000, 9_992])).toEqual(whole);
    const text = gunzipSync([...whole.values()][0] ?? Buffer.alloc(0)).toString();
    expect(text).toBe(
      allOffsets(50_000)
        .map((offset) => `${offset}\n`)
        .join(''),
    );
  });
});

async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RetriableSinkError)) throw error;
    }
  }
}

/**
 * Lets the calls of several owners pass one at a time. Chance decides who is next, and for how many calls: long bursts leave others behind
 * in the middle of what they do.
 */
class Gate {
  private readonly waiting = new Map<number, (() => void)[]>();

  pass(owner: number): Promise<SimulatedFault> {
    return new Promise((resolve) => {
      const calls = this.waiting.get(owner) ?? [];
      calls.push(() => resolve('none'));
      this.waiting.set(owner, calls);
    });
  }

  async runAll(runs: readonly Promise<void>[], next: () => number): Promise<void> {
    let running = true;
    const all = Promise.all(runs).finally(() => {
      running = false;
    });
    while (running) {
      const owners = [...this.waiting.keys()];
      const owner = owners[Math.floor(next() * owners.length)] ?? 0;
      for (let left = Math.ceil(next() ** 2 * 60); left > 0 && running; left -= 1) {
        this.waiting.get(owner)?.shift()?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await all;
  }
}
