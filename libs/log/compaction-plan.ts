import type { PartitionLog } from './partition-log.js';
import type { Segment } from './segment.js';

/** What a partition has for compaction: its segments up to the last one that may be cleaned. */
export interface CompactionPlan {
  readonly partition: PartitionLog;
  /** From the first on. */
  readonly segments: readonly Segment[];
  /** Below it no key has a later record in what was cleaned. */
  readonly dirtyFrom: number;
  /** Index of the first segment with records at or above `dirtyFrom`. */
  readonly dirtyIndex: number;
  /** Share of bytes that were not cleaned yet. */
  readonly dirtyRatio: number;
}

/**
 * Null where there is nothing to clean, or not enough: more than min.cleanable.dirty.ratio of the bytes has to be new, or a record older
 * than max.compaction.lag.ms. Never taken are the newest segment, an open transaction and what comes after it, and records younger
 * than min.compaction.lag.ms with all that follow.
 */
export async function planCompaction(partition: PartitionLog, nowMs: number): Promise<CompactionPlan | null> {
  const { settings } = partition.topic;
  const all = [...partition.segments];
  const lastCleaned = all.findLastIndex((segment) => segment.isCleaned);
  const cleanedEnd = all[lastCleaned + 1]?.baseOffset ?? Infinity;
  const dirtyFrom = Math.min(cleanedEnd, await cleanedTo(partition, all[lastCleaned]));
  // The last cleaned segment is dirty at its end where the keys of all of it had no room in memory.
  const dirtyIndex = lastCleaned >= 0 && dirtyFrom < cleanedEnd ? lastCleaned : lastCleaned + 1;
  const end = await cleanableEnd(partition, all, dirtyIndex, nowMs);
  if (end <= dirtyIndex) return null;
  const segments = all.slice(0, end);
  const dirtyBytes = sizeOf(segments.slice(dirtyIndex));
  const dirtyRatio = dirtyBytes / sizeOf(segments);
  const oldest = await firstTimestamp(partition, all[dirtyIndex]);
  const isOverdue = oldest >= 0 && nowMs - oldest > settings.maxCompactionLagMs;
  if (dirtyBytes === 0 || (dirtyRatio <= settings.minCleanableDirtyRatio && !isOverdue)) return null;
  return { partition, segments, dirtyFrom, dirtyIndex, dirtyRatio };
}

async function cleanedTo(partition: PartitionLog, segment: Segment | undefined): Promise<number> {
  if (segment === undefined) return partition.segments[0]?.baseOffset ?? 0;
  const { table } = await indexesOf(partition, segment);
  return table?.cleanedTo ?? segment.baseOffset;
}

/** Behind the last segment that may be cleaned. */
async function cleanableEnd(
  partition: PartitionLog,
  all: readonly Segment[],
  from: number,
  nowMs: number,
): Promise<number> {
  const { minCompactionLagMs } = partition.topic.settings;
  let end = from;
  for (; end < all.length - 1; end += 1) {
    const [segment, next] = [all[end], all[end + 1]];
    if (segment === undefined || next === undefined || next.baseOffset > partition.lastStableOffset) break;
    if (minCompactionLagMs === 0) continue;
    if (segment.maxTimestamp < 0) await indexesOf(partition, segment);
    if (segment.maxTimestamp > nowMs - minCompactionLagMs) break;
  }
  return end;
}

async function firstTimestamp(partition: PartitionLog, segment: Segment | undefined): Promise<number> {
  if (segment === undefined) return -1;
  const { times } = await indexesOf(partition, segment);
  return times.count > 0 ? times.key(0) : -1;
}

function indexesOf(partition: PartitionLog, segment: Segment) {
  return partition.ports.indexes.of(segment, partition.topic.settings.indexIntervalBytes);
}

function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.size, 0);
}
