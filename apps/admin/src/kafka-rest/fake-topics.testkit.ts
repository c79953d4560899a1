import { TopicsError, topicsErrors } from '#topics/errors';
import {
  TopicAdmin,
  type ClusterDescription,
  type ConfigEntry,
  type GroupDescription,
  type GroupLag,
  type GroupListing,
  type GroupOffset,
  type OffsetsAt,
  type PartitionOffset,
  type TopicDescription,
  type TopicListing,
  type TopicSpec,
} from '#topics/topic-admin';

/** A cluster of one broker in memory, as `TopicAdmin` shows it. */
export class FakeTopics extends TopicAdmin {
  readonly specs = new Map<string, TopicSpec>();
  readonly committed = new Map<string, GroupOffset[]>();

  override async describeCluster(): Promise<ClusterDescription> {
    return { clusterId: 'one', controllerId: 1, brokers: [{ nodeId: 1, host: '127.0.0.1', port: 9092, rack: null }] };
  }
  override async listTopics(): Promise<readonly TopicListing[]> {
    return Promise.all([...this.specs.keys()].sort().map((name) => this.require(name)));
  }
  override async describeTopic(name: string): Promise<TopicDescription | null> {
    const spec = this.specs.get(name);
    if (spec === undefined) return null;
    const partitions = spec.partitions ?? 1;
    const detail = { leader: 1, leaderEpoch: 0, replicas: [1], inSyncReplicas: [1] };
    return {
      name,
      id: name,
      partitions,
      internal: false,
      replicationFactor: 1,
      partitionDetails: Array.from({ length: partitions }, (_, partition) => ({ partition, ...detail })),
    };
  }
  override async createTopic(spec: TopicSpec): Promise<void> {
    if (this.specs.has(spec.name)) {
      throw new TopicsError(topicsErrors.refused, `Topic ${spec.name} already exists.`, { kafkaCode: 36 });
    }
    if (spec.validateOnly !== true) this.specs.set(spec.name, spec);
  }
  override async deleteTopic(name: string): Promise<void> {
    this.specs.delete(name);
  }
  override async addPartitions(name: string, total: number): Promise<void> {
    this.specs.set(name, { ...this.specs.get(name), name, partitions: total });
  }
  override async offsets(topic: string, at: OffsetsAt): Promise<readonly PartitionOffset[]> {
    const { partitions } = await this.require(topic);
    const offset = at === 'earliest' ? 3 : 50;
    return Array.from({ length: partitions }, (_, partition) => ({ partition, offset, timestamp: -1 }));
  }
  override async describeConfigs(topic: string): Promise<readonly ConfigEntry[]> {
    const set = Object.entries(this.specs.get(topic)?.configs ?? {});
    return set.map(([name, value]) => ({ name, value, source: 'topic', readOnly: false, sensitive: false }));
  }
  override async listGroups(): Promise<readonly GroupListing[]> {
    return [...this.committed.keys()].map((groupId) => ({ groupId, protocolType: 'consumer', state: 'Empty' }));
  }
  override async describeGroup(groupId: string): Promise<GroupDescription> {
    const state = this.committed.has(groupId) ? 'PreparingRebalance' : 'Dead';
    return { groupId, protocolType: 'consumer', state, protocol: 'range', coordinatorId: 1, members: [] };
  }
  override async groupOffsets(groupId: string): Promise<readonly GroupOffset[]> {
    return this.committed.get(groupId) ?? [];
  }
  override async groupLag(groupId: string): Promise<readonly GroupLag[]> {
    const nobody = { memberId: null, clientId: null, clientHost: null };
    return (await this.groupOffsets(groupId)).map(({ topic, partition, offset }) => {
      return { topic, partition, committed: offset, start: 3, end: 50, lag: 50 - offset, ...nobody };
    });
  }
  override async resetGroupOffsets(
    groupId: string,
    positions: Parameters<TopicAdmin['resetGroupOffsets']>[1],
  ): Promise<void> {
    const moved = new Set(positions.map(({ topic, partition }) => `${topic}-${partition}`));
    const kept = (this.committed.get(groupId) ?? []).filter((old) => !moved.has(`${old.topic}-${old.partition}`));
    this.committed.set(groupId, [...kept, ...positions.map((position) => ({ ...position, metadata: '' }))]);
  }
  override async dropGroupOffsets(
    groupId: string,
    partitions: Parameters<TopicAdmin['dropGroupOffsets']>[1],
  ): Promise<void> {
    const dropped = new Set(partitions.map(({ topic, partition }) => `${topic}-${partition}`));
    const kept = (this.committed.get(groupId) ?? []).filter((old) => !dropped.has(`${old.topic}-${old.partition}`));
    this.committed.set(groupId, kept);
  }
  override async deleteGroup(groupId: string): Promise<void> {
    this.committed.delete(groupId);
  }

  private async require(name: string): Promise<TopicDescription> {
    const topic = await this.describeTopic(name);
    if (topic === null) throw new TopicsError(topicsErrors.unknownTopic, `There is no topic ${name}.`);
    return topic;
  }
}
