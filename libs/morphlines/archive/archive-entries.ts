import { inflateRawSync } from 'node:zlib';
import { MorphlineRuntimeError } from '../errors.js';

export interface ArchiveEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Entries of an archive at most: more is no archive but an attack. */
const entriesMax = 100_000;

/** The files of a tar archive (POSIX ustar and pax, GNU's long names), without folders and links. Throws a MorphlineRuntimeError. */
export function* tarEntries(archive: Buffer): Generator<ArchiveEntry> {
  let longName: string | null = null;
  for (let at = 0; at + 512 <= archive.length;) {
    const header = archive.subarray(at, at + 512);
    if (header.every((byte) => byte === 0)) return;
    const size = tarNumber(header.subarray(124, 136));
    const bytes = archive.subarray(at + 512, at + 512 + size);
    if (bytes.length < size) throw new MorphlineRuntimeError('the tar archive ends within a file');
    at += 512 + Math.ceil(size / 512) * 512;
    const kind = String.fromCharCode(header[156] ?? 0);
    if (kind === 'L') longName = textTo(bytes, 0, bytes.length);
    else if (kind === 'x') longName = /\d+ path=([^\n]*)\n/.exec(bytes.toString('utf8'))?.[1] ?? longName;
    else if (kind !== 'g' && kind !== 'K') {
      const prefix = header.toString('latin1', 257, 262) === 'ustar' ? textTo(header, 345, 500) : '';
      const name: string = longName ?? (prefix === '' ? '' : `${prefix}/`) + textTo(header, 0, 100);
      longName = null;
      if ((kind === '0' || kind === '\0' || kind === '7') && !name.endsWith('/')) yield { name, bytes };
    }
  }
}

/** The files of a zip or jar archive, stored or deflated. `outputBytesMax` bounds each. Throws a MorphlineRuntimeError. */
export function* zipEntries(archive: Buffer, outputBytesMax: number): Generator<ArchiveEntry> {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end + 22 > archive.length)
    throw new MorphlineRuntimeError('not a zip archive: its directory is missing');
  let at = archive.readUInt32LE(end + 16);
  const count = Math.min(archive.readUInt16LE(end + 10), entriesMax);
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== 0x02014b50) throw damagedZip();
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    const local = archive.readUInt32LE(at + 42);
    const size = archive.readUInt32LE(at + 20);
    const method = archive.readUInt16LE(at + 10);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    if (name.endsWith('/')) continue;
    if (local + 30 > archive.length) throw damagedZip();
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    yield { name, bytes: unzipped(archive.subarray(start, start + size), method, name, outputBytesMax) };
  }
}

function unzipped(bytes: Uint8Array, method: number, name: string, outputBytesMax: number): Uint8Array {
  if (method === 0) return bytes;
  if (method !== 8)
    throw new MorphlineRuntimeError(`${name} in the zip archive is compressed in a way (${method}) that is not read`);
  try {
    return inflateRawSync(bytes, { maxOutputLength: outputBytesMax });
  } catch (error) {
    throw new MorphlineRuntimeError(`${name} in the zip archive cannot be read`, { cause: error });
  }
}

function damagedZip(): MorphlineRuntimeError {
  return new MorphlineRuntimeError('the zip archive is damaged');
}

/** Octal digits, or binary where the first bit is set. */
function tarNumber(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(BigInt(`0x${field.subarray(1).toString('hex')}`));
  return parseInt(textTo(field, 0, field.length).trim() || '0', 8);
}

function textTo(bytes: Buffer, from: number, to: number): string {
  const end = bytes.indexOf(0, from);
  return bytes.toString('utf8', from, end < 0 || end > to ? to : end);
}
