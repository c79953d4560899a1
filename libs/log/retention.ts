import type { PartitionLog } from './partition-log.js';
import type { Segment } from './segment.js';

/**
 * Where the log start moves by the topic's retention: past whole closed segments whose newest record is older than retention.ms, or
 * that lie beyond retention.bytes. Never past the newest segment.
 */
export async function retentionStart(partition: PartitionLog, nowMs: number): Promise<number> {
  const { settings } = partition.topic;
  const { segments, ports } = partition;
  let start = partition.logStartOffset;
  if (!settings.deletes) return start;
  let excess = settings.retentionBytes < 0 ? 0 : partition.sizeBytes - settings.retentionBytes;
  for (const [index, segment] of [...segments].entries()) {
    const next = segments[index + 1];
    if (next === undefined) break;
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
