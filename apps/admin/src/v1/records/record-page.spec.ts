import { headsBackward, headsForward, merged, type KeptPartition } from './record-page.js';
import type { RecordView } from './record-view.js';

function kept(partition: number, times: readonly number[], { from = 0, to = times.length } = {}): KeptPartition {
  const records = times.map((timestamp, index) => ({
    view: { partition, offset: from + index } as RecordView,
    timestamp,
    bytes: 1,
  }));
  return { records, bytes: times.length, from, to };
}

const ranges = [
  { topic: 'a', partition: 0, from: 0, to: 4 },
  { topic: 'a', partition: 1, from: 0, to: 3 },
];
const both = new Map([
  [0, kept(0, [1, 4, 5, 9])],
  [1, kept(1, [2, 3, 8])],
]);
const placesOf = (records: readonly RecordView[]): string[] =>
  records.map((each) => `${each.partition}:${each.offset}`);

describe('partitions merged by time', () => {
  it('go forward, and on behind what was taken', () => {
    const { records, places } = merged(headsForward(ranges, both), 4);
    expect(placesOf(records)).toEqual(['0:0', '1:0', '1:1', '0:1']);
    expect([...places]).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  it('go back, and on before what was taken', () => {
    const { records, places } = merged(headsBackward(ranges, both), 3);
    expect(placesOf(records)).toEqual(['0:3', '1:2', '0:2']);
    expect([...places]).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  it('wait for a partition that has more, unless the order may be loose', () => {
    const half = new Map([
      [0, kept(0, [1, 4], { to: 2 })],
      [1, kept(1, [2, 3, 8])],
    ]);
    expect(placesOf(merged(headsForward(ranges, half), 9).records)).toEqual(['0:0', '1:0', '1:1', '0:1']);
    expect(placesOf(merged(headsForward(ranges, half), 9, true).records)).toHaveLength(5);
  });

  it('pass over what has no record', () => {
    const none = new Map([
      [0, kept(0, [], { to: 4 })],
      [1, kept(1, [7], { from: 2, to: 3 })],
    ]);
    const { places } = merged(
      headsBackward(ranges, new Map([...none].map(([at, each]) => [at, { ...each, from: 0 }]))),
      9,
    );
    expect([...places]).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });
});
