/**
 * Positions of tailed files on disk. Two files: Flume's, one JSON array of `{inode, pos, file}` and nothing else, because Flume reads
 * no other key, so that either can go on where the other stopped; and ours, which has what tells a file from another one, and a hash of
 * what Flume's file held when we wrote it. Where Flume's file holds something else, Flume has written it since, and it counts.
 * Both are replaced as a whole by a rename, so a crash leaves the old or the new list.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { systemCode } from '#std/errors';
import type { FileHead } from '../file-head.js';

/** How far a file was read, and how to know it again. */
export interface FilePosition {
  readonly inode: number;
  /** Bytes that channels have committed; of a `.gz` file, of what it holds. */
  readonly pos: number;
  readonly file: string;
  /** -1 where it is not known. */
  readonly device: number;
  /** Null where Flume wrote it. */
  readonly head: FileHead | null;
  /** CRC-32 of the first `pos` bytes; null where they were not all read here. */
  readonly crc: number | null;
}

const headSchema = z.object({ bytes: z.number().int(), hash: z.string() });
const flumeSchema = z.array(
  z.object({ inode: z.number().int(), pos: z.number().int().min(0), file: z.string(), head: headSchema.nullish() }),
);
const positionSchema = z.object({
  inode: z.number().int(),
  pos: z.number().int().min(0),
  file: z.string(),
  device: z.number().int(),
  head: headSchema.nullable(),
  crc: z.number().int().nullable(),
});
const ownSchema = z.object({ written: z.array(z.string()), positions: z.array(positionSchema) });

export interface ReadPositions {
  readonly positions: readonly FilePosition[];
  /** Flume wrote them last. */
  readonly isFlumes: boolean;
}

export class PositionFiles {
  private lastHash = '';

  constructor(
    /** Flume's. */
    private readonly path: string,
    private readonly ownPath: string,
  ) {}

  /** Empty where there is no file yet. Throws on a file that is something else: starting from 0 would repeat everything. */
  async read(): Promise<ReadPositions> {
    const text = await textOf(this.path);
    const own = await this.readOwn();
    this.lastHash = text === null ? '' : hashOf(text);
    if (own !== null && (text === null || own.written.includes(this.lastHash))) {
      return { positions: own.positions, isFlumes: false };
    }
    if (text === null || text.trim() === '') return { positions: [], isFlumes: false };
    try {
      const rows = flumeSchema.parse(JSON.parse(text));
      // Flume keeps no head: the one that we knew still tells the file under another name.
      const headOf = (inode: number, pos: number): FileHead | null =>
        own?.positions.find((known) => known.inode === inode && known.pos <= pos)?.head ?? null;
      const positions = rows.map((row) => ({
        ...row,
        device: -1,
        head: row.head ?? headOf(row.inode, row.pos),
        crc: null,
      }));
      return { positions, isFlumes: true };
    } catch (error) {
      throw notPositions(this.path, error);
    }
  }

  /** `listed` go into Flume's file, all into ours. */
  async write(listed: readonly FilePosition[], all: readonly FilePosition[]): Promise<void> {
    const text = JSON.stringify(listed.map(({ inode, pos, file }) => ({ inode, pos, file })));
    const hash = hashOf(text);
    // Ours first, and with both hashes: a crash in between must not look as if Flume had written.
    await replace(this.ownPath, JSON.stringify({ written: [hash, this.lastHash], positions: all }));
    if (hash !== this.lastHash) await replace(this.path, text);
    this.lastHash = hash;
  }

  private async readOwn(): Promise<z.infer<typeof ownSchema> | null> {
    const text = await textOf(this.ownPath);
    if (text === null) return null;
    try {
      return ownSchema.parse(JSON.parse(text));
    } catch (error) {
      throw notPositions(this.ownPath, error);
    }
  }
}

/** The value of a position record; null for a text that is none. */
export function parsePosition(text: string): FilePosition | null {
  try {
    return positionSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.tmp`;
  const file = await open(part, 'w');
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}

function notPositions(path: string, cause: unknown): Error {
  return new Error(`${path} is no list of positions. Mend it, or remove it to read all files from their beginning.`, {
    cause,
  });
}
