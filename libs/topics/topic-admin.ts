import type { Cluster } from '#topics/cluster';
import type { PartitionPosition, TopicPartition } from '#topics/topic-reader';

export interface TopicListing {
  readonly name: string;
  readonly id: string;
  readonly partitions: number;
  readonly internal: boolean;
}

export interface TopicDescription extends TopicListing {
  readonly replicationFactor: number;
  readonly partitionDetails: readonly PartitionDetail[];
}

export interface PartitionDetail {
  readonly partition: number;
  /** Node id, -1 where there is none now. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
}

export interface TopicSpec {
  readonly name: string;
  /** Absent = the cluster's default. */
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly configs?: Readonly<Record<string, string>>;
  /** Only checks. */
  readonly validateOnly?: boolean;
}

export interface PartitionOffset {
  readonly partition: number;
  /** -1 where no record is at or after the asked time. */
  readonly offset: number;
  readonly timestamp: number;
}

export interface ConfigEntry {
  readonly name: string;
  /** Null where it is secret or unset. */
  readonly value: string | null;
  readonly source: 'topic' | 'broker' | 'default';
  readonly readOnly: boolean;
  readonly sensitive: boolean;
}

export interface ClusterDescription {
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly {
    readonly nodeId: number;
    readonly host: string;
    readonly port: number;
    readonly rack: string | null;
  }[];
}

export interface GroupListing {
  readonly groupId: string;
  readonly protocolType: string;
  /** Kafka's own words: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead. */
  readonly state: string;
}

export interface GroupDescription extends GroupListing {
  readonly protocol: string;
  readonly coordinatorId: number;
  readonly members: readonly GroupMemberDescription[];
}

export interface GroupMemberDescription {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly assignment: readonly TopicPartition[];
}

export interface GroupOffset extends PartitionPosition {
  readonly metadata: string;
}

export interface GroupLag extends TopicPartition {
  /** Null where nothing was committed. */
  readonly committed: number | null;
  readonly start: number;
  readonly end: number;
  /** Records behind; null where nothing was committed. */
  readonly lag: number | null;
  /** Null where no member reads it now. */
  readonly memberId: string | null;
  readonly clientId: string | null;
  readonly clientHost: string | null;
}

export type OffsetsAt = 'earliest' | 'latest' | number;

/** Topics and groups of a cluster, for REST, CLI and workers. Every error is a TopicsError with Kafka's code. */
export class TopicAdmin {
  constructor(readonly cluster: Cluster) {}

  describeCluster(): Promise<ClusterDescription> {
    return this.pending();
  }
  /** Sorted by name. */
  listTopics(): Promise<readonly TopicListing[]> {
    return this.pending();
  }
  /** Null where there is no such topic. */
  describeTopic(name: string): Promise<TopicDescription | null> {
    return this.pending(name);
  }
  /** Resolves when metadata shows it. Rejects with Kafka code 36 where it exists. */
  createTopic(spec: TopicSpec): Promise<void> {
    return this.pending(spec.name);
  }
  deleteTopic(name: string): Promise<void> {
    return this.pending(name);
  }
  addPartitions(name: string, total: number): Promise<void> {
    return this.pending(name, total);
  }
  /** Sorted by partition. A number means: the first record at or after that time, ms. */
  offsets(topic: string, at: OffsetsAt): Promise<readonly PartitionOffset[]> {
    return this.pending(topic, at);
  }
  describeConfigs(topic: string): Promise<readonly ConfigEntry[]> {
    return this.pending(topic);
  }
  describeBrokerConfigs(nodeId: number): Promise<readonly ConfigEntry[]> {
    return this.pending(nodeId);
  }
  listGroups(): Promise<readonly GroupListing[]> {
    return this.pending();
  }
  /** An unknown group has the state Dead and no members. */
  describeGroup(groupId: string): Promise<GroupDescription> {
    return this.pending(groupId);
  }
  groupOffsets(groupId: string): Promise<readonly GroupOffset[]> {
    return this.pending(groupId);
  }
  /** Partitions that the group has committed or is assigned, sorted by topic and partition. */
  groupLag(groupId: string): Promise<readonly GroupLag[]> {
    return this.pending(groupId);
  }
  /** The group must have no members. */
  resetGroupOffsets(groupId: string, positions: readonly PartitionPosition[]): Promise<void> {
    return this.pending(groupId, positions);
  }
  /** As `resetGroupOffsets`, to a place in every partition of the topics; gives what was set. */
  resetGroupTo(groupId: string, topics: readonly string[], at: OffsetsAt): Promise<readonly PartitionPosition[]> {
    return this.pending(groupId, topics, at);
  }
  deleteGroup(groupId: string): Promise<void> {
    return this.pending(groupId);
  }

  private pending<T>(...inputs: readonly unknown[]): Promise<T> {
    return Promise.reject(new Error(`not built yet: ${inputs.length} ${this.cluster.options.clientId}`));
  }
}
