import { constants, writev } from 'node:fs';
import * as fs from 'node:fs/promises';
import { lockDirectory, type DirectoryLock } from './directory-lock.js';

/**
 * The file system as the log and its neighbours see it. The real one is here; `simulated-disk` has one that loses, tears
 * and reorders what was not synced. Paths are absolute.
 */
export interface Disk {
  open(path: string, mode: 'read' | 'append' | 'readwrite'): Promise<DiskFile>;
  makeDirectory(path: string): Promise<void>;
  /** Names in a directory, sorted; empty where there is no such directory. */
  list(path: string): Promise<string[]>;
  /** Replaces `to` at once if it is there. Durable only after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>;
  /** No error where the file is gone already. */
  remove(path: string): Promise<void>;
  removeTree(path: string): Promise<void>;
  /** Makes creations, renames and removals in `path` durable. */
  syncDirectory(path: string): Promise<void>;
  /** Size in bytes, or null where there is no such file. */
  size(path: string): Promise<number | null>;
  /** The whole file, or null where there is none. */
  readFile(path: string): Promise<Buffer | null>;
  /** Keeps everybody else out of a directory that is there; null where somebody has it. */
  lock(directory: string): Promise<DirectoryLock | null>;
  /** Of the file system that `path` lies on. */
  space(path: string): Promise<DiskSpace>;
}

export interface DiskSpace {
  readonly totalBytes: number;
  /** What a process without privileges may still write. */
  readonly usableBytes: number;
}

export interface DiskFile {
  readonly path: string;
  size(): Promise<number>;
  /** Fills `target` from `position`; gives the number of bytes read, less than asked only at the end of the file. */
  read(target: Buffer, position: number): Promise<number>;
  /** Writes all of `chunks`, one after another, at `position`. */
  write(chunks: readonly Buffer[], position: number): Promise<void>;
  /**
   * `write` and a sync of just these bytes (and of the file's size) as one operation. What was written otherwise and not synced
   * stays so. After an error for which `leavesFileKnown` is false the file must not be written again.
   */
  writeDurably(chunks: readonly Buffer[], position: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** fdatasync. After one failure the file must not be written again. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const flags = {
  read: constants.O_RDONLY,
  append: constants.O_RDWR | constants.O_CREAT,
  readwrite: constants.O_RDWR,
} as const;

const chunksPerWriteMax = 1024;

/** No room on the disk, or no handle left for the file. */
const harmlessCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EMFILE', 'ENFILE'];

/**
 * Whether a failed `writeDurably` is only a failed write: it can be cut off and tried again. Any other error may come from the
 * sync, after which nobody knows what the disk has.
 */
export function leavesFileKnown(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && harmlessCodes.includes(error.code);
}

export const realDisk: Disk = {
  async open(path, mode) {
    const handle = await fs.open(path, flags[mode], 0o644);
    return realFile(path, handle);
  },
  async makeDirectory(path) {
    await fs.mkdir(path, { recursive: true });
  },
  async list(path) {
    try {
      return (await fs.readdir(path)).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.rm(path, { force: true }),
  removeTree: (path) => fs.rm(path, { force: true, recursive: true }),
  async syncDirectory(path) {
    const handle = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async size(path) {
    try {
      return (await fs.stat(path)).size;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },
  async readFile(path) {
    try {
      return await fs.readFile(path);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },
  lock: async (directory) => lockDirectory(directory),
  async space(path) {
    const { bsize, blocks, bavail } = await fs.statfs(path);
    return { totalBytes: bsize * blocks, usableBytes: bsize * bavail };
  },
};

function realFile(path: string, handle: fs.FileHandle): DiskFile {
  /** Opened when it is first written durably: with O_DSYNC a write is a sync as well, in one job of the thread pool. */
  let durable: fs.FileHandle | null = null;
  let opening: Promise<fs.FileHandle> | null = null;
  const openDurable = async (): Promise<fs.FileHandle> => {
    opening ??= fs.open(path, constants.O_WRONLY | constants.O_DSYNC);
    try {
      durable = await opening;
      return durable;
    } finally {
      opening = null;
    }
  };
  return {
    path,
    size: async () => (await handle.stat()).size,
    async read(target, position) {
      let total = 0;
      while (total < target.length) {
        const { bytesRead } = await handle.read(target, total, target.length - total, position + total);
        if (bytesRead === 0) break;
        total += bytesRead;
      }
      return total;
    },
    write: (chunks, position) => writeAll(handle, chunks, position),
    writeDurably(chunks, position) {
      if (durable !== null) return writeAll(durable, chunks, position);
      return openDurable().then((opened) => writeAll(opened, chunks, position));
    },
    truncate: (size) => handle.truncate(size),
    sync: () => handle.datasync(),
    async close() {
      await durable?.close();
      await handle.close();
    },
  };
}

/**
 * One gathered write, and more for what it left over. With a callback: handles' own `writev` makes several promises more a call,
 * which showed in produce load.
 */
function writeAll(handle: fs.FileHandle, chunks: readonly Buffer[], position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const writeFrom = (rest: readonly Buffer[], at: number): void => {
      if (rest.length === 0) {
        resolve();
        return;
      }
      const gathered = rest.length > chunksPerWriteMax ? rest.slice(0, chunksPerWriteMax) : rest;
      writev(handle.fd, gathered, at, (error, bytesWritten) => {
        if (error === null) writeFrom(dropBytes(rest, bytesWritten), at + bytesWritten);
        else reject(error);
      });
    };
    writeFrom(chunks, position);
  });
}

function dropBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  let left = count;
  for (const [index, chunk] of chunks.entries()) {
    if (left < chunk.length) return [chunk.subarray(left), ...chunks.slice(index + 1)];
    left -= chunk.length;
  }
  return [];
}

function isMissing(error: unknown): boolean {
  // Not `instanceof Error`: under a test runner errors of the file system come from another realm.
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
