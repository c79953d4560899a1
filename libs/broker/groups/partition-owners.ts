import type { Partitions } from '#broker/groups/partitions';

/** Which member holds a partition: assigned to it, or asked back and not released yet. A partition has one owner or none. */
export class PartitionOwners {
  private readonly owners = new Map<string, Map<number, string>>();

  of(topicId: string, partition: number): string | null {
    return this.owners.get(topicId)?.get(partition) ?? null;
  }

  take(memberId: string, partitions: Partitions): void {
    for (const [topicId, numbers] of partitions) {
      const ofTopic = this.owners.get(topicId) ?? new Map<number, string>();
      this.owners.set(topicId, ofTopic);
      for (const partition of numbers) ofTopic.set(partition, memberId);
    }
  }

  /** Leaves alone what meanwhile belongs to somebody else. */
  release(memberId: string, partitions: Partitions): void {
    for (const [topicId, numbers] of partitions) {
      const ofTopic = this.owners.get(topicId);
      for (const partition of numbers) if (ofTopic?.get(partition) === memberId) ofTopic.delete(partition);
      if (ofTopic?.size === 0) this.owners.delete(topicId);
    }
  }
}
