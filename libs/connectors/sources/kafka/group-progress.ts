import type { SourceContext } from '#pipeline/collector';
import { messageOf } from '#std/errors';
import type { PartitionPosition, TopicReader } from '#topics/topic-reader';

/**
 * Offsets of delivered records on their way to the group: one commit at a time, the next with all that came meanwhile. A commit that
 * fails is made up for by the next; if the process dies before, those records come again.
 */
export class GroupProgress {
  private waiting = new Map<string, PartitionPosition>();
  private committing: Promise<void> | null = null;

  constructor(
    private readonly reader: Pick<TopicReader, 'commit'>,
    private readonly context: Pick<SourceContext, 'clock' | 'count' | 'logger'>,
  ) {}

  move(positions: readonly PartitionPosition[]): void {
    for (const position of positions) this.waiting.set(`${position.partition} ${position.topic}`, position);
    this.committing ??= this.commitWaiting();
  }

  /** Resolves when everything moved to so far is committed, or its commit has failed. */
  async flush(): Promise<void> {
    await this.committing;
  }

  /** The partitions are not ours any more. */
  forget(): void {
    this.waiting = new Map();
  }

  private async commitWaiting(): Promise<void> {
    while (this.waiting.size > 0) {
      const positions = [...this.waiting.values()];
      this.waiting = new Map();
      const beganMs = this.context.clock.monotonic();
      try {
        await this.reader.commit(positions);
        this.context.count('KafkaCommitTimer', Math.round(this.context.clock.monotonic() - beganMs));
      } catch (error) {
        this.context.count('KafkaCommitFail', 1);
        this.context.logger.warn(`Offsets were not committed: ${messageOf(error)}`);
      }
    }
    this.committing = null;
  }
}
