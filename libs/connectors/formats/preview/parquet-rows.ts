/** Rows of a Parquet file. Its end says where they lie, so a file is read in pieces: the end, then columns of the first row group. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { uncompressSync as uncompressLz4 } from 'lz4-napi';
import type { AsyncBuffer, Compressors } from 'hyparquet';
import type { PreviewBounds, PreviewedRows } from './preview-rows.js';

export interface ParquetSource {
  readonly size: number;
  /** Throws where more is read in all than may be. */
  read(from: number, bytesMax: number): Promise<Buffer>;
}

const footerBytes = 64 * 1024;

export async function parquetRows(source: ParquetSource, bounds: PreviewBounds): Promise<PreviewedRows> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const file: AsyncBuffer = {
    byteLength: source.size,
    slice: async (start, end = source.size) => arrayOf(await source.read(start, end - start)),
  };
  const metadata = await parquetMetadataAsync(file, { initialFetchSize: Math.min(footerBytes, source.size) });
  const rowCount = Number(metadata.num_rows);
  const [root, ...elements] = metadata.schema;
  const columns = topNames(elements, root?.num_children ?? elements.length);
  const codec = metadata.row_groups[0]?.columns[0]?.meta_data?.codec ?? 'UNCOMPRESSED';
  const rows = await parquetReadObjects({
    file,
    metadata,
    compressors: compressorsWithin(bounds.plainBytesMax),
    rowStart: 0,
    rowEnd: Math.min(rowCount, bounds.rowsMax),
  });
  const types = elements.map(({ name, type, logical_type: logical, converted_type: converted }) =>
    [name, logical?.type ?? converted ?? type ?? 'group'].join(': '),
  );
  return {
    decoder: `Parquet${codec === 'UNCOMPRESSED' ? '' : `, ${codec.toLowerCase()}`}, ${rowCount} rows`,
    schema: types.join('\n'),
    columns,
    rows,
  };
}

/** Names right below the root; each element is followed by those inside it. */
function topNames(
  elements: readonly { readonly name: string; readonly num_children?: number }[],
  count: number,
): string[] {
  const names: string[] = [];
  for (let at = 0; at < elements.length && names.length < count;) {
    names.push(elements[at]?.name ?? '');
    let open = 1;
    while (open > 0 && at < elements.length) {
      open += (elements[at]?.num_children ?? 0) - 1;
      at += 1;
    }
  }
  return names;
}

/** Snappy is the library's own. */
function compressorsWithin(bytesMax: number): Compressors {
  const bounded = (size: number): number => {
    if (size > bytesMax) throw new Error(`a page of ${size} bytes is more than is looked at`);
    return size;
  };
  return {
    GZIP: (input, size) => gunzipSync(input, { maxOutputLength: bounded(size) }),
    ZSTD: (input, size) => zstdDecompressSync(input, { maxOutputLength: bounded(size) }),
    LZ4_RAW: (input, size) => {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(bounded(size));
      return uncompressLz4(Buffer.concat([head, input]));
    },
  };
}

function arrayOf(bytes: Buffer): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}
