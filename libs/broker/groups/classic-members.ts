/**
 * Members that speak the classic protocol in a group of the consumer protocol, while its clients are changed over one by one. They
 * join and sync as ever, but wait for nobody: the assignment is the coordinator's own, their generation is their member epoch, and a
 * heartbeat tells them to join again for each step (KIP-848, "Upgrade to the new protocol").
 */
import { kafkaError } from '#wire/kafka/error-codes';
import type { ConsumerGroup } from '#broker/groups/consumer-group';
import type { ConsumerMember } from '#broker/groups/consumer-member';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  type NamedPartitions,
} from '#broker/groups/consumer-protocol';
import type { Group } from '#broker/groups/group';
import type { MemberIdentity, SyncRequest } from '#broker/groups/group-environment';
import {
  refusedJoin,
  refusedSync,
  type JoinAnswer,
  type JoinRequest,
  type SyncAnswer,
} from '#broker/groups/group-member';
import {
  consumerMemberOf,
  protocolRows,
  type ClassicGroupRow,
  type ConsumerMemberRow,
} from '#broker/groups/group-rows';
import { noPartitions, toRows, type Partitions } from '#broker/groups/partitions';
import type { TopicSource } from '#broker/groups/topic-view';

const protocolType = 'consumer';

export function joinClassic(group: ConsumerGroup, request: JoinRequest, newMemberId: () => string): JoinAnswer {
  const memberId = request.memberId === '' ? newMemberId() : request.memberId;
  const refuse = (errorCode: number, id = request.memberId): JoinAnswer => refusedJoin(errorCode, id);
  if (group.isFullFor(memberId)) return refuse(kafkaError.GROUP_MAX_SIZE_REACHED);
  const [first] = request.protocols;
  const subscription = first === undefined ? null : decodeSubscription(first.metadata);
  if (first === undefined || subscription === null || !speaksWithAll(group, request)) {
    return refuse(kafkaError.INCONSISTENT_GROUP_PROTOCOL);
  }
  if (request.memberId === '' && request.requireKnownMemberId && request.groupInstanceId === null) {
    return refuse(kafkaError.MEMBER_ID_REQUIRED, memberId);
  }
  if (request.groupInstanceId !== null && request.memberId !== '') {
    const problem = identityProblem(group, request);
    if (problem !== kafkaError.NONE) return refuse(problem);
  }
  const member = group.members.get(memberId) ?? group.admitMember(memberId, request.groupInstanceId);
  group.update(
    member,
    {
      instanceId: request.groupInstanceId,
      rackId: subscription.rackId,
      clientId: request.clientId,
      clientHost: request.clientHost,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      topics: subscription.topics,
      pattern: '',
      assignor: null,
      classic: { sessionTimeoutMs: request.sessionTimeoutMs, protocols: request.protocols },
    },
    () => false,
  );
  group.step(member, byTopicId(subscription.owned, group.environment.view.source));
  group.renew(member);
  member.joinDeadlineMs = Infinity;
  member.syncDeadlineMs = group.environment.processedMs() + member.rebalanceTimeoutMs;
  return {
    errorCode: kafkaError.NONE,
    generationId: member.epoch,
    protocolType,
    protocolName: first.name,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

export function syncClassic(group: ConsumerGroup, request: SyncRequest): SyncAnswer {
  const problem = identityProblem(group, request);
  const member = group.members.get(request.memberId);
  if (problem !== kafkaError.NONE || member === undefined) return refusedSync(problem);
  const [protocol] = member.classic?.protocols ?? [];
  if (protocol === undefined) return refusedSync(kafkaError.UNKNOWN_MEMBER_ID);
  if (request.generationId !== member.epoch) return refusedSync(kafkaError.ILLEGAL_GENERATION);
  if (
    (request.protocolType ?? protocolType) !== protocolType ||
    (request.protocolName ?? protocol.name) !== protocol.name
  ) {
    return refusedSync(kafkaError.INCONSISTENT_GROUP_PROTOCOL);
  }
  if (group.epoch > member.epoch && member.state !== 'unrevoked') {
    askToJoin(group, member);
    return refusedSync(kafkaError.REBALANCE_IN_PROGRESS);
  }
  member.syncDeadlineMs = Infinity;
  group.renew(member);
  const assignment = byTopicName(member.assigned, group.environment.view.source);
  return {
    errorCode: kafkaError.NONE,
    protocolType: request.protocolType,
    protocolName: request.protocolName,
    assignment: encodeAssignment(assignment, decodeSubscription(protocol.metadata)?.version ?? 0),
  };
}

export function heartbeatClassic(
  group: ConsumerGroup,
  request: MemberIdentity & { readonly generationId: number },
): number {
  const problem = identityProblem(group, request);
  const member = group.members.get(request.memberId);
  if (problem !== kafkaError.NONE || member === undefined) return problem;
  if (member.classic === null) return kafkaError.UNKNOWN_MEMBER_ID;
  if (request.generationId !== member.epoch) return kafkaError.ILLEGAL_GENERATION;
  group.renew(member);
  const canMove = member.state === 'unrevoked' || (member.state === 'unreleased' && !group.waitsForOthers(member));
  if (member.epoch >= group.epoch && !canMove) return kafkaError.NONE;
  askToJoin(group, member);
  return kafkaError.REBALANCE_IN_PROGRESS;
}

/** One error a member, in order; who leaves leaves at once, all of them with one new epoch. */
export function leaveClassic(group: ConsumerGroup, identities: readonly MemberIdentity[]): readonly number[] {
  const leaving: ConsumerMember[] = [];
  const codes = identities.map((identity) => {
    const byInstance = identity.groupInstanceId === null ? null : group.staticMember(identity.groupInstanceId);
    const memberId = identity.memberId === '' ? (byInstance?.memberId ?? '') : identity.memberId;
    const problem = identityProblem(group, { ...identity, memberId });
    const member = group.members.get(memberId);
    if (problem !== kafkaError.NONE) return problem;
    if (member === undefined || member.classic === null) return kafkaError.UNKNOWN_MEMBER_ID;
    leaving.push(member);
    return kafkaError.NONE;
  });
  group.remove(leaving);
  return codes;
}

/** Whether none but members of the classic protocol are left. */
export function isClassicOnly(group: ConsumerGroup): boolean {
  for (const member of group.members.values()) if (member.classic === null) return false;
  return group.members.size > 0;
}

/** Takes the members of a classic group over, with what they have; null where a subscription or an assignment is not Kafka's. */
export function membersOfClassic(group: Group, source: TopicSource): readonly ConsumerMember[] | null {
  const members: ConsumerMember[] = [];
  for (const member of group.members.values()) {
    const subscription = decodeSubscription(member.metadataOf(group.protocolName ?? member.protocols[0]?.name ?? ''));
    const assignment = decodeAssignment(member.assignment);
    if (subscription === null || assignment === null) return null;
    const partitions = toRows(byTopicId(assignment, source));
    const row: ConsumerMemberRow = {
      kind: 'member',
      instanceId: member.groupInstanceId,
      rackId: subscription.rackId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      topics: subscription.topics,
      pattern: '',
      assignor: null,
      epoch: group.generationId,
      previousEpoch: group.generationId,
      state: 'stable',
      assigned: partitions,
      revoking: [],
      target: partitions,
      since: partitions.map(([topicId, numbers]) => [
        topicId,
        numbers.map((partition) => [partition, group.generationId] as const),
      ]),
      classic: { sessionTimeoutMs: member.sessionTimeoutMs, protocols: protocolRows(member.protocols) },
    };
    members.push(consumerMemberOf(member.memberId, row));
  }
  return members;
}

/** The group as a classic one, with its members' targets as their assignments. */
export function classicRowOf(group: ConsumerGroup): ClassicGroupRow {
  const { source } = group.environment.view;
  return {
    kind: 'classic',
    // A removal has just raised the epoch, and nobody was told yet: members go on from the one that they know.
    generationId: Math.max(group.epoch - 1, ...[...group.members.values()].map((member) => member.epoch)),
    protocolType,
    protocolName: [...group.members.values()][0]?.classic?.protocols[0]?.name ?? null,
    leaderId: group.members.keys().next().value ?? null,
    emptySinceMs: null,
    members: [...group.members.values()].map((member) => {
      const protocols = member.classic?.protocols ?? [];
      const version = decodeSubscription(protocols[0]?.metadata ?? Buffer.alloc(0))?.version ?? 0;
      const { memberId, instanceId, clientId, clientHost, rebalanceTimeoutMs } = member;
      return {
        memberId,
        instanceId,
        clientId,
        clientHost,
        rebalanceTimeoutMs,
        sessionTimeoutMs: member.classic?.sessionTimeoutMs ?? group.environment.sessionTimeoutMs,
        protocols: protocolRows(protocols),
        assignment: encodeAssignment(byTopicName(member.target, source), version).toString('base64'),
      };
    }),
  };
}

/** Partitions of topics that there are. */
function byTopicId(named: NamedPartitions, source: TopicSource): Partitions {
  const partitions = new Map<string, ReadonlySet<number>>();
  for (const [name, numbers] of named) {
    const topic = source.byName(name);
    if (topic !== null && numbers.length > 0) partitions.set(topic.id, new Set(numbers));
  }
  return partitions.size === 0 ? noPartitions : partitions;
}

export function byTopicName(partitions: Partitions, source: TopicSource): NamedPartitions {
  return toRows(partitions).flatMap(([topicId, numbers]) => {
    const topic = source.byId(topicId);
    return topic === null ? [] : [[topic.name, numbers] as const];
  });
}

function askToJoin(group: ConsumerGroup, member: ConsumerMember): void {
  const deadlineMs = group.environment.processedMs() + member.rebalanceTimeoutMs;
  member.joinDeadlineMs = Math.min(member.joinDeadlineMs, deadlineMs);
}

function speaksWithAll(group: ConsumerGroup, request: JoinRequest): boolean {
  if (request.protocolType !== protocolType) return false;
  const others = [...group.members.values()].filter((member) => member.classic !== null);
  return request.protocols.some(({ name }) =>
    others.every((member) => member.classic?.protocols.some((protocol) => protocol.name === name) === true),
  );
}

function identityProblem(group: ConsumerGroup, identity: MemberIdentity): number {
  if (identity.groupInstanceId === null) {
    return group.members.has(identity.memberId) ? kafkaError.NONE : kafkaError.UNKNOWN_MEMBER_ID;
  }
  const member = group.staticMember(identity.groupInstanceId);
  if (member === null) return kafkaError.UNKNOWN_MEMBER_ID;
  return member.memberId === identity.memberId ? kafkaError.NONE : kafkaError.FENCED_INSTANCE_ID;
}
