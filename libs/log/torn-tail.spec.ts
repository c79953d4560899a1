import { seededRandom } from '#std/random';
import { makeImage, partitionDirectory } from './testing/damage-image.js';
import { appendOne, batchOf, readPartition } from './testing/engine-fixture.js';

/** Of the byte lengths of the last three batches, 4 KiB each, one in so many is opened once for each filling; CI opens every one. */
const lengthStep = Number(process.env['LENGTH_STEP'] ?? 7);
const configs = { 'segment.bytes': '100000' };

describe('A torn tail', () => {
  const old = batchOf(['an old block', 'of another file']);
  const random = seededRandom(3);
  const garbage = Buffer.from(Array.from({ length: 16 * 1024 }, () => Math.floor(random.next() * 256)));
  const oldBlocks = Buffer.concat(Array.from({ length: 200 }, () => old));
  const fillings: [string, (length: number) => Buffer][] = [
    ['cut off', () => Buffer.alloc(0)],
    ['zeros', (length) => Buffer.alloc(length)],
    ['garbage', (length) => garbage.subarray(0, length)],
    ['an old block', (length) => oldBlocks.subarray(0, length)],
  ];

  it.each(fillings)(
    'of any length ends at the last whole batch: %s',
    async (_name, fill) => {
      const image = await makeImage({ before: 3, after: 3, configs, valueBytes: 4000 });
      const path = `${partitionDirectory}/00000000000000000000.log`;
      const whole = image.disk.peek(path) ?? Buffer.alloc(0);
      const marked = image.bounds[2]?.size ?? 0;
      expect(whole.length - marked).toBeGreaterThan(12_000);
      let opened = 0;
      for (let length = marked; length < whole.length; length += lengthStep) {
        image.disk.overwrite(path, Buffer.concat([whole.subarray(0, length), fill(whole.length - length)]));
        const engine = await image.open();
        const present = await readPartition(engine, image.topicId, 0);
        const least = image.bounds.findLast((bound) => bound.size <= length)?.offset ?? 0;
        const kept = image.disk.peek(path);
        // Filling that happens to continue the torn bytes rightly is no damage.
        const isRight = present.size === least || kept?.equals(whole.subarray(0, kept.length)) === true;
        if (present.size < least || !isRight)
          throw new Error(`length ${length}: ${present.size} records, not ${least}`);
        for (const [offset, value] of present) {
          if (value !== image.values.get(offset)) throw new Error(`length ${length}: offset ${offset} has other bytes`);
        }
        const next = await appendOne(engine, image.topicId, 0, batchOf(['next']));
        if (next.baseOffset !== present.size)
          throw new Error(`length ${length}: the next offset is ${next.baseOffset}`);
        opened += 1;
      }
      expect(opened).toBeGreaterThan(12_000 / lengthStep);
    },
    120_000,
  );
});
