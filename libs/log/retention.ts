import type { EngineGroups, EngineShare } from './engine.js';
import type { PartitionLog } from './partition-log.js';
import type { Segment } from './segment.js';

/**
 * Where the log start moves by the topic's retention: past whole closed segments whose newest record is older than retention.ms, or
 * that lie beyond retention.bytes. Never past the newest segment, an open transaction, or `held`.
 */
export async function retentionStart(partition: PartitionLog, nowMs: number, held: number): Promise<number> {
  const { settings } = partition.topic;
  const { segments, ports } = partition;
  let start = partition.logStartOffset;
  if (!settings.deletes) return start;
  let excess = settings.retentionBytes < 0 ? 0 : partition.sizeBytes - settings.retentionBytes;
  for (const [index, segment] of [...segments].entries()) {
    const next = segments[index + 1];
    if (next === undefined || next.baseOffset > Math.min(held, partition.lastStableOffset)) break;
    const isOver = settings.retentionBytes >= 0 && excess >= segment.size;
    if (!isOver && !(await isExpired(segment))) break;
    excess -= segment.size;
    start = Math.max(start, next.baseOffset);
  }
  return start;

  async function isExpired(segment: Segment): Promise<boolean> {
    if (settings.retentionMs < 0) return false;
    if (segment.maxTimestamp < 0) await ports.indexes.of(segment, settings.indexIntervalBytes);
    // Records without timestamps never grow old.
    return segment.maxTimestamp >= 0 && nowMs - segment.maxTimestamp > settings.retentionMs;
  }
}

/** What the groups of retention.hold.groups have not committed begins here; infinite where nothing is held. */
export function heldOffset(
  partition: PartitionLog,
  groups: EngineGroups,
  elsewhere: EngineShare['offsetsElsewhere'],
): number {
  const { topic, partition: index } = partition.identity;
  let held = Infinity;
  for (const group of partition.topic.settings.retentionHoldGroups) {
    const committed = groups.find(group, topic, index)?.offset ?? elsewhere(group, topic, index);
    held = Math.min(held, committed ?? 0);
  }
  return held;
}

export interface UnreadLoss {
  readonly group: string;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/** Which groups had not read all of what lies between `startBefore` and the log start, as far as they ever committed. */
export function unreadLosses(partition: PartitionLog, startBefore: number, groups: EngineGroups): UnreadLoss[] {
  const { topic, partition: index } = partition.identity;
  const lastOffset = partition.logStartOffset - 1;
  return groups.list().flatMap((group) => {
    const committed = groups.find(group, topic, index)?.offset ?? Infinity;
    return committed > lastOffset ? [] : [{ group, firstOffset: Math.max(committed, startBefore), lastOffset }];
  });
}

/** Whether a segment lies wholly below the log start: a crash came between the move of the start and the removal. */
export function hasRemovable(partition: PartitionLog): boolean {
  const second = partition.segments[1];
  return second !== undefined && second.baseOffset <= partition.logStartOffset;
}

/** Removes the files of segments wholly below the log start, which is durable already. */
export function removeBelowStart(partition: PartitionLog): Promise<void> {
  return partition.turns.run(async () => {
    const { segments, ports } = partition;
    for (;;) {
      const [first, second] = segments;
      if (first === undefined || second === undefined || second.baseOffset > partition.logStartOffset) return;
      segments.shift();
      ports.indexes.forget(first);
      await ports.files.forget(first.path);
      await first.removeFiles(ports.disk);
    }
  });
}
