/**
 * All consumer groups of this node: finds them, watches their time, keeps their offsets.
 *
 * Sessions are counted in processed time, which stands still while this process does: after a stall of the event loop the
 * heartbeats that wait in the sockets are read before anybody can expire. One tick serves all groups.
 */
import type { CommittedOffset, EngineGroups } from '#log/engine';
import { assert } from '#std/assert';
import type { Clock, Timer } from '#std/clock';
import type { Random } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import { Group, type GroupState, type MemberIdentity, type SyncRequest } from '#broker/groups/group';
import type { GroupConfig } from '#broker/groups/group-config';
import {
  emptyBytes,
  refusedJoin,
  refusedSync,
  type JoinAnswer,
  type JoinRequest,
  type SyncAnswer,
} from '#broker/groups/group-member';

export interface GroupCoordinatorOptions {
  readonly offsets: EngineGroups;
  /** How many partitions a topic has; null where there is no such topic. */
  readonly partitionsOf: (topic: string) => number | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: GroupConfig;
}

export interface OffsetCommitEntry {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

export interface GroupSummary {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: GroupState;
}

export interface GroupDetail extends GroupSummary {
  readonly errorCode: number;
  readonly protocol: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly metadata: Buffer;
    readonly assignment: Buffer;
  }[];
}

const tickMs = 200;

export class GroupCoordinator {
  private readonly groups = new Map<string, Group>();
  private readonly commitsUnderWay = new Map<string, Set<Promise<void>>>();
  private readonly startedAtMs: number;
  private processedMs = 0;
  private tickedAtMs = 0;
  private ticker: Timer | null = null;
  private expiryTimer: Timer | null = null;
  private stopped = false;

  constructor(private readonly options: GroupCoordinatorOptions) {
    this.startedAtMs = options.clock.now();
  }

  /** Begins to look for expired offsets from time to time. Joins are served without it. */
  start(): void {
    this.armExpiry();
  }

  /** Who waits is told to look for its coordinator again. */
  stop(): void {
    this.stopped = true;
    this.ticker?.cancel();
    this.expiryTimer?.cancel();
    for (const group of this.groups.values()) group.kill(kafkaError.COORDINATOR_NOT_AVAILABLE);
    this.groups.clear();
  }

  join(request: JoinRequest): Promise<JoinAnswer> {
    const problem = this.joinProblem(request);
    if (problem !== kafkaError.NONE) return Promise.resolve(refusedJoin(problem, request.memberId));
    if (request.memberId !== '' && !this.groups.has(request.groupId)) {
      return Promise.resolve(refusedJoin(kafkaError.UNKNOWN_MEMBER_ID, request.memberId));
    }
    return this.groupOf(request.groupId).join(request);
  }

  sync(groupId: string, request: SyncRequest): Promise<SyncAnswer> {
    const problem = this.groupProblem(groupId);
    if (problem !== kafkaError.NONE) return Promise.resolve(refusedSync(problem));
    const group = this.groups.get(groupId);
    if (group === undefined) return Promise.resolve(refusedSync(kafkaError.UNKNOWN_MEMBER_ID));
    return group.sync(request);
  }

  heartbeat(groupId: string, request: MemberIdentity & { readonly generationId: number }): number {
    const problem = this.groupProblem(groupId);
    if (problem !== kafkaError.NONE) return problem;
    return this.groups.get(groupId)?.heartbeat(request) ?? kafkaError.UNKNOWN_MEMBER_ID;
  }

  /** One error a member, in order. */
  leave(groupId: string, members: readonly MemberIdentity[]): readonly number[] {
    const group = this.groups.get(groupId);
    return members.map((member) => group?.leave(member) ?? kafkaError.UNKNOWN_MEMBER_ID);
  }

  /**
   * One error an entry, in order; resolves when what was accepted is durable. With a producer id the offsets are kept aside until its
   * transaction ends.
   */
  async commit(
    groupId: string,
    member: MemberIdentity & { readonly generationId: number },
    entries: readonly OffsetCommitEntry[],
    producerId: number | null = null,
  ): Promise<readonly number[]> {
    const problem = this.admitCommit(groupId, member, producerId !== null);
    if (problem !== kafkaError.NONE) return entries.map(() => problem);
    const codes = entries.map((entry) => this.entryProblem(entry));
    const accepted = entries.filter((_, index) => codes[index] === kafkaError.NONE);
    if (accepted.length === 0) return codes;
    const { offsets } = this.options;
    const commit =
      producerId === null ? offsets.commit(groupId, accepted) : offsets.commitPending(groupId, producerId, accepted);
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

  /** Waits for commits that were accepted before, so that a new owner never starts behind the last one's. */
  async committed(groupId: string): Promise<readonly CommittedOffset[]> {
    await this.settleCommits(groupId);
    return this.options.offsets.committed(groupId);
  }

  /** As `committed`, of one partition; ask after `committed` or `settleCommits`. */
  find(groupId: string, topic: string, partition: number): CommittedOffset | null {
    return this.options.offsets.find(groupId, topic, partition);
  }

  async settleCommits(groupId: string): Promise<void> {
    const underWay = this.commitsUnderWay.get(groupId);
    if (underWay !== undefined) await Promise.allSettled(underWay);
  }

  list(): readonly GroupSummary[] {
    const names = new Set([...this.options.offsets.list(), ...this.groups.keys()]);
    return [...names].sort().map((groupId) => {
      const group = this.groups.get(groupId);
      return { groupId, protocolType: group?.protocolType ?? '', state: group?.state ?? 'Empty' };
    });
  }

  describe(groupId: string): GroupDetail {
    const group = this.groups.get(groupId);
    const known = group !== undefined || this.hasOffsets(groupId);
    const members = group === undefined ? [] : [...group.members.values()];
    const isStable = group?.state === 'Stable';
    return {
      groupId,
      errorCode: known ? kafkaError.NONE : kafkaError.GROUP_ID_NOT_FOUND,
      protocolType: group?.protocolType ?? '',
      state: group?.state ?? (known ? 'Empty' : 'Dead'),
      protocol: isStable ? (group.protocolName ?? '') : '',
      members: members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        metadata: isStable ? member.metadataOf(group.protocolName ?? '') : emptyBytes,
        assignment: isStable ? member.assignment : emptyBytes,
      })),
    };
  }

  async delete(groupId: string): Promise<number> {
    const problem = this.groupProblem(groupId);
    if (problem !== kafkaError.NONE) return problem;
    const group = this.groups.get(groupId);
    if (group === undefined && !this.hasOffsets(groupId)) return kafkaError.GROUP_ID_NOT_FOUND;
    if (group !== undefined && (group.state !== 'Empty' || group.needsWatching)) return kafkaError.NON_EMPTY_GROUP;
    this.bury(groupId);
    await this.settleCommits(groupId);
    await this.options.offsets.delete(groupId);
    return kafkaError.NONE;
  }

  /** One error an entry: offsets of a topic that a live member reads stay. */
  async deleteOffsets(
    groupId: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<{ readonly errorCode: number; readonly partitionErrors: readonly number[] }> {
    const problem = this.groupProblem(groupId);
    const group = this.groups.get(groupId);
    if (problem !== kafkaError.NONE) return { errorCode: problem, partitionErrors: [] };
    if (group === undefined && !this.hasOffsets(groupId)) {
      return { errorCode: kafkaError.GROUP_ID_NOT_FOUND, partitionErrors: [] };
    }
    const isLive = group !== undefined && group.members.size > 0;
    if (isLive && group.protocolType !== 'consumer')
      return { errorCode: kafkaError.NON_EMPTY_GROUP, partitionErrors: [] };
    const partitionErrors = partitions.map(({ topic, partition }) => {
      if (isLive && isSubscribed(group, topic)) return kafkaError.GROUP_SUBSCRIBED_TO_TOPIC;
      const count = this.options.partitionsOf(topic);
      return count === null || partition >= count ? kafkaError.UNKNOWN_TOPIC_OR_PARTITION : kafkaError.NONE;
    });
    const doomed = partitions.filter((_, index) => partitionErrors[index] === kafkaError.NONE);
    if (doomed.length > 0) await this.options.offsets.deleteOffsets(groupId, doomed);
    return { errorCode: kafkaError.NONE, partitionErrors };
  }

  /** A deleted topic takes its offsets along, so that a new one of the same name starts afresh. */
  async forgetTopic(topic: string): Promise<void> {
    for (const groupId of this.options.offsets.list()) {
      const gone = this.options.offsets.committed(groupId).filter((offset) => offset.topic === topic);
      if (gone.length > 0) await this.options.offsets.deleteOffsets(groupId, gone);
    }
  }

  /**
   * Forgets offsets of groups that have had no members and no commit for `offsets.retention.minutes`; membership before
   * this start is not known, so the start counts as its end. Called by a timer of ours; safe to call at any time.
   */
  async expireOffsets(): Promise<void> {
    const { clock, config, offsets } = this.options;
    const keepSinceMs = clock.now() - config['offsets.retention.minutes'] * 60_000;
    for (const groupId of offsets.list()) {
      const group = this.groups.get(groupId);
      if (group !== undefined && group.needsWatching) continue;
      const restedSinceMs = group !== undefined && group.generationId > 0 ? group.emptySinceMs : this.startedAtMs;
      const old = offsets
        .committed(groupId)
        .filter((offset) => Math.max(offset.committedAtMs, restedSinceMs) < keepSinceMs)
        // The transaction's own commit would come back as the only one.
        .filter(({ topic, partition }) => !offsets.isPending(groupId, topic, partition));
      if (old.length === 0) continue;
      await offsets.deleteOffsets(groupId, old);
      if (offsets.committed(groupId).length > 0) continue;
      const now = this.groups.get(groupId);
      if (now !== undefined && now.needsWatching) continue;
      this.bury(groupId);
      await offsets.delete(groupId);
    }
    for (const group of this.groups.values()) {
      if (!group.needsWatching && group.state === 'Empty' && offsets.committed(group.groupId).length === 0) {
        this.bury(group.groupId);
      }
    }
  }

  private hasOffsets(groupId: string): boolean {
    return this.options.offsets.committed(groupId).length > 0;
  }

  private joinProblem(request: JoinRequest): number {
    const { config } = this.options;
    const problem = this.groupProblem(request.groupId);
    if (problem !== kafkaError.NONE) return problem;
    if (
      request.sessionTimeoutMs < config['group.min.session.timeout.ms'] ||
      request.sessionTimeoutMs > config['group.max.session.timeout.ms']
    ) {
      return kafkaError.INVALID_SESSION_TIMEOUT;
    }
    return kafkaError.NONE;
  }

  private groupProblem(groupId: string): number {
    if (groupId === '') return kafkaError.INVALID_GROUP_ID;
    return this.stopped ? kafkaError.COORDINATOR_NOT_AVAILABLE : kafkaError.NONE;
  }

  private admitCommit(
    groupId: string,
    member: MemberIdentity & { readonly generationId: number },
    isTransactional: boolean,
  ): number {
    const problem = this.stopped ? kafkaError.COORDINATOR_NOT_AVAILABLE : kafkaError.NONE;
    if (problem !== kafkaError.NONE) return problem;
    const group = this.groups.get(groupId);
    if (group !== undefined) return group.admitCommit(member, isTransactional);
    // Nobody has joined since this node started: a commit without a generation needs no group; any other is stale.
    return member.generationId < 0 ? kafkaError.NONE : kafkaError.ILLEGAL_GENERATION;
  }

  private entryProblem(entry: OffsetCommitEntry): number {
    const partitions = this.options.partitionsOf(entry.topic);
    if (partitions === null || entry.partition < 0 || entry.partition >= partitions) {
      return kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
    }
    if (Buffer.byteLength(entry.metadata) > this.options.config['offset.metadata.max.bytes']) {
      return kafkaError.OFFSET_METADATA_TOO_LARGE;
    }
    return kafkaError.NONE;
  }

  private groupOf(groupId: string): Group {
    let group = this.groups.get(groupId);
    if (group === undefined) {
      const { clock, config } = this.options;
      group = new Group(groupId, {
        clock,
        processedMs: () => this.processedMs,
        newMemberId: (prefix) => `${prefix}-${this.uuid()}`,
        initialDelayMs: config['group.initial.rebalance.delay.ms'],
        membersMax: config['group.max.size'],
        watch: () => this.armTicker(),
      });
      this.groups.set(groupId, group);
    }
    return group;
  }

  private bury(groupId: string): void {
    const group = this.groups.get(groupId);
    this.groups.delete(groupId);
    group?.kill(kafkaError.UNKNOWN_MEMBER_ID);
  }

  private armTicker(): void {
    if (this.ticker !== null || this.stopped) return;
    this.tickedAtMs = this.options.clock.monotonic();
    this.ticker = this.options.clock.after(tickMs, () => this.tick());
  }

  private tick(): void {
    this.ticker = null;
    const nowMs = this.options.clock.monotonic();
    assert(nowMs >= this.tickedAtMs, 'monotonic time does not go back');
    this.processedMs += Math.min(nowMs - this.tickedAtMs, 2 * tickMs);
    let needed = false;
    for (const group of this.groups.values()) {
      if (!group.needsWatching) continue;
      group.expire(this.processedMs);
      needed ||= group.needsWatching;
    }
    if (needed) this.armTicker();
  }

  private armExpiry(): void {
    if (this.stopped) return;
    this.expiryTimer = this.options.clock.after(this.options.config['offsets.retention.check.interval.ms'], () => {
      // A failed step is taken again at the next interval; the engine reports its disk itself.
      void this.expireOffsets()
        .catch(() => undefined)
        .then(() => this.armExpiry());
    });
  }

  private uuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.options.random.next() * 16).toString(16)).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

/** Members of type `consumer` name their topics in their metadata: version i16, then a list of names. */
function isSubscribed(group: Group, topic: string): boolean {
  for (const member of group.members.values()) {
    const metadata = member.metadataOf(group.protocolName ?? member.protocols[0]?.name ?? '');
    if (subscribedTopics(metadata).includes(topic)) return true;
  }
  return false;
}

function subscribedTopics(metadata: Buffer): readonly string[] {
  const topics: string[] = [];
  if (metadata.length < 6) return topics;
  let at = 6;
  for (let left = metadata.readInt32BE(2); left > 0 && at + 2 <= metadata.length; left -= 1) {
    const end = at + 2 + metadata.readUInt16BE(at);
    topics.push(metadata.toString('utf8', at + 2, end));
    at = end;
  }
  return topics;
}
