import { appendOne, batchOf, fetchOne, readPartition, valuesIn } from './testing/engine-fixture.js';
import { makeImage, partitionDirectory } from './testing/damage-image.js';

const configs = { 'segment.bytes': '100000', 'index.interval.bytes': '300' };
const valueBytes = 40;

describe('A torn tail', () => {
  it('is gone for good: a whole batch behind the torn one does not come back', async () => {
    const image = await makeImage({ before: 1, after: 3, configs, valueBytes });
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
    const image = await makeImage({ before: 6, after: 0, configs, valueBytes });
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
