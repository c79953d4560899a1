import { join } from 'node:path';
import { messageOf } from '#std/errors';
import { keyOf, type KeptPartition } from './checkpoints.js';
import type { Topic } from './engine.js';
import { PartitionLog } from './partition-log.js';
import type { PartitionPorts } from './partition-ports.js';
import { topicSettings, type TopicSettings } from './topic-configs.js';

interface TopicPartitions {
  readonly topic: { settings: TopicSettings };
  readonly partitions: PartitionLog[];
}

/** All partitions of the engine, by topic id and number. */
export class Partitions {
  private readonly byTopic = new Map<string, TopicPartitions>();

  constructor(private readonly ports: PartitionPorts) {}

  find(topicId: string, partition: number): PartitionLog | null {
    return this.byTopic.get(topicId)?.partitions[partition] ?? null;
  }

  /** Opened, if that was not done before; where it cannot be, why. */
  async loaded(
    topicId: string,
    index: number,
  ): Promise<{ partition: PartitionLog | null; error: 'unknown_partition' | 'storage_error' }> {
    const partition = this.find(topicId, index);
    if (partition === null) return { partition, error: 'unknown_partition' };
    if (!partition.isLoaded) {
      try {
        await partition.load();
      } catch (error) {
        const directory = partition.identity.directory;
        this.ports.logger.error('A partition cannot be opened.', { directory, error: messageOf(error) });
        return { partition: null, error: 'storage_error' };
      }
    }
    return { partition: partition.isGone ? null : partition, error: 'unknown_partition' };
  }

  all(topicId?: string): PartitionLog[] {
    if (topicId !== undefined) return [...(this.byTopic.get(topicId)?.partitions ?? [])];
    return [...this.byTopic.values()].flatMap((entry) => entry.partitions);
  }

  /** Makes the partitions a topic lacks, and puts its settings in force. `kept` is what the checkpoints say of them. */
  set(topic: Topic, kept: ReadonlyMap<string, KeptPartition>): void {
    const settings = topicSettings(topic.configs);
    const entry = this.byTopic.get(topic.id) ?? { topic: { settings }, partitions: [] };
    entry.topic.settings = settings;
    this.byTopic.set(topic.id, entry);
    while (entry.partitions.length < topic.partitions) {
      const partition = entry.partitions.length;
      const name = `${topic.name}-${partition}`;
      const known = kept.get(keyOf(name, topic.id)) ?? { mark: null, logStartOffset: 0 };
      const identity = { topicId: topic.id, partition, directory: join(this.ports.root, name) };
      entry.partitions.push(new PartitionLog(this.ports, identity, entry.topic, known));
    }
  }

  delete(topicId: string): void {
    this.byTopic.delete(topicId);
  }
}
