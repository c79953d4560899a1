import { assert } from '#std/assert';

/** Kafka's own words; tools print and compare them. */
export const transactionStates = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
] as const;
export type TransactionState = (typeof transactionStates)[number];

/**
 * What is kept of one transactional id. Never changed in place: a change is made durable as a whole, and then takes the place of the
 * one before. `Dead` and `PrepareEpochFence` are states of Kafka's that are never kept: an id that expires is removed at once, and
 * fencing and preparing the abort are one change.
 */
export interface Transaction {
  readonly state: TransactionState;
  readonly producerId: number;
  /** The producer id before the last change of it; -1 without one. */
  readonly previousProducerId: number;
  /** The producer id that follows once the markers are written, because the epochs of this one are used up; -1 for none. */
  readonly nextProducerId: number;
  /** Of the newest session; the one that markers carry while a transaction ends. */
  readonly epoch: number;
  /** The epoch that a client may still hold who never got the answer with `epoch`; -1 for none. */
  readonly lastEpoch: number;
  readonly timeoutMs: number;
  /** `partitionKey`s of the open or ending transaction. */
  readonly partitions: ReadonlySet<string>;
  /** Groups whose offsets are in the open or ending transaction. */
  readonly groups: ReadonlySet<string>;
  /** Wall time, ms; -1 before the first transaction of a session. */
  readonly startedAtMs: number;
  /** Wall time of the last change, ms; expiry counts from it. */
  readonly updatedAtMs: number;
}

export interface ProducerSession {
  readonly producerId: number;
  readonly epoch: number;
}

export type TransactionOutcome = 'commit' | 'abort';

const none: ReadonlySet<string> = new Set();
/** The last epoch that a client gets; one more is kept for fencing. */
export const epochMax = 32_766;

/** A transactional id that nobody used before: its first session will have epoch 0. */
export function newTransaction(producerId: number, timeoutMs: number, nowMs: number): Transaction {
  return {
    state: 'Empty',
    producerId,
    previousProducerId: -1,
    nextProducerId: -1,
    epoch: -1,
    lastEpoch: -1,
    timeoutMs,
    partitions: none,
    groups: none,
    startedAtMs: -1,
    updatedAtMs: nowMs,
  };
}

/** What `Complete…` leaves of what was open. */
export const nothingOpen = { partitions: none, groups: none } as const;

export function isEnding(transaction: Transaction): boolean {
  return transaction.state === 'PrepareCommit' || transaction.state === 'PrepareAbort';
}

export function outcomeOf(transaction: Transaction): TransactionOutcome {
  return transaction.state === 'PrepareCommit' || transaction.state === 'CompleteCommit' ? 'commit' : 'abort';
}

/** By id, so that a topic which is deleted and made anew under its name has nothing to do with the transaction. */
export function partitionKey(topicId: string, partition: number): string {
  return `${partition} ${topicId}`;
}

export function partitionOf(key: string): { readonly topicId: string; readonly partition: number } {
  const at = key.indexOf(' ');
  return { topicId: key.slice(at + 1), partition: Number(key.slice(0, at)) };
}

interface Row extends Omit<Transaction, 'partitions' | 'groups'> {
  readonly format: 1;
  readonly partitions: readonly string[];
  readonly groups: readonly string[];
}

export function encodeTransaction(transaction: Transaction): Buffer {
  const row: Row = {
    format: 1,
    ...transaction,
    partitions: [...transaction.partitions],
    groups: [...transaction.groups],
  };
  return Buffer.from(JSON.stringify(row));
}

export function decodeTransaction(bytes: Buffer): Transaction {
  const { format, ...row } = JSON.parse(bytes.toString()) as Row;
  assert(format === 1, 'a row of the transactions is of a format that this release knows');
  return { ...row, partitions: new Set(row.partitions), groups: new Set(row.groups) };
}
