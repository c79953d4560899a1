/** Rows of Hadoop's SequenceFile, see `sequence-file.ts` and `sequence-file-blocks.ts` for its layout. */
import { findCodec } from '../hadoop-codec.js';
import { inflate } from './inflate.js';
import { BytesEnd, HadoopCursor } from './preview-cursor.js';
import type { PreviewBounds, PreviewedRows } from './preview-rows.js';

const metadataMax = 1_000;
const syncBytes = 16;

interface Head {
  readonly keyClass: string;
  readonly valueClass: string;
  readonly isCompressed: boolean;
  readonly isBlocks: boolean;
  readonly codec: string;
}

interface Pair {
  readonly key: Buffer;
  readonly value: Buffer;
}

export async function sequenceRows(bytes: Buffer, bounds: PreviewBounds): Promise<PreviewedRows> {
  const cursor = new HadoopCursor(bytes);
  const head = readHead(cursor);
  const rows: Record<string, unknown>[] = [];
  const pairs = head.isBlocks ? blocks(cursor, head, bounds) : records(cursor, head, bounds);
  try {
    for await (const { key, value } of pairs) {
      rows.push({ key: writable(head.keyClass, key), value: writable(head.valueClass, value) });
      if (rows.length >= bounds.rowsMax) break;
    }
  } catch (error) {
    if (!(error instanceof BytesEnd) || !bounds.isPart) throw error;
  }
  const packed = head.isCompressed ? `, ${head.codec} by ${head.isBlocks ? 'block' : 'value'}` : '';
  return {
    decoder: `SequenceFile${packed}`,
    schema: `${simple(head.keyClass)} → ${simple(head.valueClass)}`,
    columns: ['key', 'value'],
    rows,
  };
}

function readHead(cursor: HadoopCursor): Head {
  cursor.take(3);
  const version = cursor.byte();
  if (version !== 6) throw new Error(`it is a SequenceFile of version ${version}, and 6 is read`);
  const [keyClass, valueClass] = [cursor.text(), cursor.text()];
  const [isCompressed, isBlocks] = [cursor.byte() === 1, cursor.byte() === 1];
  const className = isCompressed ? cursor.text() : '';
  const codec = isCompressed ? (findCodec(className)?.name ?? className) : 'none';
  const metadata = cursor.int();
  if (metadata > metadataMax) throw new Error(`it has ${metadata} entries of metadata`);
  for (let left = metadata; left > 0; left -= 1) {
    cursor.text();
    cursor.text();
  }
  cursor.take(syncBytes);
  return { keyClass, valueClass, isCompressed, isBlocks, codec };
}

async function* records(cursor: HadoopCursor, head: Head, bounds: PreviewBounds): AsyncGenerator<Pair> {
  while (cursor.left > 0) {
    const length = cursor.int();
    if (length === -1) {
      cursor.take(syncBytes);
      continue;
    }
    const keyLength = cursor.int();
    const key = cursor.take(keyLength);
    const packed = cursor.take(length - keyLength);
    yield { key, value: head.isCompressed ? await whole(head, packed, bounds) : packed };
  }
}

async function* blocks(cursor: HadoopCursor, head: Head, bounds: PreviewBounds): AsyncGenerator<Pair> {
  while (cursor.left > 0) {
    cursor.take(4 + syncBytes);
    const count = cursor.vInt();
    const parts: HadoopCursor[] = [];
    for (let part = 0; part < 4; part += 1) {
      parts.push(new HadoopCursor(await whole(head, cursor.take(cursor.vInt()), bounds)));
    }
    const [keyLengths, keys, valueLengths, values] = parts;
    if (keyLengths === undefined || keys === undefined || valueLengths === undefined || values === undefined) return;
    for (let left = count; left > 0; left -= 1) {
      yield { key: keys.take(keyLengths.vInt()), value: values.take(valueLengths.vInt()) };
    }
  }
}

function whole({ codec }: Head, bytes: Buffer, { plainBytesMax }: PreviewBounds): Promise<Buffer> {
  return inflate(codec, bytes, { bytesMax: plainBytesMax, isPart: false });
}

function writable(className: string, bytes: Buffer): unknown {
  switch (simple(className)) {
    case 'LongWritable':
      return Number(bytes.readBigInt64BE(0));
    case 'IntWritable':
      return bytes.readInt32BE(0);
    case 'Text':
      return new HadoopCursor(bytes).text();
    case 'BytesWritable':
      return bytes.subarray(4);
    case 'NullWritable':
      return null;
    default:
      return bytes;
  }
}

function simple(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1);
}
