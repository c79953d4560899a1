import { SparseIndex } from './sparse-index.js';

function indexOf(rows: readonly (readonly [number, number])[]): SparseIndex {
  const index = new SparseIndex();
  for (const [key, value] of rows) index.append(key, value);
  return index;
}

describe('SparseIndex', () => {
  it.each([
    [9, -1],
    [10, 0],
    [19, 0],
    [20, 1],
    [1000, 2],
  ])('finds for %d the row %d', (key, row) => {
    expect(
      indexOf([
        [10, 1],
        [20, 2],
        [30, 3],
      ]).floor(key),
    ).toBe(row);
  });

  it('gives back what its saves wrote, block by block', () => {
    const index = new SparseIndex();
    const blocks: Buffer[] = [];
    for (let row = 0; row < 100; row += 1) {
      index.append(row * 5, row);
      if (row % 7 !== 0) continue;
      const unsaved = index.takeUnsaved();
      expect(unsaved?.replace).toBe(row === 0);
      blocks.push(unsaved?.block ?? Buffer.alloc(0));
    }
    const again = SparseIndex.decode(Buffer.concat(blocks));
    expect(again?.count).toBe(99);
    expect([again?.key(98), again?.value(98)]).toEqual([490, 98]);
    expect(again?.takeUnsaved()).toBeNull();
  });

  it('is refused with any byte changed or missing inside a block', () => {
    const block = indexOf([
      [1, 2],
      [3, 4],
    ]).takeUnsaved()?.block;
    for (let at = 0; at < (block?.length ?? 0); at += 1) {
      const damaged = Buffer.from(block ?? []);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      expect(SparseIndex.decode(damaged)).toBeNull();
      if (at > 0) expect(SparseIndex.decode(damaged.subarray(0, at))).toBeNull();
    }
  });

  it('replaces its file when rows were cut that are in it', () => {
    const index = indexOf([
      [1, 1],
      [2, 2],
    ]);
    index.takeUnsaved();
    index.cut(1);
    index.append(5, 5);
    expect(index.takeUnsaved()).toMatchObject({ replace: true });
    expect(index.floor(9)).toBe(1);
  });
});
