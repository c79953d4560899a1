import { hbaseErrors } from './hbase-errors.js';
import { encodeMulti, failuresOf } from './multi-call.js';
import type { Mutation } from './mutation.js';
import { encodeProto, type ProtoMessage } from './protobuf.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const [f, g] = [bytes('f'), bytes('g')];
const put: Mutation = {
  kind: 'put',
  row: bytes('row'),
  cells: [
    { family: f, qualifier: bytes('a'), value: bytes('x'.repeat(300)) },
    { family: f, qualifier: bytes('b'), value: bytes('') },
    { family: g, qualifier: bytes('a'), value: bytes('z') },
  ],
  timestamp: 1_700_000_000_000,
  durable: true,
};
const increment: Mutation = { kind: 'increment', row: bytes('n'), cells: [], durable: false, nonce: 2n ** 63n + 5n };
const deletion: Mutation = { kind: 'delete', row: bytes('gone'), cells: [], durable: true, timestamp: 130 };

describe('the call Multi of HBase', () => {
  it('has the bytes of its protobuf message, regions and rows in order', () => {
    const regions = [
      { region: bytes('t,,1.a.'), indexes: [0, 2] },
      { region: bytes('t,m,1.b.'), indexes: [1] },
    ];
    const action = (index: number, mutation: ProtoMessage): ProtoMessage => ({ 1: index, 2: mutation });
    const columns = [
      {
        1: f,
        2: [
          { 1: 'a', 2: 'x'.repeat(300) },
          { 1: 'b', 2: '' },
        ],
      },
      { 1: g, 2: [{ 1: 'a', 2: 'z' }] },
    ];
    const first = action(0, { 1: 'row', 2: 2, 3: columns, 4: 1_700_000_000_000 });
    const last = action(2, { 1: 'gone', 2: 3, 4: 130 });
    const middle = action(1, { 1: 'n', 2: 1, 6: 1, 9: 2n ** 63n + 5n });
    const expected = encodeProto({
      1: [
        { 1: { 1: 1, 2: 't,,1.a.' }, 3: [first, last] },
        { 1: { 1: 1, 2: 't,m,1.b.' }, 3: [middle] },
      ],
      2: 77n,
    });
    expect(encodeMulti(regions, [put, increment, deletion], 77n).equals(expected)).toBe(true);
  });

  const exception = (name: string): ProtoMessage => ({ 1: name, 2: `${name}: because\n\tat there` });
  const refusal = 'org.apache.hadoop.hbase.DoNotRetryIOException';
  const answer = (...regions: readonly ProtoMessage[]): Buffer => encodeProto({ 1: regions });

  it('is answered with what was not done, by row or region', () => {
    const failures = failuresOf(
      answer(
        {
          1: [
            { 1: 0, 2: {} },
            { 1: 3, 3: exception(refusal) },
            { 1: 4, 3: exception('a.b.RegionTooBusyException') },
          ],
        },
        { 2: exception('org.apache.hadoop.hbase.NotServingRegionException') },
        { 1: [{ 1: 1, 3: exception('o.NoSuchColumnFamilyException') }] },
        { 1: [{ 1: 2, 2: {} }] },
      ),
    );
    expect(failures.map(({ kind, index }) => [kind, index])).toEqual([
      [hbaseErrors.invalid, 3],
      [hbaseErrors.busy, 4],
      [hbaseErrors.busy, null],
      [hbaseErrors.missing, 1],
    ]);
    expect(failuresOf(answer({ 1: [{ 1: 0, 2: {} }] }))).toEqual([]);
  });

  it('tells a refusal that all rows of a region share once, without a row', () => {
    const rows = [0, 1].map((index) => ({ 1: index, 3: exception(refusal) }));
    expect(failuresOf(answer({ 1: rows })).map(({ kind, index }) => [kind, index])).toEqual([
      [hbaseErrors.invalid, null],
    ]);
    expect(failuresOf(answer({ 1: rows.slice(0, 1) })).map(({ index }) => index)).toEqual([0]);
  });
});
