import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';

/**
 * The bytes as one gzip member. The header holds no time and no name, and chunks of a fixed size go in, so the same bytes give the
 * same file on the same zlib.
 */
export function gzipped(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const source = Readable.from(evenly(chunks), { objectMode: false, highWaterMark: 1 });
  const gzip = createGzip();
  source.on('error', (error) => gzip.destroy(error));
  gzip.on('close', () => source.destroy());
  return source.pipe(gzip) as AsyncIterable<Buffer>;
}

const pieceBytes = 64 * 1024;

async function* evenly(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < pieceBytes) continue;
    const joined = Buffer.concat(waiting);
    const whole = joined.length - (joined.length % pieceBytes);
    for (let at = 0; at < whole; at += pieceBytes) yield joined.subarray(at, at + pieceBytes);
    waiting = [joined.subarray(whole)];
    waitingBytes = joined.length - whole;
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting);
}
