import type { Disk } from '#std/disk';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import { segmentEnding } from './segment.js';

export interface DirectorySpaceOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly random: Random;
  readonly path: string;
  /** Free bytes below which nothing is appended any more; null = `freeBytesMin` of the disk. */
  readonly minFreeBytes: number | null;
  /** Size of the reserve file; 0 = none. */
  readonly reserveBytes: number;
}

const gibibyte = 1024 ** 3;
const freeShareMin = 0.05;
/** Part of what may be filled from which on somebody is warned. */
export const warnShare = 0.9;
/** Free again only with so much more than the least, so that it does not begin and end with each segment. */
const releaseShare = 1.05;
const fillBytes = 1024 * 1024;

/** The room that is kept free on a disk of this size: 2 GiB, on small disks 5 percent. */
export function freeBytesMin(totalBytes: number): number {
  return Math.min(2 * gibibyte, totalBytes * freeShareMin);
}

/**
 * The room in a data directory. Appends end while there still is a little, so that offsets are committed and what is old is removed
 * also on a disk that is full. Should others fill even that, a file `reserve` is given up for journals and checkpoints; it is
 * made again when there is room.
 */
export class DirectorySpace {
  totalBytes = -1;
  usableBytes = -1;
  /** Why appends are refused; null while there is room. */
  fullReason: string | null = null;
  /** Why they will be; null while there is plenty. */
  warning: string | null = null;
  /** Null before the first look. */
  private reserve: 'kept' | 'missing' | null = null;
  private makingRoom: Promise<boolean> | null = null;
  private isMeasurable = true;

  /** `disk` is the bare one: what is written here is not guarded. */
  constructor(private readonly options: DirectorySpaceOptions) {}

  /** Looks how much room there is, and makes the reserve where it is missing. Never rejects. */
  async measure(): Promise<void> {
    const { disk, logger, path } = this.options;
    try {
      const { totalBytes, usableBytes } = await disk.space(path);
      this.totalBytes = totalBytes;
      this.usableBytes = usableBytes;
      this.isMeasurable = true;
      this.judge();
      await this.keepReserve();
    } catch (error) {
      if (this.isMeasurable) logger.warn('The room on a disk cannot be told.', { path, error: messageOf(error) });
      this.isMeasurable = false;
    }
  }

  /** Between two measurements: so much was written. */
  grew(bytes: number): void {
    if (this.usableBytes < 0) return;
    this.usableBytes = Math.max(0, this.usableBytes - bytes);
    if (this.fullReason === null && this.usableBytes < this.minFreeBytes) this.judge();
  }

  /**
   * A write to `path` found no room. True where the reserve was given up for it. Records get nothing of it: their append is refused,
   * and the next one tries again.
   */
  async makeRoom(path: string): Promise<boolean> {
    if (path.endsWith(segmentEnding)) return false;
    if (this.fullReason === null) this.fill(`Nothing more can be written to ${this.options.path}: the disk is full.`);
    this.makingRoom ??= this.giveUpReserve().finally(() => {
      this.makingRoom = null;
    });
    return this.makingRoom;
  }

  private get minFreeBytes(): number {
    return this.options.minFreeBytes ?? freeBytesMin(this.totalBytes);
  }

  private get reservePath(): string {
    return `${this.options.path}/reserve`;
  }

  private judge(): void {
    const { totalBytes, usableBytes, minFreeBytes } = this;
    const { path, logger } = this.options;
    const wasFull = this.fullReason !== null;
    const needed = wasFull ? Math.max(minFreeBytes * releaseShare, this.options.reserveBytes) : minFreeBytes;
    if (usableBytes < needed) {
      if (!wasFull) {
        this.fill(
          `${path} has ${usableBytes} bytes of room left, and ${Math.round(minFreeBytes)} are kept free (log.disk.min.free.bytes).`,
        );
      }
      return;
    }
    if (wasFull) logger.info('There is room again; records are taken.', { path, usableBytes });
    this.fullReason = null;
    const isNear = totalBytes - usableBytes >= (totalBytes - minFreeBytes) * warnShare && minFreeBytes > 0;
    const warning = isNear ? `${path} is nearly full: ${usableBytes} of ${totalBytes} bytes are left.` : null;
    if (warning !== null && this.warning === null) logger.warn(warning);
    this.warning = warning;
  }

  private fill(reason: string): void {
    this.fullReason = `${reason} Records are refused until there is room; nothing is lost.`;
    this.options.logger.error(this.fullReason);
  }

  private async giveUpReserve(): Promise<boolean> {
    const { disk, path, logger, reserveBytes } = this.options;
    const size = reserveBytes === 0 ? null : await disk.size(this.reservePath);
    if (size === null || size === 0) return false;
    logger.warn('The disk is full: the reserve is given up, so that offsets can still be committed.', { path });
    this.reserve = 'missing';
    const file = await disk.open(this.reservePath, 'readwrite');
    try {
      await file.truncate(0);
      return true;
    } finally {
      await file.close();
    }
  }

  private async keepReserve(): Promise<void> {
    const { disk, random, reserveBytes } = this.options;
    if (reserveBytes === 0 || this.reserve === 'kept' || this.fullReason !== null) return;
    if (this.reserve === null) {
      // Made only the next time, so that a start does not wait for it.
      this.reserve = (await disk.size(this.reservePath)) === reserveBytes ? 'kept' : 'missing';
      return;
    }
    if (this.usableBytes < this.minFreeBytes + 2 * reserveBytes) return;
    // Not zeros: a file system that compresses would set aside nothing for them.
    const filling = Buffer.alloc(Math.min(fillBytes, reserveBytes));
    for (let at = 0; at + 4 <= filling.length; at += 4) filling.writeUInt32LE(Math.floor(random.next() * 2 ** 32), at);
    const file = await disk.open(this.reservePath, 'append');
    try {
      for (let at = 0; at < reserveBytes; at += filling.length) {
        await file.write([filling.subarray(0, reserveBytes - at)], at);
      }
      await file.sync();
      this.reserve = 'kept';
    } finally {
      await file.close();
    }
  }
}
