import { Readable } from 'node:stream';
import avro from 'avsc';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { PoisonRecordError } from '#pipeline/errors';
import { logicalNames, type ConnectSchema } from '#pipeline/connect-schema';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { JsonValue } from '#pipeline/sink-json';
import { recordsOf, type TestRecord } from '../sinks/file/records.testkit.js';
import { AvroFormat, type AvroContent } from './avro-format.js';
import { CsvFormat } from './csv-format.js';
import { envelopeFields } from './envelope.js';
import type { Format } from './format.js';
import { ParquetFormat } from './parquet-format.js';

const at = { topic: 'orders', partition: 2 };

function values(...all: readonly (JsonValue | undefined)[]): TestRecord[] {
  return all.map((value, offset) => ({ offset, value: value === undefined ? null : JSON.stringify(value) }));
}

/** The file, with records given in batches of `size`. */
async function fileOf(format: Format, records: readonly TestRecord[], size = 3): Promise<Buffer> {
  const batches: SinkBatch[] = [];
  for (let from = 0; from < records.length; from += size) batches.push(recordsOf(at, records.slice(from, from + size)));
  return await fileOfBatches(format, batches);
}

async function fileOfBatches(format: Format, batches: readonly SinkBatch[]): Promise<Buffer> {
  const encoder = format.open('identity');
  const pieces = [encoder.header];
  for (const batch of batches) {
    format.check(batch);
    pieces.push(
      encoder.encode(
        batch,
        Int32Array.from({ length: batch.count }, (_, index) => index),
      ),
    );
  }
  if (encoder.finish === undefined) return Buffer.concat(pieces);
  const finished: Buffer[] = [];
  // In pieces that end anywhere, as from a disk.
  const chunks = Readable.from(slices(Buffer.concat(pieces), 11), { objectMode: true }) as AsyncIterable<Buffer>;
  for await (const chunk of encoder.finish(chunks)) finished.push(chunk);
  return Buffer.concat(finished);
}

function slices(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

async function avroRows(file: Buffer): Promise<unknown[]> {
  const rows: unknown[] = [];
  const decoder = new avro.streams.BlockDecoder();
  const done = new Promise((resolve, reject) => {
    decoder.on('data', (row: unknown) => rows.push(JSON.parse(JSON.stringify(row))));
    decoder.on('end', resolve);
    decoder.on('error', reject);
  });
  decoder.end(file);
  await done;
  return rows;
}

async function parquetRows(file: Buffer): Promise<Record<string, unknown>[]> {
  return await parquetReadObjects({ file: new Uint8Array(file).buffer, compressors });
}

const csv = (options: Partial<ConstructorParameters<typeof CsvFormat>[0]> = {}): CsvFormat =>
  new CsvFormat({
    content: { kind: 'value', nulls: 'fail', columns: null },
    header: true,
    delimiter: ',',
    lineEnd: '\n',
    ...options,
  });
const parquet = (schema: ConnectSchema | null = null): ParquetFormat =>
  new ParquetFormat({ content: { kind: 'value', nulls: 'fail', schema }, codec: 'snappy', rowGroupBytes: 100 });
const avroOf = (content: AvroContent): AvroFormat => new AvroFormat(content, 'null');

describe('CSV', () => {
  it('has every field that came, quotes by RFC 4180 and tells nothing from an empty text', async () => {
    const file = await fileOf(
      csv(),
      values({ a: 1, b: 'x,"y"\n' }, { b: '', c: [1, { d: null }] }, { a: null, c: true }),
    );
    expect(file.toString()).toBe('a,b,c\n1,"x,""y""\n",\n,"","[1,{""d"":null}]"\n,,true\n');
  });

  it('has the columns that were asked for, in their order', async () => {
    const content = { kind: 'value', nulls: 'ignore', columns: ['b', 'a'] } as const;
    const file = await fileOf(
      csv({ content, delimiter: ';', header: false }),
      values({ a: 1, b: 2, c: 3 }, undefined, { a: 'x;' }),
    );
    expect(file.toString()).toBe('2;1\n;"x;"\n');
  });

  it('keeps whole numbers that a double cannot hold', async () => {
    const file = await fileOf(csv(), [{ offset: 0, value: '{"n":9007199254740993}' }]);
    expect(file.toString()).toBe('n\n9007199254740993\n');
  });
});

describe.each([
  ['avro', () => avroOf({ kind: 'value', nulls: 'fail' })],
  ['parquet', () => parquet()],
  ['csv', () => csv()],
])('%s of values', (_name, format) => {
  it.each([
    ['no JSON', Buffer.from('{')],
    ['no object', Buffer.from('[1]')],
    ['no value', null],
  ])('refuses a record with %s and says where it is', (_what, value) => {
    const batch = recordsOf(at, [
      { offset: 5, value: '{}' },
      { offset: 6, value },
    ]);
    expect(() => format().check(batch)).toThrow(PoisonRecordError);
    expect(() => format().check(batch)).toThrow(/Record orders-2@6 /);
  });

  it('is the same file however its records came', async () => {
    const records = values(...Array.from({ length: 40 }, (_, n) => ({ n, [`f${n % 3}`]: 'x'.repeat(n) })));
    expect(await fileOf(format(), records, 1)).toEqual(await fileOf(format(), records, 17));
  });
});

describe('what values have in common', () => {
  const records = values(
    { a: 1, b: true, c: { x: 1 }, d: [1], e: 'one' },
    { a: 2.5, b: null, c: { y: 'z' }, d: [], e: 7 },
    { 'odd name': 1, c: null, d: [2, null], e: { deep: [1] } },
  );
  const rows = [
    { a: 1, b: true, c: { x: 1, y: null }, d: [1], e: 'one', odd: null },
    { a: 2.5, b: null, c: { x: null, y: 'z' }, d: [], e: '7', odd: null },
    { a: null, b: null, c: null, d: [2, null], e: '{"deep":[1]}', odd: 1 },
  ];

  it('are the fields of Avro records', async () => {
    const found = await avroRows(await fileOf(avroOf({ kind: 'value', nulls: 'fail' }), records, 1));
    expect(found.map(withoutBranches)).toEqual(rows.map(({ odd, ...row }) => ({ ...row, odd_name: odd })));
  });

  it('are the columns of Parquet files', async () => {
    const found = await parquetRows(await fileOf(parquet(), records, 1));
    // The reader leaves out a struct that is null.
    const whole = found.map((row) => ({ ...row, c: row['c'] ?? null }));
    expect(JSON.parse(JSON.stringify(whole, numbers))).toEqual(
      rows.map(({ odd, ...row }) => ({ ...row, 'odd name': odd })),
    );
  });
});

describe('a schema', () => {
  const schema = JSON.stringify({
    type: 'record',
    name: 'R',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
      { name: 'note', type: ['null', 'string'], default: null },
      { name: 'more', type: { type: 'map', values: 'int' }, default: {} },
    ],
  });

  it('that was given is the one of the Avro file, and defaults fill what is missing', async () => {
    const file = await fileOf(
      avroOf({ kind: 'schema', nulls: 'fail', schema }),
      values({ id: 1, kind: 'B', more: { a: 2 }, other: 1 }, { id: 2, kind: 'A', note: 'n' }),
    );
    expect(file.includes(schema)).toBe(true);
    expect((await avroRows(file)).map(withoutBranches)).toEqual([
      { id: 1, kind: 'B', note: null, more: { a: 2 } },
      { id: 2, kind: 'A', note: 'n', more: {} },
    ]);
  });

  it.each([
    [{ id: 'x', kind: 'A' }, /field id is the text "x" and has to be a whole number of 64 bits/],
    [{ kind: 'A' }, /field id is missing/],
    [{ id: 1, kind: 'C' }, /field kind .* one of A, B/],
    [{ id: 1, kind: 'A', more: { a: 1.5 } }, /field more is 1.5/],
  ])('refuses %j', (value, message) => {
    const format = avroOf({ kind: 'schema', nulls: 'fail', schema });
    expect(() => format.check(recordsOf(at, values(value)))).toThrow(message);
  });

  it("that records bring decides on columns, and a new one's fields are added", async () => {
    const first: ConnectSchema = {
      type: 'struct',
      optional: false,
      name: 'shop.Order',
      fields: [
        { name: 'id', schema: { type: 'int32', optional: false } },
        { name: 'day', schema: { type: 'int32', optional: false, name: logicalNames.date } },
        {
          name: 'sum',
          schema: { type: 'bytes', optional: true, name: logicalNames.decimal, parameters: { scale: '2' } },
        },
      ],
    };
    const second: ConnectSchema = {
      ...first,
      fields: [
        ...(first.fields ?? []).slice(1),
        { name: 'id', schema: { type: 'int64', optional: false } },
        { name: 'new', schema: { type: 'string', optional: true } },
      ],
    };
    const batches = [
      typed(first, { id: 1, day: '2026-11-22', sum: '12.50' }),
      typed(second, { id: 2, day: '2026-11-23', sum: null, new: 'x' }),
    ];
    const found = await parquetRows(await fileOfBatches(parquet(), batches));
    expect(JSON.parse(JSON.stringify(found, numbers))).toEqual([
      { id: 1, day: '2026-11-22T00:00:00.000Z', sum: 12.5, new: null },
      { id: 2, day: '2026-11-23T00:00:00.000Z', sum: null, new: 'x' },
    ]);
    const avroFile = await fileOfBatches(avroOf({ kind: 'value', nulls: 'fail' }), batches);
    expect(avroFile.toString('latin1')).toContain('"name":"shop.Order"');
    expect(await avroRows(avroFile)).toHaveLength(2);
  });
});

it('an envelope has what lies around the value', async () => {
  const records = [{ offset: 7, key: 'k', value: Buffer.from([0xff]), timestamp: 1000, headers: { h: 'v' } }];
  const format = new ParquetFormat({
    content: { kind: 'envelope', fields: envelopeFields },
    codec: 'none',
    rowGroupBytes: 1024,
  });
  const [row] = await parquetReadObjects({ file: new Uint8Array(await fileOf(format, records)).buffer, utf8: false });
  expect(row).toMatchObject({
    topic: 'orders',
    partition: 2,
    offset: 7n,
    timestamp: new Date(1000),
    key: new Uint8Array([107]),
    headers: [{ key: 'h', value: new Uint8Array([118]) }],
    value: new Uint8Array([0xff]),
  });
  const rows = await avroRows(await fileOf(avroOf({ kind: 'envelope', fields: ['offset', 'value'] }), records));
  expect(rows).toMatchObject([{ offset: 7 }]);
});

/** A batch as a converter with schemas gives it. */
function typed(schema: ConnectSchema, value: JsonValue): SinkBatch {
  const batch = recordsOf(at, [{ offset: 0, value: Buffer.from([0, 1, 2]) }]);
  return { ...batch, json: () => value, schema: () => schema };
}

function numbers(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** avsc shows the branch of a union around a value that it would not know otherwise. */
function withoutBranches(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutBranches);
  if (typeof value !== 'object' || value === null) return value;
  const [only, ...others] = Object.entries(value);
  if (only !== undefined && others.length === 0 && /^(string|long|double|boolean|array|map|Value_\w+)$/.test(only[0])) {
    return withoutBranches(only[1]);
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutBranches(item)]));
}
