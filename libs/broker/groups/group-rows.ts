/** Groups as the table of groups keeps them: JSON, bytes as base64. What changes here has to read what was written before. */
import type { GroupSubscriptions, SubscriptionRows } from '#broker/groups/group-subscriptions';
import { ConsumerMember, type ClassicTraits } from '#broker/groups/consumer-member';
import type { Group } from '#broker/groups/group';
import type { MemberProtocol } from '#broker/groups/group-member';
import { fromRows, toRows, type PartitionRows } from '#broker/groups/partitions';
import type { ReconciliationState } from '#broker/groups/reconciliation';

/** A classic group at a completed generation, with its members in the one row. */
export interface ClassicGroupRow {
  readonly kind: 'classic';
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leaderId: string | null;
  /** Wall time of turning Empty; null while there are members. */
  readonly emptySinceMs: number | null;
  readonly members: readonly ClassicMemberRow[];
}

export interface ClassicMemberRow {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: ProtocolRows;
  readonly assignment: string;
}

/** A group of the consumer protocol; its members have rows of their own. */
export interface ConsumerGroupRow extends SubscriptionRows {
  readonly kind: 'consumer';
  readonly epoch: number;
}

export interface ConsumerMemberRow {
  readonly kind: 'member';
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly topics: readonly string[];
  readonly pattern: string;
  readonly assignor: string | null;
  readonly epoch: number;
  readonly previousEpoch: number;
  readonly state: ReconciliationState;
  readonly assigned: PartitionRows;
  readonly revoking: PartitionRows;
  readonly target: PartitionRows;
  /** Of what is held: topic id, then pairs of partition and epoch. */
  readonly since: readonly (readonly [topicId: string, held: readonly (readonly [number, number])[]])[];
  readonly classic: { readonly sessionTimeoutMs: number; readonly protocols: ProtocolRows } | null;
}

export type GroupRow = ClassicGroupRow | ConsumerGroupRow | ConsumerMemberRow;

const emptyBytes = Buffer.alloc(0);

type ProtocolRows = readonly (readonly [name: string, metadata: string])[];

/** `assignments` are those of this generation, where they are not installed yet. */
export function classicGroupRow(group: Group, assignments: ReadonlyMap<string, Buffer> | null = null): ClassicGroupRow {
  const { generationId, protocolType, protocolName, leaderId } = group;
  return {
    kind: 'classic',
    generationId,
    protocolType,
    protocolName,
    leaderId,
    emptySinceMs: group.members.size === 0 ? group.emptySinceMs : null,
    members: [...group.members.values()].map((member) =>
      member.toRow(assignments === null ? member.assignment : (assignments.get(member.memberId) ?? emptyBytes)),
    ),
  };
}

export function consumerGroupRow(epoch: number, subscriptions: GroupSubscriptions): ConsumerGroupRow {
  return { kind: 'consumer', epoch, ...subscriptions.toRows() };
}

export function consumerMemberRow(member: ConsumerMember): ConsumerMemberRow {
  const { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, topics, pattern, assignor } = member;
  return {
    kind: 'member',
    instanceId,
    rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    topics,
    pattern,
    assignor,
    epoch: member.epoch,
    previousEpoch: member.previousEpoch,
    state: member.state,
    assigned: toRows(member.assigned),
    revoking: toRows(member.revoking),
    target: toRows(member.target),
    since: [...member.since].map(([topicId, held]) => [topicId, [...held]] as const),
    classic: member.classic === null ? null : classicRow(member.classic),
  };
}

export function consumerMemberOf(memberId: string, row: ConsumerMemberRow): ConsumerMember {
  const member = new ConsumerMember(memberId);
  member.learn({
    ...row,
    classic:
      row.classic === null
        ? null
        : { sessionTimeoutMs: row.classic.sessionTimeoutMs, protocols: protocolsOf(row.classic.protocols) },
  });
  member.epoch = row.epoch;
  member.previousEpoch = row.previousEpoch;
  member.state = row.state;
  member.assigned = fromRows(row.assigned);
  member.revoking = fromRows(row.revoking);
  member.target = fromRows(row.target);
  member.since = new Map(row.since.map(([topicId, held]) => [topicId, new Map(held)]));
  return member;
}

export function protocolRows(protocols: readonly MemberProtocol[]): ProtocolRows {
  return protocols.map(({ name, metadata }) => [name, metadata.toString('base64')] as const);
}

export function protocolsOf(rows: ProtocolRows): MemberProtocol[] {
  return rows.map(([name, metadata]) => ({ name, metadata: Buffer.from(metadata, 'base64') }));
}

function classicRow({ sessionTimeoutMs, protocols }: ClassicTraits): ConsumerMemberRow['classic'] {
  return { sessionTimeoutMs, protocols: protocolRows(protocols) };
}
