import type { LogErrorCode, TransactionMarker } from '#log/engine';
import type { MaybePromise } from '../handler.js';
import type { ProducerSession, TransactionOutcome } from './transaction.js';

/**
 * The coordinator's only way to what takes part in a transaction: partitions and groups, wherever they live. Both calls may be made
 * again for the same transaction after a failure or a restart.
 */
export interface TransactionParticipants {
  /** As the log's: one code a marker, in order, durable where it is `none`. `storage_error` is tried again, all else is final. */
  writeMarkers(markers: readonly TransactionMarker[]): Promise<LogErrorCode[]>;
  /** Commits or drops the producer's pending offsets of the group; durable when it resolves. */
  endOffsets(groupId: string, producerId: number, outcome: TransactionOutcome): Promise<void>;
}

export interface TransactionalWrite {
  readonly transactionalId: string;
  readonly session: ProducerSession;
  /** `partitionKey`s of the batches. */
  readonly partitions: readonly string[];
  /** The group whose offsets are written, if any. */
  readonly groups: readonly string[];
  /** Whether what is not in the transaction yet is added to it (KIP-890, Produce 12+ and TxnOffsetCommit 5+), or refused. */
  readonly adds: boolean;
}

/** Asked before anything is written in a transaction. */
export interface TransactionGate {
  /**
   * Calls `write` once with the error of the write, NONE where it may be done: at once where nothing has to be waited for, and always in
   * the order of the calls of one transactional id. `write` must begin the write before it returns, because the transaction may end
   * right after.
   */
  admit<T>(request: TransactionalWrite, write: (errorCode: number) => MaybePromise<T>): MaybePromise<T>;
}
