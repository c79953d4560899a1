import type { PartitionPosition, TopicPartition } from '#topics/topic-reader';

/** Records of one partition that were handed out and are not settled. */
export interface OffsetRange extends TopicPartition {
  readonly from: number;
  /** The offset after them. */
  readonly to: number;
}

interface PartitionProgress {
  /** Handed out and not committed, also those given back. */
  readonly open: Set<OffsetRange>;
  /** The offset after everything handed out. */
  next: number;
}

/**
 * Which offset of each partition may be committed: takes end in any order, and only what has nothing open before it counts. A
 * partition that was taken away forgets its ranges; they come again with their next owner.
 */
export class TakenOffsets {
  private readonly partitions = new Map<string, PartitionProgress>();

  open(range: OffsetRange): void {
    const key = keyOf(range);
    let progress = this.partitions.get(key);
    if (progress === undefined) {
      progress = { open: new Set(), next: range.to };
      this.partitions.set(key, progress);
    }
    progress.open.add(range);
    progress.next = Math.max(progress.next, range.to);
  }

  /** The range is done; gives the position to commit, or null where the partition is not ours any more. */
  settle(range: OffsetRange): PartitionPosition | null {
    const progress = this.partitions.get(keyOf(range));
    if (progress === undefined || !progress.open.delete(range)) return null;
    let offset = progress.next;
    for (const open of progress.open) offset = Math.min(offset, open.from);
    return { topic: range.topic, partition: range.partition, offset };
  }

  isOurs(range: OffsetRange): boolean {
    return this.partitions.get(keyOf(range))?.open.has(range) === true;
  }

  forget(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.partitions.delete(keyOf(partition));
  }

  forgetAll(): void {
    this.partitions.clear();
  }

  /** Ranges of these partitions that are open. */
  openCount(partitions: readonly TopicPartition[]): number {
    return partitions.reduce((total, partition) => total + (this.partitions.get(keyOf(partition))?.open.size ?? 0), 0);
  }
}

function keyOf(partition: TopicPartition): string {
  return `${partition.partition}@${partition.topic}`;
}
