import { SimulatedDisk } from '#std/simulated-disk';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import { appendOne, fetchOne, keyedBatchOf, logDirectory, openEngine, valuesIn } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

const configs = {
  'cleanup.policy': 'compact',
  'segment.bytes': '1200',
  'index.interval.bytes': '300',
  'min.cleanable.dirty.ratio': '0',
};
const config = { 'log.cache.bytes': '0' };

/** 1 tries every bit; 7 visits each place of a byte in turn. */
const bitStep = Number(process.env['BIT_STEP'] ?? 7);

interface Image {
  readonly disk: SimulatedDisk;
  readonly topicId: string;
  /** Base offset → the values of each batch that was left, with their offsets. */
  readonly batches: Map<number, Map<number, string>>;
  open(): Promise<LocalEngine>;
}

/** A cleaned segment with holes before, between and inside of its batches, and a clean stop. */
async function makeImage(): Promise<Image> {
  const clock = new ManualClock();
  const catalog = new MemoryCatalog();
  const disk = new SimulatedDisk();
  const engine = await openEngine({ disk, clock, catalog, config });
  const topicId = (await engine.topics.create({ name: 't', partitions: 1, configs })).id;
  for (let index = 0; index < 16; index += 1) {
    const records = [
      { key: `a${index % 5}`, value: `value ${index}` },
      { key: 'same', value: `other ${index}` },
      { key: `b${index % 7}`, value: `third ${index} ${'x'.repeat(20 + index)}` },
    ];
    await appendOne(engine, topicId, 0, keyedBatchOf(records, { timestampMs: clock.now() }));
    clock.advance(10);
  }
  await appendOne(engine, topicId, 0, keyedBatchOf([{ key: 'filler', value: 'x'.repeat(1190) }]));
  while (await engine.maintain());
  const batches = new Map<number, Map<number, string>>();
  for (let offset = 0; ;) {
    const { batches: found } = await fetchOne(engine, topicId, 0, offset, { maxBytes: 1 });
    const values = valuesIn(found);
    const base = found[0]?.readUInt32BE(4);
    if (base === undefined) break;
    batches.set(base, values);
    offset = Math.max(...values.keys()) + 1;
  }
  await engine.close();
  const survivor = disk.kill();
  return {
    disk: survivor,
    topicId,
    batches,
    open: () => openEngine({ disk: survivor.kill(), clock, catalog, config }),
  };
}

describe('A flipped bit in a cleaned segment', () => {
  it.each([
    ['.log', 1],
    ['.batches', 0],
    ['.index', 0],
    ['.timeindex', 0],
  ])(
    'in any place of its %s serves no wrong byte, and every batch but the damaged one',
    async (ending, damaged) => {
      const image = await makeImage();
      expect(image.batches.size).toBeGreaterThan(5);
      const path = `${logDirectory}/t-0/00000000000000000000${ending}`;
      const bytes = image.disk.peek(path) ?? Buffer.alloc(0);
      expect(bytes.length).toBeGreaterThan(0);
      for (let bit = 0; bit < bytes.length * 8; bit += bitStep) {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        image.disk.overwrite(path, flipped);
        expect([bit, await countDamaged(await image.open(), image)]).toEqual([bit, damaged]);
      }
    },
    120_000,
  );

  it('is found by a start that has to look at everything, which goes on behind it', async () => {
    const image = await makeImage();
    for (const path of image.disk.paths()) if (/checkpoint/.test(path)) await image.disk.remove(path);
    const path = `${logDirectory}/t-0/00000000000000000000.log`;
    const bytes = image.disk.peek(path) ?? Buffer.alloc(0);
    for (const [run, at] of [3, 9, 14, 16, 40, 200, bytes.length - 1].entries()) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      image.disk.overwrite(path, flipped);
      const engine = await image.open();
      expect([at, await countDamaged(engine, image)]).toEqual([at, 1]);
      const { baseOffset } = await appendOne(engine, image.topicId, 0, keyedBatchOf([{ key: 'k', value: 'v' }]));
      expect(baseOffset).toBe(49 + run);
    }
  });
});

/** Reads batch by batch; gives the number that answered corrupt_batch. Every other one must be as it was. */
async function countDamaged(engine: LocalEngine, image: Image): Promise<number> {
  let damaged = 0;
  for (const [base, values] of image.batches) {
    const result = await fetchOne(engine, image.topicId, 0, base, { maxBytes: 1 });
    if (result.error === 'corrupt_batch') {
      damaged += 1;
      continue;
    }
    expect([base, result.error]).toEqual([base, 'none']);
    expect(valuesIn(result.batches)).toEqual(values);
  }
  return damaged;
}
