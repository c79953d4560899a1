import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { systemCode } from '#std/errors';
import { compileJavaRegex } from '#std/java-regex';

export interface SpoolFolderOptions {
  readonly spoolDir: string;
  readonly fileSuffix: string;
  /** Null where files are marked by their name. */
  readonly trackerDir: string | null;
  readonly includePattern: string;
  readonly ignorePattern: string;
  readonly consumeOrder: 'oldest' | 'youngest' | 'random';
  readonly recursiveDirectorySearch: boolean;
}

export interface SpooledEntry {
  readonly path: string;
  readonly name: string;
  readonly inode: number;
  readonly size: number;
  readonly modifiedMs: number;
}

/** Looks for files that are still to be taken. */
export class SpoolFolder {
  readonly directory: string;
  readonly trackerDirectory: string | null;
  private readonly include: RegExp;
  private readonly ignore: RegExp;

  constructor(private readonly options: SpoolFolderOptions) {
    this.directory = resolve(options.spoolDir);
    this.trackerDirectory = options.trackerDir === null ? null : resolve(this.directory, options.trackerDir);
    this.include = wholeName(options.includePattern);
    this.ignore = wholeName(options.ignorePattern);
  }

  /** In the order in which they are to be taken. Throws where the folder cannot be read. */
  async list(): Promise<SpooledEntry[]> {
    const done = await this.trackedMarks();
    const entries: SpooledEntry[] = [];
    await this.collect(this.directory, done, entries);
    const { consumeOrder } = this.options;
    if (consumeOrder === 'random') return entries;
    const sign = consumeOrder === 'oldest' ? 1 : -1;
    return entries.sort((left, right) => {
      const byTime = sign * (left.modifiedMs - right.modifiedMs);
      return byTime !== 0 ? byTime : left.path < right.path ? -1 : 1;
    });
  }

  /** Where the mark of a file that was taken whole lies, or is to lie. */
  markOf(path: string): string {
    const { fileSuffix } = this.options;
    if (this.trackerDirectory === null) return `${path}${fileSuffix}`;
    return join(this.trackerDirectory, `${relative(this.directory, path)}${fileSuffix}`);
  }

  private async collect(directory: string, done: ReadonlySet<string>, into: SpooledEntry[]): Promise<void> {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const { name } = entry;
      if (name.startsWith('.') || this.ignore.test(name)) continue;
      const path = join(directory, name);
      if (entry.isDirectory()) {
        const isBelow = this.options.recursiveDirectorySearch && path !== this.trackerDirectory;
        // One that is removed meanwhile has no files.
        if (isBelow) await this.collect(path, done, into).catch(ignoreMissing);
        continue;
      }
      if (name.endsWith(this.options.fileSuffix) || !this.include.test(name) || done.has(this.markOf(path))) continue;
      const found = await look(path, name);
      if (found !== null) into.push(found);
    }
  }

  private async trackedMarks(): Promise<ReadonlySet<string>> {
    const directory = this.trackerDirectory;
    if (directory === null) return new Set();
    try {
      const names = await readdir(directory, { recursive: true });
      return new Set(names.map((name) => join(directory, name)));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return new Set();
      throw error;
    }
  }
}

/** Null for what is gone meanwhile, and for what is no file. */
export async function look(path: string, name: string): Promise<SpooledEntry | null> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) return null;
    return { path, name, inode: stats.ino, size: stats.size, modifiedMs: stats.mtimeMs };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function ignoreMissing(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}

function wholeName(pattern: string): RegExp {
  const compiled = compileJavaRegex(pattern);
  return new RegExp(`^(?:${compiled.source})$`, compiled.flags);
}
