/** The bytes of a Parquet file from its rows, one row group in memory at a time. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { compressSync as compressLz4 } from 'lz4-napi';
import snappy from 'snappy';
import type { ConnectField } from '#pipeline/connect-schema';
import { parquetElements } from './parquet-schema.js';

export const parquetCodecs = ['none', 'snappy', 'gzip', 'zstd', 'lz4_raw'] as const;
export type ParquetCodec = (typeof parquetCodecs)[number];

const codecNames = {
  none: 'UNCOMPRESSED',
  snappy: 'SNAPPY',
  gzip: 'GZIP',
  zstd: 'ZSTD',
  lz4_raw: 'LZ4_RAW',
} as const satisfies Readonly<Record<ParquetCodec, string>>;
/** lz4-napi puts the size before the block. */
const lz4SizeBytes = 4;
const compressors = {
  SNAPPY: (bytes: Uint8Array) => snappy.compressSync(asBuffer(bytes)),
  GZIP: (bytes: Uint8Array) => gzipSync(bytes),
  ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes),
  LZ4_RAW: (bytes: Uint8Array) => compressLz4(Buffer.from(bytes)).subarray(lz4SizeBytes),
};
const pageBytes = 1024 * 1024;

export interface ParquetFileOptions {
  readonly fields: readonly ConnectField[];
  readonly codec: ParquetCodec;
  /** Size of a row group, by the rows as they wait, before they are columns. */
  readonly rowGroupBytes: number;
}

/** A row: its bytes while it waited, and its values in the order of the fields. */
export interface ParquetRow {
  readonly bytes: number;
  readonly values: readonly unknown[];
}

export async function* parquetFile(
  options: ParquetFileOptions,
  batches: AsyncIterable<Iterable<ParquetRow>>,
): AsyncGenerator<Buffer> {
  // Loaded where a file is written, so that a worker without one does without.
  const library = await import('hyparquet-writer');
  const { fields, codec, rowGroupBytes } = options;
  const bytes = new library.ByteWriter();
  const writer = new library.ParquetWriter({
    writer: bytes,
    schema: parquetElements(fields),
    codec: codecNames[codec],
    compressors,
    createdBy: 'millrace',
  });
  let group = new RowGroup(fields);
  for await (const rows of batches) {
    for (const row of rows) {
      group.add(row);
      if (group.bytes < rowGroupBytes) continue;
      group.write(writer);
      group = new RowGroup(fields);
      yield drained(bytes);
    }
  }
  if (group.rows > 0) group.write(writer);
  await writer.finish();
  yield drained(bytes);
}

class RowGroup {
  bytes = 0;
  rows = 0;
  private readonly columns: unknown[][];

  constructor(private readonly fields: readonly ConnectField[]) {
    this.columns = fields.map(() => []);
  }

  add({ bytes, values }: ParquetRow): void {
    this.bytes += bytes;
    this.rows += 1;
    for (let at = 0; at < this.columns.length; at += 1) this.columns[at]?.push(values[at]);
  }

  write(writer: ParquetWriter): void {
    const columnData = this.fields.map(({ name }, at) => ({ name, data: this.columns[at] ?? [] }));
    void writer.write({ columnData, rowGroupSize: Math.max(1, this.rows), pageSize: pageBytes });
  }
}

/** What was written since the last call. */
function drained(writer: ByteWriter): Buffer {
  const taken = Buffer.from(writer.getBytes());
  writer.index = 0;
  return taken;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
