/**
 * Avro's object container file (Avro 1.11 specification, "Object Container Files"):
 *
 *     header  "Obj" 1, map of metadata (avro.schema, avro.codec), 16 bytes of sync marker
 *     block   long: objects, long: bytes, the objects' bytes by the codec, sync marker
 *
 * Objects come already encoded. A block ends when it is asked for or has `syncIntervalBytes`. The marker is a digest of the file's
 * identity, as everywhere here, so that writing a file again gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { crc32, deflateRaw, zstdCompress } from 'node:zlib';
import snappy from 'snappy';
import { bzip2 } from './bzip2.js';

export const avroCodecs = ['null', 'deflate', 'snappy', 'zstandard', 'bzip2'] as const;
export type AvroCodec = (typeof avroCodecs)[number];

export interface AvroContainerOptions {
  /** JSON text. */
  readonly schema: string;
  readonly codec: AvroCodec;
  readonly syncIntervalBytes: number;
  readonly identity: string;
}

interface Block {
  readonly objects: Buffer[];
  bytes: number;
  count: number;
}

const deflateRawOf = promisify(deflateRaw);
const zstdOf = promisify(zstdCompress);

export class AvroContainerWriter {
  private readonly marker: Buffer;
  private header: Buffer | null;
  private blocks: Block[] = [];

  constructor(private readonly options: AvroContainerOptions) {
    this.marker = createHash('md5').update(options.identity).digest();
    const metadata = [
      ['avro.schema', options.schema],
      ['avro.codec', options.codec],
    ].flatMap(([name = '', value = '']) => [avroBytes(Buffer.from(name)), avroBytes(Buffer.from(value))]);
    this.header = Buffer.concat([Buffer.from('Obj\x01', 'latin1'), avroLong(2), ...metadata, avroLong(0), this.marker]);
  }

  /** `bytes` are `count` objects and belong to the writer now. */
  add(bytes: Buffer, count: number): void {
    let block = this.blocks.at(-1);
    if (block === undefined || block.bytes >= this.options.syncIntervalBytes) {
      block = { objects: [], bytes: 0, count: 0 };
      this.blocks.push(block);
    }
    block.objects.push(bytes);
    block.bytes += bytes.length;
    block.count += count;
  }

  /**
   * The header before the first, then the blocks of all objects added since the last call; with `wholeOnly` a block that has not its size
   * yet stays.
   */
  async take(wholeOnly = false): Promise<Buffer> {
    const pieces: Buffer[] = this.header === null ? [] : [this.header];
    this.header = null;
    const { blocks } = this;
    const last = blocks.at(-1);
    this.blocks = wholeOnly && last !== undefined && last.bytes < this.options.syncIntervalBytes ? [last] : [];
    if (this.blocks.length > 0) blocks.pop();
    for (const block of blocks) {
      const bytes = await compress(this.options.codec, Buffer.concat(block.objects));
      pieces.push(avroLong(block.count), avroLong(bytes.length), bytes, this.marker);
    }
    return Buffer.concat(pieces);
  }
}

async function compress(codec: AvroCodec, bytes: Buffer): Promise<Buffer> {
  switch (codec) {
    case 'null':
      return bytes;
    case 'deflate':
      return await deflateRawOf(bytes);
    case 'bzip2':
      return bzip2(bytes);
    case 'zstandard':
      return await zstdOf(bytes);
    case 'snappy': {
      const checksum = Buffer.alloc(4);
      checksum.writeUInt32BE(crc32(bytes));
      return Buffer.concat([snappy.compressSync(bytes), checksum]);
    }
  }
}

/** Zigzag, then seven bits a byte, the lowest first. Whole numbers up to 2^53. */
export function avroLong(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value < 0 ? -value * 2 - 1 : value * 2;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

export function avroBytes(bytes: Buffer): Buffer {
  return Buffer.concat([avroLong(bytes.length), bytes]);
}
