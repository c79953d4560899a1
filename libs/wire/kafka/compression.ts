/**
 * The four codecs of record batches. All calls are synchronous: a batch is at most about a megabyte, and an await between
 * a producer's batches could let them overtake each other. What inflates past the limit is refused before or while
 * it is inflated, never after.
 */
import { messageOf } from '#std/errors';
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import snappy from 'snappy';
import { WireError, wireErrors } from './errors.js';
import { lz4InflatedBytes } from './lz4-frame.js';
import type { Codec } from './record-batch.js';

/** 64 MiB, the default limit of what a batch may inflate to. */
export const inflatedBytesMax = 64 * 1024 * 1024;

/** Snappy data in Kafka is a file of xerial's library: this magic, two versions, then blocks with their lengths. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeader = Buffer.concat([xerialMagic, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
/** As Kafka's own clients write; some readers have a fixed buffer of this size. */
const xerialBlockBytes = 32 * 1024;

/** `level` is on the codec's own scale and counts for gzip and zstd; null for its default. */
export function compress(codec: Codec, bytes: Buffer, level: number | null = null): Buffer {
  switch (codec) {
    case 'none':
      return bytes;
    case 'gzip':
      return level === null ? gzipSync(bytes) : gzipSync(bytes, { level });
    case 'snappy':
      return compressXerial(bytes);
    case 'lz4':
      return compressFrameSync(bytes);
    case 'zstd':
      return level === null
        ? zstdCompressSync(bytes)
        : zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });
  }
}

/** Throws a WireError for bytes that do not inflate, and for more than `bytesMax`. */
export function inflate(codec: Codec, bytes: Buffer, bytesMax = inflatedBytesMax): Buffer {
  try {
    switch (codec) {
      case 'none':
        return bytes;
      case 'gzip':
        return gunzipSync(bytes, { maxOutputLength: bytesMax, finishFlush: constants.Z_FINISH });
      case 'snappy':
        return inflateSnappy(bytes, bytesMax);
      case 'lz4':
        return inflateLz4(bytes, bytesMax);
      case 'zstd':
        return zstdDecompressSync(bytes, { maxOutputLength: bytesMax });
    }
  } catch (error) {
    if (error instanceof WireError) throw error;
    if (isTooLarge(error)) throw tooLarge(codec, bytesMax);
    throw new WireError(wireErrors.corruptBatch, `${codec} data does not inflate: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function compressXerial(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [xerialHeader];
  for (let at = 0; at < bytes.length; at += xerialBlockBytes) {
    const block = snappy.compressSync(bytes.subarray(at, at + xerialBlockBytes));
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length);
    pieces.push(length, block);
  }
  return Buffer.concat(pieces);
}

function inflateSnappy(bytes: Buffer, bytesMax: number): Buffer {
  const isXerial = bytes.length >= xerialHeader.length && bytes.subarray(0, xerialMagic.length).equals(xerialMagic);
  return isXerial ? inflateXerial(bytes, bytesMax) : inflateRawSnappy(bytes, bytesMax);
}

function inflateXerial(bytes: Buffer, bytesMax: number): Buffer {
  const blocks: Buffer[] = [];
  let left = bytesMax;
  let at = xerialHeader.length;
  while (at < bytes.length) {
    if (bytes.length - at < 4) throw truncated('snappy');
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0 || length > bytes.length - at) throw truncated('snappy');
    const block = inflateRawSnappy(bytes.subarray(at, at + length), left, bytesMax);
    blocks.push(block);
    left -= block.length;
    at += length;
  }
  return Buffer.concat(blocks);
}

/** Three bytes of snappy stand for 64 at most; a block that claims more than this a byte lies. */
const snappyRatioMax = 32;

/** A raw block says in front how long it gets, so that nothing is inflated in vain. */
function inflateRawSnappy(bytes: Buffer, left: number, bytesMax = left): Buffer {
  let length = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) throw truncated('snappy');
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) break;
  }
  if (length > snappyRatioMax * bytes.length) {
    throw new WireError(wireErrors.corruptBatch, `${bytes.length} bytes of snappy cannot inflate to ${length}`);
  }
  if (length > left) throw tooLarge('snappy', bytesMax);
  const inflated = snappy.uncompressSync(bytes);
  return typeof inflated === 'string' ? Buffer.from(inflated) : inflated;
}

function inflateLz4(bytes: Buffer, bytesMax: number): Buffer {
  if (lz4InflatedBytes(bytes) > bytesMax) throw tooLarge('lz4', bytesMax);
  return decompressFrameSync(bytes);
}

/** What zlib throws when its output passes maxOutputLength. */
function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function truncated(codec: Codec): WireError {
  return new WireError(wireErrors.corruptBatch, `${codec} data ends inside a block`);
}

function tooLarge(codec: Codec, bytesMax: number): WireError {
  return new WireError(wireErrors.inflatedTooLarge, `${codec} data inflates to more than ${bytesMax} bytes`);
}
