/**
 * Positions of tailed files on disk. Two files: Flume's, one JSON array of `{inode, pos, file}` and nothing else, because Flume reads
 * no other key, so that either can go on where the other stopped; and ours, which has what tells a file from another one, and a hash of
 * what Flume's file held when we wrote it. Where Flume's file holds something else, Flume has written it since, and it counts.
 * Both are replaced as a whole by a rename, so a crash leaves the old or the new list.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '#std/errors';
import { fieldsOf, listOf, textField, wholeField, type JsonFields } from '#std/json-fields';
import { keptHead, type FileHead } from '../file-head.js';

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

interface OwnList {
  /** Hashes of what Flume's file held when we wrote it. */
  readonly written: readonly string[];
  readonly positions: readonly FilePosition[];
}

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
      // Flume keeps no head: the one that we knew still tells the file under another name.
      const knownHead = ({ inode, pos }: FilePosition): FileHead | null =>
        own?.positions.find((known) => known.inode === inode && known.pos <= pos)?.head ?? null;
      const positions = listOf(JSON.parse(text), 'the file').map((row) => {
        const position = flumePosition(fieldsOf(row));
        return position.head === null ? { ...position, head: knownHead(position) } : position;
      });
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

  private async readOwn(): Promise<OwnList | null> {
    const text = await textOf(this.ownPath);
    if (text === null) return null;
    try {
      const { written, positions } = fieldsOf(JSON.parse(text));
      return {
        written: listOf(written, 'written').map(String),
        positions: listOf(positions, 'positions').map((position) => ownPosition(fieldsOf(position))),
      };
    } catch (error) {
      throw notPositions(this.ownPath, error);
    }
  }
}

/** The value of a position record; null for a text that is none. */
export function parsePosition(text: string): FilePosition | null {
  try {
    return ownPosition(fieldsOf(JSON.parse(text)));
  } catch {
    return null;
  }
}

/** A row of Flume's file. */
function flumePosition(fields: JsonFields): FilePosition {
  const head = fields['head'] ?? null;
  return {
    inode: wholeField(fields, 'inode'),
    pos: wholeField(fields, 'pos', 0),
    file: textField(fields, 'file'),
    device: -1,
    head: head === null ? null : keptHead(head),
    crc: null,
  };
}

function ownPosition(fields: JsonFields): FilePosition {
  return {
    ...flumePosition(fields),
    device: wholeField(fields, 'device'),
    crc: fields['crc'] === null ? null : wholeField(fields, 'crc'),
  };
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
