/** Rows of Avro's object container file, see `avro-container.ts` for its layout. */
import { AvroCursor } from '#connectors/converters/avro/avro-cursor';
import { AvroCompiler } from '#connectors/converters/avro/avro-schema';
import { isJsonObject } from '#pipeline/sink-json';
import { inflate, snappyBlock } from './inflate.js';
import type { PreviewBounds, PreviewedRows } from './preview-rows.js';

const checksumBytes = 4;
const syncBytes = 16;
/** Objects of one block that take no bytes (of a schema `null`) could be claimed without end. */
const emptyMax = 1_000_000;

export async function avroRows(bytes: Buffer, bounds: PreviewBounds): Promise<PreviewedRows> {
  const cursor = new AvroCursor(bytes, 4);
  const metadata = new Map<string, Buffer>();
  cursor.blocks(() => {
    const name = cursor.text();
    metadata.set(name, cursor.take(cursor.length()));
  });
  cursor.take(syncBytes);
  const schema = metadata.get('avro.schema')?.toString('utf8') ?? '';
  const codec = metadata.get('avro.codec')?.toString('utf8') ?? 'null';
  const { read, schema: type } = new AvroCompiler().compile(schema);
  const rows: Record<string, unknown>[] = [];
  while (rows.length < bounds.rowsMax && cursor.left > 0) {
    const [count, length] = [cursor.int(), cursor.int()];
    if (length > cursor.left || count < 0 || length < 0 || count > emptyMax) {
      if (bounds.isPart && length > cursor.left) break;
      throw new Error('a block lies beyond the end of the bytes');
    }
    const block = new AvroCursor(await plain(codec, cursor.take(length), bounds), 0);
    for (let left = count; left > 0 && rows.length < bounds.rowsMax; left -= 1) {
      const value = read(block);
      rows.push(isJsonObject(value) ? value : { value });
    }
    if (cursor.left < syncBytes) break;
    cursor.take(syncBytes);
  }
  return {
    decoder: `Avro container${codec === 'null' ? '' : `, ${codec}`}`,
    schema,
    columns: type.fields?.map(({ name }) => name) ?? ['value'],
    rows,
  };
}

async function plain(codec: string, bytes: Buffer, { plainBytesMax }: PreviewBounds): Promise<Buffer> {
  const bounds = { bytesMax: plainBytesMax, isPart: false };
  switch (codec) {
    case 'null':
      return bytes;
    case 'deflate':
      return await inflate('raw', bytes, bounds);
    case 'zstandard':
      return await inflate('zstd', bytes, bounds);
    case 'snappy':
      return snappyBlock(bytes.subarray(0, bytes.length - checksumBytes), plainBytesMax);
    default:
      throw new Error(`blocks packed by ${codec} are not undone here`);
  }
}
