/** Finds out whether a compressed file is one that was read before it was compressed: by the CRC-32 of what was read of that. */
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { headOfBytes } from '../file-head.js';
import { openBytes } from '../byte-source.js';
import type { FilePosition } from './position-file.js';

const chunkBytes = 512 * 1024;
/** Less than this may be the same in files that have nothing to do with each other. */
const readBytesMin = 256;

export type Recognition = { readonly position: FilePosition | null; readonly resembles: boolean };

/**
 * `position`: that of the file whose read part this one begins with, the longest of several; null where there is none. `resembles`: it
 * begins as one of them, and may be that one once it is written whole.
 */
export async function recognise(path: string, known: readonly FilePosition[]): Promise<Recognition> {
  const candidates = known
    .filter(({ file, pos, crc }) => crc !== null && pos >= readBytesMin && dirname(file) === dirname(path))
    .toSorted((left, right) => left.pos - right.pos);
  if (candidates.length === 0) return { position: null, resembles: false };
  const source = await openBytes(path);
  try {
    const buffer = Buffer.alloc(chunkBytes);
    const head = Buffer.from(buffer.subarray(0, await source.read(buffer, 0, 1024, 0)));
    const alike = candidates.filter((candidate) => beginsAs(buffer.subarray(0, head.length), candidate));
    let position: FilePosition | null = null;
    let [at, crc] = [0, 0];
    for (const candidate of alike) {
      while (at < candidate.pos) {
        const read = await source.read(buffer, 0, Math.min(chunkBytes, candidate.pos - at), at);
        if (read === 0) return { position, resembles: true };
        crc = crc32(buffer.subarray(0, read), crc);
        at += read;
      }
      if (crc === candidate.crc) position = candidate;
    }
    return { position, resembles: alike.length > 0 };
  } finally {
    await source.close();
  }
}

function beginsAs(bytes: Buffer, { head }: FilePosition): boolean {
  if (head === null) return true;
  // Of a file that is written just now less may be there.
  return bytes.length < head.bytes || headOfBytes(bytes.subarray(0, head.bytes)).hash === head.hash;
}
