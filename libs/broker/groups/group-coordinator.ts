/**
 * All consumer groups of this node, of the classic protocol (`Group`) and of KIP-848 (`ConsumerGroup`): finds them, watches their
 * time, keeps them, changes one kind into the other.
 *
 * Sessions are counted in processed time, which stands still while this process does: after a stall of the event loop the
 * heartbeats that wait in the sockets are read before anybody can expire. One tick serves all groups. Nobody is told an assignment
 * before it is durable, so that a restart goes on where the groups were.
 */
import type { DurableTable, EngineGroups } from '#log/engine';
import { assert } from '#std/assert';
import type { Clock, Timer } from '#std/clock';
import type { Random } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import {
  classicRowOf,
  heartbeatClassic,
  isClassicOnly,
  joinClassic,
  leaveClassic,
  membersOfClassic,
  syncClassic,
} from '#broker/groups/classic-members';
import {
  ConsumerGroup,
  refusedHeartbeat,
  type ConsumerGroupState,
  type HeartbeatAnswer,
  type HeartbeatRequest,
} from '#broker/groups/consumer-group';
import { joinEpoch } from '#broker/groups/consumer-member';
import { Group } from '#broker/groups/group';
import type { GroupConfig } from '#broker/groups/group-config';
import type { GroupEnvironment, GroupState, MemberIdentity, SyncRequest } from '#broker/groups/group-environment';
import {
  emptyBytes,
  refusedJoin,
  refusedSync,
  type JoinAnswer,
  type JoinRequest,
  type SyncAnswer,
} from '#broker/groups/group-member';
import { GroupOffsets } from '#broker/groups/group-offsets';
import { consumerMemberOf } from '#broker/groups/group-rows';
import { GroupSubscriptions } from '#broker/groups/group-subscriptions';
import { GroupStore, type StoredGroup } from '#broker/groups/group-store';
import { TopicView, type TopicSource } from '#broker/groups/topic-view';

export interface GroupCoordinatorOptions {
  readonly offsets: EngineGroups;
  /** Where groups are kept. */
  readonly table: DurableTable;
  readonly topics: TopicSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: GroupConfig;
  /** A setting of one group, as `consumer.session.timeout.ms`; null where it was not altered. Default: none was. */
  readonly groupSetting?: (groupId: string, name: string) => number | null;
}

export interface GroupSummary {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: GroupState | ConsumerGroupState;
  readonly type: 'classic' | 'consumer';
}

export interface GroupDetail {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: GroupState;
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
  readonly offsets: GroupOffsets;
  private readonly groups = new Map<string, Group | ConsumerGroup>();
  private readonly store: GroupStore;
  private readonly view: TopicView;
  private processedMs = 0;
  private tickedAtMs = 0;
  private ticker: Timer | null = null;
  private expiryTimer: Timer | null = null;
  private stopped = false;

  constructor(private readonly options: GroupCoordinatorOptions) {
    const { offsets, topics, clock, config, table } = options;
    this.store = new GroupStore(table);
    this.view = new TopicView(topics, clock);
    this.offsets = new GroupOffsets({
      offsets,
      topics,
      clock,
      config,
      groupOf: (groupId) => this.groups.get(groupId) ?? null,
      isStopped: () => this.stopped,
    });
  }

  /** Loads what was kept, and begins to look for expired offsets from time to time. */
  start(): void {
    for (const stored of this.store.load()) this.groups.set(stored.groupId, this.restored(stored));
    this.armExpiry();
  }

  /** Who waits is told to look for its coordinator again. */
  stop(): void {
    this.stopped = true;
    this.ticker?.cancel();
    this.expiryTimer?.cancel();
    for (const group of this.groups.values())
      if (group instanceof Group) group.kill(kafkaError.COORDINATOR_NOT_AVAILABLE);
    this.groups.clear();
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    const problem = this.joinProblem(request);
    if (problem !== kafkaError.NONE) return refusedJoin(problem, request.memberId);
    const { groupId } = request;
    const known = this.groups.get(groupId);
    if (known === undefined && request.memberId !== '') {
      return refusedJoin(kafkaError.UNKNOWN_MEMBER_ID, request.memberId);
    }
    if (known instanceof ConsumerGroup && known.members.size > 0) {
      const answer = joinClassic(known, request, () => this.newMemberId(request.clientId));
      if (isClassicOnly(known)) this.afterRemoval(known);
      const isDurable = await this.settled(known);
      return isDurable ? answer : refusedJoin(kafkaError.COORDINATOR_NOT_AVAILABLE, request.memberId);
    }
    const group = known instanceof Group ? known : new Group(groupId, this.environmentOf(groupId));
    this.groups.set(groupId, group);
    return group.join(request);
  }

  async sync(groupId: string, request: SyncRequest): Promise<SyncAnswer> {
    const problem = this.groupProblem(groupId);
    if (problem !== kafkaError.NONE) return refusedSync(problem);
    const group = this.groups.get(groupId);
    if (group === undefined) return refusedSync(kafkaError.UNKNOWN_MEMBER_ID);
    return group instanceof Group ? group.sync(request) : syncClassic(group, request);
  }

  heartbeat(groupId: string, request: MemberIdentity & { readonly generationId: number }): number {
    const problem = this.groupProblem(groupId);
    if (problem !== kafkaError.NONE) return problem;
    const group = this.groups.get(groupId);
    if (group === undefined) return kafkaError.UNKNOWN_MEMBER_ID;
    return group instanceof Group ? group.heartbeat(request) : heartbeatClassic(group, request);
  }

  /** One error a member, in order. */
  leave(groupId: string, members: readonly MemberIdentity[]): readonly number[] {
    const group = this.groups.get(groupId);
    if (group === undefined) return members.map(() => kafkaError.UNKNOWN_MEMBER_ID);
    if (group instanceof Group) return members.map((member) => group.leave(member));
    const codes = leaveClassic(group, members);
    this.afterRemoval(group);
    return codes;
  }

  /** A heartbeat of the consumer protocol. */
  consumerHeartbeat(groupId: string, request: HeartbeatRequest): HeartbeatAnswer | Promise<HeartbeatAnswer> {
    if (this.stopped) return refusedHeartbeat({ errorCode: kafkaError.COORDINATOR_NOT_AVAILABLE, message: '' });
    const group = this.consumerGroupFor(groupId, request.memberEpoch === joinEpoch);
    if (group === null) {
      const message = `There is no group ${groupId} of the consumer protocol.`;
      return refusedHeartbeat({ errorCode: kafkaError.GROUP_ID_NOT_FOUND, message });
    }
    const answer = group.heartbeat(request);
    if (group.members.size === 0 && group.epoch === 0) this.groups.delete(groupId);
    if (isClassicOnly(group)) {
      this.afterRemoval(group);
      return answer;
    }
    const saving = this.store.saveConsumer(group);
    if (saving === null) return answer;
    return saving.then(
      () => answer,
      () =>
        refusedHeartbeat({ errorCode: kafkaError.COORDINATOR_NOT_AVAILABLE, message: 'The group cannot be stored.' }),
    );
  }

  list(): readonly GroupSummary[] {
    const names = new Set([...this.options.offsets.list(), ...this.groups.keys()]);
    return [...names].sort().map((groupId) => {
      const group = this.groups.get(groupId);
      if (group instanceof ConsumerGroup) {
        return { groupId, protocolType: 'consumer', state: group.state, type: 'consumer' };
      }
      return { groupId, protocolType: group?.protocolType ?? '', state: group?.state ?? 'Empty', type: 'classic' };
    });
  }

  /** A group of the classic protocol; one of the consumer protocol is not found here. */
  describe(groupId: string): GroupDetail {
    const found = this.groups.get(groupId);
    const group = found instanceof Group ? found : undefined;
    const known = group !== undefined || (found === undefined && this.offsets.has(groupId));
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

  /** Null for a group that is unknown or of the classic protocol. */
  consumerGroup(groupId: string): ConsumerGroup | null {
    const group = this.groups.get(groupId);
    return group instanceof ConsumerGroup ? group : null;
  }

  async delete(groupId: string): Promise<number> {
    const problem = this.groupProblem(groupId);
    if (problem !== kafkaError.NONE) return problem;
    const group = this.groups.get(groupId);
    if (group === undefined && !this.offsets.has(groupId)) return kafkaError.GROUP_ID_NOT_FOUND;
    if (group !== undefined && (group.state !== 'Empty' || needsWatching(group))) return kafkaError.NON_EMPTY_GROUP;
    try {
      await this.bury(groupId);
    } catch {
      return kafkaError.COORDINATOR_NOT_AVAILABLE;
    }
    return kafkaError.NONE;
  }

  /** A deleted topic takes its offsets along. */
  forgetTopic(topic: string): Promise<void> {
    return this.offsets.forgetTopic(topic);
  }

  /** Forgets expired offsets, and groups that have neither members nor offsets. Called by a timer of ours; safe at any time. */
  async expireOffsets(): Promise<void> {
    const emptied = await this.offsets.expire();
    for (const groupId of new Set([...emptied, ...this.groups.keys()])) {
      const group = this.groups.get(groupId);
      const isEmpty = group === undefined || (group.state === 'Empty' && !needsWatching(group));
      if (isEmpty && !this.offsets.has(groupId)) await this.bury(groupId);
    }
  }

  private restored({ groupId, row, members }: StoredGroup): Group | ConsumerGroup {
    if (row.kind === 'classic') return Group.restore(groupId, row, this.environmentOf(groupId));
    assert(row.kind === 'consumer', 'a group is of one of two kinds');
    const group = this.newConsumerGroup(groupId);
    group.epoch = row.epoch;
    group.subscriptions = GroupSubscriptions.fromRows(this.view, row);
    for (const [memberId, memberRow] of members) {
      assert(memberRow.kind === 'member', 'below a group are its members');
      group.restore(consumerMemberOf(memberId, memberRow));
    }
    group.takeChanges();
    return group;
  }

  /** The group of a heartbeat, made or made over where that is due; null where there is none. */
  private consumerGroupFor(groupId: string, isJoin: boolean): ConsumerGroup | null {
    const known = this.groups.get(groupId);
    if (known instanceof ConsumerGroup) return known;
    if (!isJoin) return null;
    const group =
      known === undefined || known.members.size === 0 ? this.newConsumerGroup(groupId) : this.upgraded(known);
    if (group === null) return null;
    known?.kill(kafkaError.REBALANCE_IN_PROGRESS);
    this.groups.set(groupId, group);
    return group;
  }

  /** A live classic group made over into one of the consumer protocol, its members as they are; null where that may not be. */
  private upgraded(classic: Group): ConsumerGroup | null {
    const { config } = this.options;
    const policy = config['group.consumer.migration.policy'];
    if (policy !== 'bidirectional' && policy !== 'upgrade') return null;
    if (classic.protocolType !== 'consumer' || classic.members.size > config['group.consumer.max.size']) return null;
    const members = membersOfClassic(classic, this.options.topics);
    if (members === null) return null;
    const group = this.newConsumerGroup(classic.groupId);
    group.epoch = classic.generationId;
    for (const member of members) group.adopt(member);
    return group;
  }

  /** Once the last member of the consumer protocol is gone, those of the classic one have their group again. */
  private afterRemoval(group: ConsumerGroup): void {
    const policy = this.options.config['group.consumer.migration.policy'];
    const mayDowngrade = policy === 'bidirectional' || policy === 'downgrade';
    if (!isClassicOnly(group) || !mayDowngrade || group.members.size > this.options.config['group.max.size']) {
      void this.settled(group);
      return;
    }
    const { groupId } = group;
    const row = classicRowOf(group);
    const removed = group.takeChanges()?.removed ?? [];
    const classic = Group.restore(groupId, row, this.environmentOf(groupId));
    this.groups.set(groupId, classic);
    // Where this fails the group is loaded as it was, and its members fall out by their sessions.
    this.store.saveClassic(groupId, row, [...group.members.keys(), ...removed]).catch(() => undefined);
    classic.rebalance();
  }

  private newConsumerGroup(groupId: string): ConsumerGroup {
    const { config, groupSetting = () => null } = this.options;
    return new ConsumerGroup(groupId, {
      processedMs: () => this.processedMs,
      view: this.view,
      // Asked for each time: they may be altered while the group is there.
      get sessionTimeoutMs() {
        return groupSetting(groupId, 'consumer.session.timeout.ms') ?? config['group.consumer.session.timeout.ms'];
      },
      get heartbeatIntervalMs() {
        return (
          groupSetting(groupId, 'consumer.heartbeat.interval.ms') ?? config['group.consumer.heartbeat.interval.ms']
        );
      },
      membersMax: config['group.consumer.max.size'],
      assignorNames: config['group.consumer.assignors'],
      watch: () => this.armTicker(),
    });
  }

  private environmentOf(groupId: string): GroupEnvironment {
    const { clock, config } = this.options;
    return {
      clock,
      processedMs: () => this.processedMs,
      newMemberId: (prefix) => this.newMemberId(prefix),
      initialDelayMs: config['group.initial.rebalance.delay.ms'],
      membersMax: config['group.max.size'],
      watch: () => this.armTicker(),
      save: (row) => this.store.saveClassic(groupId, row),
    };
  }

  /** Waits until the group is kept as it is; false where the disk fails. */
  private async settled(group: ConsumerGroup): Promise<boolean> {
    try {
      await this.store.saveConsumer(group);
      return true;
    } catch {
      return false;
    }
  }

  private async bury(groupId: string): Promise<void> {
    const group = this.groups.get(groupId);
    this.groups.delete(groupId);
    if (group instanceof Group) group.kill(kafkaError.UNKNOWN_MEMBER_ID);
    const changes = group instanceof ConsumerGroup ? group.takeChanges() : null;
    // Asked for before anything is waited for: a group of this name that is made meanwhile is written after it.
    const deleted = this.store.delete(groupId, changes?.removed ?? []);
    const forgotten = this.offsets.settle(groupId).then(() => this.options.offsets.delete(groupId));
    await Promise.all([deleted, forgotten]);
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
      if (!needsWatching(group)) continue;
      const before = group.members.size;
      group.expire(this.processedMs);
      if (group instanceof ConsumerGroup && group.members.size < before) this.afterRemoval(group);
      needed ||= needsWatching(group);
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

  /** For a member of the consumer protocol that made none itself. */
  newConsumerMemberId(): string {
    return this.uuid();
  }

  private newMemberId(prefix: string): string {
    return `${prefix}-${this.uuid()}`;
  }

  private uuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.options.random.next() * 16).toString(16)).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

function needsWatching(group: Group | ConsumerGroup): boolean {
  return group instanceof Group ? group.needsWatching : group.members.size > 0;
}
