import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { posix } from 'node:path';
import { FatalSinkError } from '#pipeline/errors';
import type { FilePart, StoredFile, StoredFiles } from '#pipeline/stored-files';
import { systemCode } from '#std/errors';

/** A file that vanished, or a folder in its place or above it. */
const goneCodes: ReadonlySet<string | null> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR']);

/** Files of a local or mounted disk. Links are no files of a sink: they are neither listed nor followed. */
export class LocalFiles implements StoredFiles {
  constructor(readonly base: string) {
    if (base === '/' || base === '') {
      throw new FatalSinkError('The path of this sink begins with an escape, so its files have no folder of their own');
    }
  }

  async *walk(folder: string, signal: AbortSignal): AsyncGenerator<StoredFile> {
    const waiting = [folder];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      signal.throwIfAborted();
      const directory = posix.join(this.base, at);
      if (!(await this.isOwn(directory))) continue;
      for await (const entry of await fs.opendir(directory)) {
        signal.throwIfAborted();
        const path = posix.join(at, entry.name);
        if (entry.isDirectory()) waiting.push(path);
        if (!entry.isFile()) continue;
        const status = await orNull(fs.lstat(posix.join(this.base, path)));
        if (status !== null) yield { path, bytes: status.size, modifiedMs: status.mtimeMs };
      }
    }
  }

  async read(path: string, from: number, bytesMax: number): Promise<FilePart | null> {
    const whole = posix.join(this.base, path);
    // A pipe would wait for a writer without O_NONBLOCK.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await orNull(fs.open(whole, flags));
    if (file === null) return null;
    try {
      const status = await file.stat();
      const place = await orNull(fs.lstat(whole));
      // The folders above may be links, or have become ones since.
      if (!status.isFile() || place?.ino !== status.ino || place.dev !== status.dev || !(await this.isOwn(whole))) {
        return null;
      }
      const start = from < 0 ? Math.max(0, status.size + from) : from;
      const bytes = Buffer.alloc(Math.max(0, Math.min(bytesMax, status.size - start)));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
      return { bytes: bytes.subarray(0, bytesRead), size: status.size };
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {}

  /** Whether it lies below the base, where its name says: no link in between. */
  private async isOwn(path: string): Promise<boolean> {
    if (posix.relative(this.base, path).split('/')[0] === '..') return false;
    const [base, real] = await Promise.all([orNull(fs.realpath(this.base)), orNull(fs.realpath(path))]);
    return base !== null && real === posix.join(base, posix.relative(this.base, path));
  }
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (goneCodes.has(systemCode(error))) return null;
    throw error;
  }
}
