import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { PositionTopic } from '#pipeline/source-positions';
import { assert } from '#std/assert';
import { Cluster } from '#topics/cluster';
import { TopicWriter } from '#topics/topic-writer';
import { sinkErrorOf } from './kafka-errors.js';
import type { KafkaSinkSettings } from './options.js';
import { PartitionCopy } from './partition-copy.js';
import { copiesOf } from './record-copies.js';
import { TargetTopics } from './target-topics.js';

const positionsSource = 'sink';
/** Sessions of partitions that begin at the same time. */
const beginningMax = 16;
const closeMs = 2000;

/**
 * Records in topics of another cluster, as they are. Exactly once: each put is a transaction of the target that holds the records of one
 * partition and the offset after them, see PartitionCopy. Without that support: an idempotent producer, and the group's offsets alone.
 */
export class KafkaSink implements Sink {
  readonly parallelPartitions = true;
  private context: SinkContext | null = null;
  private cluster: Cluster | null = null;
  private topics: TargetTopics | null = null;
  private positions: PositionTopic | null = null;
  /** Where there are no transactions. */
  private writer: TopicWriter | null = null;
  private readonly copies = new Map<string, PartitionCopy>();
  /** Next offsets that the target has, of partitions that are open. */
  private readonly stored = new Map<string, StoredOffset>();

  constructor(private readonly settings: KafkaSinkSettings) {}

  async start(context: SinkContext): Promise<void> {
    const { bootstrap, clientId, security, requestTimeoutMs, exactlyOnce, acks } = this.settings;
    await this.cluster?.close();
    const { clock, logger, name } = context;
    const cluster = new Cluster({
      bootstrap,
      clientId: clientId ?? `millrace-sink-${name}`,
      security,
      clock,
      logger,
      requestTimeoutMs,
    });
    this.context = context;
    this.cluster = cluster;
    this.topics = new TargetTopics(cluster, this.settings.topics);
    if (exactlyOnce) {
      const positions = new PositionTopic(cluster, {
        topic: this.settings.positionsTopic,
        owner: name,
        source: positionsSource,
      });
      await work('The topic of positions is not there', () => positions.prepare());
      this.positions = positions;
    } else {
      this.writer = new TopicWriter(cluster, { ...this.settings.writer, acks });
      await work('The target cluster does not answer', () => cluster.refresh([]));
    }
  }

  async open(partitions: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    const { positions } = this;
    if (positions === null) return [];
    await this.close(partitions);
    const found: StoredOffset[] = [];
    await work('Partitions were not opened', async () => {
      const begun = new Map<TopicPartition, PartitionCopy>();
      for (let from = 0; from < partitions.length; from += beginningMax) {
        const some = partitions.slice(from, from + beginningMax);
        await Promise.all(some.map(async (at) => begun.set(at, await this.begin(at))));
      }
      const read = await positions.read();
      for (const [at, copy] of begun) {
        const offset = copy.found(read);
        if (offset !== null) found.push({ topic: at.topic, partition: at.partition, offset });
      }
    });
    return found;
  }

  async put(batch: SinkBatch): Promise<void> {
    const { topics, writer } = this;
    assert(topics !== null, 'a sink is started before it is used');
    const { topic, partition } = batch;
    await work(`${batch.count} records of ${topic}-${partition} were not written`, async () => {
      const target = await topics.require(batch);
      if (writer !== null) await writer.write(target, copiesOf(batch, this.copyOptions));
      else await this.copyOf(batch).put(batch, target);
    });
    this.note(batch, batch.offset(batch.count - 1) + 1);
  }

  /** Everything that was put is in the target already. */
  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.stored.values()]);
  }

  async skip(next: StoredOffset): Promise<void> {
    if (this.positions !== null) {
      await work('The position was not moved past a dead letter', async () => {
        await this.copyOf(next).move(next.offset);
      });
    }
    this.note(next, next.offset);
  }

  /** Positions set from outside; see `SinkType.alterOffsets`. Whoever had the partition has lost it then. */
  async alter(positions: readonly (TopicPartition & { readonly offset: number | null })[]): Promise<void> {
    await work('Positions were not changed', async () => {
      for (const position of positions) await this.copyOf(position).move(position.offset);
    });
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    const closing = partitions.map(async (at) => {
      const copy = this.copies.get(keyOf(at));
      this.copies.delete(keyOf(at));
      this.stored.delete(keyOf(at));
      await copy?.close();
    });
    await Promise.all(closing);
  }

  async stop(): Promise<void> {
    const { writer, cluster } = this;
    this.writer = null;
    this.cluster = null;
    await Promise.all([...this.copies.values()].map((copy) => copy.close()));
    this.copies.clear();
    await writer?.close(closeMs);
    await cluster?.close();
  }

  private get copyOptions() {
    return { keepPartition: this.settings.topics.keepPartition, provenance: this.settings.provenance };
  }

  private async begin(at: TopicPartition): Promise<PartitionCopy> {
    const copy = this.copyOf(at);
    await copy.begin();
    return copy;
  }

  private copyOf(at: TopicPartition): PartitionCopy {
    const { context, cluster, positions, settings } = this;
    assert(context !== null && cluster !== null && positions !== null, 'a sink is started before it is used');
    const key = keyOf(at);
    let copy = this.copies.get(key);
    if (copy === undefined) {
      copy = new PartitionCopy(cluster, positions, {
        transactionalId: `${settings.transactionalIdPrefix}-${context.name}-${key}`,
        transactionTimeoutMs: settings.transactionTimeoutMs,
        writer: settings.writer,
        copy: this.copyOptions,
        positionsTopic: settings.positionsTopic,
        positionKey: key,
      });
      this.copies.set(key, copy);
    }
    return copy;
  }

  private note({ topic, partition }: TopicPartition, offset: number): void {
    this.stored.set(keyOf({ topic, partition }), { topic, partition, offset });
  }
}

async function work<T>(what: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw sinkErrorOf(what, error);
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
