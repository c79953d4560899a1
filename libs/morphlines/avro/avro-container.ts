import { randomBytes } from 'node:crypto';
import { crc32, deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import avro, { type Type } from 'avsc';
import { compressSync, uncompressSync } from 'snappy';
import { bunzip2 } from '../archive/bzip2.js';
import { avroType } from './avro-types.js';

/** What a block is unpacked to at most, bytes: one that claims more is damaged, or an attack. */
const blockBytesMax = 256 * 1024 * 1024;
const magic = Buffer.from('Obj\u0001', 'latin1');
const syncBytes = 16;
const longType = avro.Type.forSchema('long');
const metadataType = avro.Type.forSchema({ type: 'map', values: 'bytes' });

export const containerCodecs = ['null', 'deflate', 'snappy', 'zstandard'] as const;
export type ContainerCodec = (typeof containerCodecs)[number];

/** The values of an Avro object container file (Avro specification, "Object Container Files"), one after another; throws where it is damaged. */
export function* readContainer(bytes: Buffer, readerType: Type | null): Generator<{ type: Type; value: unknown }> {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new Error('not an Avro container file');
  const head = metadataType.decode(bytes, magic.length) as { value: Record<string, Buffer>; offset: number };
  const schema = head.value?.['avro.schema'];
  if (head.offset < 0 || schema === undefined) throw new Error('an Avro container file without a schema');
  const writerType = avroType(schema.toString());
  const type = readerType ?? writerType;
  const resolver = readerType?.createResolver(writerType);
  const codec = head.value['avro.codec']?.toString() ?? 'null';
  const sync = bytes.subarray(head.offset, head.offset + syncBytes);
  for (let at = head.offset + syncBytes; at < bytes.length;) {
    const count = decodeLong(bytes, at);
    const size = decodeLong(bytes, count.offset);
    const end = size.offset + size.value;
    if (size.value < 0 || !bytes.subarray(end, end + syncBytes).equals(sync)) throw new Error(`damaged at byte ${at}`);
    const block = unpack(codec, bytes.subarray(size.offset, end));
    let from = 0;
    for (let left = count.value; left > 0; left -= 1) {
      const { value, offset } = type.decode(block, from, resolver) as { value: unknown; offset: number };
      if (offset < 0) throw new Error(`a block that ends too early, at byte ${at}`);
      from = offset;
      yield { type, value };
    }
    at = end + syncBytes;
  }
}

export interface NewContainer {
  readonly type: Type;
  readonly values: readonly unknown[];
  readonly codec: ContainerCodec | null;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A container file with all values in one block. */
export function writeContainer({ type, values, codec, metadata }: NewContainer): Buffer {
  const meta: Record<string, Buffer> = {};
  for (const [name, text] of metadata) meta[name] = Buffer.from(text);
  meta['avro.schema'] = Buffer.from(JSON.stringify(type.schema({ exportAttrs: true })));
  if (codec !== null) meta['avro.codec'] = Buffer.from(codec);
  const sync = randomBytes(syncBytes);
  const block = pack(codec ?? 'null', Buffer.concat(values.map((value) => type.toBuffer(value))));
  const sizes = [longType.toBuffer(values.length), longType.toBuffer(block.length)];
  return Buffer.concat([
    magic,
    metadataType.toBuffer(meta),
    sync,
    ...(values.length === 0 ? [] : [...sizes, block, sync]),
  ]);
}

function decodeLong(bytes: Buffer, at: number): { value: number; offset: number } {
  const decoded = longType.decode(bytes, at) as { value: number; offset: number };
  if (decoded.offset < 0) throw new Error(`ends too early, at byte ${at}`);
  return decoded;
}

function unpack(codec: string, block: Buffer): Buffer {
  switch (codec) {
    case 'null':
      return block;
    case 'deflate':
      return inflateRawSync(block, { maxOutputLength: blockBytesMax });
    case 'zstandard':
      return zstdDecompressSync(block, { maxOutputLength: blockBytesMax });
    case 'bzip2':
      return Buffer.from(bunzip2(block, blockBytesMax));
    case 'snappy': {
      // Behind it stands the CRC-32 of what it unpacks to.
      const bytes = uncompressSync(block.subarray(0, -4)) as Buffer;
      if (crc32(bytes) !== block.readUInt32BE(block.length - 4))
        throw new Error('a snappy block with a wrong checksum');
      return bytes;
    }
    default:
      throw new Error(`there is no codec ${codec}`);
  }
}

function pack(codec: ContainerCodec, bytes: Buffer): Buffer {
  switch (codec) {
    case 'null':
      return bytes;
    case 'deflate':
      return deflateRawSync(bytes);
    case 'zstandard':
      return zstdCompressSync(bytes);
    case 'snappy': {
      const checksum = Buffer.alloc(4);
      checksum.writeUInt32BE(crc32(bytes));
      return Buffer.concat([compressSync(bytes), checksum]);
    }
  }
}
