import { seededRandom } from '#std/random';
import { BatchTable, BatchTableBuilder } from './batch-table.js';
import { halfSipHash, KeyMap } from './key-map.js';

describe('KeyMap', () => {
  it('gives the offset that was put last, as a map of its size would, and takes no more keys when it is full', () => {
    const random = seededRandom(1);
    const map = new KeyMap(random, 24 * 200);
    const model = new Map<string, number>();
    for (let offset = 0; offset < 1000; offset += 1) {
      const key = `key ${Math.floor(random.next() * 300)}`;
      const isTaken = map.put(Buffer.from(key), offset);
      expect(isTaken).toBe(model.has(key) || model.size < 180);
      if (isTaken) model.set(key, offset);
    }
    expect([map.count, map.isFull]).toEqual([180, true]);
    for (let index = 0; index < 300; index += 1) {
      expect(map.get(Buffer.from(`key ${index}`))).toBe(model.get(`key ${index}`) ?? -1);
    }
  });

  it('takes no more memory than the keys need', () => {
    const map = new KeyMap(seededRandom(2), 2 ** 40, 10);
    for (let index = 0; index < 10; index += 1) expect(map.put(Buffer.from([index]), index)).toBe(true);
  });
});

describe('HalfSipHash', () => {
  // As its authors publish them: 64 bits for the key 00 01 … 07 and the input 00 01 … of this length.
  it.each([
    [0, '218d1f59b9b83cc8'],
    [1, 'be552412f8387315'],
    [4, 'd5e78a175be52ea1'],
    [7, 'ff202728b07bc684'],
    [8, 'edfee820bce4858c'],
    [9, '5b51cccc13888307'],
  ])('of %d bytes', (length, expected) => {
    const output = new Int32Array(2);
    halfSipHash(Buffer.from(Array.from({ length }, (_, index) => index)), 0x03020100, 0x07060504, output, 0);
    expect(Buffer.from(output.buffer).toString('hex')).toBe(expected);
  });
});

describe('BatchTable', () => {
  const base = 2 ** 40;
  const builder = new BatchTableBuilder(base);
  for (let row = 0; row < 100; row += 1) builder.add(base + row * 3 + 2, row * 70);
  const table = builder.build(7000, base + 500);

  it.each([
    ['before the first', base + 1, -1],
    ['the first', base + 2, 0],
    ['in a hole', base + 4, 0],
    ['the next', base + 5, 1],
    ['behind the last', base + 10_000, 99],
  ])('finds the batch for an offset %s', (_name, offset, row) => {
    expect(table.floor(offset)).toBe(row);
  });

  it('tells place and length of each batch, and that no other begins anywhere', () => {
    expect([table.offset(99), table.position(99), table.bytes(99), table.bytes(0)]).toEqual([base + 299, 6930, 70, 70]);
    expect([table.rowAt(140), table.rowAt(141), table.rowAt(7000)]).toEqual([2, -1, -1]);
  });

  it('comes back from its file, and from no other', () => {
    const bytes = table.encode();
    const again = BatchTable.decode(base, bytes);
    expect([again?.count, again?.cleanedTo, again?.size, again?.offset(99)]).toEqual([
      100,
      base + 500,
      7000,
      base + 299,
    ]);
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(BatchTable.decode(base, damaged)).toBeNull();
    }
    expect(BatchTable.decode(base, bytes.subarray(0, 20))).toBeNull();
  });
});
