import { kafkaError } from '#wire/kafka/error-codes';
import {
  epochMax,
  isEnding,
  nothingOpen,
  outcomeOf,
  type ProducerSession,
  type Transaction,
  type TransactionOutcome,
} from './transaction.js';

/**
 * What each request does to a transaction, as functions without effect: an error, nothing to do, or the transaction that follows. The
 * coordinator makes it durable and runs one at a time.
 */
export type Verdict =
  | { readonly kind: 'refuse'; readonly errorCode: number }
  /** Already so: the answer of the first time is given again. */
  | { readonly kind: 'done' }
  | { readonly kind: 'change'; readonly next: Transaction };

/**
 * Which protocol the client follows. 2 is KIP-890's second part: each transaction has an epoch of its own, which EndTxn gives, and
 * partitions are added by the first write.
 */
export type ProtocolVersion = 1 | 2;

export interface InitRequest {
  readonly timeoutMs: number;
  /** What the client had before (KIP-360); null for a new session. */
  readonly expected: ProducerSession | null;
}

const done: Verdict = { kind: 'done' };

function refuse(errorCode: number): Verdict {
  return { kind: 'refuse', errorCode };
}

/** Whether InitProducerId needs a fresh producer id, because the epochs of the present one are used up. */
export function needsProducerId(transaction: Transaction, { expected }: InitRequest): boolean {
  return transaction.epoch >= epochMax && (expected === null || expected.epoch === transaction.epoch);
}

/**
 * A new session. `freshProducerId` is given where `needsProducerId`. An open transaction is not for this function: it is fenced first.
 */
export function initSession(
  transaction: Transaction,
  request: InitRequest,
  freshProducerId: number | null,
  nowMs: number,
): Verdict {
  const { timeoutMs, expected } = request;
  if (!mayContinue(transaction, expected)) return refuse(kafkaError.PRODUCER_FENCED);
  if (isEnding(transaction)) return refuse(kafkaError.CONCURRENT_TRANSACTIONS);
  const fresh = {
    ...transaction,
    ...nothingOpen,
    state: 'Empty',
    timeoutMs,
    startedAtMs: -1,
    updatedAtMs: nowMs,
  } as const;
  if (freshProducerId !== null) {
    const lastEpoch = expected === null ? -1 : transaction.epoch;
    const { producerId: previousProducerId } = transaction;
    return { kind: 'change', next: { ...fresh, producerId: freshProducerId, previousProducerId, epoch: 0, lastEpoch } };
  }
  const bumped = { ...fresh, epoch: transaction.epoch + 1 };
  if (expected === null) return { kind: 'change', next: { ...bumped, lastEpoch: -1 } };
  if (transaction.epoch === -1 || expected.epoch === transaction.epoch) {
    return { kind: 'change', next: { ...bumped, lastEpoch: transaction.epoch } };
  }
  // A repeated request whose first answer was lost. A newer session would have set the last epoch to -1.
  if (expected.epoch === transaction.lastEpoch) return { kind: 'change', next: fresh };
  return refuse(kafkaError.PRODUCER_FENCED);
}

export function mayContinue(transaction: Transaction, expected: ProducerSession | null): boolean {
  return (
    expected === null ||
    transaction.epoch === -1 ||
    expected.producerId === transaction.producerId ||
    (expected.producerId === transaction.previousProducerId && expected.epoch >= epochMax)
  );
}

/** The error of a write in the transaction by this session; NONE where it may write once its partition is added. */
export function sessionProblem(transaction: Transaction, session: ProducerSession): number {
  // Before the id: after the last epoch the client already has the next id while the markers are still being written.
  if (isEnding(transaction)) return kafkaError.CONCURRENT_TRANSACTIONS;
  if (session.producerId !== transaction.producerId) return kafkaError.INVALID_PRODUCER_ID_MAPPING;
  if (session.epoch !== transaction.epoch) return kafkaError.PRODUCER_FENCED;
  return kafkaError.NONE;
}

export interface Additions {
  readonly partitions: readonly string[];
  readonly groups: readonly string[];
}

/** Opens the transaction where none is open. */
export function addToTransaction(
  transaction: Transaction,
  session: ProducerSession,
  additions: Additions,
  nowMs: number,
): Verdict {
  const problem = sessionProblem(transaction, session);
  if (problem !== kafkaError.NONE) return refuse(problem);
  if (transaction.state === 'Ongoing' && holds(transaction, additions)) return done;
  const isOpen = transaction.state === 'Ongoing';
  return {
    kind: 'change',
    next: {
      ...transaction,
      state: 'Ongoing',
      partitions: new Set([...(isOpen ? transaction.partitions : []), ...additions.partitions]),
      groups: new Set([...(isOpen ? transaction.groups : []), ...additions.groups]),
      startedAtMs: isOpen ? transaction.startedAtMs : nowMs,
      updatedAtMs: nowMs,
    },
  };
}

export function holds(transaction: Transaction, { partitions, groups }: Additions): boolean {
  return (
    partitions.every((partition) => transaction.partitions.has(partition)) &&
    groups.every((group) => transaction.groups.has(group))
  );
}

/** Whether an end by protocol 2 needs a fresh producer id. */
export function endNeedsProducerId(transaction: Transaction): boolean {
  return transaction.epoch >= epochMax;
}

/**
 * EndTxn. Under protocol 1 the epoch stays, and the same outcome again is answered as done. Under protocol 2 the epoch rises with each
 * end, so the epoch before tells a repeated request from the next one:
 *
 *     state            abort again   abort     commit again   commit
 *     Empty            fenced        bump      fenced         invalid
 *     CompleteAbort    done          bump      invalid        invalid
 *     CompleteCommit   invalid       bump      done           invalid
 */
export function endTransaction(
  transaction: Transaction,
  session: ProducerSession,
  outcome: TransactionOutcome,
  protocol: ProtocolVersion,
  freshProducerId: number | null,
  nowMs: number,
): Verdict {
  const repetition = protocol === 2 ? repetitionOf(transaction, session) : 'none';
  if (session.producerId !== transaction.producerId && repetition !== 'next id') {
    return refuse(kafkaError.INVALID_PRODUCER_ID_MAPPING);
  }
  const isRepeated = repetition !== 'none';
  const isCurrent = session.epoch === transaction.epoch;
  switch (transaction.state) {
    case 'Ongoing':
      if (!isCurrent) return refuse(kafkaError.PRODUCER_FENCED);
      return { kind: 'change', next: prepare(transaction, outcome, protocol, freshProducerId, nowMs) };
    case 'PrepareCommit':
    case 'PrepareAbort':
      if (protocol === 2 ? !isRepeated : !isCurrent) return refuse(kafkaError.PRODUCER_FENCED);
      return refuse(
        outcome === outcomeOf(transaction) ? kafkaError.CONCURRENT_TRANSACTIONS : kafkaError.INVALID_TXN_STATE,
      );
    case 'CompleteCommit':
    case 'CompleteAbort':
      if (!isCurrent && !isRepeated) return refuse(kafkaError.PRODUCER_FENCED);
      if (protocol === 1 || isRepeated) {
        return outcome === outcomeOf(transaction) ? done : refuse(kafkaError.INVALID_TXN_STATE);
      }
      break;
    default:
      if (!isCurrent) return refuse(kafkaError.PRODUCER_FENCED);
      if (protocol === 1) return refuse(kafkaError.INVALID_TXN_STATE);
  }
  if (outcome === 'commit') return refuse(kafkaError.INVALID_TXN_STATE);
  const empty = { ...transaction, ...nothingOpen, startedAtMs: nowMs };
  return { kind: 'change', next: prepare(empty, outcome, protocol, freshProducerId, nowMs) };
}

function repetitionOf(transaction: Transaction, session: ProducerSession): 'none' | 'next epoch' | 'next id' {
  const isNextId =
    transaction.previousProducerId === session.producerId && session.epoch === epochMax && transaction.epoch === 0;
  if (isNextId) return 'next id';
  return transaction.epoch === session.epoch + 1 ? 'next epoch' : 'none';
}

function prepare(
  transaction: Transaction,
  outcome: TransactionOutcome,
  protocol: ProtocolVersion,
  freshProducerId: number | null,
  nowMs: number,
): Transaction {
  return {
    ...transaction,
    state: outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort',
    epoch: protocol === 2 ? transaction.epoch + 1 : transaction.epoch,
    lastEpoch: protocol === 2 ? transaction.epoch : transaction.lastEpoch,
    nextProducerId: freshProducerId ?? -1,
    updatedAtMs: nowMs,
  };
}

/**
 * The coordinator's own abort of an open transaction, by timeout or for a new session: the epoch rises, so that who had it open can
 * write no more. It may go on by InitProducerId while nobody else has. `freshProducerId` is given where `endNeedsProducerId`.
 */
export function fence(transaction: Transaction, freshProducerId: number | null, nowMs: number): Transaction {
  return {
    ...transaction,
    state: 'PrepareAbort',
    epoch: Math.min(transaction.epoch, epochMax) + 1,
    lastEpoch: transaction.epoch,
    nextProducerId: freshProducerId ?? -1,
    updatedAtMs: nowMs,
  };
}

/** The markers are written. */
export function complete(transaction: Transaction, nowMs: number): Transaction {
  const { nextProducerId } = transaction;
  const isRotated = nextProducerId !== -1;
  return {
    ...transaction,
    ...nothingOpen,
    state: outcomeOf(transaction) === 'commit' ? 'CompleteCommit' : 'CompleteAbort',
    producerId: isRotated ? nextProducerId : transaction.producerId,
    previousProducerId: isRotated ? transaction.producerId : transaction.previousProducerId,
    epoch: isRotated ? 0 : transaction.epoch,
    nextProducerId: -1,
    updatedAtMs: nowMs,
  };
}

/** The session with which the client goes on after its end of a transaction under protocol 2. */
export function sessionAfter(transaction: Transaction): ProducerSession {
  const { nextProducerId, producerId, epoch } = transaction;
  return nextProducerId === -1 ? { producerId, epoch } : { producerId: nextProducerId, epoch: 0 };
}
