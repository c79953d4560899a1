/**
 * The files of one topic-partition that are committed together: one for each path that its records resolved to. Offsets of different
 * paths interleave, so no path has a position of its own; the group has one, the next offset when it was sealed. A group without files only
 * moves the position.
 */
import type { CalendarZone } from '#std/calendar-zone';
import type { Format, FileEncoder } from '#connectors/formats/format';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { Spool, SpoolFile } from './spool.js';

export interface GroupFile {
  /** Folder and prefix as the templates gave them: `/flume/2026-11-22/web`. */
  readonly path: string;
  readonly encoder: FileEncoder;
  readonly spool: SpoolFile;
  readonly firstOffset: number;
  lastOffset: number;
  count: number;
}

export interface RollLimits {
  /** Records in one file; 0 = no limit. */
  readonly count: number;
  /** Bytes in one file, before compression; 0 = no limit. */
  readonly bytes: number;
  /** Since the group's first record came, ms; 0 = no limit. */
  readonly intervalMs: number;
  /** Since the group's last record came, ms; 0 = no limit. */
  readonly idleMs: number;
  /** Between the earliest and the latest record time in the group, ms; 0 = no limit. */
  readonly recordSpanMs: number;
  /** At each multiple of so many ms on the zone's clock; null = no limit. */
  readonly schedule: { readonly everyMs: number; readonly zone: CalendarZone } | null;
  /** Files in the group. */
  readonly files: number;
}

export class FileGroup {
  private readonly byPath = new Map<string, GroupFile>();
  private firstRecordMs = Number.POSITIVE_INFINITY;
  private lastRecordMs = Number.NEGATIVE_INFINITY;
  private lastPutAt: number;
  private anyFull = false;
  /** How long after the start the scheduled time comes, ms. */
  private readonly scheduledAfterMs: number;

  constructor(
    private readonly spool: Spool,
    private readonly format: Format,
    private readonly limits: RollLimits,
    /** Monotonic, ms. */
    private readonly startedAt: number,
    /** Milliseconds since the epoch. */
    now: number,
  ) {
    this.lastPutAt = startedAt;
    const { schedule } = limits;
    if (schedule === null) this.scheduledAfterMs = 0;
    else {
      const { everyMs, zone } = schedule;
      const localMs = now + zone.offsetMs(now);
      this.scheduledAfterMs = everyMs - (((localMs % everyMs) + everyMs) % everyMs);
    }
  }

  get files(): readonly GroupFile[] {
    return [...this.byPath.values()];
  }

  get bytes(): number {
    return this.files.reduce((sum, file) => sum + file.spool.bytes, 0);
  }

  /** How many records `path` still takes before its file is full. */
  room(path: string): number {
    if (this.limits.count === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.limits.count - (this.byPath.get(path)?.count ?? 0));
  }

  /** Records at `indexes`, ascending, to the file of `path`. */
  async append(path: string, batch: SinkBatch, indexes: Int32Array): Promise<void> {
    let file = this.byPath.get(path);
    const first = batch.offset(indexes[0] ?? 0);
    if (file === undefined) {
      const encoder = this.format.open(`${path}+${batch.topic}+${batch.partition}+${first}`);
      file = { path, encoder, spool: this.spool.create(), firstOffset: first, lastOffset: first, count: 0 };
      this.byPath.set(path, file);
      await file.spool.append(encoder.header);
    }
    file.lastOffset = batch.offset(indexes[indexes.length - 1] ?? 0);
    file.count += indexes.length;
    await file.spool.append(file.encoder.encode(batch, indexes));
    if (this.limits.count > 0 && file.count >= this.limits.count) this.anyFull = true;
    if (this.limits.bytes > 0 && file.spool.bytes >= this.limits.bytes) this.anyFull = true;
  }

  /** Notes that records of these times came at `now`. */
  touch(now: number, earliestMs: number, latestMs: number): void {
    this.lastPutAt = now;
    this.firstRecordMs = Math.min(this.firstRecordMs, earliestMs);
    this.lastRecordMs = Math.max(this.lastRecordMs, latestMs);
  }

  due(now: number): boolean {
    const { intervalMs, idleMs, recordSpanMs, files } = this.limits;
    return (
      this.anyFull ||
      this.byPath.size >= files ||
      (intervalMs > 0 && now - this.startedAt >= intervalMs) ||
      (idleMs > 0 && now - this.lastPutAt >= idleMs) ||
      (this.scheduledAfterMs > 0 && now - this.startedAt >= this.scheduledAfterMs) ||
      (recordSpanMs > 0 && this.lastRecordMs - this.firstRecordMs >= recordSpanMs)
    );
  }

  async release(): Promise<void> {
    for (const file of this.byPath.values()) await file.spool.release();
    this.byPath.clear();
  }
}
