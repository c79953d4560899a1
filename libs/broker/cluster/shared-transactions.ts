/**
 * Transactions over partitions and groups of several nodes. The coordinator sends markers to the nodes that lead the partitions; a node
 * asks the coordinator before it writes (KIP-890), and remembers the answer until the transaction ends here.
 *
 * Between the coordinator's answer and the write, the transaction may have ended and its marker may have been written: the write would
 * then be outside of every transaction. So an end that comes here while the coordinator is asked has it asked again.
 */
import type { EngineGroups, LogEngine, LogErrorCode, TransactionMarker } from '#log/engine';
import { leaderIndexOf } from '#log/topic-index';
import { kafkaError } from '#wire/kafka/error-codes';
import type { MaybePromise } from '../handler.js';
import type {
  TransactionalWrite,
  TransactionGate,
  TransactionParticipants,
} from '../transactions/transaction-ports.js';
import type { TransactionOutcome } from '../transactions/transaction.js';
import type { Nodes } from './nodes.js';
import type { Peers } from './peers.js';

/** What this node has of a transaction: its partitions and groups. Ends of transactions come by here, whoever coordinates them. */
export class OwnParticipants implements TransactionParticipants {
  private readonly listeners: ((producerId: number) => void)[] = [];

  constructor(
    private readonly engine: Pick<LogEngine, 'writeMarkers'> & {
      readonly groups: Pick<EngineGroups, 'endTransaction'>;
    },
  ) {}

  /** `listener` is called before the end of a producer's transaction is written. */
  onEnd(listener: (producerId: number) => void): void {
    this.listeners.push(listener);
  }

  writeMarkers(markers: readonly TransactionMarker[]): Promise<LogErrorCode[]> {
    for (const { producerId } of markers) this.ends(producerId);
    return this.engine.writeMarkers(markers);
  }

  endOffsets(groupId: string, producerId: number, outcome: TransactionOutcome): Promise<void> {
    this.ends(producerId);
    return this.engine.groups.endTransaction(groupId, producerId, outcome);
  }

  private ends(producerId: number): void {
    for (const listener of this.listeners) listener(producerId);
  }
}

export interface SharedTransactionsOptions {
  readonly nodes: Nodes;
  readonly peers: Peers;
  readonly engine: Pick<LogEngine, 'topics'>;
  readonly own: TransactionParticipants;
}

/** Partitions and groups of all nodes. */
export class SharedParticipants implements TransactionParticipants {
  constructor(private readonly options: SharedTransactionsOptions) {}

  async writeMarkers(markers: readonly TransactionMarker[]): Promise<LogErrorCode[]> {
    const { nodes, engine } = this.options;
    const places = new Map<number, number[]>();
    for (const [at, { topicId, partition }] of markers.entries()) {
      const topic = engine.topics.byId(topicId);
      const node = topic === null ? nodes.index : leaderIndexOf(topic, partition);
      const list = places.get(node);
      if (list === undefined) places.set(node, [at]);
      else list.push(at);
    }
    const codes: LogErrorCode[] = [];
    await Promise.all(
      [...places].map(async ([node, ats]) => {
        const part = markers.filter((_, at) => ats.includes(at));
        const results = await this.writeAt(node, part);
        for (const [index, at] of ats.entries()) codes[at] = results[index] ?? 'storage_error';
      }),
    );
    return codes;
  }

  async endOffsets(groupId: string, producerId: number, outcome: TransactionOutcome): Promise<void> {
    const { nodes, own, peers } = this.options;
    if (nodes.coordinates(groupId)) return own.endOffsets(groupId, producerId, outcome);
    await peers.call(nodes.coordinatorOf(groupId), 'endOffsets', { groupId, producerId, outcome });
  }

  /** Of a node that is away nothing is known: `storage_error`, which is tried again until the node is back. */
  private writeAt(node: number, markers: readonly TransactionMarker[]): Promise<readonly LogErrorCode[]> {
    const { nodes, own, peers } = this.options;
    if (node === nodes.index) return own.writeMarkers(markers);
    return peers.call(node, 'writeMarkers', markers).catch(() => markers.map(() => 'storage_error' as const));
  }
}

interface Admitted {
  readonly producerId: number;
  readonly epoch: number;
  /** Partitions, and groups behind a sign of their own. */
  readonly members: Set<string>;
}

/** Asks the coordinator of the transactional id, wherever it is. */
export class SharedGate implements TransactionGate {
  /** Of transactions that other nodes coordinate, by transactional id. */
  private readonly admitted = new Map<string, Admitted>();
  /** Ends that came here, by producer id, while somebody asks about the producer. */
  private readonly asking = new Map<number, { count: number; ends: number }>();
  /** The last admission under way of each transactional id: writes begin in the order of the calls. */
  private readonly last = new Map<string, Promise<void>>();

  constructor(
    private readonly nodes: Nodes,
    private readonly peers: Peers,
    private readonly own: TransactionGate,
    participants: OwnParticipants,
  ) {
    participants.onEnd((producerId) => this.ended(producerId));
  }

  admit<T>(request: TransactionalWrite, write: (errorCode: number) => MaybePromise<T>): MaybePromise<T> {
    const { transactionalId } = request;
    if (this.nodes.coordinates(transactionalId)) return this.own.admit(request, write);
    const before = this.last.get(transactionalId);
    if (before === undefined && this.isAdmitted(request)) return write(kafkaError.NONE);
    // The result is wrapped, so that the next one waits for this write's begin and not for its end.
    const admission = (before ?? Promise.resolve()).then(async () => {
      const errorCode = this.isAdmitted(request) ? kafkaError.NONE : await this.ask(request);
      return { result: write(errorCode) };
    });
    const last = admission.then(
      () => undefined,
      () => undefined,
    );
    this.last.set(transactionalId, last);
    void last.then(() => {
      if (this.last.get(transactionalId) === last) this.last.delete(transactionalId);
    });
    return admission.then(({ result }) => result);
  }

  private isAdmitted({ transactionalId, session, partitions, groups }: TransactionalWrite): boolean {
    const admitted = this.admitted.get(transactionalId);
    if (admitted === undefined) return false;
    if (admitted.producerId !== session.producerId || admitted.epoch !== session.epoch) return false;
    const { members } = admitted;
    return partitions.every((key) => members.has(key)) && groups.every((groupId) => members.has(groupKey(groupId)));
  }

  /** The answer holds when no end came here meanwhile. */
  private async ask(request: TransactionalWrite): Promise<number> {
    const { producerId } = request.session;
    const node = this.nodes.coordinatorOf(request.transactionalId);
    const asking = this.asking.get(producerId) ?? { count: 0, ends: 0 };
    this.asking.set(producerId, asking);
    asking.count += 1;
    try {
      for (;;) {
        const { ends } = asking;
        const errorCode = await this.peers
          .call(node, 'admit', request)
          .catch(() => kafkaError.COORDINATOR_NOT_AVAILABLE);
        if (asking.ends !== ends) continue;
        if (errorCode === kafkaError.NONE) this.remember(request);
        return errorCode;
      }
    } finally {
      asking.count -= 1;
      if (asking.count === 0) this.asking.delete(producerId);
    }
  }

  private remember({ transactionalId, session, partitions, groups }: TransactionalWrite): void {
    const known = this.admitted.get(transactionalId);
    const isSame = known?.producerId === session.producerId && known.epoch === session.epoch;
    const members = isSame ? known.members : new Set<string>();
    for (const key of partitions) members.add(key);
    for (const groupId of groups) members.add(groupKey(groupId));
    this.admitted.set(transactionalId, { ...session, members });
  }

  private ended(producerId: number): void {
    const asking = this.asking.get(producerId);
    if (asking !== undefined) asking.ends += 1;
    for (const [transactionalId, admitted] of this.admitted) {
      if (admitted.producerId === producerId) this.admitted.delete(transactionalId);
    }
  }
}

function groupKey(groupId: string): string {
  return `group ${groupId}`;
}
