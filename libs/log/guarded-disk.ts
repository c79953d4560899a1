import { leavesFileKnown, type Disk, type DiskFile } from '#std/disk';
import { systemCode } from '#std/errors';
import type { StorageFault } from './storage-fault.js';

/** Who answers for what lies under a path. */
export interface DiskGuard {
  readonly fault: StorageFault;
  /** A write found no room. True where some was made for just this path, and the write should be tried once more. */
  makeRoom(path: string): Promise<boolean>;
}

/**
 * A disk on which any failed sync is the last one of its directory: it raises the fault, and from then on nothing is written, cut,
 * renamed or removed there. Reading goes on.
 */
export function guardDisk(disk: Disk, guardOf: (path: string) => DiskGuard): Disk {
  const refuseWhenDown = ({ fault }: DiskGuard): void => {
    if (fault.reason !== null) throw new Error(fault.reason);
  };
  const changing = async <T>(path: string, change: () => Promise<T>): Promise<T> => {
    refuseWhenDown(guardOf(path));
    return change();
  };
  const syncing = async (path: string, sync: () => Promise<void>): Promise<void> => {
    const guard = guardOf(path);
    refuseWhenDown(guard);
    try {
      await sync();
    } catch (error) {
      guard.fault.raise(`Syncing ${path}`, error);
      throw error;
    }
  };
  /** A write, and once more where it found no room and some was made. */
  const writing = async (path: string, write: () => Promise<void>): Promise<void> => {
    const guard = guardOf(path);
    refuseWhenDown(guard);
    try {
      await write();
    } catch (error) {
      const code = systemCode(error);
      if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
      if (!(await guard.makeRoom(path))) throw error;
      await write();
    }
  };
  const guardFile = (file: DiskFile): DiskFile => ({
    path: file.path,
    size: () => file.size(),
    read: (target, position) => file.read(target, position),
    write: (chunks, position) => writing(file.path, () => file.write(chunks, position)),
    async writeDurably(chunks, position) {
      try {
        await writing(file.path, () => file.writeDurably(chunks, position));
      } catch (error) {
        if (!leavesFileKnown(error)) guardOf(file.path).fault.raise(`Syncing ${file.path}`, error);
        throw error;
      }
    },
    truncate: (size) => changing(file.path, () => file.truncate(size)),
    sync: () => syncing(file.path, () => file.sync()),
    close: () => file.close(),
  });
  return {
    open: async (path, mode) => guardFile(await disk.open(path, mode)),
    makeDirectory: (path) => changing(path, () => disk.makeDirectory(path)),
    list: (path) => disk.list(path),
    rename: (from, to) => changing(from, () => disk.rename(from, to)),
    remove: (path) => changing(path, () => disk.remove(path)),
    removeTree: (path) => changing(path, () => disk.removeTree(path)),
    syncDirectory: (path) => syncing(path, () => disk.syncDirectory(path)),
    size: (path) => disk.size(path),
    readFile: (path) => disk.readFile(path),
    lock: (directory) => disk.lock(directory),
    space: (path) => disk.space(path),
  };
}
