import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSink } from '#connectors/sinks/file/file-sink';
import { recordsOf, type TestRecord } from '#connectors/sinks/file/records.testkit';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { hadoopText, parquetCat, pythonRows } from '../peers/file-readers.js';

const count = 2000;
const at = { topic: 'orders', partition: 0 };
const firstMs = Date.UTC(2026, 10, 22);

interface Order {
  readonly id: number;
  readonly name: string;
  readonly price: number;
  readonly paid: boolean;
  readonly note?: string | null;
  readonly tags: readonly string[];
  readonly place: { readonly city: string; readonly code: number | null } | null;
}

function order(id: number): Order {
  return {
    id,
    name: `Köln "${id}", ${id % 5 === 0 ? 'a\nb' : 'c'}`,
    price: id / 4,
    paid: id % 3 === 0,
    ...(id % 4 === 0 ? {} : { note: id % 4 === 1 ? null : `n${id % 7}` }),
    tags: Array.from({ length: id % 3 }, (_, index) => `t${index}`),
    place: id % 13 === 0 ? null : { city: `c${id % 11}`, code: id % 2 === 0 ? id : null },
  };
}

const records: readonly TestRecord[] = Array.from({ length: count }, (_, id) => ({
  offset: id,
  key: `k${id % 10}`,
  value: JSON.stringify(order(id)),
  timestamp: firstMs + id,
  headers: { dc: 'b1' },
}));
/** A row of a table: what is missing is null. */
const rows = records.map((_, id) => ({ ...order(id), note: order(id).note ?? null }));

const schema = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'name', type: 'string' },
    { name: 'price', type: 'double' },
    { name: 'paid', type: 'boolean' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    {
      name: 'place',
      type: [
        'null',
        {
          type: 'record',
          name: 'Place',
          fields: [
            { name: 'city', type: 'string' },
            { name: 'code', type: ['null', 'long'] },
          ],
        },
      ],
    },
  ],
});
const envelope = 'topic,partition,offset,timestamp,key,headers,value';

/** Files of the sink `file`, read by programs that others wrote. */
describe('files of records', () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-formats-'));

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** Writes all records with these options, in batches of different sizes; gives the only file. */
  async function written(name: string, options: Readonly<Record<string, string>>): Promise<string> {
    const directory = join(root, name);
    const sink = fileSink.create({ 'file.path': directory, 'file.rollInterval': '0', ...options });
    const stateDirectory = join(root, '+spool', name);
    await sink.start({
      name: 'lake',
      task: 0,
      clock: systemClock,
      logger: silentLogger,
      ownerEpoch: 1,
      stateDirectory,
    });
    await sink.open([at]);
    for (let from = 0, size = 1; from < count; from += size, size = 1 + ((size * 7) % 300)) {
      await sink.put(recordsOf(at, records.slice(from, from + size)));
    }
    expect(await sink.flush(true)).toEqual([{ ...at, offset: count }]);
    await sink.stop();
    const files = readdirSync(directory).filter((entry) => !entry.startsWith('+'));
    expect(files).toHaveLength(1);
    return join(directory, files[0] ?? '');
  }

  async function allWritten(variants: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<string[]> {
    const paths: string[] = [];
    for (const [name, options] of Object.entries(variants)) paths.push(await written(name, options));
    return paths;
  }

  test('text of every codec and SequenceFiles of both compressions are read by fs -text', async () => {
    const codecs = ['gzip', 'deflate', 'snappy', 'lz4', 'bzip2'];
    const streams = await allWritten({
      'text-none': { format: 'text' },
      ...Object.fromEntries(codecs.map((codec) => [`text-${codec}`, { format: 'text', 'file.codeC': codec }])),
    });
    const text = { 'file.fileType': 'SequenceFile', 'file.writeFormat': 'Text' };
    const sequences = await allWritten({
      'sequence-none': text,
      ...Object.fromEntries(
        codecs.flatMap((codec) =>
          ['BLOCK', 'RECORD'].map((type) => [
            `sequence-${codec}-${type}`,
            { ...text, 'file.codeC': codec, 'sequencefile.compression.type': type },
          ]),
        ),
      ),
    });
    const lines = records.map(({ value }) => String(value));
    const keyed = records.map(({ value, timestamp }) => `${timestamp}\t${String(value)}`);
    const expected = [...streams.flatMap(() => lines), ...sequences.flatMap(() => keyed)];
    const found = (await hadoopText([...streams, ...sequences])).split('\n').slice(0, -1);
    expect(found.length).toBe(expected.length);
    expect(found.findIndex((line, index) => line !== expected[index])).toBe(-1);
  }, 120_000);

  test('Avro and Parquet files of every codec and content are read by their own Java libraries', async () => {
    const avro = ['null', 'deflate', 'snappy', 'zstandard', 'bzip2'];
    const parquet = ['none', 'snappy', 'gzip', 'zstd', 'lz4_raw'];
    const values = await allWritten({
      ...Object.fromEntries(avro.map((codec) => [`avro-${codec}`, { format: 'avro', 'avro.codec': codec }])),
      'avro-schema': { format: 'avro', 'format.schema': schema },
      ...Object.fromEntries(
        parquet.map((codec) => [
          `parquet-${codec}`,
          { format: 'parquet', 'parquet.codec': codec, 'parquet.row.group.bytes': '65536' },
        ]),
      ),
      'parquet-schema': { format: 'parquet', 'format.schema': schema },
    });
    const found = (await parquetCat(values)).map((line) => withoutUnions(JSON.parse(line)));
    expect(found.length).toBe(values.length * count);
    for (const [index, path] of values.entries()) {
      // Parquet's command line shows no lists of anybody's files (nor pyarrow's own); they are compared below.
      const expected = path.endsWith('.parquet') ? rows.map((row) => ({ ...row, tags: null })) : rows;
      expect({ path, rows: found.slice(index * count, (index + 1) * count) }).toEqual({ path, rows: expected });
    }
    const enveloped = await allWritten({
      'avro-envelope': { format: 'avro', 'format.output.fields': envelope },
      'parquet-envelope': { format: 'parquet', 'format.output.fields': envelope },
      'avro-event': { serializer: 'avro_event' },
    });
    const wrapped = await parquetCat(enveloped);
    expect(wrapped.length).toBe(enveloped.length * count);
    for (const line of [wrapped[7], wrapped[count + 7]]) {
      expect(line).toMatch(/"topic": ?"orders"/);
      expect(line).toMatch(new RegExp(`"offset": ?7`));
    }
    expect(wrapped[2 * count + 7]).toMatch(/"dc": ?"b1"/);
  }, 120_000);

  test('Parquet, CSV and JSON files are read by DuckDB and pyarrow', async () => {
    const tables = await allWritten({
      ...Object.fromEntries(
        ['none', 'snappy', 'gzip', 'zstd', 'lz4_raw'].map((codec) => [
          `table-${codec}`,
          { format: 'parquet', 'parquet.codec': codec },
        ]),
      ),
      'table-schema': { format: 'parquet', 'format.schema': schema, 'parquet.row.group.bytes': '65536' },
      'json-plain': { format: 'json' },
      'json-gzip': { format: 'json', 'file.codeC': 'gzip' },
      'json-zstd': { format: 'json', 'file.codeC': 'zstd' },
    });
    for (const read of await pythonRows(tables)) {
      expect({ path: read.path, reader: read.reader, rows: read.rows }).toEqual({
        path: read.path,
        reader: read.reader,
        rows,
      });
    }
    const sheets = await allWritten({
      'csv-all': { format: 'csv' },
      'csv-gzip': { format: 'csv', 'file.codeC': 'gzip' },
    });
    const cells = rows.map((row) => ({
      id: String(row.id),
      name: row.name,
      price: String(row.price),
      paid: String(row.paid),
      note: row.note,
      tags: JSON.stringify(row.tags),
      place: row.place === null ? null : JSON.stringify(row.place),
    }));
    for (const read of await pythonRows(sheets)) {
      expect({ path: read.path, rows: read.rows }).toEqual({ path: read.path, rows: cells });
    }
    const wrapped = await pythonRows([
      await written('table-envelope', { format: 'parquet', 'format.output.fields': envelope }),
    ]);
    expect(wrapped).toHaveLength(2);
    const base64 = (text: unknown): string => Buffer.from(String(text)).toString('base64');
    const expected = records.map(({ offset, key, value, timestamp }) => ({
      topic: 'orders',
      partition: 0,
      offset,
      timestamp,
      key: base64(key),
      headers: [{ key: 'dc', value: base64('b1') }],
      value: base64(value),
    }));
    for (const read of wrapped)
      expect({ reader: read.reader, rows: read.rows }).toEqual({ reader: read.reader, rows: expected });
  }, 120_000);
});

/** Avro's JSON says which branch of a union a value is: `{"string": "x"}`. */
function withoutUnions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnions);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && unionBranches.has(only[0])) return withoutUnions(only[1]);
  return Object.fromEntries(entries.map(([name, item]) => [name, withoutUnions(item)]));
}

const unionBranches: ReadonlySet<string> = new Set([
  'string',
  'long',
  'double',
  'boolean',
  'array',
  'Value_place',
  'shop.Place',
]);
