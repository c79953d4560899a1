import { leavesFileKnown, type Disk, type DiskFile } from '#std/disk';
import type { StorageFault } from './storage-fault.js';

/**
 * A disk on which any failed sync is the last one: it raises the fault, and from then on nothing is written, cut, renamed or
 * removed. Reading goes on.
 */
export function guardDisk(disk: Disk, fault: StorageFault): Disk {
  const refuseWhenDown = (): void => {
    if (fault.reason !== null) throw new Error(fault.reason);
  };
  const changing = async <T>(change: () => Promise<T>): Promise<T> => {
    refuseWhenDown();
    return change();
  };
  const syncing = async (what: string, sync: () => Promise<void>): Promise<void> => {
    refuseWhenDown();
    try {
      await sync();
    } catch (error) {
      fault.raise(`Syncing ${what}`, error);
      throw error;
    }
  };
  const guardFile = (file: DiskFile): DiskFile => ({
    path: file.path,
    size: () => file.size(),
    read: (target, position) => file.read(target, position),
    write: (chunks, position) => changing(() => file.write(chunks, position)),
    async writeDurably(chunks, position) {
      refuseWhenDown();
      try {
        await file.writeDurably(chunks, position);
      } catch (error) {
        if (!leavesFileKnown(error)) fault.raise(`Syncing ${file.path}`, error);
        throw error;
      }
    },
    truncate: (size) => changing(() => file.truncate(size)),
    sync: () => syncing(file.path, () => file.sync()),
    close: () => file.close(),
  });
  return {
    open: async (path, mode) => guardFile(await disk.open(path, mode)),
    makeDirectory: (path) => changing(() => disk.makeDirectory(path)),
    list: (path) => disk.list(path),
    rename: (from, to) => changing(() => disk.rename(from, to)),
    remove: (path) => changing(() => disk.remove(path)),
    removeTree: (path) => changing(() => disk.removeTree(path)),
    syncDirectory: (path) => syncing(path, () => disk.syncDirectory(path)),
    size: (path) => disk.size(path),
    readFile: (path) => disk.readFile(path),
  };
}
