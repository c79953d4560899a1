import { protocolRows, protocolsOf, type ClassicMemberRow } from '#broker/groups/group-rows';

/** What a member joins with. */
export interface JoinRequest {
  readonly groupId: string;
  /** Empty on the first join. */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  /** Whether a new dynamic member has to come back with an id that we chose (v4 and up). */
  readonly requireKnownMemberId: boolean;
  /** Whether a static leader may be told to skip the assignment (v9 and up). */
  readonly supportsSkippingAssignment: boolean;
  /** Aborts when the member's connection is gone. */
  readonly signal: AbortSignal;
}

/** What a join tells of the member itself. */
export type MemberTraits = Pick<
  JoinRequest,
  'groupInstanceId' | 'clientId' | 'clientHost' | 'sessionTimeoutMs' | 'rebalanceTimeoutMs' | 'protocols'
>;

export interface MemberProtocol {
  readonly name: string;
  /** Opaque here; a subscription where the protocol type is `consumer`. */
  readonly metadata: Buffer;
}

export interface JoinAnswer {
  readonly errorCode: number;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  /** Filled for the leader only. */
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly metadata: Buffer;
  }[];
}

export interface SyncAnswer {
  readonly errorCode: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

export const emptyBytes = Buffer.alloc(0);

/** A request held open until the group has an answer; its connection may go away meanwhile. */
export class ParkedRequest<Answer> {
  constructor(
    private readonly resolve: (answer: Answer) => void,
    private readonly signal: AbortSignal,
    private readonly onGone: () => void,
  ) {
    signal.addEventListener('abort', onGone, { once: true });
  }

  answer(answer: Answer): void {
    this.signal.removeEventListener('abort', this.onGone);
    this.resolve(answer);
  }

  /** Once kept: the connection may have gone before the request was parked. */
  checkGone(): void {
    if (this.signal.aborted) this.onGone();
  }
}

/** One member of a group, as the coordinator knows it. */
export class GroupMember {
  readonly groupInstanceId: string | null;
  clientId: string;
  clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: readonly MemberProtocol[];
  assignment: Buffer = emptyBytes;
  parkedJoin: ParkedRequest<JoinAnswer> | null = null;
  parkedSync: ParkedRequest<SyncAnswer> | null = null;
  /** False until the first join was answered with a generation. */
  established = false;
  /** In processed time; passing it without a sign of life ends the session. */
  deadlineMs = 0;

  constructor(
    readonly memberId: string,
    request: MemberTraits,
  ) {
    this.groupInstanceId = request.groupInstanceId;
    this.clientId = request.clientId;
    this.clientHost = request.clientHost;
    this.sessionTimeoutMs = request.sessionTimeoutMs;
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    this.protocols = request.protocols;
  }

  static restore(row: ClassicMemberRow): GroupMember {
    const member = new GroupMember(row.memberId, {
      ...row,
      groupInstanceId: row.instanceId,
      protocols: protocolsOf(row.protocols),
    });
    member.assignment = Buffer.from(row.assignment, 'base64');
    member.established = true;
    return member;
  }

  toRow(assignment: Buffer): ClassicMemberRow {
    const { memberId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs } = this;
    return {
      memberId,
      instanceId: this.groupInstanceId,
      clientId,
      clientHost,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      protocols: protocolRows(this.protocols),
      assignment: assignment.toString('base64'),
    };
  }

  /** Whether the member waits for us, so that its silence means nothing. */
  get isParked(): boolean {
    return this.parkedJoin !== null || this.parkedSync !== null;
  }

  update(request: JoinRequest): void {
    this.clientId = request.clientId;
    this.clientHost = request.clientHost;
    this.sessionTimeoutMs = request.sessionTimeoutMs;
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    this.protocols = request.protocols;
  }

  renew(processedMs: number): void {
    this.deadlineMs = processedMs + this.sessionTimeoutMs;
  }

  metadataOf(protocol: string): Buffer {
    return this.protocols.find((candidate) => candidate.name === protocol)?.metadata ?? emptyBytes;
  }

  /** Whether it would join with the same protocols and metadata again. */
  joinsLike(protocols: readonly MemberProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every((protocol, index) => {
        const mine = this.protocols[index];
        return mine !== undefined && mine.name === protocol.name && mine.metadata.equals(protocol.metadata);
      })
    );
  }

  answerJoin(answer: JoinAnswer): void {
    const parked = this.parkedJoin;
    this.parkedJoin = null;
    parked?.answer(answer);
  }

  answerSync(answer: SyncAnswer): void {
    const parked = this.parkedSync;
    this.parkedSync = null;
    parked?.answer(answer);
  }
}

export function refusedJoin(errorCode: number, memberId: string): JoinAnswer {
  return {
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

export function refusedSync(errorCode: number): SyncAnswer {
  return { errorCode, protocolType: null, protocolName: null, assignment: emptyBytes };
}
