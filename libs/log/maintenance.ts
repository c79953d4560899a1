import { join } from 'node:path';
import type { Clock } from '#std/clock';
import type { Disk } from '#std/disk';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import type { EngineGroups, EngineShare } from './engine.js';
import type { LogDirectories } from './log-directories.js';
import type { LogDirectory } from './log-directory.js';
import { Cleaner } from './cleaner.js';
import { deletedName } from './partition-files.js';
import type { PartitionLog } from './partition-log.js';
import { removeOldSnapshots, saveMark } from './partition-marks.js';
import type { Partitions } from './partitions.js';
import { hasRemovable, heldOffset, removeBelowStart, retentionStart, unreadLosses } from './retention.js';
import { Turns } from './turns.js';

export interface MaintenanceOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directories: LogDirectories;
  readonly partitions: Partitions;
  readonly groups: EngineGroups;
  readonly offsetsElsewhere: EngineShare['offsetsElsewhere'];
  readonly checkpointMs: number;
  readonly checkpointBytes: number;
  readonly producerExpirationMs: number;
  readonly cleanerBytes: number;
  readonly random: Random;
}

/** Partitions looked at in one step. */
const partitionsPerStep = 64;
/** Rounds over all partitions begin at most so far apart while there is something to compact. */
const roundMsMax = 60_000;

/** What the engine does beside its requests, in bounded steps: retention, removal of deleted topics, checkpoints, compaction. */
export class Maintenance {
  private at = 0;
  /** When the round over all partitions began, monotonic ms. */
  private roundAtMs = 0;
  private unmarkedBytes = 0;
  private markedAtMs = 0;
  private checkpointsWaiting = 0;
  private readonly checkpointTurns = new Turns();
  private readonly cleaner: Cleaner;

  constructor(private readonly options: MaintenanceOptions) {
    const { clock, logger, partitions, random } = options;
    this.markedAtMs = clock.monotonic();
    this.cleaner = new Cleaner({
      clock,
      logger,
      partitions,
      random,
      keyBytesMax: options.cleanerBytes,
      saveMark: (partition) => this.saveMarkOf(partition),
    });
  }

  /** Resolves when nothing is written by it any more. */
  stop(): Promise<void> {
    return this.cleaner.stop();
  }

  /** True when work is left. */
  async step(): Promise<boolean> {
    const all = this.options.partitions.all();
    const nowMs = this.options.clock.monotonic();
    // A long compaction does not put off the next round.
    if (this.at >= all.length && nowMs - this.roundAtMs >= roundMsMax) this.at = 0;
    if (this.at === 0) this.roundAtMs = nowMs;
    const step = all.slice(this.at, this.at + partitionsPerStep);
    this.at += partitionsPerStep;
    try {
      await this.applyRetention(step.filter(({ ports }) => ports.fault.reason === null));
      const hasDeleted = await this.removeOneDeleted();
      if (this.isCheckpointDue()) await this.checkpoint();
      const isCleaning = await this.cleaner.step();
      if (this.at < all.length || hasDeleted || isCleaning) return true;
    } catch (error) {
      this.options.logger.error('A step of maintenance failed; it is tried again.', { error: messageOf(error) });
    }
    this.at = 0;
    return false;
  }

  /** Bytes became durable that no mark covers. */
  grew(bytes: number): void {
    this.unmarkedBytes += bytes;
    if (this.checkpointsWaiting > 0 || !this.isCheckpointDue()) return;
    this.checkpoint().catch((error: unknown) => {
      this.options.logger.error('Marks cannot be saved; a start after a crash reads more.', {
        error: messageOf(error),
      });
    });
  }

  /** Moves the marks of all partitions up to what is durable, and makes the tables of them durable. */
  checkpoint(): Promise<void> {
    this.checkpointsWaiting += 1;
    this.unmarkedBytes = 0;
    this.markedAtMs = this.options.clock.monotonic();
    return this.checkpointTurns
      .run(async () => {
        for (const directory of this.options.directories.all) {
          if (directory.fault.reason === null) await this.checkpointOf(directory);
        }
      })
      .finally(() => {
        this.checkpointsWaiting -= 1;
      });
  }

  /** Makes moved log starts durable, then removes what lies below them. */
  async settleStarts(partitions: readonly PartitionLog[]): Promise<void> {
    for (const [directory, moved] of this.byDirectory(partitions)) {
      await directory.saveStarts();
      for (const partition of moved) partition.watchers.startMoved();
      // Producers are saved first, because their batches may be in what is removed.
      for (const partition of moved) await saveMark(partition);
      await directory.saveMarks();
      for (const partition of moved) await removeBelowStart(partition);
    }
  }

  private async checkpointOf(directory: LogDirectory): Promise<void> {
    const moved: PartitionLog[] = [];
    for (const partition of directory.partitions) {
      if (partition.isMarkDue && (await saveMark(partition))) moved.push(partition);
    }
    if (moved.length === 0) return;
    await directory.saveMarks();
    for (const partition of moved) await removeOldSnapshots(partition);
  }

  private async saveMarkOf(partition: PartitionLog): Promise<void> {
    await saveMark(partition);
    const directory = this.options.directories.all.find(({ partitions }) => partitions.has(partition));
    await directory?.saveMarks();
  }

  private isCheckpointDue(): boolean {
    const { clock, checkpointBytes, checkpointMs } = this.options;
    if (this.unmarkedBytes >= checkpointBytes) return true;
    return this.unmarkedBytes > 0 && clock.monotonic() - this.markedAtMs >= checkpointMs;
  }

  private async applyRetention(partitions: readonly PartitionLog[]): Promise<void> {
    const { clock, groups, logger, offsetsElsewhere } = this.options;
    const nowMs = clock.now();
    const moved: PartitionLog[] = [];
    const startsBefore = new Map<PartitionLog, number>();
    await Promise.all(partitions.map((partition) => partition.load()));
    for (const partition of partitions) {
      partition.producers.expire(nowMs - this.options.producerExpirationMs);
      const start = await retentionStart(partition, nowMs, heldOffset(partition, groups, offsetsElsewhere));
      if (start > partition.logStartOffset) {
        startsBefore.set(partition, partition.logStartOffset);
        partition.logStartOffset = start;
        moved.push(partition);
      } else if (hasRemovable(partition)) {
        moved.push(partition);
      }
    }
    if (moved.length === 0) return;
    await this.settleStarts(moved);
    for (const [partition, startBefore] of startsBefore) {
      for (const { group, firstOffset, lastOffset } of unreadLosses(partition, startBefore, groups)) {
        const { topic, partition: index } = partition.identity;
        logger.warn('Retention removed records that a group had not read.', {
          group,
          topic,
          partition: index,
          firstOffset,
          lastOffset,
        });
        partition.lostUnread += lastOffset + 1 - firstOffset;
      }
    }
  }

  private byDirectory(partitions: readonly PartitionLog[]): Map<LogDirectory, PartitionLog[]> {
    const groups = new Map<LogDirectory, PartitionLog[]>();
    for (const directory of this.options.directories.all) {
      const own = partitions.filter((partition) => directory.partitions.has(partition));
      if (own.length > 0) groups.set(directory, own);
    }
    return groups;
  }

  private async removeOneDeleted(): Promise<boolean> {
    const { disk, directories } = this.options;
    for (const { path, fault } of directories.all) {
      if (fault.reason !== null) continue;
      const [first, ...rest] = await disk.list(join(path, deletedName));
      if (first === undefined) continue;
      await disk.removeTree(join(path, deletedName, first));
      if (rest.length > 0) return true;
    }
    return false;
  }
}
