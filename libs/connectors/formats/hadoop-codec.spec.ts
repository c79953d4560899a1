import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { uncompressSync as uncompressLz4 } from 'lz4-napi';
import snappy from 'snappy';
import { findCodec } from './hadoop-codec.js';

const text = Buffer.from('a line\n'.repeat(40_000));

/** What Hadoop's BlockDecompressorStream does. */
function unblock(bytes: Buffer, uncompress: (block: Buffer, size: number) => Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32BE(at);
    const length = bytes.readUInt32BE(at + 4);
    pieces.push(uncompress(bytes.subarray(at + 8, at + 8 + length), size));
    at += 8 + length;
  }
  return Buffer.concat(pieces);
}

function uncompressBlock(block: Buffer, size: number): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(size);
  return uncompressLz4(Buffer.concat([prefix, block]));
}

describe("Hadoop's codecs", () => {
  it.each([
    ['gzip', 'gzip', '.gz'],
    ['GzipCodec', 'gzip', '.gz'],
    ['org.apache.hadoop.io.compress.DefaultCodec', 'deflate', '.deflate'],
    ['default', 'deflate', '.deflate'],
    ['DEFLATE', 'deflate', '.deflate'],
    ['snappy', 'snappy', '.snappy'],
    ['Lz4Codec', 'lz4', '.lz4'],
    ['zstandard', 'zstd', '.zst'],
  ])('%s is %s', (name, codec, extension) => {
    expect(findCodec(name)).toMatchObject({ name: codec, extension });
  });

  it('knows no others', () => {
    expect(['lzo', 'lzop', 'brotli', ''].map(findCodec)).toEqual([null, null, null, null]);
  });

  it.each([
    ['gzip', (bytes: Buffer) => gunzipSync(bytes)],
    ['deflate', (bytes: Buffer) => inflateSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdDecompressSync(bytes)],
    ['snappy', (bytes: Buffer) => unblock(bytes, (block) => Buffer.from(snappy.uncompressSync(block)))],
    ['lz4', (bytes: Buffer) => unblock(bytes, uncompressBlock)],
  ])('%s gives back what went in', async (name, uncompress) => {
    const bytes = (await findCodec(name)?.compress(text)) ?? Buffer.alloc(0);
    expect(bytes.length).toBeLessThan(text.length / 10);
    expect(uncompress(bytes).equals(text)).toBe(true);
  });
});
