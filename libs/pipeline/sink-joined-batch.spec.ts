import { JoinedBatch } from '#pipeline/sink-joined-batch';
import type { SinkBatch } from '#pipeline/sink-batch';

/** Records at `offsets`, each with its offset as value. */
function piece(offsets: readonly number[]): SinkBatch {
  return {
    topic: 't',
    partition: 1,
    count: offsets.length,
    byteCount: offsets.length * 2,
    offset: (index) => offsets[index] ?? -1,
    timestamp: (index) => 10 * (offsets[index] ?? -1),
    key: () => null,
    value: (index) => Buffer.from(String(offsets[index])),
    headers: (index) => [{ key: 'at', value: Buffer.from(String(offsets[index])) }],
    header: (index) => String(offsets[index]),
    slice: (from, to) => piece(offsets.slice(from, to)),
  };
}

function offsetsOf(batch: SinkBatch): number[] {
  return Array.from({ length: batch.count }, (_none, index) => batch.offset(index));
}

describe('a joined batch', () => {
  const joined = JoinedBatch.of([piece([1, 2]), piece([5]), piece([7, 8, 9])]);

  it('is its pieces, one after another', () => {
    expect(joined).toMatchObject({ topic: 't', partition: 1, count: 6, byteCount: 12 });
    expect(offsetsOf(joined)).toEqual([1, 2, 5, 7, 8, 9]);
  });

  it('finds a record in any order', () => {
    for (const [index, offset] of [
      [5, 9],
      [0, 1],
      [2, 5],
      [4, 8],
      [1, 2],
      [3, 7],
    ] as const) {
      expect(joined.value(index)?.toString()).toBe(String(offset));
      expect(joined.timestamp(index)).toBe(10 * offset);
      expect(joined.header(index, 'at')).toBe(String(offset));
      expect(joined.headers(index)[0]?.value?.toString()).toBe(String(offset));
    }
  });

  it.each([
    [0, 6, [1, 2, 5, 7, 8, 9]],
    [1, 4, [2, 5, 7]],
    [2, 3, [5]],
    [4, 6, [8, 9]],
  ])('is cut from %i to %i across its pieces', (from, to, offsets) => {
    expect(offsetsOf(joined.slice(from, to))).toEqual(offsets);
    expect(offsetsOf(joined.slice(0, 6).slice(from, to))).toEqual(offsets);
  });

  it('of one piece is that piece', () => {
    const only = piece([3]);
    expect(JoinedBatch.of([only])).toBe(only);
  });
});
