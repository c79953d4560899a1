import fc from 'fast-check';
import { codecs, recordBatch, validateProducedBatch } from './record-batch.js';
import { RecordBatchBuilder } from './record-batch-builder.js';
import { decodeRecords } from './record-columns.js';
import { encodeHeaders, RecordSource, type RecordInput } from './record-source.js';
import { javaBatches } from './testing/java-batches.testkit.js';

type Headers = Record<string, string | (string | null)[]>;

function input(values: readonly string[], headers: Headers = {}): RecordInput {
  const bytes = Buffer.from(values.join('\n'));
  const starts = new Int32Array(values.length);
  const ends = new Int32Array(values.length);
  let at = 0;
  for (const [index, value] of values.entries()) {
    starts[index] = at;
    at += Buffer.byteLength(value);
    ends[index] = at;
    at += 1;
  }
  return { bytes, starts, ends, headers: new Map(Object.entries(headers)) };
}

function built(source: RecordSource, codec: (typeof codecs)[number] = 'none'): Buffer {
  const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec });
  expect(builder.appendRange(source, 0, source.count)).toBe(source.count);
  return builder.build();
}

describe('record batch builder', () => {
  it('writes byte for byte what Kafka writes', () => {
    const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec: 'none' });
    const record = { key: null, value: null, headers: [] };
    const text = (value: string) => Buffer.from(value);
    builder.append({ ...record, key: text('k1'), value: text('first value'), timestampMs: 1_700_000_000_000 });
    builder.append({
      ...record,
      value: text('second value'),
      headers: [
        { key: 'host', value: text('web-1') },
        { key: 'host', value: text('web-2') },
        { key: 'empty', value: null },
      ],
      timestampMs: 1_700_000_000_005,
    });
    builder.append({ ...record, key: text('k3'), timestampMs: 1_699_990_000_000 });
    expect(builder.build({ producerId: 4000, producerEpoch: 7, baseSequence: 42 })).toEqual(javaBatches.none);
  });

  it('takes values that are null and headers that are bytes', () => {
    const headers = [
      [],
      [
        { key: 'h', value: Buffer.from([0xff]) },
        { key: 'h', value: null },
      ],
      [],
    ];
    const source = new RecordSource(
      {
        bytes: Buffer.from('last'),
        starts: Int32Array.of(-1, 0, 0),
        ends: Int32Array.of(-1, 0, 4),
        headers: new Map(),
        headerBlocks: encodeHeaders(3, (index) => headers[index] ?? []),
      },
      0,
    );
    const records = decodeRecords(built(source));
    expect([0, 1, 2].map((index) => records.value(index)?.toString() ?? null)).toEqual([null, '', 'last']);
    expect([0, 1, 2].map((index) => records.headers(index))).toEqual(headers);
  });

  it.each(codecs)('gives back keys, values, headers and times, compressed by %s', (codec) => {
    const source = new RecordSource(
      {
        ...input(['first', 'second', 'third'], { host: 'web-1', file: ['a.log', null, 'naïve.log'], dc: 'fra' }),
        keys: [null, Buffer.from('k'), Buffer.alloc(0)],
        timestamps: Float64Array.of(1_700_000_000_000, 1_699_999_999_000, 1_800_000_000_000),
      },
      0,
    );
    const batch = built(source, codec);
    expect(validateProducedBatch(batch)).toBeNull();
    expect(recordBatch.maxTimestamp(batch)).toBe(1_800_000_000_000);
    const columns = decodeRecords(batch);
    const indexes = [0, 1, 2];
    expect(indexes.map((index) => String(columns.value(index)))).toEqual(['first', 'second', 'third']);
    expect(indexes.map((index) => columns.key(index))).toEqual([null, Buffer.from('k'), Buffer.alloc(0)]);
    expect(indexes.map((index) => columns.timestamp(index))).toEqual(Array.from(source.timestamps ?? []));
    expect(
      indexes.map((index) =>
        columns
          .headers(index)
          .map(({ key, value }) => `${key}=${String(value)}`)
          .join(),
      ),
    ).toEqual(['host=web-1,file=a.log,dc=fra', 'host=web-1,dc=fra', 'host=web-1,file=naïve.log,dc=fra']);
  });

  it('gives back whatever it is given', () => {
    const text = fc.string({ unit: 'binary', maxLength: 80 });
    const event = fc.record({
      value: text,
      key: fc.option(text),
      host: fc.option(text),
      file: fc.option(fc.constantFrom('a.log', 'b.log')),
      timestamp: fc.oneof(fc.constant(1_700_000_000_000), fc.integer({ min: -1, max: 2 ** 45 })),
    });
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 30 }), fc.option(text), (events, shared) => {
        const headers: Headers = { host: events.map(({ host }) => host), file: events.map(({ file }) => file) };
        const source = new RecordSource(
          {
            ...input(
              events.map(({ value }) => value),
              shared === null ? headers : { shared, ...headers },
            ),
            keys: events.map(({ key }) => (key === null ? null : Buffer.from(key))),
            timestamps: Float64Array.from(events, ({ timestamp }) => timestamp),
          },
          0,
        );
        const columns = decodeRecords(built(source));
        const rows = events.map((_, index) => ({
          value: columns.value(index)?.toString(),
          key: columns.key(index)?.toString() ?? null,
          host: columns.header(index, 'host'),
          file: columns.header(index, 'file'),
          timestamp: columns.timestamp(index),
        }));
        expect(rows).toEqual(
          events.map(({ ...one }) => ({ ...one, value: well(one.value), key: well(one.key), host: well(one.host) })),
        );
        expect(columns.header(0, 'shared')).toBe(well(shared));
      }),
    );
  });

  it('stops where the batch is full and begins the next one with what is left', () => {
    const source = new RecordSource(input(Array.from({ length: 100 }, () => 'x'.repeat(90))), 1_700_000_000_000);
    const builder = new RecordBatchBuilder({ bytesMax: 1000, codec: 'none' });
    const sizes: number[] = [];
    for (let next = 0; next < source.count;) {
      const after = builder.appendRange(source, next, source.count);
      sizes.push(after - next);
      next = after;
      expect(builder.byteCount).toBeLessThanOrEqual(1000);
      expect(decodeRecords(builder.build()).count).toBe(sizes.at(-1));
    }
    expect(sizes).toEqual([...Array(11).fill(9), 1]);
  });

  it('gives a record larger than a batch one of its own', () => {
    const source = new RecordSource(input(['y'.repeat(100_000), 'z']), 1_700_000_000_000);
    const builder = new RecordBatchBuilder({ bytesMax: 1000, codec: 'none' });
    expect(builder.appendRange(source, 0, 2)).toBe(1);
    expect(decodeRecords(builder.build()).value(0)?.length).toBe(100_000);
    expect(builder.count).toBe(0);
  });

  it('never changes a batch it gave away', () => {
    const source = new RecordSource(input(Array.from({ length: 300 }, (_, index) => `${index}`.repeat(40))), 0);
    const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec: 'none' });
    builder.appendRange(source, 0, 300);
    const first = builder.build();
    const copy = Buffer.from(first);
    builder.appendRange(source, 100, 300);
    builder.build();
    expect(first).toEqual(copy);
  });
});

/** Text as UTF-8 can carry it: a lone surrogate becomes the replacement character. */
function well<Text extends string | null>(text: Text): string | null {
  return text === null ? null : Buffer.from(text).toString();
}
