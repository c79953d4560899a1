/**
 * A file that is written over several runs of a job and seen under its name only when it is whole: `.name.job-7.part` beside it until then.
 * A file of that name that is there already stays.
 */
import { constants } from 'node:fs';
import { link, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MillraceError, systemCode } from '#std/errors';
import { jobErrors } from './errors.js';

export class ExportFile {
  private constructor(
    private readonly path: string,
    private readonly partPath: string,
    private readonly handle: FileHandle,
    /** Bytes so far. */
    public length: number,
  ) {}

  /**
   * Goes on after the first `keep` bytes of an earlier run; `length` is 0 where they are not there. Throws `jobs.file` where the file is
   * there already.
   */
  static async open(path: string, options: { readonly jobId: string; readonly keep: number }): Promise<ExportFile> {
    if ((await sizeOf(path)) !== null) throw isThere(path);
    const partPath = partOf(path, options.jobId);
    const handle = await open(partPath, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o640);
    try {
      const { size } = await handle.stat();
      const length = size >= options.keep ? options.keep : 0;
      await handle.truncate(length);
      return new ExportFile(path, partPath, handle, length);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Whether an earlier run came to the end: a whole file of this size, and at most a second name of it. */
  static async isFinished(path: string, options: { readonly jobId: string; readonly bytes: number }): Promise<boolean> {
    if ((await sizeOf(path)) !== options.bytes) return false;
    const partPath = partOf(path, options.jobId);
    if ((await sizeOf(partPath)) === null) return true;
    const [whole, part] = await Promise.all([stat(path), stat(partPath)]);
    if (whole.ino !== part.ino || whole.dev !== part.dev) return false;
    await rm(partPath);
    return true;
  }

  async append(bytes: Buffer): Promise<void> {
    let from = 0;
    while (from < bytes.length) {
      const { bytesWritten } = await this.handle.write(bytes, from, bytes.length - from, this.length);
      from += bytesWritten;
      this.length += bytesWritten;
    }
  }

  /** Resolves when what was appended is on the disk. */
  sync(): Promise<void> {
    return this.handle.datasync();
  }

  /** Gives the file its name. Throws `jobs.file` where somebody else has taken it meanwhile. */
  async finish(): Promise<void> {
    try {
      await link(this.partPath, this.path);
    } catch (error) {
      throw systemCode(error) === 'EEXIST' ? isThere(this.path) : error;
    }
    await rm(this.partPath);
    const folder = await open(dirname(this.path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  /** Removes what was written. */
  discard(): Promise<void> {
    return rm(this.partPath, { force: true });
  }
}

function partOf(path: string, jobId: string): string {
  return join(dirname(path), `.${basename(path)}.job-${jobId}.part`);
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function isThere(path: string): MillraceError {
  return new MillraceError(
    jobErrors.file,
    `There is a file ${basename(path)} already: name another one, or move it away`,
  );
}
