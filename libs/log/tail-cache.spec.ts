import { Tail, TailCache } from './tail-cache.js';

const batch = (baseOffset: number, count: number, size: number) => ({
  baseOffset,
  lastOffset: baseOffset + count - 1,
  bytes: Buffer.alloc(size, baseOffset),
});

describe('TailCache', () => {
  it('keeps the newest batches of all partitions within its budget', () => {
    const cache = new TailCache(5000);
    const tails = [new Tail(), new Tail()];
    for (let index = 0; index < 2000; index += 1) {
      const tail = tails[index % 2];
      if (tail !== undefined) cache.add(tail, batch(index, 1, 340));
    }
    expect(cache.sizeBytes).toBe(5000);
    expect(
      tails.map(
        (tail, index) => tail.read(1990 + index, { bytesMax: 10_000, firstWhole: true, endOffset: Infinity })?.length,
      ),
    ).toEqual([5, 5]);
    expect(tails[0]?.read(1988, { bytesMax: 10_000, firstWhole: true, endOffset: Infinity })).toBeNull();
  });

  it.each([
    [0, 1000, true, [0, 3, 6]],
    [4, 1000, true, [3, 6]],
    [8, 1000, true, [6]],
    [0, 150, true, [0]],
    [0, 50, true, [0]],
    [0, 50, false, []],
  ])('reads from %d at most %d bytes', (offset, bytesMax, firstWhole, expected) => {
    const cache = new TailCache(100_000);
    const tail = new Tail();
    for (const base of [0, 3, 6]) cache.add(tail, batch(base, 3, 100));
    expect(tail.read(offset, { bytesMax, firstWhole, endOffset: Infinity })?.map((bytes) => bytes[0])).toEqual(
      expected,
    );
  });

  it('forgets a partition without losing count', () => {
    const cache = new TailCache(2000);
    const tail = new Tail();
    const other = new Tail();
    for (let index = 0; index < 3; index += 1) cache.add(tail, batch(index, 1, 340));
    cache.add(other, batch(0, 1, 340));
    cache.clear(tail);
    expect(cache.sizeBytes).toBe(500);
    for (let index = 0; index < 50; index += 1) cache.add(tail, batch(100 + index, 1, 340));
    expect(cache.sizeBytes).toBe(2000);
    expect(tail.read(146, { bytesMax: 10_000, firstWhole: true, endOffset: Infinity })?.length).toBe(4);
    expect(other.read(0, { bytesMax: 100, firstWhole: true, endOffset: Infinity })).toBeNull();
  });

  it('counts the memory that batches share once, for as long as one of them is there', () => {
    const cache = new TailCache(100_000);
    const tail = new Tail();
    const other = new Tail();
    const frame = Buffer.alloc(10_000);
    cache.add(tail, { baseOffset: 0, lastOffset: 0, bytes: frame.subarray(0, 100) });
    cache.add(other, { baseOffset: 0, lastOffset: 0, bytes: frame.subarray(100, 200) });
    expect(cache.sizeBytes).toBe(10_320);
    cache.clear(tail);
    expect(cache.sizeBytes).toBe(10_160);
    cache.clear(other);
    expect(cache.sizeBytes).toBe(0);
  });

  it('leaves no hole where a batch is too large for it', () => {
    const cache = new TailCache(1000);
    const tail = new Tail();
    cache.add(tail, batch(0, 1, 100));
    cache.add(tail, batch(1, 1, 5000));
    cache.add(tail, batch(2, 1, 100));
    expect(tail.read(0, { bytesMax: 100, firstWhole: true, endOffset: Infinity })).toBeNull();
    expect(tail.read(2, { bytesMax: 100, firstWhole: true, endOffset: Infinity })?.length).toBe(1);
  });
});
