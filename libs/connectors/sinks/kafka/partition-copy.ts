import type { SinkBatch } from '#pipeline/sink-batch';
import { PositionTopic } from '#pipeline/source-positions';
import type { Cluster } from '#topics/cluster';
import { RecordTooLargeError, TopicsError, topicsErrors } from '#topics/errors';
import type { TopicWriterOptions } from '#topics/topic-writer';
import { TransactionalWriter } from '#topics/transactional-writer';
import { copiesOf, type CopyOptions } from './record-copies.js';

export interface PartitionCopyOptions {
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
  readonly writer: Omit<TopicWriterOptions, 'acks' | 'idempotent' | 'session'>;
  readonly copy: CopyOptions;
  readonly positionsTopic: string;
  /** Of this partition in the topic of positions. */
  readonly positionKey: string;
}

const closeMs = 2000;

/**
 * One partition's way into the target cluster: its records and the offset after them in one transaction, so that both hold or neither.
 * The transactional id is the partition's own, so `begin` of a new owner ends what an older one was about, and nothing of that one
 * counts afterwards, in whichever task or process it runs.
 */
export class PartitionCopy {
  private readonly writer: TransactionalWriter;
  /** What became of the last transaction is unknown: `begin` again, and read the position. */
  private isLost = true;
  /** Next offset that the target has not; null where it has no position yet. */
  private next: number | null = null;

  constructor(
    cluster: Cluster,
    private readonly positions: PositionTopic,
    private readonly options: PartitionCopyOptions,
  ) {
    this.writer = new TransactionalWriter(cluster, options);
  }

  /** Fences earlier owners. The position has to be read after it. */
  async begin(): Promise<void> {
    this.isLost = true;
    await this.writer.init();
  }

  /** After `begin`: what the target has of this partition. */
  found(positions: ReadonlyMap<string, string>): number | null {
    const text = positions.get(this.options.positionKey);
    const offset = text === undefined ? Number.NaN : Number(text);
    this.next = Number.isSafeInteger(offset) ? offset : null;
    this.isLost = false;
    return this.next;
  }

  /** Resolves when the records below the end of the batch are in the target, once. Rejects with a TopicsError; nothing is kept then. */
  async put(batch: SinkBatch, topic: string): Promise<void> {
    await this.recover();
    const from = firstAtOrAfter(batch, this.next ?? 0);
    if (from === batch.count) return;
    const rest = from === 0 ? batch : batch.slice(from, batch.count);
    try {
      await this.commit(rest.offset(rest.count - 1) + 1, () =>
        this.writer.write(topic, copiesOf(rest, this.options.copy)),
      );
    } catch (error) {
      throw from === 0 ? error : withinWhole(error, from);
    }
  }

  /** Moves the position alone; null forgets it. */
  async move(next: number | null): Promise<void> {
    await this.recover();
    await this.commit(next, () => Promise.resolve());
  }

  async close(): Promise<void> {
    await this.writer.close(closeMs);
  }

  private async recover(): Promise<void> {
    if (!this.isLost) return;
    await this.begin();
    this.found(await this.positions.read());
  }

  private async commit(next: number | null, write: () => Promise<void>): Promise<void> {
    const { writer } = this;
    const broken = writer.begin();
    try {
      const writing = Promise.all([write(), this.writePosition(next)]);
      writing.catch(() => undefined);
      const failure = await Promise.race([writing.then(() => null), broken]);
      if (failure !== null) throw failure;
      await writer.commit();
    } catch (error) {
      await this.abort();
      throw error;
    }
    this.next = next;
  }

  private async writePosition(next: number | null): Promise<void> {
    const { positionKey, positionsTopic } = this.options;
    const value = next === null ? null : Buffer.from(String(next));
    await this.writer.writeRecord(positionsTopic, { key: this.positions.keyOf(positionKey), value });
  }

  private async abort(): Promise<void> {
    try {
      await this.writer.abort();
    } catch (error) {
      if (error instanceof TopicsError && error.kind === topicsErrors.producerFenced) throw error;
      this.isLost = true;
    }
  }
}

/** As `batch.slice` has cut it off. */
function withinWhole(error: unknown, from: number): unknown {
  if (!(error instanceof RecordTooLargeError) || error.index < 0) return error;
  return new RecordTooLargeError(error.topic, error.sizeBytes, error.limitBytes, error.index + from);
}

function firstAtOrAfter(batch: SinkBatch, offset: number): number {
  let index = 0;
  while (index < batch.count && batch.offset(index) < offset) index += 1;
  return index;
}
