/** Flume's own mark of how far the file in hand was read: an Avro container of offsets, the last of which counts. */
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '#std/errors';

const fileName = '.flumespool-main.meta';
const magic = 'Obj\x01';
const syncBytes = 16;

export interface FlumeMark {
  readonly file: string;
  readonly offset: number;
}

/** Null where there is none, or one that cannot be read: Flume then reads the file from its beginning too. */
export async function readFlumeMark(trackerDirectory: string): Promise<FlumeMark | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(join(trackerDirectory, fileName));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    throw error;
  }
  try {
    return parse(bytes);
  } catch {
    return null;
  }
}

/** The mark is taken over: it must not be met again with another file of that name. */
export async function removeFlumeMark(trackerDirectory: string): Promise<void> {
  await unlink(join(trackerDirectory, fileName)).catch(() => undefined);
}

function parse(bytes: Buffer): FlumeMark | null {
  if (bytes.toString('latin1', 0, 4) !== magic) return null;
  const reader = new MarkReader(bytes, 4);
  let file: string | null = null;
  for (let count = reader.long(); count !== 0; count = reader.long()) {
    if (count < 0) reader.long();
    for (let left = Math.abs(count); left > 0; left -= 1) {
      const key = reader.bytes().toString();
      const value = reader.bytes();
      if (key === 'file') file = value.toString();
    }
  }
  reader.at += syncBytes;
  let offset = 0;
  while (reader.at < bytes.length) {
    const count = reader.long();
    const end = reader.long() + reader.at;
    for (let left = count; left > 0; left -= 1) offset = reader.long();
    reader.at = end + syncBytes;
  }
  return file === null ? null : { file, offset };
}

class MarkReader {
  constructor(
    private readonly source: Buffer,
    public at: number,
  ) {}

  long(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.source[this.at];
      if (byte === undefined || scale > 2 ** 49) throw new Error('no Avro');
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
  }

  bytes(): Buffer {
    const length = this.long();
    if (length < 0 || this.at + length > this.source.length) throw new Error('no Avro');
    this.at += length;
    return this.source.subarray(this.at - length, this.at);
  }
}
