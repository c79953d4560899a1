import type { TopicPartition } from '#pipeline/sink';

/** The epoch with which a task owns each of its partitions. */
export class OwnedEpochs {
  private readonly epochs = new Map<string, number>();

  get(at: TopicPartition): number | null {
    return this.epochs.get(keyOf(at)) ?? null;
  }

  set(at: TopicPartition, epoch: number): void {
    this.epochs.set(keyOf(at), epoch);
  }

  forget(at: TopicPartition): void {
    this.epochs.delete(keyOf(at));
  }
}

function keyOf(at: TopicPartition): string {
  return `${at.topic}-${at.partition}`;
}
