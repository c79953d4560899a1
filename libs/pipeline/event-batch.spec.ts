import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventBatch, spanOf, type HeaderColumn } from './event-batch.js';

const eventsOf = (batch: EventBatch) =>
  Array.from({ length: batch.count }, (_, index) => [batch.body(index).toString('hex'), batch.headersOf(index)]);

/** Batches out of a few chunks, as sources cut them: bodies anywhere in their chunk, headers shared or of their own. */
const someBatches = fc
  .array(
    fc.record({
      chunk: fc.nat(2),
      cuts: fc.array(fc.tuple(fc.nat(60), fc.nat(20)), { maxLength: 6 }),
      shared: fc.constantFrom('x', 'y'),
      own: fc.array(fc.option(fc.string()), { minLength: 6, maxLength: 6 }),
      hasOwn: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => {
    const chunks = [0, 1, 2].map((number) => {
      const chunk = Buffer.allocUnsafeSlow(100);
      for (let index = 0; index < 100; index += 1) chunk[index] = (index * 7 + number * 31) % 256;
      return chunk;
    });
    return parts.map(({ chunk, cuts, shared, own, hasOwn }) => {
      const headers = new Map<string, HeaderColumn>([['shared', shared]]);
      if (hasOwn) headers.set('own', own.slice(0, cuts.length));
      return new EventBatch(
        (chunks[chunk] ?? Buffer.alloc(100)).subarray(10),
        Int32Array.from(cuts, ([start]) => start),
        Int32Array.from(cuts, ([start, length]) => start + length),
        headers,
      );
    });
  });

describe('an event batch', () => {
  it('is joined of parts in order, whatever memory they lie in', () => {
    fc.assert(
      fc.property(someBatches, (parts) => {
        expect(eventsOf(EventBatch.join(parts))).toEqual(parts.flatMap(eventsOf));
      }),
    );
  });

  it('is sliced, selected and copied without a change of its events', () => {
    fc.assert(
      fc.property(someBatches, fc.nat(6), fc.nat(6), (parts, left, right) => {
        const [batch] = parts;
        if (batch === undefined) return;
        const [from, to] = [Math.min(left, right, batch.count), Math.min(Math.max(left, right), batch.count)];
        const expected = eventsOf(batch).slice(from, to);
        expect(eventsOf(batch.slice(from, to))).toEqual(expected);
        const indexes = Int32Array.from({ length: to - from }, (_, index) => from + index);
        expect(eventsOf(batch.select(indexes))).toEqual(expected);
        expect(eventsOf(batch.copy())).toEqual(eventsOf(batch));
        expect(batch.copy().bytes.length).toBe(batch.bodyBytes);
      }),
    );
  });

  it('shares the memory of parts that were cut out of one chunk, and keeps a shared header one value', () => {
    const chunk = Buffer.allocUnsafeSlow(8).fill('a\n');
    const cut = (start: number) =>
      new EventBatch(chunk, Int32Array.of(start), Int32Array.of(start + 1), new Map([['h', 'v']]));
    const joined = EventBatch.join([cut(0), cut(2), cut(4)]);
    expect(joined.bytes.buffer).toBe(chunk.buffer);
    expect(joined.headers.get('h')).toBe('v');
  });

  it('knows the span of its bodies', () => {
    const batch = new EventBatch(Buffer.alloc(100), Int32Array.of(10, 20), Int32Array.of(19, 30));
    expect(spanOf(batch)).toEqual({ from: 10, to: 30, isDense: true, keptBytes: 20 });
    const sparse = new EventBatch(Buffer.alloc(100), Int32Array.of(0, 90), Int32Array.of(5, 95));
    expect(spanOf(sparse)).toEqual({ from: 0, to: 95, isDense: false, keptBytes: 10 });
    expect(spanOf(EventBatch.of([]))).toMatchObject({ keptBytes: 0 });
  });
});
