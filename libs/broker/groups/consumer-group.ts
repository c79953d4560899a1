/**
 * One group of the consumer protocol (KIP-848) as a state machine: members tell what they read, the group makes a target for all
 * of them under a new epoch, and each member is led to its part of it one heartbeat at a time (see `reconciliation.ts`). Every call is
 * synchronous. What changed is given out by `takeChanges`, and whoever answers a client waits until that is durable.
 *
 * Invariants: a partition has one owner at most; the target is that of the group's epoch; a member's epoch never goes back
 * while it is a member.
 */
import { assert } from '#std/assert';
import { kafkaError } from '#wire/kafka/error-codes';
import { assignors, type AssignedMember } from '#broker/groups/assignors';
import {
  ConsumerMember,
  joinEpoch,
  leaveEpoch,
  staticLeaveEpoch,
  type MemberNews,
} from '#broker/groups/consumer-member';
import { GroupSubscriptions } from '#broker/groups/group-subscriptions';
import { PartitionOwners } from '#broker/groups/partition-owners';
import { isSubset, noPartitions, samePartitions, union, type Partitions } from '#broker/groups/partitions';
import { reconcile } from '#broker/groups/reconciliation';
import type { TopicView } from '#broker/groups/topic-view';

/** Kafka's own words; tools print and compare them. `Assigning` does not show here: a target is made at once. */
export type ConsumerGroupState = 'Empty' | 'Reconciling' | 'Stable';

export interface ConsumerGroupEnvironment {
  processedMs(): number;
  readonly view: TopicView;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly membersMax: number;
  /** Names of the assignors that are allowed; the first one is the default. */
  readonly assignorNames: readonly string[];
  /** Called when the group begins to need watching. */
  watch(): void;
}

export interface HeartbeatRequest {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly news: MemberNews;
  /** What the member owns; null where it did not say. */
  readonly owned: Partitions | null;
  /** Whether the member knows of the topic, for patterns. */
  readonly mayDescribe: (topic: string) => boolean;
}

export interface HeartbeatAnswer {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  /** Null where it is what the member knows already. */
  readonly assignment: Partitions | null;
}

export interface MemberFound {
  readonly member: ConsumerMember;
}

export interface Refusal {
  readonly errorCode: number;
  readonly message: string;
}

/** Members and the rest of the group that changed since the last time. */
export interface GroupChanges {
  readonly isGroupChanged: boolean;
  readonly changed: readonly ConsumerMember[];
  readonly removed: readonly string[];
}

/** While something moves, members are asked to come back this soon: the next step waits for them. */
const busyIntervalMs = 1000;

export class ConsumerGroup {
  epoch = 0;
  readonly members = new Map<string, ConsumerMember>();
  subscriptions: GroupSubscriptions;
  private readonly staticMembers = new Map<string, string>();
  private readonly owners = new PartitionOwners();
  private isGroupChanged = true;
  private readonly changed = new Set<ConsumerMember>();
  private readonly removed = new Set<string>();

  constructor(
    readonly groupId: string,
    readonly environment: ConsumerGroupEnvironment,
  ) {
    this.subscriptions = new GroupSubscriptions(environment.view);
  }

  get state(): ConsumerGroupState {
    if (this.members.size === 0) return 'Empty';
    for (const member of this.members.values()) if (!member.isAt(this.epoch)) return 'Reconciling';
    return 'Stable';
  }

  get assignorName(): string {
    const votes = new Map<string, number>();
    for (const { assignor } of this.members.values()) {
      if (assignor !== null) votes.set(assignor, (votes.get(assignor) ?? 0) + 1);
    }
    const [first = 'uniform'] = this.environment.assignorNames;
    return [...votes].reduce((left, right) => (right[1] > left[1] ? right : left), [first, 0] as const)[0];
  }

  heartbeat(request: HeartbeatRequest): HeartbeatAnswer {
    if (request.memberEpoch === leaveEpoch || request.memberEpoch === staticLeaveEpoch) return this.leave(request);
    const isJoin = request.memberEpoch === joinEpoch;
    const found = isJoin ? this.memberToJoin(request) : this.memberOf(request);
    if ('errorCode' in found) return refusedHeartbeat(found);
    const { member } = found;
    const before = member.assigned;
    this.update(member, request.news, request.mayDescribe);
    this.step(member, request.owned);
    this.renew(member);
    const isFull =
      isJoin || (request.news.rebalanceTimeoutMs !== null && request.news.topics !== null && request.owned !== null);
    return {
      errorCode: kafkaError.NONE,
      errorMessage: null,
      memberId: member.memberId,
      memberEpoch: member.epoch,
      heartbeatIntervalMs: this.intervalMs(),
      assignment: isFull || !samePartitions(before, member.assigned) ? member.assigned : null,
    };
  }

  /** The member whose commits and fetches of offsets these are, NONE where the epoch is its own. */
  admit(identity: { readonly memberId: string; readonly memberEpoch: number }): number {
    const member = this.members.get(identity.memberId);
    if (member === undefined) return kafkaError.UNKNOWN_MEMBER_ID;
    if (member.epoch === identity.memberEpoch) return kafkaError.NONE;
    return member.classic === null ? kafkaError.STALE_MEMBER_EPOCH : kafkaError.ILLEGAL_GENERATION;
  }

  /** As `admit`, of a commit: an older epoch will do for partitions that the member has held ever since it (KIP-1251). */
  admitCommit(
    identity: { readonly memberId: string; readonly memberEpoch: number },
    places: readonly { readonly topic: string; readonly partition: number }[],
  ): number {
    const { memberId, memberEpoch } = identity;
    const problem = this.admit(identity);
    const member = this.members.get(memberId);
    if (problem === kafkaError.NONE || member === undefined || memberEpoch < 0) return problem;
    const isHeld = places.every(({ topic, partition }) => {
      const topicId = this.environment.view.source.byName(topic)?.id ?? '';
      return (member.since.get(topicId)?.get(partition) ?? Infinity) <= memberEpoch;
    });
    return isHeld && memberEpoch < member.epoch ? kafkaError.NONE : problem;
  }

  /** Fences who was silent for too long or does not give up what it was told to. */
  expire(processedMs: number): void {
    const late = [...this.members.values()].filter(
      (member) =>
        Math.min(member.sessionDeadlineMs, member.revokeDeadlineMs, member.joinDeadlineMs, member.syncDeadlineMs) <=
        processedMs,
    );
    this.remove(late);
  }

  remove(members: readonly ConsumerMember[]): void {
    if (members.length === 0) return;
    for (const member of members) this.forget(member);
    this.newEpoch();
  }

  /** Takes a member of another group over as it is. */
  adopt(member: ConsumerMember): void {
    this.restore(member);
    this.changed.add(member);
  }

  /** Adds a member as it was kept; its session begins anew. */
  restore(member: ConsumerMember): void {
    this.members.set(member.memberId, member);
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.memberId);
    this.owners.take(member.memberId, union(member.assigned, member.revoking));
    this.renew(member);
    if (member.state === 'unrevoked')
      member.revokeDeadlineMs = this.environment.processedMs() + member.rebalanceTimeoutMs;
  }

  /** What has to become durable before any answer that shows it. */
  takeChanges(): GroupChanges | null {
    if (!this.isGroupChanged && this.changed.size === 0 && this.removed.size === 0) return null;
    const changes = { isGroupChanged: this.isGroupChanged, changed: [...this.changed], removed: [...this.removed] };
    this.isGroupChanged = false;
    this.changed.clear();
    this.removed.clear();
    return changes;
  }

  /** Takes changes back that did not become durable, for the next time. */
  returnChanges(changes: GroupChanges): void {
    this.isGroupChanged ||= changes.isGroupChanged;
    for (const member of changes.changed) if (this.members.get(member.memberId) === member) this.changed.add(member);
    for (const memberId of changes.removed) if (!this.members.has(memberId)) this.removed.add(memberId);
  }

  isSubscribed(topic: string): boolean {
    for (const member of this.members.values()) if (this.subscriptions.namesOf(member).includes(topic)) return true;
    return false;
  }

  staticMember(instanceId: string): ConsumerMember | null {
    return this.members.get(this.staticMembers.get(instanceId) ?? '') ?? null;
  }

  isFullFor(memberId: string): boolean {
    return this.members.size >= this.environment.membersMax && !this.members.has(memberId);
  }

  /** A new member, or a static one in the place of its former self. */
  admitMember(memberId: string, instanceId: string | null): ConsumerMember {
    const former = instanceId === null ? null : this.staticMember(instanceId);
    const member = former === null ? new ConsumerMember(memberId) : former.successor(memberId);
    if (former !== null) this.forget(former);
    this.members.set(memberId, member);
    if (instanceId !== null) this.staticMembers.set(instanceId, memberId);
    this.owners.take(memberId, union(member.assigned, member.revoking));
    this.changed.add(member);
    this.removed.delete(memberId);
    return member;
  }

  /** Takes in what a member says of itself; makes a new target where that, or a topic, changed. */
  update(member: ConsumerMember, news: MemberNews, mayDescribe: (topic: string) => boolean): void {
    if (!member.knows(news)) this.changed.add(member);
    const readsOther = member.learn(news);
    const matchesOther = this.subscriptions.match(member, mayDescribe);
    const isOther = this.subscriptions.refresh(this.members.values(), readsOther || matchesOther);
    if (readsOther || matchesOther || isOther) this.newEpoch();
  }

  /** Leads the member one step towards its target. */
  step(member: ConsumerMember, owned: Partitions | null): void {
    const before = member.holding;
    const after = reconcile(before, {
      targetEpoch: this.epoch,
      target: member.target,
      owned,
      isFree: (topicId, partition) => {
        const owner = this.owners.of(topicId, partition);
        return owner === null || owner === member.memberId;
      },
    });
    if (after === before || (after.epoch === before.epoch && after.state === before.state && isSame(before, after)))
      return;
    this.owners.release(member.memberId, union(before.assigned, before.revoking));
    this.owners.take(member.memberId, union(after.assigned, after.revoking));
    member.hold(after);
    const hasToRevoke = after.state === 'unrevoked' && member.classic === null;
    member.revokeDeadlineMs = hasToRevoke ? this.environment.processedMs() + member.rebalanceTimeoutMs : Infinity;
    this.changed.add(member);
  }

  renew(member: ConsumerMember): void {
    const timeoutMs = member.classic?.sessionTimeoutMs ?? this.environment.sessionTimeoutMs;
    member.sessionDeadlineMs = this.environment.processedMs() + timeoutMs;
    this.environment.watch();
  }

  /** Whether somebody else holds a partition of the member's target. */
  waitsForOthers(member: ConsumerMember): boolean {
    for (const [topicId, numbers] of member.target) {
      for (const partition of numbers) {
        const owner = this.owners.of(topicId, partition);
        if (owner !== null && owner !== member.memberId) return true;
      }
    }
    return false;
  }

  /** The member of a request under the consumer protocol that is not a join. */
  private memberOf(request: HeartbeatRequest): MemberFound | Refusal {
    const { memberId, memberEpoch, owned } = request;
    const found = this.knownMember(memberId, request.news.instanceId);
    if ('errorCode' in found) return found;
    return epochProblem(found.member, memberEpoch, owned) ?? found;
  }

  /** By its id or, static, by its instance id; the two have to belong together. */
  private knownMember(memberId: string, instanceId: string | null): MemberFound | Refusal {
    const member = instanceId === null ? this.members.get(memberId) : this.staticMember(instanceId);
    if (member === undefined || member === null) {
      const what = instanceId === null ? `Member ${memberId}` : `Instance id ${instanceId}`;
      return { errorCode: kafkaError.UNKNOWN_MEMBER_ID, message: `${what} is not in the group ${this.groupId}.` };
    }
    if (member.memberId !== memberId) {
      const message = `Instance id ${instanceId} is held by another member than ${memberId}.`;
      return { errorCode: kafkaError.FENCED_INSTANCE_ID, message };
    }
    return { member };
  }

  private memberToJoin(request: HeartbeatRequest): MemberFound | Refusal {
    const { memberId, news } = request;
    if (this.isFullFor(memberId)) {
      const message = `The group ${this.groupId} has ${this.members.size} members, as many as it may have.`;
      return { errorCode: kafkaError.GROUP_MAX_SIZE_REACHED, message };
    }
    const known = this.members.get(memberId);
    if (news.instanceId === null) {
      if (known === undefined) return { member: this.admitMember(memberId, null) };
      return epochProblem(known, joinEpoch, request.owned) ?? { member: known };
    }
    const former = this.staticMember(news.instanceId);
    if (former !== null && former.classic === null && former.epoch !== staticLeaveEpoch) {
      const message = `Instance id ${news.instanceId} is held by member ${former.memberId}, which has not left.`;
      return { errorCode: kafkaError.UNRELEASED_INSTANCE_ID, message };
    }
    return { member: this.admitMember(memberId, news.instanceId) };
  }

  private leave(request: HeartbeatRequest): HeartbeatAnswer {
    const found = this.knownMember(request.memberId, request.news.instanceId);
    if ('errorCode' in found) return refusedHeartbeat(found);
    const { member } = found;
    if (request.memberEpoch === staticLeaveEpoch) {
      this.owners.release(member.memberId, member.revoking);
      member.previousEpoch = member.epoch;
      member.epoch = staticLeaveEpoch;
      member.revoking = noPartitions;
      member.revokeDeadlineMs = Infinity;
      this.changed.add(member);
    } else {
      this.remove([member]);
    }
    return {
      errorCode: kafkaError.NONE,
      errorMessage: null,
      memberId: member.memberId,
      memberEpoch: request.memberEpoch,
      heartbeatIntervalMs: 0,
      assignment: null,
    };
  }

  private newEpoch(): void {
    this.epoch += 1;
    this.isGroupChanged = true;
    this.subscriptions.refresh(this.members.values(), true);
    const members = [...this.members.values()].map((member): AssignedMember => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      topicIds: this.subscriptions.idsOf(member),
      target: member.target,
    }));
    const assign = assignors.get(this.assignorName);
    assert(assign !== undefined, 'only known assignors are let in');
    const targets = assign(members, this.subscriptions.read());
    for (const member of this.members.values()) {
      const target = targets.get(member.memberId) ?? noPartitions;
      if (samePartitions(target, member.target)) continue;
      member.target = target;
      this.changed.add(member);
    }
  }

  private forget(member: ConsumerMember): void {
    this.members.delete(member.memberId);
    if (member.instanceId !== null) this.staticMembers.delete(member.instanceId);
    this.owners.release(member.memberId, union(member.assigned, member.revoking));
    this.changed.delete(member);
    this.removed.add(member.memberId);
  }

  private intervalMs(): number {
    const { heartbeatIntervalMs, sessionTimeoutMs } = this.environment;
    if (heartbeatIntervalMs <= busyIntervalMs) return heartbeatIntervalMs;
    const overdueMs = this.environment.processedMs() + sessionTimeoutMs - 2 * heartbeatIntervalMs;
    for (const member of this.members.values()) {
      if (!member.isAt(this.epoch) || member.sessionDeadlineMs <= overdueMs) return busyIntervalMs;
    }
    return heartbeatIntervalMs;
  }
}

/** A member whose answer got lost asks again with the epoch before, and is heard if it holds no more than it may. */
function epochProblem(member: ConsumerMember, epoch: number, owned: Partitions | null): Refusal | null {
  if (epoch === member.epoch) return null;
  const isRepeated = epoch === member.previousEpoch && owned !== null && isSubset(owned, member.assigned);
  if (epoch < member.epoch && isRepeated) return null;
  const message = `Member ${member.memberId} came with epoch ${epoch}, its epoch is ${member.epoch}. It has to give up its partitions and join again.`;
  return { errorCode: kafkaError.FENCED_MEMBER_EPOCH, message };
}

function isSame(
  left: { readonly assigned: Partitions; readonly revoking: Partitions },
  right: { readonly assigned: Partitions; readonly revoking: Partitions },
): boolean {
  return samePartitions(left.assigned, right.assigned) && samePartitions(left.revoking, right.revoking);
}

export function refusedHeartbeat({ errorCode, message }: Refusal): HeartbeatAnswer {
  return {
    errorCode,
    errorMessage: message,
    memberId: null,
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    assignment: null,
  };
}
