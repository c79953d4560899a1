import type { Clock, Timer } from '#std/clock';
import type { Disk } from '#std/disk';
import type { Logger } from '#std/log';
import { warnShare } from './directory-space.js';
import type { LogDirectory } from './log-directory.js';
import type { PartitionLog } from './partition-log.js';
import type { Partitions } from './partitions.js';
import { offsetsInNames, segmentPath } from './segment.js';

export interface DiskBudgetOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directories: readonly LogDirectory[];
  /** Bytes of segments over all directories; null = no limit. */
  readonly budgetBytes: number | null;
  readonly partitions: Partitions;
  readonly disk: Disk;
}

const measureMs = 1000;
/** Over only when so much of the budget is free again. */
const releaseShare = 0.99;

/** Keeps the segments within their budget, and looks each second how much room the disks have. Nothing is removed for it. */
export class DiskBudget {
  /** Why appends are refused everywhere; null within the budget. */
  fullReason: string | null = null;
  private nearReason: string | null = null;
  private timer: Timer | null = null;
  private measuring: Promise<void> = Promise.resolve();
  private isStopped = false;
  private grownBytes = 0;
  private usedBytes = 0;
  /** Of partitions that were not opened yet when the engine started. */
  private readonly bytesAtStart = new Map<PartitionLog, number>();

  constructor(private readonly options: DiskBudgetOptions) {}

  /** Resolves when everything was measured once. */
  async start(): Promise<void> {
    if (this.options.budgetBytes !== null) await this.measureUnopened();
    await this.measure();
    this.schedule();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.timer?.cancel();
    await this.measuring;
  }

  /** The budget or a disk is nearly used up, or quite; null where there is plenty. */
  get warning(): string | null {
    for (const { space } of this.options.directories) {
      const reason = space.fullReason ?? space.warning;
      if (reason !== null) return reason;
    }
    return this.fullReason ?? this.nearReason;
  }

  grew(bytes: number): void {
    this.grownBytes += bytes;
    const { budgetBytes } = this.options;
    if (budgetBytes !== null && this.fullReason === null && this.usedBytes + this.grownBytes >= budgetBytes)
      this.judge(budgetBytes);
  }

  private schedule(): void {
    if (this.isStopped) return;
    this.timer = this.options.clock.after(measureMs, () => {
      this.measuring = this.measure().finally(() => this.schedule());
    });
  }

  private async measure(): Promise<void> {
    const { budgetBytes, directories } = this.options;
    await Promise.all(directories.filter(({ fault }) => fault.reason === null).map(({ space }) => space.measure()));
    if (budgetBytes !== null) this.judge(budgetBytes);
  }

  private judge(budgetBytes: number): void {
    const { logger } = this.options;
    this.usedBytes = this.sumBytes();
    this.grownBytes = 0;
    const wasFull = this.fullReason !== null;
    if (this.usedBytes >= budgetBytes * (wasFull ? releaseShare : 1)) {
      if (wasFull) return;
      this.fullReason = `The segments take ${this.usedBytes} bytes, and log.disk.budget.bytes is ${budgetBytes}. Records are refused until retention or a deletion makes room; nothing is lost.`;
      logger.error(this.fullReason);
      return;
    }
    if (wasFull)
      logger.info('The segments are within their budget again; records are taken.', { bytes: this.usedBytes });
    this.fullReason = null;
    const isNear = this.usedBytes >= budgetBytes * warnShare;
    const nearReason = isNear
      ? `The segments take ${this.usedBytes} of ${budgetBytes} bytes (log.disk.budget.bytes).`
      : null;
    if (nearReason !== null && this.nearReason === null) logger.warn(nearReason);
    this.nearReason = nearReason;
  }

  private sumBytes(): number {
    let sum = 0;
    for (const partition of this.options.partitions.all()) {
      if (partition.isLoaded) this.bytesAtStart.delete(partition);
      sum += partition.isLoaded ? partition.sizeBytes : (this.bytesAtStart.get(partition) ?? 0);
    }
    return sum;
  }

  private async measureUnopened(): Promise<void> {
    const { disk, partitions } = this.options;
    for (const partition of partitions.all()) {
      const { directory } = partition.identity;
      if (partition.ports.fault.reason !== null) continue;
      let bytes = 0;
      for (const offset of offsetsInNames(await disk.list(directory), 'log')) {
        bytes += (await disk.size(segmentPath(directory, offset, 'log'))) ?? 0;
      }
      if (bytes > 0) this.bytesAtStart.set(partition, bytes);
    }
  }
}
