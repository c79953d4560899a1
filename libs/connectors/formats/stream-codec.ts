/**
 * A whole file by one of Hadoop's compressions. The bytes depend on those that go in and nothing else: no times, no names, and blocks of a
 * fixed size whatever the pieces in which the bytes come.
 */
import { Readable } from 'node:stream';
import { createDeflate, createGzip, createZstdCompress } from 'node:zlib';
import { findCodec, type HadoopCodec } from './hadoop-codec.js';

export interface StreamCodec {
  readonly name: string;
  /** With its dot; Hadoop's readers go by it. */
  readonly extension: string;
  compress(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
}

type Transform = ReturnType<typeof createGzip> | ReturnType<typeof createZstdCompress>;

/** One member or frame from the first byte to the last. */
const wholeStreams: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGzip(),
  deflate: () => createDeflate(),
  zstd: () => createZstdCompress(),
};

/** By any name that Hadoop knows the codec under; null where there is none here. */
export function findStreamCodec(text: string): StreamCodec | null {
  const codec = findCodec(text);
  if (codec === null) return null;
  const create = wholeStreams[codec.name];
  const { name, extension } = codec;
  return {
    name,
    extension,
    compress: (chunks) => (create === undefined ? blockByBlock(codec, chunks) : through(create(), chunks)),
  };
}

function through(transform: Transform, chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const source = Readable.from(evenly(chunks, pieceBytes), { objectMode: false, highWaterMark: 1 });
  source.on('error', (error) => transform.destroy(error));
  transform.on('close', () => source.destroy());
  return source.pipe(transform) as AsyncIterable<Buffer>;
}

async function* blockByBlock(codec: HadoopCodec, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of evenly(chunks, codec.pieceBytes)) yield await codec.compress(piece);
}

const pieceBytes = 64 * 1024;

async function* evenly(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < size) continue;
    const joined = Buffer.concat(waiting);
    const whole = joined.length - (joined.length % size);
    for (let at = 0; at < whole; at += size) yield joined.subarray(at, at + size);
    waiting = [joined.subarray(whole)];
    waitingBytes = joined.length - whole;
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting);
}
