import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Cluster, Target } from '#topics/cluster';
import { decodeAssignment, groupByTopic, byTopicAndPartition, type TopicPartition } from '#topics/consumer-protocol';
import { answerError, TopicsError, topicsErrors } from '#topics/errors';
import type { TopicMetadata } from '#topics/metadata';
import { listOffsets } from '#topics/offset-lookup';
import type { PartitionPosition } from '#topics/topic-reader';
import { offsetVersionMax } from '#topics/offset-versions';

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

/** How long passing errors (a leader that moves, a node that starts) are waited out, ms. */
const patienceMs = 15_000;
const topicResource = 2;
const brokerResource = 4;
const consumerType = 'consumer';
const alterOperation = { set: 0, delete: 1 } as const;

/** Topics and groups of a cluster, for REST, CLI and workers. Every error is a TopicsError with Kafka's code. */
export class TopicAdmin {
  constructor(readonly cluster: Cluster) {}

  async describeCluster(): Promise<ClusterDescription> {
    await this.patiently(() => this.cluster.refresh([]));
    const { clusterId, controllerId, nodes } = this.cluster.metadata;
    return { clusterId: clusterId ?? '', controllerId, brokers: nodes };
  }

  /** Sorted by name. */
  async listTopics(): Promise<readonly TopicListing[]> {
    const { topics } = await this.patiently(() => this.cluster.refresh(null));
    return topics.map(listingOf).sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** Null where there is no such topic. */
  async describeTopic(name: string): Promise<TopicDescription | null> {
    const { topics, errors } = await this.patiently(() => this.cluster.refresh([name]));
    const topic = topics.find((candidate) => candidate.name === name);
    if (topic !== undefined) {
      const replicationFactor = topic.partitions[0]?.replicas.length ?? 0;
      return { ...listingOf(topic), replicationFactor, partitionDetails: topic.partitions };
    }
    const code = errors.get(name) ?? kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
    if (code === kafkaError.UNKNOWN_TOPIC_OR_PARTITION) return null;
    throw answerError(code, `Describing topic ${name}`);
  }

  /** Resolves when metadata shows it. Rejects with Kafka code 36 where it exists. */
  async createTopic(spec: TopicSpec): Promise<void> {
    const answer = await this.request('controller', (target) =>
      this.cluster.request(target, apis.createTopics, {
        topics: [
          {
            name: spec.name,
            numPartitions: spec.partitions ?? -1,
            replicationFactor: spec.replicationFactor ?? -1,
            configs: Object.entries(spec.configs ?? {}).map(([name, value]) => ({ name, value })),
          },
        ],
        timeoutMs: patienceMs,
        validateOnly: spec.validateOnly ?? false,
      }),
    );
    const result = answer.topics[0];
    check(result?.errorCode, `Creating topic ${spec.name}`, result?.errorMessage);
    if (spec.validateOnly === true) return;
    await this.patiently(() => this.cluster.topic(spec.name));
  }

  /** Resolves when metadata no longer shows it. Rejects with Kafka code 3 where there is no such topic. */
  async deleteTopic(name: string): Promise<void> {
    const answer = await this.request('controller', (target) =>
      this.cluster.request(target, apis.deleteTopics, {
        topics: [{ name }],
        topicNames: [name],
        timeoutMs: patienceMs,
      }),
    );
    const result = answer.responses[0];
    check(result?.errorCode, `Deleting topic ${name}`, result?.errorMessage);
    await this.patiently(async () => {
      if ((await this.describeTopic(name)) !== null) {
        throw new TopicsError(topicsErrors.refusedForNow, `Topic ${name} is still being deleted.`);
      }
    });
  }

  /** `total` is the count afterwards. */
  async addPartitions(name: string, total: number): Promise<void> {
    const answer = await this.request('controller', (target) =>
      this.cluster.request(target, apis.createPartitions, {
        topics: [{ name, count: total, assignments: null }],
        timeoutMs: patienceMs,
      }),
    );
    const result = answer.results[0];
    check(result?.errorCode, `Adding partitions to topic ${name}`, result?.errorMessage);
    await this.patiently(async () => {
      if (((await this.describeTopic(name))?.partitions ?? 0) < total) {
        throw new TopicsError(topicsErrors.refusedForNow, `Topic ${name} does not show its new partitions yet.`);
      }
    });
  }

  /** Sorted by partition. A number means: the first record at or after that time, ms. */
  async offsets(topic: string, at: OffsetsAt): Promise<readonly PartitionOffset[]> {
    return this.patiently(async () => {
      const { partitions } = await this.known(topic);
      const wanted = partitions.map(({ partition }) => ({ topic, partition, at }));
      return (await listOffsets(this.cluster, wanted)).sort(byTopicAndPartition);
    });
  }

  describeConfigs(topic: string): Promise<readonly ConfigEntry[]> {
    return this.configsOf('any', topicResource, topic);
  }

  /** Sets what has a value and resets to the default what is null; leaves the rest. Kafka code 40 for a bad setting. */
  async alterConfigs(topic: string, configs: Readonly<Record<string, string | null>>): Promise<void> {
    const answer = await this.request('any', (target) =>
      this.cluster.request(target, apis.incrementalAlterConfigs, {
        resources: [
          {
            resourceType: topicResource,
            resourceName: topic,
            configs: Object.entries(configs).map(([name, value]) => ({
              name,
              configOperation: value === null ? alterOperation.delete : alterOperation.set,
              value,
            })),
          },
        ],
      }),
    );
    const result = answer.responses[0];
    check(result?.errorCode, `Changing the settings of topic ${topic}`, result?.errorMessage);
  }

  describeBrokerConfigs(nodeId: number): Promise<readonly ConfigEntry[]> {
    return this.configsOf({ node: nodeId }, brokerResource, String(nodeId));
  }

  /** Of all nodes, sorted by id. */
  async listGroups(): Promise<readonly GroupListing[]> {
    await this.patiently(() => this.cluster.refresh([]));
    const answers = this.cluster.metadata.nodes.map(({ nodeId }) =>
      this.request({ node: nodeId }, (target) => this.cluster.request(target, apis.listGroups, {})),
    );
    const groups: GroupListing[] = [];
    for (const answer of await Promise.all(answers)) {
      check(answer.errorCode, 'Listing groups');
      for (const group of answer.groups) {
        groups.push({ groupId: group.groupId, protocolType: group.protocolType, state: group.groupState });
      }
    }
    return groups.sort((left, right) => (left.groupId < right.groupId ? -1 : 1));
  }

  /** An unknown group has the state Dead and no members. */
  async describeGroup(groupId: string): Promise<GroupDescription> {
    const group = await this.coordinated(groupId, async (target) => {
      const answer = await this.cluster.request(target, apis.describeGroups, { groups: [groupId] });
      const found = answer.groups[0];
      if (found?.errorCode !== kafkaError.GROUP_ID_NOT_FOUND) check(found?.errorCode, `Describing group ${groupId}`);
      return found;
    });
    return {
      groupId,
      protocolType: group?.protocolType ?? '',
      state: group?.errorCode === kafkaError.NONE ? group.groupState : 'Dead',
      protocol: group?.protocolData ?? '',
      coordinatorId: await this.cluster.coordinatorOf(groupId),
      members: (group?.members ?? []).map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost.replace(/^\//, ''),
        assignment: group?.protocolType === consumerType ? decodeAssignment(member.memberAssignment) : [],
      })),
    };
  }

  /** What the group has committed, sorted by topic and partition. */
  async groupOffsets(groupId: string): Promise<readonly GroupOffset[]> {
    const answer = await this.coordinated(groupId, async (target) => {
      const body = { groupId, topics: null, groups: [{ groupId, topics: null }] };
      const fetched = await this.cluster.request(target, apis.offsetFetch, body, {
        versionMax: offsetVersionMax,
      });
      const found = fetched.groups[0] ?? fetched;
      check(found.errorCode, `Asking for the offsets of group ${groupId}`);
      return found;
    });
    return answer.topics
      .flatMap(({ name, partitions }) =>
        partitions.map((partition) => ({
          topic: name,
          partition: partition.partitionIndex,
          offset: partition.committedOffset,
          metadata: partition.metadata ?? '',
        })),
      )
      .filter(({ offset }) => offset >= 0)
      .sort(byTopicAndPartition);
  }

  /** Partitions that the group has committed or is assigned, sorted by topic and partition. */
  async groupLag(groupId: string): Promise<readonly GroupLag[]> {
    const [group, offsets] = await Promise.all([this.describeGroup(groupId), this.groupOffsets(groupId)]);
    const rows = new Map<string, TopicPartition>();
    const committed = new Map<string, number>();
    const owners = new Map<string, GroupMemberDescription>();
    for (const offset of offsets) {
      rows.set(keyOf(offset), offset);
      committed.set(keyOf(offset), offset.offset);
    }
    for (const member of group.members) {
      for (const partition of member.assignment) {
        rows.set(keyOf(partition), partition);
        owners.set(keyOf(partition), member);
      }
    }
    const existing = await this.existing([...rows.values()]);
    const [starts, ends] = await this.patiently(() =>
      Promise.all([
        listOffsets(
          this.cluster,
          existing.map((partition) => ({ ...partition, at: 'earliest' as const })),
        ),
        listOffsets(
          this.cluster,
          existing.map((partition) => ({ ...partition, at: 'latest' as const })),
        ),
      ]),
    );
    const startOf = new Map(starts.map((entry) => [keyOf(entry), entry.offset]));
    const endOf = new Map(ends.map((entry) => [keyOf(entry), entry.offset]));
    return existing.sort(byTopicAndPartition).map(({ topic, partition }) => {
      const key = keyOf({ topic, partition });
      const offset = committed.get(key) ?? null;
      const end = endOf.get(key) ?? 0;
      const owner = owners.get(key);
      return {
        topic,
        partition,
        committed: offset,
        start: startOf.get(key) ?? 0,
        end,
        lag: offset === null ? null : Math.max(0, end - offset),
        memberId: owner?.memberId ?? null,
        clientId: owner?.clientId ?? null,
        clientHost: owner?.clientHost ?? null,
      };
    });
  }

  /** The group must have no members: rejects with Kafka code 25 otherwise. */
  async resetGroupOffsets(groupId: string, positions: readonly PartitionPosition[]): Promise<void> {
    const byPartition = new Map(positions.map((position) => [keyOf(position), position.offset]));
    await this.coordinated(groupId, async (target) => {
      const answer = await this.cluster.request(
        target,
        apis.offsetCommit,
        {
          groupId,
          generationIdOrMemberEpoch: -1,
          memberId: '',
          topics: [...groupByTopic(positions)].map(([name, partitions]) => ({
            name,
            partitions: partitions.map((partitionIndex) => ({
              partitionIndex,
              committedOffset: byPartition.get(keyOf({ topic: name, partition: partitionIndex })) ?? 0,
              committedMetadata: '',
            })),
          })),
        },
        { versionMax: offsetVersionMax },
      );
      for (const topic of answer.topics) {
        for (const partition of topic.partitions) {
          check(partition.errorCode, `Setting group ${groupId} on ${topic.name}-${partition.partitionIndex}`);
        }
      }
    });
  }

  /** As `resetGroupOffsets`, to a place in every partition of the topics; gives what was set. */
  async resetGroupTo(groupId: string, topics: readonly string[], at: OffsetsAt): Promise<readonly PartitionPosition[]> {
    const positions: PartitionPosition[] = [];
    for (const topic of topics) {
      const found = await this.offsets(topic, at);
      const ends = typeof at === 'number' ? await this.offsets(topic, 'latest') : found;
      for (const [index, { partition, offset }] of found.entries()) {
        // No record is that young: what comes next is.
        positions.push({ topic, partition, offset: offset >= 0 ? offset : (ends[index]?.offset ?? 0) });
      }
    }
    await this.resetGroupOffsets(groupId, positions);
    return positions;
  }

  /** Forgets what the group has committed of some partitions. Rejects with Kafka code 86 where it reads them now, 69 where there is no such group. */
  async dropGroupOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void> {
    await this.coordinated(groupId, async (target) => {
      const topics = [...groupByTopic(partitions)].map(([name, indexes]) => ({
        name,
        partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
      }));
      const answer = await this.cluster.request(target, apis.offsetDelete, { groupId, topics });
      check(answer.errorCode, `Dropping offsets of group ${groupId}`);
      for (const topic of answer.topics) {
        for (const partition of topic.partitions) {
          check(
            partition.errorCode,
            `Dropping offsets of group ${groupId} on ${topic.name}-${partition.partitionIndex}`,
          );
        }
      }
    });
  }

  /** The group must have no members: rejects with Kafka code 68 otherwise, 69 where there is no such group. */
  async deleteGroup(groupId: string): Promise<void> {
    await this.coordinated(groupId, async (target) => {
      const answer = await this.cluster.request(target, apis.deleteGroups, { groupsNames: [groupId] });
      check(answer.results[0]?.errorCode, `Deleting group ${groupId}`);
    });
  }

  private async configsOf(target: Target, resourceType: number, resourceName: string): Promise<readonly ConfigEntry[]> {
    const answer = await this.request(target, (to) =>
      this.cluster.request(to, apis.describeConfigs, {
        resources: [{ resourceType, resourceName, configurationKeys: null }],
      }),
    );
    const result = answer.results[0];
    check(result?.errorCode, `Asking for the settings of ${resourceName}`, result?.errorMessage);
    return (result?.configs ?? []).map((config) => ({
      name: config.name,
      value: config.value,
      source: sourceOf(config.configSource),
      readOnly: config.readOnly,
      sensitive: config.isSensitive,
    }));
  }

  /** Those whose topic is still there. */
  private async existing(partitions: readonly TopicPartition[]): Promise<TopicPartition[]> {
    const names = [...new Set(partitions.map(({ topic }) => topic))];
    if (names.length > 0) await this.patiently(() => this.cluster.refresh(names));
    return partitions.filter(
      ({ topic, partition }) => partition < (this.cluster.metadata.topic(topic)?.partitions.length ?? 0),
    );
  }

  /** The topic as it is now, not as it was. */
  private async known(topic: string): Promise<TopicMetadata> {
    this.cluster.metadata.forget(topic);
    return this.cluster.topic(topic);
  }

  private request<T>(target: Target, send: (target: Target) => Promise<T>): Promise<T> {
    return this.patiently(() => send(target));
  }

  /** Asks the group's coordinator, anew when it is another one by now. */
  private coordinated<T>(groupId: string, send: (target: Target) => Promise<T>): Promise<T> {
    return this.patiently(async () => {
      try {
        return await send({ group: groupId });
      } catch (error) {
        this.cluster.forgetCoordinator(groupId);
        throw error;
      }
    });
  }

  private patiently<T>(operation: () => Promise<T>): Promise<T> {
    return this.cluster.attempt(patienceMs, operation);
  }
}

function listingOf(topic: TopicMetadata): TopicListing {
  return { name: topic.name, id: topic.id, partitions: topic.partitions.length, internal: topic.internal };
}

function sourceOf(configSource: number): ConfigEntry['source'] {
  if (configSource === 1) return 'topic';
  return configSource === 5 ? 'default' : 'broker';
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`;
}

function check(code: number | undefined, doing: string, message?: string | null): void {
  if (code !== kafkaError.NONE) throw answerError(code ?? kafkaError.UNKNOWN_SERVER_ERROR, doing, message);
}
