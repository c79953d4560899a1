import { pipeline, type Readable, type Transform } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, createInflate, createZstdDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { systemCode } from '#std/errors';

/** Unpacked it would be larger than allowed. */
export class UnpackedSizeError extends Error {}

const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate), zstd: promisify(zstdDecompress) };

/** A body as it was before its `Content-Encoding`; null for an encoding that is not known. Rejects on bytes that are not so encoded. */
export async function unpacked(body: Buffer, encoding: string | undefined, bytesMax: number): Promise<Buffer | null> {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return body;
  if (name !== 'gzip' && name !== 'deflate' && name !== 'zstd') return null;
  try {
    return await unpackers[name](body, { maxOutputLength: bytesMax });
  } catch (error) {
    if (systemCode(error) !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new UnpackedSizeError(`The request unpacks to more than ${bytesMax} bytes.`, { cause: error });
  }
}

/** A stream as it was before its `Content-Encoding`; null for an encoding that is not known. */
export function unpackedStream(stream: Readable, encoding: string | undefined): Readable | null {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return stream;
  if (name === 'gzip') return pipeInto(stream, createGunzip());
  if (name === 'deflate') return pipeInto(stream, createInflate());
  return name === 'zstd' ? pipeInto(stream, createZstdDecompress()) : null;
}

/** An end before its time is an error of what is read. */
function pipeInto(stream: Readable, into: Transform): Transform {
  return pipeline(stream, into, () => undefined);
}
