import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { systemCode } from '#std/errors';

export interface FoundFile {
  readonly path: string;
  readonly inode: number;
  readonly size: number;
  readonly modifiedMs: number;
}

/** Finds the files of one group: a literal directory and a pattern for the whole name. */
export class FileFinder {
  private readonly directory: string;
  private readonly pattern: RegExp;
  private names: readonly string[] = [];
  private listedAtMs = -1;

  constructor(
    readonly group: string,
    path: string,
    private readonly caches: boolean,
  ) {
    this.directory = dirname(path);
    this.pattern = checkGroupPath(group, path);
  }

  /** By time of change, oldest first. Throws where the directory cannot be read. */
  async find(): Promise<FoundFile[]> {
    const { mtimeMs } = await stat(this.directory);
    // A directory's time is coarse: a listing made in the same second may lack a file.
    const isSettled = this.caches && this.listedAtMs > mtimeMs + 1000;
    if (!isSettled) {
      this.listedAtMs = Date.now();
      const all = await readdir(this.directory);
      this.names = all.filter((name) => this.pattern.test(name));
    }
    const found = await Promise.all(this.names.map((name) => this.look(join(this.directory, name))));
    return found.filter((file) => file !== null).sort((left, right) => left.modifiedMs - right.modifiedMs);
  }

  /** Null for a file that is gone, and for what is no file. */
  private async look(path: string): Promise<FoundFile | null> {
    try {
      const stats = await stat(path);
      return stats.isFile() ? { path, inode: stats.ino, size: stats.size, modifiedMs: stats.mtimeMs } : null;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null;
      throw error;
    }
  }
}

/** The pattern for the whole file name. Throws a sentence where the path will not do. */
export function checkGroupPath(group: string, path: string): RegExp {
  if (!isAbsolute(path)) throw new Error(`filegroups.${group}: ${path} is not an absolute path`);
  try {
    return new RegExp(`^(?:${basename(path)})$`);
  } catch (error) {
    throw new Error(`filegroups.${group}: "${basename(path)}" is not a regular expression`, { cause: error });
  }
}
