import { SimulatedDisk } from '#std/simulated-disk';
import type { LocalEngine } from '../local-engine.js';
import { MemoryCatalog } from '../memory-catalog.js';
import { appendOne, batchOf, fetchOne, logDirectory, openEngine, valuesIn } from './engine-fixture.js';
import { ManualClock } from './manual-clock.js';

const config = { 'log.cache.bytes': '0' };
export const partitionDirectory = `${logDirectory}/t-0`;

/** A partition on a disk, to be damaged and opened again and again. */
export interface Image {
  /** As the engine opened last has it. */
  readonly disk: SimulatedDisk;
  readonly topicId: string;
  readonly values: Map<number, string>;
  /** Offset behind each batch, and the file size there, of the newest segment. */
  readonly bounds: { readonly offset: number; readonly size: number }[];
  /** The engine of a new process; the one before is dead. */
  open(): Promise<LocalEngine>;
}

export interface ImageSpec {
  readonly before: number;
  readonly after: number;
  readonly configs: Readonly<Record<string, string>>;
  /** Of the first of two records of a batch. */
  readonly valueBytes: number;
}

/** `before` batches and a clean stop, which marks them durable, then `after` batches and a kill. */
export async function makeImage({ before, after, configs, valueBytes }: ImageSpec): Promise<Image> {
  const clock = new ManualClock();
  const catalog = new MemoryCatalog();
  let disk = new SimulatedDisk();
  let engine = await openEngine({ disk, clock, catalog, config });
  const topicId = (await engine.topics.create({ name: 't', partitions: 1, configs })).id;
  const values = new Map<number, string>();
  const bounds: { offset: number; size: number }[] = [];
  for (let index = 0; index < before + after; index += 1) {
    if (index === before) {
      await engine.close();
      disk = disk.kill();
      engine = await openEngine({ disk, clock, catalog, config });
    }
    const texts = [`value ${index} ${'a'.repeat(valueBytes + index)}`, `other ${index}`];
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
      // A clock of its own, so that timers of the dead keep nothing in memory.
      return openEngine({ disk: survivor, clock: new ManualClock(clock.now()), catalog, config });
    },
  };
}

/** Reads batch by batch; gives the number of batches that answered corrupt_batch. Every other one must be as it was. */
export async function readTolerantly(engine: LocalEngine, image: Image): Promise<number> {
  let errors = 0;
  for (let offset = 0; offset < image.values.size; offset += 2) {
    const result = await fetchOne(engine, image.topicId, 0, offset, { maxBytes: 1 });
    if (result.error === 'corrupt_batch') {
      errors += 1;
      continue;
    }
    if (result.error !== 'none') throw new Error(`offset ${offset}: ${result.error}`);
    const found = valuesIn(result.batches);
    for (const at of [offset, offset + 1]) {
      if (found.get(at) !== image.values.get(at)) throw new Error(`offset ${at} has other bytes`);
    }
  }
  return errors;
}
