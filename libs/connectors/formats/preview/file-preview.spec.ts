import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { recordsOf } from '#connectors/sinks/file/records.testkit';
import { AvroFormat } from '../avro-format.js';
import type { Format } from '../format.js';
import { findCodec } from '../hadoop-codec.js';
import { ParquetFormat } from '../parquet-format.js';
import { SequenceBlocksFormat } from '../sequence-file-blocks-format.js';
import { SequenceFileFormat } from '../sequence-file.js';
import { previewFile } from './file-preview.js';
import type { PreviewedRows } from './preview-rows.js';

const limits = { rowsMax: 5, bytesMax: 1024 * 1024 };
const documents = Array.from({ length: 20 }, (_, id) => ({ id, name: `row ${id}` }));

async function fileOf(format: Format): Promise<Buffer> {
  const batch = recordsOf(
    { topic: 'orders', partition: 0 },
    documents.map((document, offset) => ({ offset, value: JSON.stringify(document) })),
  );
  const encoder = format.open('identity');
  const indexes = Int32Array.from({ length: batch.count }, (_, index) => index);
  const bytes = Buffer.concat([encoder.header, encoder.encode(batch, indexes)]);
  if (encoder.finish === undefined) return bytes;
  const pieces: Buffer[] = [];
  const chunks = Readable.from([bytes], { objectMode: true }) as AsyncIterable<Buffer>;
  for await (const piece of encoder.finish(chunks)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function preview(name: string, bytes: Buffer, bytesMax = limits.bytesMax): Promise<PreviewedRows> {
  const source = {
    size: bytes.length,
    read: async (from: number, count: number) => bytes.subarray(from, from + count),
  };
  return previewFile(name, source, { ...limits, bytesMax });
}

const codecOf = (name: string) => findCodec(name) ?? fail(name);
function fail(name: string): never {
  throw new Error(`there is no codec ${name}`);
}

describe('the preview of a file', () => {
  it.each([
    ['none', new SequenceFileFormat('Writable'), 'SequenceFile'],
    ['Text', new SequenceFileFormat('Text'), 'SequenceFile'],
    ['gzip by value', new SequenceFileFormat('Text', codecOf('gzip')), 'SequenceFile, gzip by value'],
    ...['gzip', 'deflate', 'snappy', 'lz4', 'zstd'].map(
      (name) =>
        [
          `${name} by block`,
          new SequenceBlocksFormat('Writable', codecOf(name)),
          `SequenceFile, ${name} by block`,
        ] as const,
    ),
  ] as const)('reads a SequenceFile (%s)', async (_what, format, decoder) => {
    const shown = await preview('orders.seq', await fileOf(format));
    expect(shown.decoder).toBe(decoder);
    expect(shown.rows).toHaveLength(5);
    expect(shown.rows.map(({ key }) => key)).toEqual([0, 1, 2, 3, 4]);
    expect(String(shown.rows[4]?.['value'])).toBe(JSON.stringify(documents[4]));
  });

  it.each(['null', 'deflate', 'snappy', 'zstandard'] as const)('reads an Avro container (%s)', async (codec) => {
    const shown = await preview('orders.avro', await fileOf(new AvroFormat({ kind: 'value', nulls: 'fail' }, codec)));
    expect(shown.decoder).toContain('Avro container');
    expect(shown.columns).toEqual(['id', 'name']);
    expect(shown.rows).toEqual(documents.slice(0, 5));
  });

  it.each(['snappy', 'gzip', 'zstd'] as const)('reads a Parquet file (%s)', async (codec) => {
    const content = { kind: 'value', nulls: 'fail', schema: null } as const;
    const format = new ParquetFormat({ content, codec, rowGroupBytes: 1024 * 1024 });
    const shown = await preview('orders.parquet', await fileOf(format));
    expect(shown.decoder).toBe(`Parquet, ${codec}, 20 rows`);
    expect(shown.columns).toEqual(['id', 'name']);
    expect(shown.rows.map(({ name }) => name)).toEqual(documents.slice(0, 5).map(({ name }) => name));
  });

  it('takes lines of JSON by their fields, and other lines as they are', async () => {
    const lines = documents.map((document) => `${JSON.stringify(document)}\n`).join('');
    const json = await preview('a.json.gz', gzipSync(lines));
    expect(json).toMatchObject({ decoder: 'JSON lines, gzip', columns: ['id', 'name'] });
    expect(json.rows).toEqual(documents.slice(0, 5));
    const text = await preview('a.txt', Buffer.from('one\ntwo\n'));
    expect(text).toMatchObject({ decoder: 'Text lines', rows: [{ line: 'one' }, { line: 'two' }] });
  });

  it('shows what there is of a file of which only the beginning is read', async () => {
    const sequence = await fileOf(new SequenceFileFormat('Text'));
    expect((await preview('a.seq', sequence, 240)).rows.length).toBeGreaterThan(0);
    const lines = Buffer.from('x'.repeat(50).concat('\n').repeat(40));
    expect((await preview('a.txt', lines, 180)).rows).toHaveLength(3);
    const packed = gzipSync(Buffer.from(Array.from({ length: 5_000 }, (_, line) => `${line * 7919}\n`).join('')));
    expect((await preview('a.txt.gz', packed, 2_000)).rows).toHaveLength(5);
  });

  it('refuses what claims to be more than is looked at, and what is damaged', async () => {
    const claims = Buffer.alloc(20);
    claims.writeUInt32BE(0x7fffffff, 0);
    claims.writeUInt32BE(8, 4);
    claims.fill(0xff, 8);
    await expect(preview('a.txt.lz4', claims)).rejects.toThrow('more than is looked at');
    await expect(preview('a.txt.snappy', claims)).rejects.toThrow('more than is looked at');
    await expect(preview('a.avro', Buffer.from('Obj\x01\xff\xff\xff\xff', 'latin1'))).rejects.toThrow('end');
    await expect(preview('a.seq', Buffer.from('SEQ\x06'))).rejects.toThrow('the bytes end early');
    await expect(preview('a.txt.gz', Buffer.from('no gzip at all'))).rejects.toThrow('unpacked');
  });
});
