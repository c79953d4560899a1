import type {
  ClusterChange,
  ClusterRecord,
  CommittedOffset,
  EngineTopics,
  LogErrorCode,
  Topic,
  TopicChange,
  TransactionMarker,
} from '#log/engine';
import type { ErrorKind } from '#std/errors';
import type { TransactionOutcome } from '../transactions/transaction.js';
import type { TransactionalWrite } from '../transactions/transaction-ports.js';

/** Everything that nodes of one machine and their controller ask each other. */
export interface PeerCalls {
  // Asked of the controller.
  clusterId: { request: null; answer: string };
  /** From the answer on the caller is told of changes. */
  loadTopics: { request: null; answer: Topic[] };
  loadRecords: { request: null; answer: ClusterRecord[] };
  putRecords: { request: readonly ClusterChange[]; answer: null };
  createTopic: { request: Parameters<EngineTopics['create']>[0]; answer: Topic };
  deleteTopic: { request: string; answer: null };
  addPartitions: { request: { name: string; total: number; leaders: readonly number[] | null }; answer: Topic };
  alterConfigs: { request: { name: string; configs: Readonly<Record<string, string>> }; answer: Topic };
  // Told by the controller; the answer is that it is in force.
  follow: { request: TopicChange; answer: null };
  followRecords: { request: readonly ClusterChange[]; answer: null };
  // Asked by one node of another.
  writeMarkers: { request: readonly TransactionMarker[]; answer: LogErrorCode[] };
  endOffsets: { request: { groupId: string; producerId: number; outcome: TransactionOutcome }; answer: null };
  admit: { request: TransactionalWrite; answer: number };
  committed: { request: readonly string[]; answer: readonly (readonly CommittedOffset[])[] };
}

export type PeerCallName = keyof PeerCalls;

/** Nodes are numbered from 0; this one asks and answers beside them. */
export const controllerIndex = -1;

interface Envelope {
  /** Of the call, unique for the caller. */
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

export type PeerMessage =
  | (Envelope & { readonly kind: 'call'; readonly name: PeerCallName; readonly request: unknown })
  | (Envelope & { readonly kind: 'answer'; readonly answer: unknown })
  /** `error` is null for one that nobody foresaw. */
  | (Envelope & { readonly kind: 'failure'; readonly error: ErrorKind | null; readonly message: string })
  /** The node is gone; what was asked of it will not be answered. */
  | { readonly kind: 'lost'; readonly node: number };
