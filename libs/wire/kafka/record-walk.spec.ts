import { RecordBatchBuilder } from './record-batch-builder.js';
import { batchHeaderBytes } from './record-batch.js';
import { recordsProblem, walkRecords } from './record-walk.js';

describe('a walk over records', () => {
  function recordsOf(keys: readonly (string | null)[]): Buffer {
    const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec: 'none' });
    for (const [index, key] of keys.entries()) {
      builder.append({
        key: key === null ? null : Buffer.from(key),
        value: index % 2 === 0 ? Buffer.alloc(200, 120) : null,
        headers: index % 3 === 0 ? [{ key: 'h', value: null }] : [],
        timestampMs: 1_700_000_000_000 + index * 3_000_000_000,
      });
    }
    return builder.build(null).subarray(batchHeaderBytes);
  }

  const records = recordsOf(['a', null, 'c', null, null, null]);
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(records);
    copy[at] = value;
    return copy;
  };

  // In the first record: two bytes of its length, attributes, both deltas, the key's length, the key, two bytes of the value's length.
  test.each([
    ['whole', records, 6, true, true],
    ['of no record', Buffer.alloc(0), 0, true, true],
    ['with a byte too many', Buffer.concat([records, Buffer.from([0])]), 6, false, false],
    ['with a byte too few', records.subarray(0, -1), 6, false, false],
    ['one less than announced', records, 7, false, false],
    ['one more than announced', records, 5, false, false],
    ['with a longer first record', changed(0, (records[0] ?? 0) + 2), 6, false, false],
    ['with a longer first key', changed(5, 8), 6, true, false],
    ['with a first key of length -2', changed(5, 3), 6, true, false],
  ])('%s', (_, bytes, count, isWholeOutside, isWhole) => {
    expect(recordsProblem(bytes, 0, count) === null).toBe(isWholeOutside);
    expect(walkRecords(bytes, 0, count).problem === null).toBe(isWhole);
  });

  test('tells how many records have no key, and the first three', () => {
    expect(walkRecords(records, 0, 6)).toEqual({ problem: null, keylessCount: 4, keyless: [1, 3, 4] });
  });

  test('ends, whatever the bytes are', () => {
    for (let seed = 0; seed < 2_000; seed += 1) {
      const bytes = Buffer.from(Array.from({ length: seed % 64 }, (_, index) => (seed * 31 + index * seed * 7) & 0xff));
      expect([null, 'string']).toContain(recordsProblem(bytes, 0, 9) === null ? null : 'string');
      expect(walkRecords(bytes, 0, 9).keyless.length).toBeLessThanOrEqual(3);
    }
  });
});
