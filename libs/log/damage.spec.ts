import { SimulatedDisk } from '#std/simulated-disk';
import { seededRandom } from '#std/random';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import {
  appendOne,
  batchOf,
  fetchOne,
  logDirectory,
  openEngine,
  readPartition,
  valuesIn,
} from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const configs = { 'segment.bytes': '1200', 'index.interval.bytes': '300' };
const config = { 'log.cache.bytes': '0' };
const partitionDirectory = `${logDirectory}/t-0`;

/** 1 tries every bit, half a minute; 11 visits each place of a byte in turn. */
const bitStep = Number(process.env['BIT_STEP'] ?? 11);

interface Image {
  /** As the engine opened last has it. */
  readonly disk: SimulatedDisk;
  readonly topicId: string;
  readonly values: Map<number, string>;
  /** Offset behind each batch, and the file size there, of the newest segment. */
  readonly bounds: { readonly offset: number; readonly size: number }[];
  /** The engine of a new process; the one before is dead. */
  open(): Promise<LocalEngine>;
}

/** `before` batches and a clean stop, which marks them durable, then `after` batches and a kill. */
async function makeImage(before: number, after: number, topicConfigs = configs): Promise<Image> {
  const clock = new ManualClock();
  const catalog = new MemoryCatalog();
  let disk = new SimulatedDisk();
  let engine = await openEngine({ disk, clock, catalog, config });
  const topicId = (await engine.topics.create({ name: 't', partitions: 1, configs: topicConfigs })).id;
  const values = new Map<number, string>();
  const bounds: { offset: number; size: number }[] = [];
  for (let index = 0; index < before + after; index += 1) {
    if (index === before) {
      await engine.close();
      disk = disk.kill();
      engine = await openEngine({ disk, clock, catalog, config });
    }
    const texts = [`value ${index} ${'a'.repeat(40 + index)}`, `other ${index}`];
    const producer = { producerId: 5, producerEpoch: 0, baseSequence: index * 2 };
    const { baseOffset } = await appendOne(engine, topicId, 0, batchOf(texts, { producer, timestampMs: clock.now() }));
    texts.forEach((text, delta) => values.set(baseOffset + delta, text));
    const newest = disk.paths().findLast((path) => path.startsWith(partitionDirectory) && path.endsWith('.log')) ?? '';
    bounds.push({ offset: baseOffset + texts.length, size: disk.peek(newest)?.length ?? 0 });
    clock.advance(10);
  }
  if (after === 0) await engine.close();
  let survivor = disk.kill();
  return {
    get disk() {
      return survivor;
    },
    topicId,
    values,
    bounds,
    open() {
      survivor = survivor.kill();
      return openEngine({ disk: survivor, clock, catalog, config });
    },
  };
}

describe('A torn tail', () => {
  const old = batchOf(['an old block', 'of another file']);
  const random = seededRandom(3);
  const fillings: [string, (length: number) => Buffer][] = [
    ['cut off', () => Buffer.alloc(0)],
    ['zeros', (length) => Buffer.alloc(length)],
    ['garbage', (length) => Buffer.from(Array.from({ length }, () => Math.floor(random.next() * 256)))],
    ['an old block', (length) => Buffer.concat(Array.from({ length: 20 }, () => old)).subarray(0, length)],
  ];

  it.each(fillings)('of any length ends at the last whole batch: %s', async (_name, fill) => {
    const image = await makeImage(3, 3, { ...configs, 'segment.bytes': '100000' });
    const path = `${partitionDirectory}/00000000000000000000.log`;
    const whole = image.disk.peek(path) ?? Buffer.alloc(0);
    const marked = image.bounds[2]?.size ?? 0;
    for (let length = marked; length < whole.length; length += 1) {
      image.disk.overwrite(path, Buffer.concat([whole.subarray(0, length), fill(whole.length - length)]));
      const engine = await image.open();
      const present = await readPartition(engine, image.topicId, 0);
      const kept = image.bounds.findLast((bound) => bound.size <= length);
      // Filling that happens to continue the torn bytes rightly is no damage.
      const least = kept?.offset ?? 0;
      expect(present.size).toBeGreaterThanOrEqual(least);
      if (present.size > least) expect(image.disk.peek(path)).toEqual(whole.subarray(0, image.disk.peek(path)?.length));
      for (const [offset, value] of present) expect(value).toBe(image.values.get(offset));
      expect((await appendOne(engine, image.topicId, 0, batchOf(['next']))).baseOffset).toBe(present.size);
    }
  });

  it('is gone for good: a whole batch behind the torn one does not come back', async () => {
    const image = await makeImage(1, 3, { ...configs, 'segment.bytes': '100000' });
    const path = `${partitionDirectory}/00000000000000000000.log`;
    const whole = image.disk.peek(path) ?? Buffer.alloc(0);
    const torn = Buffer.from(whole);
    torn.fill(0, image.bounds[1]?.size ?? 0, (image.bounds[1]?.size ?? 0) + 40);
    image.disk.overwrite(path, torn);
    const engine = await image.open();
    const again = batchOf([`value 2 ${'b'.repeat(42)}`, 'other 2']);
    expect((await appendOne(engine, image.topicId, 0, again)).baseOffset).toBe(4);
    expect((await readPartition(await image.open(), image.topicId, 0)).size).toBe(6);
  });

  it('below the durable mark is never cut, and its offsets are not given again', async () => {
    const image = await makeImage(6, 0, { ...configs, 'segment.bytes': '100000' });
    const path = `${partitionDirectory}/00000000000000000000.log`;
    const whole = image.disk.peek(path) ?? Buffer.alloc(0);
    for (let length = 0; length < whole.length; length += 7) {
      for (const other of image.disk.paths()) {
        if (other.startsWith(partitionDirectory) && other.endsWith('.log') && other !== path)
          await image.disk.remove(other);
      }
      image.disk.overwrite(path, whole.subarray(0, length));
      const engine = await image.open();
      const kept = image.bounds.findLast((bound) => bound.size <= length)?.offset ?? 0;
      expect((await appendOne(engine, image.topicId, 0, batchOf(['next']))).baseOffset).toBe(12);
      expect((await fetchOne(engine, image.topicId, 0, kept)).error).toBe('corrupt_batch');
      expect([...valuesIn((await fetchOne(engine, image.topicId, 0, 12)).batches).values()]).toEqual(['next']);
      if (kept > 0) expect(valuesIn((await fetchOne(engine, image.topicId, 0, 0)).batches).size).toBe(kept);
      expect(image.disk.peek(path)?.length).toBe(length);
    }
  });
});

describe('A flipped bit', () => {
  it.each(['.log', '.index', '.timeindex', '.snapshot', 'partition.metadata', 'checkpoint'])(
    'in any place of a file %s serves no wrong byte and removes no file',
    async (ending) => {
      const image = await makeImage(12, 0);
      const clean = new Map(image.disk.paths().map((path) => [path, image.disk.peek(path) ?? Buffer.alloc(0)]));
      const targets = [...clean.keys()].filter((path) => path.endsWith(ending));
      expect(targets.length).toBeGreaterThan(0);
      for (const path of targets) {
        const bytes = clean.get(path) ?? Buffer.alloc(0);
        for (let bit = 0; bit < bytes.length * 8; bit += bitStep) {
          const damaged = Buffer.from(bytes);
          damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          image.disk.overwrite(path, damaged);
          const errors = await readTolerantly(await image.open(), image);
          expect([path, bit, errors]).toEqual([path, bit, ending === '.log' ? 1 : 0]);
        }
        image.disk.overwrite(path, bytes);
        for (const other of clean.keys())
          if (!other.endsWith('clean-stop')) expect(image.disk.paths()).toContain(other);
      }
    },
    120_000,
  );
});

/** Reads batch by batch; gives the number of batches that answered corrupt_batch. Every other one must be as it was. */
async function readTolerantly(engine: LocalEngine, image: Image): Promise<number> {
  let errors = 0;
  for (let offset = 0; offset < image.values.size; offset += 2) {
    const result = await fetchOne(engine, image.topicId, 0, offset, { maxBytes: 1 });
    if (result.error === 'corrupt_batch') {
      errors += 1;
      continue;
    }
    expect(result.error).toBe('none');
    const found = valuesIn(result.batches);
    expect(found.get(offset)).toBe(image.values.get(offset));
    expect(found.get(offset + 1)).toBe(image.values.get(offset + 1));
  }
  return errors;
}
