import { noPartitions, type Partitions } from '#broker/groups/partitions';
import type { Holding, ReconciliationState } from '#broker/groups/reconciliation';
import type { MemberProtocol } from '#broker/groups/group-member';

/** Epochs that ask for something: join, leave, and leave for a moment as a static member (KIP-848). */
export const joinEpoch = 0;
export const leaveEpoch = -1;
export const staticLeaveEpoch = -2;

/** What a member says of itself with a heartbeat; null is what it did not say again. */
export interface MemberNews {
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number | null;
  readonly topics: readonly string[] | null;
  readonly pattern: string | null;
  readonly assignor: string | null;
  /** Only of members that speak the classic protocol. */
  readonly classic: ClassicTraits | null;
}

/** What a member that still speaks the classic protocol joined with. */
export interface ClassicTraits {
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly MemberProtocol[];
}

export type HeldSince = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** One member of a group of the consumer protocol. */
export class ConsumerMember {
  instanceId: string | null = null;
  rackId: string | null = null;
  clientId = '';
  clientHost = '';
  rebalanceTimeoutMs = 0;
  /** Names of topics, sorted. */
  topics: readonly string[] = [];
  /** Empty without one. */
  pattern = '';
  assignor: string | null = null;
  classic: ClassicTraits | null = null;
  epoch = joinEpoch;
  previousEpoch = -1;
  state: ReconciliationState = 'stable';
  assigned: Partitions = noPartitions;
  revoking: Partitions = noPartitions;
  target: Partitions = noPartitions;
  /** By topic id and partition, of what it holds: the epoch from which on it has held it without a break (KIP-1251). */
  since: HeldSince = new Map();
  /** In processed time, as all of these: without a heartbeat until then it is fenced. */
  sessionDeadlineMs = Infinity;
  /** Until then it has to have given up what it was told to. */
  revokeDeadlineMs = Infinity;
  /** Of a member of the classic protocol: until then it has to join or sync. */
  joinDeadlineMs = Infinity;
  syncDeadlineMs = Infinity;

  constructor(readonly memberId: string) {}

  get holding(): Holding {
    return { epoch: this.epoch, state: this.state, assigned: this.assigned, revoking: this.revoking };
  }

  isAt(epoch: number): boolean {
    return this.state === 'stable' && this.epoch === epoch;
  }

  /** Moves on to another holding; what stays is held as long as before. */
  hold(holding: Holding): void {
    const since = new Map<string, Map<number, number>>();
    for (const partitions of [holding.assigned, holding.revoking]) {
      for (const [topicId, numbers] of partitions) {
        const ofTopic = since.get(topicId) ?? new Map<number, number>();
        since.set(topicId, ofTopic);
        for (const number of numbers) ofTopic.set(number, this.since.get(topicId)?.get(number) ?? holding.epoch);
      }
    }
    this.since = since;
    if (holding.epoch !== this.epoch) this.previousEpoch = this.epoch;
    this.epoch = holding.epoch;
    this.state = holding.state;
    this.assigned = holding.assigned;
    this.revoking = holding.revoking;
  }

  /** Takes what is new; true where that changes which topics it reads. */
  learn(news: MemberNews): boolean {
    const topics = news.topics === null ? this.topics : [...new Set(news.topics)].sort();
    const pattern = news.pattern ?? this.pattern;
    const isOther = topics.join('\n') !== this.topics.join('\n') || pattern !== this.pattern;
    this.instanceId = news.instanceId ?? this.instanceId;
    this.rackId = news.rackId ?? this.rackId;
    this.clientId = news.clientId;
    this.clientHost = news.clientHost;
    this.rebalanceTimeoutMs = news.rebalanceTimeoutMs ?? this.rebalanceTimeoutMs;
    this.topics = topics;
    this.pattern = pattern;
    this.assignor = news.assignor ?? this.assignor;
    this.classic = news.classic;
    return isOther;
  }

  /** Whether `news` differs from what is kept of the member. */
  knows(news: MemberNews): boolean {
    return (
      (news.instanceId ?? this.instanceId) === this.instanceId &&
      (news.rackId ?? this.rackId) === this.rackId &&
      news.clientId === this.clientId &&
      news.clientHost === this.clientHost &&
      (news.rebalanceTimeoutMs ?? this.rebalanceTimeoutMs) === this.rebalanceTimeoutMs &&
      (news.topics === null || [...new Set(news.topics)].sort().join('\n') === this.topics.join('\n')) &&
      (news.pattern ?? this.pattern) === this.pattern &&
      (news.assignor ?? this.assignor) === this.assignor &&
      news.classic === null &&
      this.classic === null
    );
  }

  /** A static member under a new id: it has what its former self had, and joins anew. */
  successor(memberId: string): ConsumerMember {
    const next = new ConsumerMember(memberId);
    next.learn(this);
    next.epoch = joinEpoch;
    next.previousEpoch = joinEpoch;
    next.state = this.state;
    next.assigned = this.assigned;
    next.revoking = this.revoking;
    next.target = this.target;
    return next;
  }
}
