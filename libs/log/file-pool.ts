import { assert } from '#std/assert';
import type { Disk, DiskFile } from '#std/disk';

/**
 * Open files, at most about `limit` at a time: the least recently used one that nobody uses is closed for a new one. Thousands
 * of partitions therefore need no thousands of handles.
 */
export class FilePool {
  /** In order of use, the least recent first. */
  private readonly entries = new Map<string, PooledFile>();

  constructor(
    private readonly disk: Disk,
    private readonly limit: number,
  ) {}

  /** Calls `work` with the open file, which stays open at least as long. The file must be there, except with `create`. */
  async use<T>(
    path: string,
    work: (file: DiskFile) => Promise<T>,
    mode: 'create' | 'existing' = 'existing',
  ): Promise<T> {
    let entry = this.entries.get(path);
    if (entry === undefined) {
      entry = {
        opening: this.disk.open(path, mode === 'create' ? 'append' : 'readwrite'),
        file: null,
        users: 0,
        stale: false,
      };
    } else {
      this.entries.delete(path);
    }
    this.entries.set(path, entry);
    entry.users += 1;
    try {
      entry.file ??= await entry.opening;
      return await work(entry.file);
    } finally {
      entry.users -= 1;
      // One that failed to open is tried anew the next time.
      if (entry.file === null && this.entries.get(path) === entry) this.entries.delete(path);
      if (entry.stale && entry.users === 0) await entry.file?.close();
      if (this.entries.size > this.limit) await this.closeOldest();
    }
  }

  /** For files about to be renamed or removed: closed as soon as nobody uses them. */
  async forget(path: string): Promise<void> {
    const entry = this.entries.get(path);
    if (entry === undefined) return;
    this.entries.delete(path);
    entry.stale = true;
    if (entry.users === 0) await entry.file?.close();
  }

  async closeAll(): Promise<void> {
    for (const path of [...this.entries.keys()]) await this.forget(path);
  }

  private async closeOldest(): Promise<void> {
    for (const [path, entry] of this.entries) {
      if (entry.users > 0) continue;
      assert(entry.file !== null, 'an idle pooled file is open');
      this.entries.delete(path);
      await entry.file.close();
      return;
    }
  }
}

interface PooledFile {
  readonly opening: Promise<DiskFile>;
  file: DiskFile | null;
  users: number;
  stale: boolean;
}
