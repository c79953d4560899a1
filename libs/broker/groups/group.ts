/**
 * One consumer group under the classic protocol, as a state machine: Empty → PreparingRebalance → CompletingRebalance →
 * Stable. Every call is synchronous and answers through the request it parks, so nothing can come between a check and its change.
 *
 * Invariants: a generation number is used once in the life of this object; an assignment belongs to one generation; a
 * member that waits for an answer of ours never expires; sessions are counted in processed time (see GroupCoordinator); nobody is
 * told an assignment before it is durable.
 */
import { assert } from '#std/assert';
import { kafkaError } from '#wire/kafka/error-codes';
import {
  emptyBytes,
  GroupMember,
  ParkedRequest,
  refusedJoin,
  refusedSync,
  type JoinAnswer,
  type JoinRequest,
  type SyncAnswer,
} from '#broker/groups/group-member';
import type { GroupEnvironment, GroupState, MemberIdentity, SyncRequest } from '#broker/groups/group-environment';
import { favouriteProtocol, protocolsFit } from '#broker/groups/group-protocols';
import { classicGroupRow, type ClassicGroupRow } from '#broker/groups/group-rows';
import { InitialDelay } from '#broker/groups/initial-delay';

export class Group {
  state: GroupState = 'Empty';
  generationId = 0;
  protocolType: string | null = null;
  protocolName: string | null = null;
  leaderId: string | null = null;
  /** Wall time of turning Empty, for the expiry of offsets. */
  emptySinceMs: number;
  readonly members = new Map<string, GroupMember>();
  private readonly staticMembers = new Map<string, string>();
  /** Ids handed out and not yet joined with, by the processed time at which they lapse. */
  private readonly pendingIds = new Map<string, number>();
  /** Members of this generation that have not asked for their assignment. */
  private readonly unsynced = new Set<string>();
  private syncDeadlineMs = Infinity;
  private joinDeadlineMs = Infinity;
  private readonly initialDelay: InitialDelay;
  /** The generation whose assignment is being made durable. */
  private storing: number | null = null;

  constructor(
    readonly groupId: string,
    private readonly environment: GroupEnvironment,
  ) {
    this.emptySinceMs = environment.clock.now();
    this.initialDelay = new InitialDelay(environment.clock, environment.initialDelayMs);
  }

  /** The group as it was kept: Stable with its members, whose sessions begin anew, or Empty. */
  static restore(groupId: string, row: ClassicGroupRow, environment: GroupEnvironment): Group {
    const group = new Group(groupId, environment);
    group.generationId = row.generationId;
    group.protocolType = row.protocolType;
    group.protocolName = row.protocolName;
    group.leaderId = row.leaderId;
    group.emptySinceMs = row.emptySinceMs ?? group.emptySinceMs;
    for (const memberRow of row.members) {
      const member = GroupMember.restore(memberRow);
      member.renew(environment.processedMs());
      group.members.set(member.memberId, member);
      if (member.groupInstanceId !== null) group.staticMembers.set(member.groupInstanceId, member.memberId);
    }
    if (group.members.size > 0) group.state = 'Stable';
    environment.watch();
    return group;
  }

  get needsWatching(): boolean {
    return this.members.size > 0 || this.pendingIds.size > 0;
  }

  join(request: JoinRequest): Promise<JoinAnswer> {
    return new Promise((resolve) => {
      const refuse = (errorCode: number, memberId = request.memberId): void =>
        resolve(refusedJoin(errorCode, memberId));
      if (this.state === 'Dead') return refuse(kafkaError.COORDINATOR_NOT_AVAILABLE);
      if (!protocolsFit(request, this.protocolType, [...this.members.values()]))
        return refuse(kafkaError.INCONSISTENT_GROUP_PROTOCOL);
      if (request.memberId === '') return this.joinUnknown(request, resolve);
      if (this.pendingIds.has(request.memberId)) {
        if (request.groupInstanceId !== null) return refuse(kafkaError.UNKNOWN_MEMBER_ID);
        if (this.isFull) return refuse(kafkaError.GROUP_MAX_SIZE_REACHED);
        this.pendingIds.delete(request.memberId);
        return this.addMember(request.memberId, request, resolve);
      }
      const problem = this.identityProblem(request);
      if (problem !== kafkaError.NONE) return refuse(problem);
      return this.rejoin(this.memberOf(request), request, resolve);
    });
  }

  sync(request: SyncRequest): Promise<SyncAnswer> {
    return new Promise((resolve) => {
      const refuse = (errorCode: number): void => resolve(refusedSync(errorCode));
      const problem = this.identityProblem(request);
      if (problem !== kafkaError.NONE) return refuse(problem);
      if (request.generationId !== this.generationId) return refuse(kafkaError.ILLEGAL_GENERATION);
      if (
        (request.protocolType !== null && request.protocolType !== this.protocolType) ||
        (request.protocolName !== null && request.protocolName !== this.protocolName)
      ) {
        return refuse(kafkaError.INCONSISTENT_GROUP_PROTOCOL);
      }
      const member = this.memberOf(request);
      switch (this.state) {
        case 'Empty':
        case 'Dead':
          return refuse(kafkaError.UNKNOWN_MEMBER_ID);
        case 'PreparingRebalance':
          return refuse(kafkaError.REBALANCE_IN_PROGRESS);
        case 'Stable':
          member.renew(this.environment.processedMs());
          return resolve(this.syncAnswer(member));
        case 'CompletingRebalance':
          member.answerSync(refusedSync(kafkaError.REBALANCE_IN_PROGRESS));
          this.unsynced.delete(member.memberId);
          this.parkSync(member, request.signal, resolve);
          if (member.memberId === this.leaderId) void this.install(request.assignments);
      }
    });
  }

  heartbeat(request: MemberIdentity & { readonly generationId: number }): number {
    const problem = this.generationProblem(request);
    if (problem !== kafkaError.NONE) return problem;
    this.memberOf(request).renew(this.environment.processedMs());
    return this.state === 'PreparingRebalance' ? kafkaError.REBALANCE_IN_PROGRESS : kafkaError.NONE;
  }

  /** The error of a commit by this identity, NONE where it is accepted. Renews the session. */
  admitCommit(request: MemberIdentity & { readonly generationId: number }, isTransactional = false): number {
    if (request.generationId < 0 && this.state === 'Empty') return kafkaError.NONE;
    const isNameless = request.generationId < 0 && request.memberId === '' && request.groupInstanceId === null;
    // Versions of TxnOffsetCommit below 3 know neither member nor generation.
    if (isTransactional && isNameless) return kafkaError.NONE;
    const problem = this.generationProblem(request);
    if (problem !== kafkaError.NONE) return problem;
    this.memberOf(request).renew(this.environment.processedMs());
    const isWaiting = !isTransactional && this.state === 'CompletingRebalance';
    return isWaiting ? kafkaError.REBALANCE_IN_PROGRESS : kafkaError.NONE;
  }

  leave(identity: MemberIdentity): number {
    if (identity.groupInstanceId === null && this.pendingIds.delete(identity.memberId)) {
      this.completeIfAllJoined();
      return kafkaError.NONE;
    }
    const memberId = this.staticIdOf(identity) ?? identity.memberId;
    const problem = this.identityProblem({
      ...identity,
      memberId: identity.memberId === '' ? memberId : identity.memberId,
    });
    if (problem !== kafkaError.NONE) return problem;
    const member = this.members.get(memberId);
    assert(member !== undefined, 'an identity without a problem has a member');
    this.remove(member);
    return kafkaError.NONE;
  }

  /** Ends sessions, ids and rebalances whose time, in processed time, is over. */
  expire(processedMs: number): void {
    for (const [memberId, deadlineMs] of this.pendingIds) {
      if (deadlineMs <= processedMs) this.pendingIds.delete(memberId);
    }
    for (const member of this.members.values()) {
      if (member.deadlineMs <= processedMs && !member.isParked) this.remove(member);
    }
    if (this.state === 'PreparingRebalance' && !this.initialDelay.isRunning) {
      if (this.joinDeadlineMs <= processedMs) this.completeJoin();
      else this.completeIfAllJoined();
    }
    if (this.syncDeadlineMs > processedMs) return;
    for (const memberId of [...this.unsynced]) {
      const member = this.members.get(memberId);
      if (member !== undefined) this.remove(member);
    }
    if (this.syncDeadlineMs <= processedMs) this.prepareRebalance();
  }

  /** Has all members join again. */
  rebalance(): void {
    this.prepareRebalance();
  }

  /** No call finds the group afterwards; who waits is answered `errorCode`. */
  kill(errorCode: number): void {
    this.initialDelay.cancel();
    this.state = 'Dead';
    for (const member of this.members.values()) dismiss(member, errorCode);
    this.members.clear();
    this.staticMembers.clear();
    this.pendingIds.clear();
  }

  private get isFull(): boolean {
    return this.members.size >= this.environment.membersMax;
  }

  private joinUnknown(request: JoinRequest, resolve: (answer: JoinAnswer) => void): void {
    const replacedId = this.staticIdOf(request);
    const memberId = this.environment.newMemberId(request.groupInstanceId ?? request.clientId);
    if (replacedId !== null) return this.replaceStatic(replacedId, memberId, request, resolve);
    if (this.members.size + this.pendingIds.size >= this.environment.membersMax) {
      return resolve(refusedJoin(kafkaError.GROUP_MAX_SIZE_REACHED, ''));
    }
    if (request.requireKnownMemberId && request.groupInstanceId === null) {
      this.pendingIds.set(memberId, this.environment.processedMs() + request.sessionTimeoutMs);
      this.environment.watch();
      return resolve(refusedJoin(kafkaError.MEMBER_ID_REQUIRED, memberId));
    }
    return this.addMember(memberId, request, resolve);
  }

  private addMember(memberId: string, request: JoinRequest, resolve: (answer: JoinAnswer) => void): void {
    if (this.members.size === 0) this.protocolType = request.protocolType;
    const member = new GroupMember(memberId, request);
    this.members.set(memberId, member);
    if (request.groupInstanceId !== null) this.staticMembers.set(request.groupInstanceId, memberId);
    this.leaderId ??= memberId;
    this.initialDelay.noteMember();
    this.parkJoin(member, request.signal, resolve);
    this.environment.watch();
    if (this.state === 'PreparingRebalance') this.completeIfAllJoined();
    else this.prepareRebalance();
  }

  private rejoin(member: GroupMember, request: JoinRequest, resolve: (answer: JoinAnswer) => void): void {
    const unchanged = member.joinsLike(request.protocols);
    switch (this.state) {
      case 'Empty':
      case 'Dead':
        return resolve(refusedJoin(kafkaError.UNKNOWN_MEMBER_ID, request.memberId));
      case 'PreparingRebalance':
        break;
      case 'CompletingRebalance':
        if (unchanged) return resolve(this.currentGeneration(member, request));
        break;
      case 'Stable':
        if (unchanged && member.memberId !== this.leaderId) return resolve(this.currentGeneration(member, request));
    }
    member.update(request);
    this.parkJoin(member, request.signal, resolve);
    if (this.state === 'PreparingRebalance') this.completeIfAllJoined();
    else this.prepareRebalance();
  }

  /** A static member came back under a new id: the old one is fenced, and a stable group need not notice. */
  private replaceStatic(
    oldId: string,
    memberId: string,
    request: JoinRequest,
    resolve: (answer: JoinAnswer) => void,
  ): void {
    const old = this.members.get(oldId);
    assert(old !== undefined && request.groupInstanceId !== null, 'a static id belongs to a member');
    old.answerJoin(refusedJoin(kafkaError.FENCED_INSTANCE_ID, oldId));
    old.answerSync(refusedSync(kafkaError.FENCED_INSTANCE_ID));
    const member = new GroupMember(memberId, request);
    member.assignment = old.assignment;
    member.established = old.established;
    this.members.delete(oldId);
    this.members.set(memberId, member);
    this.staticMembers.set(request.groupInstanceId, memberId);
    if (this.unsynced.delete(oldId)) this.unsynced.add(memberId);
    const wasLeader = this.leaderId === oldId;
    if (wasLeader) this.leaderId = memberId;
    // Other metadata alone is no reason: that of a sticky assignor differs after every restart.
    if (this.state === 'Stable' && this.selectProtocol() === this.protocolName) {
      const answer = this.currentGeneration(member, request);
      // An older leader cannot be told to skip: it gets a follower's answer under the old leader's id and asks for what is stored.
      const isPlain = !wasLeader || request.supportsSkippingAssignment;
      const given = isPlain ? { ...answer, skipAssignment: wasLeader } : { ...answer, leader: oldId, members: [] };
      this.environment.save(classicGroupRow(this)).then(
        () => resolve(given),
        () => resolve(refusedJoin(kafkaError.COORDINATOR_NOT_AVAILABLE, '')),
      );
      return;
    }
    this.parkJoin(member, request.signal, resolve);
    if (this.state === 'PreparingRebalance') this.completeIfAllJoined();
    else this.prepareRebalance();
  }

  private parkJoin(member: GroupMember, signal: AbortSignal, resolve: (answer: JoinAnswer) => void): void {
    member.answerJoin(refusedJoin(kafkaError.REBALANCE_IN_PROGRESS, member.memberId));
    const parked: ParkedRequest<JoinAnswer> = new ParkedRequest(resolve, signal, () => {
      if (member.parkedJoin !== parked) return;
      member.answerJoin(refusedJoin(kafkaError.UNKNOWN_MEMBER_ID, member.memberId));
      // Nobody else knows a member that has had no answer yet, so nobody can come back for it.
      if (!member.established && member.groupInstanceId === null) this.remove(member);
      else member.renew(this.environment.processedMs());
    });
    member.parkedJoin = parked;
    parked.checkGone();
  }

  private parkSync(member: GroupMember, signal: AbortSignal, resolve: (answer: SyncAnswer) => void): void {
    const parked: ParkedRequest<SyncAnswer> = new ParkedRequest(resolve, signal, () => {
      if (member.parkedSync !== parked) return;
      member.answerSync(refusedSync(kafkaError.REBALANCE_IN_PROGRESS));
      member.renew(this.environment.processedMs());
    });
    member.parkedSync = parked;
    parked.checkGone();
  }

  private prepareRebalance(): void {
    const wasEmpty = this.state === 'Empty';
    if (this.state === 'CompletingRebalance') {
      for (const member of this.members.values()) {
        member.assignment = emptyBytes;
        if (member.parkedSync !== null) member.renew(this.environment.processedMs());
        member.answerSync(refusedSync(kafkaError.REBALANCE_IN_PROGRESS));
      }
    }
    this.state = 'PreparingRebalance';
    this.unsynced.clear();
    this.syncDeadlineMs = Infinity;
    this.joinDeadlineMs = this.environment.processedMs() + this.rebalanceTimeoutMs();
    if (wasEmpty && this.environment.initialDelayMs > 0) {
      this.initialDelay.start(this.rebalanceTimeoutMs(), () => {
        if (this.state === 'PreparingRebalance') this.completeJoin();
      });
    } else {
      this.completeIfAllJoined();
    }
  }

  private completeIfAllJoined(): void {
    if (this.state !== 'PreparingRebalance' || this.initialDelay.isRunning || this.pendingIds.size > 0) return;
    for (const member of this.members.values()) if (member.parkedJoin === null) return;
    this.completeJoin();
  }

  private completeJoin(): void {
    for (const member of this.members.values()) {
      if (member.parkedJoin === null && member.groupInstanceId === null) this.forget(member);
    }
    if (this.members.size === 0) return this.becomeEmpty();
    const joined = [...this.members.values()].filter((member) => member.parkedJoin !== null);
    const first = joined[0];
    if (first === undefined) {
      // Only static members, none of them back yet: they keep their place until their sessions end.
      this.joinDeadlineMs = this.environment.processedMs() + this.rebalanceTimeoutMs();
      return;
    }
    if (!joined.some((member) => member.memberId === this.leaderId)) this.leaderId = first.memberId;
    this.generationId += 1;
    this.protocolName = this.selectProtocol();
    this.state = 'CompletingRebalance';
    this.joinDeadlineMs = Infinity;
    this.syncDeadlineMs = this.environment.processedMs() + this.rebalanceTimeoutMs();
    for (const member of joined) {
      this.unsynced.add(member.memberId);
      member.established = true;
      member.assignment = emptyBytes;
      member.renew(this.environment.processedMs());
      member.answerJoin(this.joinAnswer(member));
    }
  }

  /** Followers stay parked until the assignment is durable: nobody may own what a restart would have forgotten. */
  private async install(assignments: SyncRequest['assignments']): Promise<void> {
    const generationId = this.generationId;
    if (this.storing === generationId) return;
    this.storing = generationId;
    const byMember = new Map(assignments.map((entry) => [entry.memberId, Buffer.from(entry.assignment)]));
    const isDurable = await this.environment.save(classicGroupRow(this, byMember)).then(
      () => true,
      () => false,
    );
    if (this.storing === generationId) this.storing = null;
    if (this.state !== 'CompletingRebalance' || this.generationId !== generationId) return;
    if (!isDurable) {
      for (const member of this.members.values()) member.answerSync(refusedSync(kafkaError.COORDINATOR_NOT_AVAILABLE));
      return this.prepareRebalance();
    }
    this.state = 'Stable';
    if (this.unsynced.size === 0) this.syncDeadlineMs = Infinity;
    for (const member of this.members.values()) {
      member.assignment = byMember.get(member.memberId) ?? emptyBytes;
      if (member.parkedSync === null) continue;
      member.renew(this.environment.processedMs());
      member.answerSync(this.syncAnswer(member));
    }
  }

  private remove(member: GroupMember): void {
    this.forget(member);
    if (this.state === 'PreparingRebalance') this.completeIfAllJoined();
    else if (this.members.size === 0) this.becomeEmpty();
    else this.prepareRebalance();
  }

  private forget(member: GroupMember): void {
    this.members.delete(member.memberId);
    this.unsynced.delete(member.memberId);
    if (member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId);
    if (this.leaderId === member.memberId) this.leaderId = this.members.keys().next().value ?? null;
    dismiss(member, kafkaError.UNKNOWN_MEMBER_ID);
  }

  private becomeEmpty(): void {
    this.initialDelay.cancel();
    this.state = 'Empty';
    this.generationId += 1;
    this.protocolName = null;
    this.leaderId = null;
    this.unsynced.clear();
    this.joinDeadlineMs = Infinity;
    this.syncDeadlineMs = Infinity;
    this.emptySinceMs = this.environment.clock.now();
    // Nobody waits for this; where it fails the former members are loaded after a restart, and their sessions end then.
    this.environment.save(classicGroupRow(this)).catch(() => undefined);
  }

  private selectProtocol(): string {
    return favouriteProtocol([...this.members.values()]);
  }

  private rebalanceTimeoutMs(): number {
    return Math.max(0, ...[...this.members.values()].map((member) => member.rebalanceTimeoutMs));
  }

  private staticIdOf(identity: { readonly groupInstanceId: string | null }): string | null {
    return identity.groupInstanceId === null ? null : (this.staticMembers.get(identity.groupInstanceId) ?? null);
  }

  private identityProblem(identity: MemberIdentity): number {
    if (identity.groupInstanceId !== null) {
      const memberId = this.staticIdOf(identity);
      if (memberId === null) return kafkaError.UNKNOWN_MEMBER_ID;
      return memberId === identity.memberId ? kafkaError.NONE : kafkaError.FENCED_INSTANCE_ID;
    }
    return this.members.has(identity.memberId) ? kafkaError.NONE : kafkaError.UNKNOWN_MEMBER_ID;
  }

  private generationProblem(request: MemberIdentity & { readonly generationId: number }): number {
    const problem = this.identityProblem(request);
    if (problem !== kafkaError.NONE) return problem;
    return request.generationId === this.generationId ? kafkaError.NONE : kafkaError.ILLEGAL_GENERATION;
  }

  private memberOf(identity: MemberIdentity): GroupMember {
    const member = this.members.get(identity.memberId);
    assert(member !== undefined, 'an identity without a problem has a member');
    return member;
  }

  private currentGeneration(member: GroupMember, request: JoinRequest): JoinAnswer {
    member.update(request);
    member.renew(this.environment.processedMs());
    return this.joinAnswer(member);
  }

  private joinAnswer(member: GroupMember): JoinAnswer {
    const protocol = this.protocolName ?? '';
    const isLeader = member.memberId === this.leaderId;
    const members = [...this.members.values()].map((each) => ({
      memberId: each.memberId,
      groupInstanceId: each.groupInstanceId,
      metadata: each.metadataOf(protocol),
    }));
    return {
      errorCode: kafkaError.NONE,
      generationId: this.generationId,
      protocolType: this.protocolType,
      protocolName: protocol,
      leader: this.leaderId ?? '',
      skipAssignment: false,
      memberId: member.memberId,
      members: isLeader ? members : [],
    };
  }

  private syncAnswer(member: GroupMember): SyncAnswer {
    this.unsynced.delete(member.memberId);
    if (this.state === 'Stable' && this.unsynced.size === 0) this.syncDeadlineMs = Infinity;
    return {
      errorCode: kafkaError.NONE,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      assignment: member.assignment,
    };
  }
}

function dismiss(member: GroupMember, errorCode: number): void {
  member.answerJoin(refusedJoin(errorCode, member.memberId));
  member.answerSync(refusedSync(errorCode));
}
