import { codecs } from './record-batch.js';
import { RecordBatchBuilder } from './record-batch-builder.js';
import { decodeRecords } from './record-columns.js';
import { RecordSource } from './record-source.js';

const bytes = Buffer.from('first\nsecond\nthird\n');
const starts = Int32Array.of(0, 6, 13);
const ends = Int32Array.of(5, 12, 18);

describe('record columns', () => {
  it.each(codecs)('give back what a builder got from columns, compressed by %s', (codec) => {
    const source = new RecordSource(
      {
        bytes,
        starts,
        ends,
        headers: new Map<string, string | (string | null)[]>([
          ['host', 'web-1'],
          ['file', ['a.log', null, 'naïve.log']],
          ['dc', 'fra'],
        ]),
        keys: [null, Buffer.from('k'), Buffer.alloc(0)],
        timestamps: Float64Array.of(1_700_000_000_000, 1_699_999_999_000, 1_800_000_000_000),
      },
      0,
    );
    const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec });
    expect(builder.appendRange(source, 0, 3)).toBe(3);
    const columns = decodeRecords(builder.build());
    expect(columns.count).toBe(3);
    expect(columns.nextOffset).toBe(3);
    expect([0, 1, 2].map((index) => String(columns.value(index)))).toEqual(['first', 'second', 'third']);
    expect([0, 1, 2].map((index) => columns.key(index))).toEqual([null, Buffer.from('k'), Buffer.alloc(0)]);
    expect([0, 1, 2].map((index) => columns.offset(index))).toEqual([0, 1, 2]);
    expect([0, 1, 2].map((index) => columns.timestamp(index))).toEqual([
      1_700_000_000_000, 1_699_999_999_000, 1_800_000_000_000,
    ]);
    expect(columns.headers(0).map(({ key, value }) => [key, String(value)])).toEqual([
      ['host', 'web-1'],
      ['file', 'a.log'],
      ['dc', 'fra'],
    ]);
    expect([0, 1, 2].map((index) => columns.header(index, 'file'))).toEqual(['a.log', null, 'naïve.log']);
    expect(columns.header(1, 'dc')).toBe('fra');
    expect(columns.byteCount).toBe(17);
    const tail = columns.slice(1, 3);
    expect(tail.count).toBe(2);
    expect(String(tail.value(1))).toBe('third');
    expect(() => tail.value(2)).toThrow(RangeError);
  });
});
