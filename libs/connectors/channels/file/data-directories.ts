import { mkdir, readdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ComponentContext } from '#pipeline/collector';
import { MillraceError, messageOf, type ErrorKind } from '#std/errors';
import { DirectoryLock } from './directory-lock.js';

export const dataDirectoryErrors = {
  missing: { code: 'connectors.channel.directory-missing', retriable: true },
} satisfies Record<string, ErrorKind>;

/** Lists, in each directory, all directories of its channel. */
const memberName = 'directories.json';

/**
 * The directories of a file channel's log, made, locked and known to belong together: one that is empty while the others
 * know it is a disk that is not mounted, and its events would be missing without a word.
 */
export class DataDirectories {
  private constructor(
    readonly paths: readonly string[],
    private readonly locks: readonly DirectoryLock[],
    private readonly context: ComponentContext,
  ) {}

  static async open(folders: readonly string[], context: ComponentContext): Promise<DataDirectories> {
    const paths: string[] = [];
    const locks: DirectoryLock[] = [];
    try {
      for (const folder of new Set(folders.map(expandHome))) {
        const directory = join(folder, 'queue');
        await mkdir(directory, { recursive: true });
        locks.push(await DirectoryLock.acquire(directory));
        paths.push(directory);
      }
      await checkMembers(paths);
      return new DataDirectories(paths, locks, context);
    } catch (error) {
      for (const lock of locks) await lock.release();
      throw error;
    }
  }

  /** Of the directory that has most, bytes. A disk that does not tell is taken to have some. */
  async freeBytes(): Promise<number> {
    let most = 0;
    for (const path of this.paths) {
      try {
        const { bavail, bsize } = await statfs(path);
        most = Math.max(most, bavail * bsize);
      } catch (error) {
        this.context.logger.warn(`The free space of a file channel's disk is not known: ${messageOf(error)}`);
        return Number.MAX_SAFE_INTEGER;
      }
    }
    return most;
  }

  async release(): Promise<void> {
    for (const lock of this.locks) await lock.release();
  }
}

async function checkMembers(paths: readonly string[]): Promise<void> {
  const known = new Map<string, readonly string[] | null>();
  for (const path of paths) known.set(path, await readMembers(path));
  const members = new Set([...known.values()].flatMap((list) => list ?? []));
  for (const path of paths) {
    if (known.get(path) !== null || !members.has(path)) continue;
    throw new MillraceError(
      dataDirectoryErrors.missing,
      `The directory ${path} of dataDirs was in use and is empty now. Is its disk mounted? To go on without its events, remove ${memberName} from the other directories of dataDirs.`,
    );
  }
  for (const path of members) {
    if (paths.includes(path) || !(await holdsEvents(path))) continue;
    throw new MillraceError(
      dataDirectoryErrors.missing,
      `The directory ${path} still holds events of this channel and is not in dataDirs. Add it again until they are taken, or move its files into another one.`,
    );
  }
  const text = `${JSON.stringify(paths)}\n`;
  for (const path of paths) await writeFile(join(path, memberName), text);
}

async function readMembers(path: string): Promise<readonly string[] | null> {
  const text = await readFile(join(path, memberName), 'utf8').catch(() => null);
  if (text === null) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(parsed) ? parsed.filter((item): item is string => typeof item === 'string') : [];
}

async function holdsEvents(path: string): Promise<boolean> {
  const names = await readdir(path).catch(() => []);
  return names.some((name) => name.endsWith('.queue'));
}

function expandHome(directory: string): string {
  return resolve(directory.startsWith('~/') ? join(homedir(), directory.slice(2)) : directory);
}
