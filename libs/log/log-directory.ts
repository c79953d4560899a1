import type { Disk } from '#std/disk';
import type { DirectoryLock } from '#std/directory-lock';
import type { Logger } from '#std/log';
import { Checkpoints, type KeptPartition } from './checkpoints.js';
import type { DirectorySpace } from './directory-space.js';
import type { DirectoryDescription } from './engine.js';
import type { DiskGuard } from './guarded-disk.js';
import { GroupCommit } from './group-commit.js';
import type { PartitionLog } from './partition-log.js';
import { StorageFault } from './storage-fault.js';

/** One data directory: which partitions lie in it, how far they are durable, and whether it takes writes. */
export class LogDirectory implements DiskGuard {
  readonly partitions = new Set<PartitionLog>();
  readonly checkpoints: Checkpoints;
  /** As the checkpoints said at the start. */
  kept: ReadonlyMap<string, KeptPartition> = new Map();
  lock: DirectoryLock | null = null;
  private readonly marks = new GroupCommit<null>(() => this.checkpoints.writeMarks(this.partitions));
  private readonly starts = new GroupCommit<null>(() => this.checkpoints.writeStarts(this.partitions));

  constructor(
    readonly path: string,
    disk: Disk,
    logger: Logger,
    readonly fault: StorageFault,
    readonly space: DirectorySpace,
  ) {
    this.checkpoints = new Checkpoints(disk, path, logger);
  }

  makeRoom(path: string): Promise<boolean> {
    return this.space.makeRoom(path);
  }

  /** Makes the marks of its partitions durable, as they are. */
  saveMarks(): Promise<void> {
    return this.marks.submit(null);
  }

  /** Makes the log starts of its partitions durable, as they are. */
  saveStarts(): Promise<void> {
    return this.starts.submit(null);
  }

  async idle(): Promise<void> {
    await this.starts.idle();
    await this.marks.idle();
  }

  describe(): DirectoryDescription {
    const { reason } = this.fault;
    const { totalBytes, usableBytes, fullReason } = this.space;
    return {
      path: this.path,
      error: reason === null ? 'none' : 'storage_error',
      reason,
      totalBytes,
      usableBytes,
      isFull: fullReason !== null,
    };
  }
}
