import { join } from 'node:path';
import { assert } from '#std/assert';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { keyOf } from './checkpoints.js';
import type { Topic } from './engine.js';
import type { LogDirectories } from './log-directories.js';
import type { LogDirectory } from './log-directory.js';
import { PartitionLog } from './partition-log.js';
import type { PartitionPorts } from './partition-ports.js';
import { leaderIndexOf } from './topic-index.js';
import { topicSettings, type TopicSettings } from './topic-configs.js';

interface TopicPartitions {
  readonly topic: { settings: TopicSettings };
  /** Null for one that another node leads. */
  readonly partitions: (PartitionLog | null)[];
}

/** All partitions of the engine, by topic id and number. */
export class Partitions {
  /** Settings of topics that set nothing themselves. */
  defaults: Readonly<Record<string, string>> = {};
  private readonly byTopic = new Map<string, TopicPartitions>();

  constructor(
    private readonly directories: LogDirectories,
    private readonly portsOf: ReadonlyMap<LogDirectory, PartitionPorts>,
    private readonly logger: Logger,
    /** Of several on this machine: only partitions that it leads are made. */
    private readonly nodeIndex: number,
  ) {}

  find(topicId: string, partition: number): PartitionLog | null {
    return this.byTopic.get(topicId)?.partitions[partition] ?? null;
  }

  /** Why `find` gave nothing. */
  absence(topicId: string, partition: number): 'unknown_partition' | 'not_leader' {
    return this.byTopic.get(topicId)?.partitions[partition] === null ? 'not_leader' : 'unknown_partition';
  }

  /** Opened, if that was not done before; where it cannot be, why. */
  async loaded(
    topicId: string,
    index: number,
  ): Promise<{ partition: PartitionLog | null; error: 'unknown_partition' | 'not_leader' | 'storage_error' }> {
    const partition = this.find(topicId, index);
    if (partition === null) return { partition, error: this.absence(topicId, index) };
    if (!partition.isLoaded) {
      // What a failed disk holds is unknown; nothing is taken for empty.
      if (partition.ports.fault.reason !== null) return { partition: null, error: 'storage_error' };
      try {
        await partition.load();
      } catch (error) {
        const directory = partition.identity.directory;
        this.logger.error('A partition cannot be opened.', { directory, error: messageOf(error) });
        return { partition: null, error: 'storage_error' };
      }
    }
    return { partition: partition.isGone ? null : partition, error: 'unknown_partition' };
  }

  all(topicId?: string): PartitionLog[] {
    const entries = topicId === undefined ? this.byTopic.values() : [this.byTopic.get(topicId)];
    return [...entries].flatMap((entry) => entry?.partitions ?? []).filter((partition) => partition !== null);
  }

  /** Makes the partitions a topic lacks, and puts its settings in force. */
  set(topic: Topic): void {
    const settings = topicSettings({ ...this.defaults, ...topic.configs });
    const entry = this.byTopic.get(topic.id) ?? { topic: { settings }, partitions: [] };
    entry.topic.settings = settings;
    this.byTopic.set(topic.id, entry);
    while (entry.partitions.length < topic.partitions) {
      const partition = entry.partitions.length;
      if (leaderIndexOf(topic, partition) !== this.nodeIndex) {
        entry.partitions.push(null);
        continue;
      }
      const name = `${topic.name}-${partition}`;
      const directory = this.directories.place(name, topic.id);
      const known = directory.kept.get(keyOf(name, topic.id)) ?? { mark: null, logStartOffset: 0 };
      const path = join(directory.path, name);
      const identity = { topicId: topic.id, topic: topic.name, partition, name, directory: path };
      const ports = this.portsOf.get(directory);
      assert(ports !== undefined, 'every directory has its ports');
      const made = new PartitionLog(ports, identity, entry.topic, known);
      directory.partitions.add(made);
      entry.partitions.push(made);
    }
  }

  delete(topicId: string): void {
    for (const partition of this.all(topicId)) {
      for (const directory of this.directories.all) directory.partitions.delete(partition);
    }
    this.byTopic.delete(topicId);
  }
}
