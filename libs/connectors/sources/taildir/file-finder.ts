import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { systemCode } from '#std/errors';
import { checkJavaRegex, compileJavaMatcher } from '#std/java-regex';

export interface FoundFile {
  readonly path: string;
  readonly group: string;
  readonly device: number;
  readonly inode: number;
  readonly size: number;
  readonly modifiedMs: number;
}

interface ListedDirectory {
  readonly listedAtMs: number;
  readonly files: readonly string[];
  readonly below: readonly string[];
}

export interface FinderOptions {
  readonly group: string;
  /** Literal directory, and a Java regular expression for the whole file name. */
  readonly path: string;
  /** Lists a directory again only when its time has changed. */
  readonly caches: boolean;
  /** Also in the directories below, those whose name begins with a dot left out. */
  readonly isRecursive: boolean;
}

/** A directory's time is coarse: a listing made in the same second may lack a file. */
const settledMs = 1000;

/** Lists the files of one group. */
export class FileFinder {
  readonly group: string;
  private readonly directory: string;
  private readonly pattern: RegExp;
  private listed = new Map<string, ListedDirectory>();

  constructor(private readonly options: FinderOptions) {
    this.group = options.group;
    this.directory = dirname(options.path);
    this.pattern = compileJavaMatcher(basename(options.path));
  }

  /** Paths that match now. Throws where the directory cannot be read. */
  async list(nowMs: number): Promise<string[]> {
    const paths: string[] = [];
    const kept = new Map<string, ListedDirectory>();
    const open = [this.directory];
    for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
      const found = await this.look(directory, nowMs);
      if (found === null) continue;
      kept.set(directory, found);
      for (const name of found.files) paths.push(join(directory, name));
      for (const name of found.below) open.push(join(directory, name));
    }
    this.listed = kept;
    return paths;
  }

  /** Null for a directory below that is gone meanwhile. */
  private async look(directory: string, nowMs: number): Promise<ListedDirectory | null> {
    try {
      const before = this.listed.get(directory);
      const { mtimeMs } = await stat(directory);
      if (this.options.caches && before !== undefined && before.listedAtMs > mtimeMs + settledMs) return before;
      const entries = await readdir(directory, { withFileTypes: true });
      const isBelow = (name: string): boolean => this.options.isRecursive && !name.startsWith('.');
      return {
        listedAtMs: nowMs,
        files: entries.filter((entry) => !entry.isDirectory() && this.pattern.test(entry.name)).map(({ name }) => name),
        below: entries.filter((entry) => entry.isDirectory() && isBelow(entry.name)).map(({ name }) => name),
      };
    } catch (error) {
      if (directory !== this.directory && systemCode(error) === 'ENOENT') return null;
      throw error;
    }
  }
}

/** Null for a file that is gone, and for what is no file. */
export async function lookAt(path: string, group: string): Promise<FoundFile | null> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) return null;
    return { path, group, device: stats.dev, inode: stats.ino, size: stats.size, modifiedMs: stats.mtimeMs };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** A sentence where the path will not do, else null. */
export function checkGroupPath(group: string, path: string): string | null {
  if (!isAbsolute(path)) return `filegroups.${group}: ${path} is not an absolute path`;
  const mistake = checkJavaRegex(basename(path));
  return mistake === null ? null : `filegroups.${group}: "${basename(path)}" ${mistake}`;
}
