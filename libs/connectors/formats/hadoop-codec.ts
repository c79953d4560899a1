/**
 * Hadoop's compression codecs as far as its own readers take what is written here. Pieces that were compressed one after another may
 * be joined: gzip and zlib members, zstd frames and blocks of Snappy and LZ4 follow each other in a file, and Hadoop reads on.
 *
 * Snappy and LZ4 have Hadoop's own frame (BlockCompressorStream), not the ones that those libraries define:
 *
 *     int32 bytes before compression, then until so many are there: int32 compressed bytes, block
 */
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflate, deflateSync, gzip, gzipSync, zstdCompress, zstdCompressSync } from 'node:zlib';
import { compressSync as compressLz4 } from 'lz4-napi';
import snappy from 'snappy';
import { bzip2 } from './bzip2.js';

export interface HadoopCodec {
  readonly name: string;
  /** As it stands in a SequenceFile. */
  readonly className: string;
  /** With its dot; what file names end with. */
  readonly extension: string;
  compress(bytes: Buffer): Promise<Buffer>;
  /** The same for a few bytes. */
  compressSync(bytes: Buffer): Buffer;
  /** Of a long file as much goes in at once. */
  readonly pieceBytes: number;
}

/** Hadoop's readers have a buffer of 256 KiB for a block; an incompressible one must still fit. */
const blockBytes = 128 * 1024;
/** Fits a block of bzip2, with some room for runs that get longer. */
const bzip2PieceBytes = 96 * 1024;
/** lz4-napi puts the size before the block. */
const lz4SizeBytes = 4;

const prefix = 'org.apache.hadoop.io.compress.';

const snappyBlocks = (bytes: Buffer): Buffer => blocks(bytes, (block) => snappy.compressSync(block));
const lz4Blocks = (bytes: Buffer): Buffer =>
  blocks(bytes, (block) => compressLz4(Buffer.from(block)).subarray(lz4SizeBytes));

const codecs: readonly (HadoopCodec & { readonly aliases: readonly string[] })[] = [
  codec('gzip', 'GzipCodec', '.gz', promisify(gzip), gzipSync),
  codec('deflate', 'DefaultCodec', '.deflate', promisify(deflate), deflateSync, ['default', 'deflatecodec']),
  codec('snappy', 'SnappyCodec', '.snappy', (bytes) => Promise.resolve(snappyBlocks(bytes)), snappyBlocks),
  codec('lz4', 'Lz4Codec', '.lz4', (bytes) => Promise.resolve(lz4Blocks(bytes)), lz4Blocks),
  codec('zstd', 'ZStandardCodec', '.zst', promisify(zstdCompress), zstdCompressSync, ['zstandard']),
  { ...codec('bzip2', 'BZip2Codec', '.bz2', bzip2Streams, bzip2), pieceBytes: bzip2PieceBytes },
];

export const codecNames: readonly string[] = codecs.map(({ name }) => name);

/** As Hadoop's factory: class name, simple name, or simple name without `Codec`, in any case. Null where there is none here. */
export function findCodec(text: string): HadoopCodec | null {
  const wanted = text.trim().toLowerCase();
  return (
    codecs.find(({ name, className, aliases }) => {
      const simple = className.slice(prefix.length).toLowerCase();
      return [name, className.toLowerCase(), simple, simple.replace(/codec$/, ''), ...aliases].includes(wanted);
    }) ?? null
  );
}

function codec(
  name: string,
  simpleName: string,
  extension: string,
  compress: (bytes: Buffer) => Promise<Buffer>,
  compressSync: (bytes: Buffer) => Buffer,
  aliases: readonly string[] = [],
): HadoopCodec & { readonly aliases: readonly string[] } {
  return {
    name,
    className: `${prefix}${simpleName}`,
    extension,
    compress,
    compressSync,
    pieceBytes: blockBytes,
    aliases,
  };
}

/** A stream a piece, as each takes a while; readers go on with the next one. */
async function bzip2Streams(bytes: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += bzip2PieceBytes) {
    pieces.push(bzip2(bytes.subarray(at, at + bzip2PieceBytes)));
    await setImmediate();
  }
  return pieces.length === 0 ? bzip2(bytes) : Buffer.concat(pieces);
}

function blocks(bytes: Buffer, compress: (block: Buffer) => Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    const compressed = compress(block);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(block.length, 0);
    head.writeUInt32BE(compressed.length, 4);
    pieces.push(head, compressed);
  }
  return Buffer.concat(pieces);
}
