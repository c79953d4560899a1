/**
 * Positions of tailed files, in Flume's form: one JSON array of `{inode, pos, file}`. Ours has one more key, `head`: a hash of the
 * file's first bytes, which tells a renamed file from another one that got the inode of a deleted file. Replaced as a whole by
 * a rename, so a crash leaves the old or the new list.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { systemCode } from '#std/errors';
import type { FileHead } from '../file-head.js';

export interface Position {
  readonly inode: number;
  /** Bytes of the file that channels have committed. */
  readonly pos: number;
  readonly file: string;
  readonly head: FileHead | null;
}

const listSchema = z.array(
  z.object({
    inode: z.number().int(),
    pos: z.number().int().min(0),
    file: z.string(),
    head: z.object({ bytes: z.number().int(), hash: z.string() }).nullish(),
  }),
);

/** Empty where there is no file yet. Throws on a file that is something else: starting from 0 would repeat everything. */
export async function readPositions(path: string): Promise<Position[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
  if (text.trim() === '') return [];
  try {
    return listSchema.parse(JSON.parse(text)).map((entry) => ({ ...entry, head: entry.head ?? null }));
  } catch (error) {
    throw new Error(`${path} is no list of positions. Mend it, or remove it to read all files from their beginning.`, {
      cause: error,
    });
  }
}

export async function writePositions(path: string, positions: readonly Position[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.tmp`;
  const file = await open(part, 'w');
  try {
    const rows = positions.map(({ head, ...entry }) => (head === null ? entry : { ...entry, head }));
    await file.writeFile(JSON.stringify(rows));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}
