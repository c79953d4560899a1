/**
 * Undoes compression as far as a part of a file goes: what breaks off with the bytes is no error where `isPart` is set. Never gives more than
 * `bytesMax`, whatever the bytes claim.
 */
import { Duplex } from 'node:stream';
import { constants, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { uncompressSync as uncompressLz4 } from 'lz4-napi';
import snappy from 'snappy';
import { messageOf } from '#std/errors';

export interface InflateBounds {
  readonly bytesMax: number;
  /** The bytes may break off anywhere. */
  readonly isPart: boolean;
}

/** By Hadoop's names of codecs, and `raw` for deflate without a head. */
export async function inflate(codec: string, bytes: Buffer, bounds: InflateBounds): Promise<Buffer> {
  switch (codec) {
    case 'gzip':
      return through(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }), bytes, bounds);
    case 'deflate':
      return members(bytes, bounds);
    case 'raw':
      return through(createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH }), bytes, bounds);
    case 'zstd':
      return through(createZstdDecompress(), bytes, bounds);
    case 'snappy':
      return hadoopBlocks(bytes, bounds, snappyBlock);
    case 'lz4':
      return hadoopBlocks(bytes, bounds, lz4Block);
    default:
      throw new Error(`${codec} is not undone here`);
  }
}

/** One block of Snappy, which tells its size in front. Throws where that is more than `bytesMax`. */
export function snappyBlock(block: Buffer, bytesMax: number): Buffer {
  let size = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = block[at] ?? 0;
    size += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) break;
  }
  if (size > bytesMax) throw new Error(`a block of ${size} bytes is more than is looked at`);
  const plain = snappy.uncompressSync(block, { asBuffer: true });
  return Buffer.from(plain);
}

function lz4Block(block: Buffer, bytesMax: number, size: number): Buffer {
  if (size > bytesMax) throw new Error(`a block of ${size} bytes is more than is looked at`);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(size);
  return uncompressLz4(Buffer.concat([head, block]));
}

/** int32 plain bytes, then until so many are there: int32 compressed bytes, block. */
function hadoopBlocks(
  bytes: Buffer,
  { bytesMax, isPart }: InflateBounds,
  undo: (block: Buffer, bytesMax: number, size: number) => Buffer,
): Buffer {
  const pieces: Buffer[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length && total < bytesMax;) {
    if (at + 8 > bytes.length) return ended(pieces, isPart);
    let left = bytes.readUInt32BE(at);
    at += 4;
    while (left > 0) {
      const length = at + 4 > bytes.length ? Infinity : bytes.readUInt32BE(at);
      if (at + 4 + length > bytes.length) return ended(pieces, isPart);
      const plain = undo(bytes.subarray(at + 4, at + 4 + length), bytesMax, left);
      if (plain.length === 0) throw new Error('a block is empty');
      at += 4 + length;
      left -= plain.length;
      total += plain.length;
      pieces.push(plain);
    }
  }
  return Buffer.concat(pieces).subarray(0, bytesMax);
}

function ended(pieces: readonly Buffer[], isPart: boolean): Buffer {
  if (!isPart) throw new Error('the bytes end early');
  return Buffer.concat(pieces);
}

/** Members of zlib follow each other; Node's stream ends with the first. */
async function members(bytes: Buffer, bounds: InflateBounds): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length && total < bounds.bytesMax;) {
    const stream = createInflate({ finishFlush: constants.Z_SYNC_FLUSH });
    const left = { ...bounds, bytesMax: bounds.bytesMax - total };
    const plain = await through(stream, bytes.subarray(at), left);
    pieces.push(plain);
    total += plain.length;
    if (stream.bytesWritten === 0) break;
    at += stream.bytesWritten;
  }
  return Buffer.concat(pieces);
}

async function through(stream: Duplex, bytes: Buffer, { bytesMax, isPart }: InflateBounds): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  stream.end(bytes);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      pieces.push(piece);
      total += piece.length;
      if (total >= bytesMax) break;
    }
  } catch (error) {
    if (!isPart || total === 0) throw new Error(`it can not be unpacked: ${messageOf(error)}`, { cause: error });
  }
  return Buffer.concat(pieces).subarray(0, bytesMax);
}
