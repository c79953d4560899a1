/**
 * How far files were read that are not done: the one in hand, and those that were set aside. One JSON array, replaced by a rename, so a
 * crash leaves the old or the new list.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '#std/errors';
import { fieldsOf, listOf, textField, wholeField } from '#std/json-fields';
import { isCompressed } from '../byte-source.js';
import { keptHead, type FileHead } from '../file-head.js';
import type { SpooledEntry } from './spool-folder.js';
import { SpooledFile } from './spooled-file.js';

export interface SpoolPosition {
  readonly file: string;
  readonly inode: number;
  /** Bytes of the file that channels have committed. */
  readonly position: number;
  readonly head: FileHead;
}

/** Writes are at least this far apart, so that small batches do not cost a file each. */
const writeIntervalMs = 250;

export class SpoolPositions {
  private readonly byPath = new Map<string, SpoolPosition>();
  private writtenAtMs = -Infinity;
  private isDirty = false;

  private constructor(
    private readonly path: string,
    positions: readonly SpoolPosition[],
  ) {
    for (const position of positions) this.byPath.set(position.file, position);
  }

  /** What channels have kept; it wins over what the file says. */
  absorb(kept: ReadonlyMap<string, string>): void {
    for (const [file, text] of kept) {
      const known = keptPosition(text);
      if (known !== null) this.byPath.set(file, known);
    }
  }

  has(file: string): boolean {
    return this.byPath.has(file);
  }

  /** Throws on a file that is something else: starting from 0 would repeat what was delivered. */
  static async read(path: string): Promise<SpoolPositions> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return new SpoolPositions(path, []);
      throw error;
    }
    try {
      return new SpoolPositions(path, listOf(JSON.parse(text), 'the file').map(positionOf));
    } catch (error) {
      throw new Error(
        `${path} is no list of positions. Mend it, or remove it to read files in hand from their beginning.`,
        { cause: error },
      );
    }
  }

  /** Where to go on in a file; null for one that is not known, or that is another of the same name. */
  async recall(entry: SpooledEntry): Promise<number | null> {
    const known = this.byPath.get(entry.path);
    const fits = known !== undefined && (known.position <= entry.size || isCompressed(entry.path));
    if (!fits || known.inode !== entry.inode) return null;
    const file = await SpooledFile.open(entry, 0);
    try {
      return (await file.fingerprint(known.head.bytes)).hash === known.head.hash ? known.position : null;
    } finally {
      await file.close();
    }
  }

  set(position: SpoolPosition): void {
    this.byPath.set(position.file, position);
    this.isDirty = true;
  }

  delete(file: string): void {
    if (this.byPath.delete(file)) this.isDirty = true;
  }

  /** Forgets files that are not there any more; gives them. */
  retain(files: ReadonlySet<string>): string[] {
    const gone = [...this.byPath.keys()].filter((file) => !files.has(file));
    for (const file of gone) this.delete(file);
    return gone;
  }

  isDue(nowMs: number): boolean {
    return nowMs - this.writtenAtMs >= writeIntervalMs;
  }

  async write(nowMs: number): Promise<void> {
    this.writtenAtMs = nowMs;
    if (!this.isDirty) return;
    this.isDirty = false;
    await mkdir(dirname(this.path), { recursive: true });
    await writeFile(`${this.path}.tmp`, JSON.stringify([...this.byPath.values()]));
    await rename(`${this.path}.tmp`, this.path);
  }
}

function positionOf(value: unknown): SpoolPosition {
  const fields = fieldsOf(value);
  return {
    file: textField(fields, 'file'),
    inode: wholeField(fields, 'inode'),
    position: wholeField(fields, 'position', 0),
    head: keptHead(fields['head']),
  };
}

/** Null for a text that is no position. */
function keptPosition(text: string): SpoolPosition | null {
  try {
    return positionOf(JSON.parse(text));
  } catch {
    return null;
  }
}
