/** The first rows of a stored file, whatever it is made of: told by its first bytes, and by its name where those say nothing. */
import { avroRows } from './avro-rows.js';
import { inflate } from './inflate.js';
import { parquetRows, type ParquetSource } from './parquet-rows.js';
import type { PreviewedRows } from './preview-rows.js';
import { sequenceRows } from './sequence-rows.js';
import { textRows } from './text-rows.js';

export interface PreviewLimits {
  readonly rowsMax: number;
  /** Of the file that are read at most. */
  readonly bytesMax: number;
}

/** Compression by the ends of names, where first bytes do not tell. */
const codecs: Readonly<Record<string, string>> = {
  '.gz': 'gzip',
  '.zst': 'zstd',
  '.snappy': 'snappy',
  '.lz4': 'lz4',
  '.deflate': 'deflate',
  '.bz2': 'bzip2',
};
/** What is unpacked may be so many times what is read. */
const expansionMax = 8;
/** So much tells what it is. */
const headBytes = 4;

/** Throws an Error with a sentence where the file is damaged or of a kind that is not read. */
export async function previewFile(
  name: string,
  source: ParquetSource,
  { rowsMax, bytesMax }: PreviewLimits,
): Promise<PreviewedRows> {
  const head = await source.read(0, headBytes);
  const plainBytesMax = bytesMax * expansionMax;
  if (head.toString('latin1') === 'PAR1') return parquetRows(source, { rowsMax, plainBytesMax, isPart: false });
  const rest = await source.read(head.length, bytesMax - head.length);
  const bytes = Buffer.concat([head, rest]);
  const bounds = { rowsMax, plainBytesMax, isPart: bytes.length < source.size };
  if (head.subarray(0, 3).toString('latin1') === 'SEQ') return sequenceRows(bytes, bounds);
  if (head.toString('latin1') === 'Obj\x01') return avroRows(bytes, bounds);
  const codec = codecs[name.slice(name.lastIndexOf('.'))];
  if (codec === undefined) return textRows(bytes, bounds);
  const plain = await inflate(codec, bytes, { bytesMax: plainBytesMax, isPart: bounds.isPart });
  const isPart = bounds.isPart || plain.length === plainBytesMax;
  const rows = textRows(plain, { ...bounds, isPart });
  return { ...rows, decoder: `${rows.decoder}, ${codec}` };
}
