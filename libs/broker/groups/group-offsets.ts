/** Committed offsets as groups see them: who may commit, what may be committed, when offsets are forgotten. */
import type { CommittedOffset, EngineGroups } from '#log/engine';
import type { Clock } from '#std/clock';
import { kafkaError } from '#wire/kafka/error-codes';
import { ConsumerGroup } from '#broker/groups/consumer-group';
import { decodeSubscription } from '#broker/groups/consumer-protocol';
import type { Group } from '#broker/groups/group';
import type { GroupConfig } from '#broker/groups/group-config';
import type { MemberIdentity } from '#broker/groups/group-environment';
import type { TopicSource } from '#broker/groups/topic-view';

export interface GroupOffsetPorts {
  readonly offsets: EngineGroups;
  readonly topics: TopicSource;
  readonly clock: Clock;
  readonly config: GroupConfig;
  /** The group that has, or had, members; null where only offsets may be known of it. */
  groupOf(groupId: string): Group | ConsumerGroup | null;
  isStopped(): boolean;
}

export interface OffsetCommitEntry {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** The first version of OffsetCommit with member epochs, which members of the consumer protocol have to use. */
const epochVersion = 9;

export class GroupOffsets {
  private readonly commitsUnderWay = new Map<string, Set<Promise<void>>>();

  constructor(private readonly ports: GroupOffsetPorts) {}

  /** One error an entry, in order; resolves when what was accepted is durable. `version` is that of OffsetCommit. */
  async commit(
    groupId: string,
    member: MemberIdentity & { readonly generationId: number },
    entries: readonly OffsetCommitEntry[],
    version = epochVersion,
  ): Promise<readonly number[]> {
    const codes = entries.map((entry) => this.entryProblem(entry));
    // What names no partition is refused before anybody asks whose commit it is.
    if (codes.every((code) => code === kafkaError.UNKNOWN_TOPIC_OR_PARTITION)) return codes;
    const places = entries.filter((_, index) => codes[index] !== kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
    const problem = this.admit(groupId, member, { version, places });
    if (problem !== kafkaError.NONE) {
      return codes.map((code) => (code === kafkaError.UNKNOWN_TOPIC_OR_PARTITION ? code : problem));
    }
    const accepted = entries.filter((_, index) => codes[index] === kafkaError.NONE);
    if (accepted.length === 0) return codes;
    const commit = this.ports.offsets.commit(groupId, accepted);
    const underWay = this.commitsUnderWay.get(groupId) ?? new Set();
    this.commitsUnderWay.set(groupId, underWay.add(commit));
    try {
      await commit;
      return codes;
    } catch {
      // The engine has reported its disk already. Clients retry this code after looking for the coordinator again.
      return codes.map((code) => (code === kafkaError.NONE ? kafkaError.COORDINATOR_NOT_AVAILABLE : code));
    } finally {
      underWay.delete(commit);
      if (underWay.size === 0) this.commitsUnderWay.delete(groupId);
    }
  }

  /** Whether a producer may add offsets of the group to its transaction (TxnOffsetCommit). */
  admitTransactional(groupId: string, member: MemberIdentity & { readonly generationId: number }): number {
    if (groupId === '') return kafkaError.INVALID_GROUP_ID;
    if (this.ports.isStopped()) return kafkaError.COORDINATOR_NOT_AVAILABLE;
    const group = this.ports.groupOf(groupId);
    if (group === null) return this.admitToUnknown(groupId, member.generationId, kafkaError.ILLEGAL_GENERATION);
    if (!(group instanceof ConsumerGroup)) return group.admitCommit(member, true);
    if (member.generationId < 0 && group.members.size === 0) return kafkaError.NONE;
    const problem = group.admit({ memberId: member.memberId, memberEpoch: member.generationId });
    return problem === kafkaError.STALE_MEMBER_EPOCH ? kafkaError.ILLEGAL_GENERATION : problem;
  }

  /** Whether offsets may be fetched by this member; null and -1 ask without being one. */
  admitFetch(groupId: string, memberId: string | null, memberEpoch: number): number {
    const group = this.ports.groupOf(groupId);
    if (!(group instanceof ConsumerGroup) || (memberId === null && memberEpoch < 0)) return kafkaError.NONE;
    return group.admit({ memberId: memberId ?? '', memberEpoch });
  }

  /** The error of committing the entry, whoever does it. */
  entryProblem(entry: OffsetCommitEntry): number {
    const partitions = this.ports.topics.byName(entry.topic)?.partitions ?? 0;
    if (entry.partition < 0 || entry.partition >= partitions) return kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
    if (Buffer.byteLength(entry.metadata) > this.ports.config['offset.metadata.max.bytes']) {
      return kafkaError.OFFSET_METADATA_TOO_LARGE;
    }
    return kafkaError.NONE;
  }

  /** Waits for commits that were accepted before, so that a new owner never starts behind the last one's. */
  async committed(groupId: string): Promise<readonly CommittedOffset[]> {
    await this.settle(groupId);
    return this.ports.offsets.committed(groupId);
  }

  /** As `committed`, of one partition; ask after `committed` or `settle`. */
  find(groupId: string, topic: string, partition: number): CommittedOffset | null {
    return this.ports.offsets.find(groupId, topic, partition);
  }

  /** Whether an open transaction holds an offset of the partition. */
  isPending(groupId: string, topic: string, partition: number): boolean {
    return this.ports.offsets.isPending(groupId, topic, partition);
  }

  async settle(groupId: string): Promise<void> {
    const underWay = this.commitsUnderWay.get(groupId);
    if (underWay !== undefined) await Promise.allSettled(underWay);
  }

  has(groupId: string): boolean {
    return this.ports.offsets.committed(groupId).length > 0;
  }

  /** One error an entry: offsets of a topic that a live member reads stay. */
  async delete(
    groupId: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<{ readonly errorCode: number; readonly partitionErrors: readonly number[] }> {
    const group = this.ports.groupOf(groupId);
    if (this.ports.isStopped()) return { errorCode: kafkaError.COORDINATOR_NOT_AVAILABLE, partitionErrors: [] };
    if (group === null && !this.has(groupId)) return { errorCode: kafkaError.GROUP_ID_NOT_FOUND, partitionErrors: [] };
    const isLive = group !== null && group.members.size > 0;
    if (isLive && !(group instanceof ConsumerGroup) && group.protocolType !== 'consumer') {
      return { errorCode: kafkaError.NON_EMPTY_GROUP, partitionErrors: [] };
    }
    const partitionErrors = partitions.map(({ topic, partition }) => {
      if (isLive && isSubscribed(group, topic)) return kafkaError.GROUP_SUBSCRIBED_TO_TOPIC;
      const count = this.ports.topics.byName(topic)?.partitions ?? 0;
      return partition < 0 || partition >= count ? kafkaError.UNKNOWN_TOPIC_OR_PARTITION : kafkaError.NONE;
    });
    const doomed = partitions.filter((_, index) => partitionErrors[index] === kafkaError.NONE);
    if (doomed.length > 0) await this.ports.offsets.deleteOffsets(groupId, doomed);
    return { errorCode: kafkaError.NONE, partitionErrors };
  }

  /** A deleted topic takes its offsets along, so that a new one of the same name starts afresh. */
  async forgetTopic(topic: string): Promise<void> {
    const { offsets } = this.ports;
    for (const groupId of offsets.list()) {
      const gone = offsets.committed(groupId).filter((offset) => offset.topic === topic);
      if (gone.length > 0) await offsets.deleteOffsets(groupId, gone);
    }
  }

  /** Forgets what is older than `offsets.retention.minutes` by Kafka's rules; gives the groups that have nothing left. */
  async expire(): Promise<readonly string[]> {
    const { clock, config, offsets } = this.ports;
    const keepSinceMs = clock.now() - config['offsets.retention.minutes'] * 60_000;
    const emptied: string[] = [];
    for (const groupId of offsets.list()) {
      const group = this.ports.groupOf(groupId);
      const restsSinceMs = restsSince(group);
      if (restsSinceMs === null) continue;
      const old = offsets
        .committed(groupId)
        .filter(
          ({ topic, partition, committedAtMs }) =>
            Math.max(committedAtMs, restsSinceMs) < keepSinceMs &&
            !(group !== null && isSubscribed(group, topic)) &&
            !offsets.isPending(groupId, topic, partition),
        );
      if (old.length === 0) continue;
      await offsets.deleteOffsets(groupId, old);
      if (!this.has(groupId)) emptied.push(groupId);
    }
    return emptied;
  }

  private admit(
    groupId: string,
    member: MemberIdentity & { readonly generationId: number },
    { version, places }: { readonly version: number; readonly places: readonly OffsetCommitEntry[] },
  ): number {
    if (this.ports.isStopped()) return kafkaError.COORDINATOR_NOT_AVAILABLE;
    const group = this.ports.groupOf(groupId);
    if (group === null) {
      const unknown = version >= epochVersion ? kafkaError.GROUP_ID_NOT_FOUND : kafkaError.ILLEGAL_GENERATION;
      return this.admitToUnknown(groupId, member.generationId, unknown);
    }
    if (!(group instanceof ConsumerGroup)) return group.admitCommit(member);
    if (member.generationId < 0 && group.members.size === 0) return kafkaError.NONE;
    if (group.members.get(member.memberId)?.classic === null && version < epochVersion) {
      return kafkaError.UNSUPPORTED_VERSION;
    }
    return group.admitCommit({ memberId: member.memberId, memberEpoch: member.generationId }, places);
  }

  /** A commit without a generation needs no group. */
  private admitToUnknown(groupId: string, generationId: number, errorCode: number): number {
    if (generationId < 0) return kafkaError.NONE;
    return this.has(groupId) ? kafkaError.UNKNOWN_MEMBER_ID : errorCode;
  }
}

/** Wall time before which nothing of the group expires; null where nothing does at all. */
function restsSince(group: Group | ConsumerGroup | null): number | null {
  if (group === null || group instanceof ConsumerGroup || group.protocolType === null) return 0;
  if (group.state === 'Empty') return group.emptySinceMs;
  return group.protocolType === 'consumer' && group.state === 'Stable' ? 0 : null;
}

function isSubscribed(group: Group | ConsumerGroup, topic: string): boolean {
  if (group instanceof ConsumerGroup) return group.isSubscribed(topic);
  for (const member of group.members.values()) {
    const metadata = member.metadataOf(group.protocolName ?? member.protocols[0]?.name ?? '');
    const subscription = decodeSubscription(metadata);
    // What cannot be read may name any topic.
    if (subscription === null || subscription.topics.includes(topic)) return true;
  }
  return false;
}
