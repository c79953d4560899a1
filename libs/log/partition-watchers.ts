import type { PartitionWatcher } from './engine.js';

/** Who waits for a partition's high watermark or log start to move, or for the partition to go. */
export class PartitionWatchers {
  private readonly all = new Set<PartitionWatcher>();

  add(watcher: PartitionWatcher): void {
    this.all.add(watcher);
  }

  delete(watcher: PartitionWatcher): void {
    this.all.delete(watcher);
  }

  grew(bytes: number, stableBytes: number): void {
    for (const watcher of this.all) watcher.grew(bytes, stableBytes);
  }

  /** The log start was moved, durably. */
  startMoved(): void {
    for (const watcher of this.all) watcher.grew(0, 0);
  }

  gone(): void {
    for (const watcher of this.all) watcher.gone();
    this.all.clear();
  }
}
