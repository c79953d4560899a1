/**
 * All transactional ids of this node (KIP-98, KIP-447, KIP-890): who may write under each, what is in its transaction, and its end.
 *
 * A transaction ends in three durable steps: `Prepare…` in the table, which decides it; markers on every partition and the end of every
 * group's offsets, which may be repeated; `Complete…` in the table. A start finishes what was prepared. The client is answered after
 * the first step, as Kafka does; whoever comes before the last waits for a moment and then gets CONCURRENT_TRANSACTIONS.
 *
 * Each id has one change under way at most. A change is seen only once it is durable.
 */
import type { DurableTable } from '#log/engine';
import { Backoff } from '#std/backoff';
import type { Clock, Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import type { BrokerConfig } from '../broker-options.js';
import type { MaybePromise } from '../handler.js';
import { TransactionEntry } from './transaction-entry.js';
import type { TransactionalWrite, TransactionGate, TransactionParticipants } from './transaction-ports.js';
import {
  decodeTransaction,
  encodeTransaction,
  isEnding,
  newTransaction,
  outcomeOf,
  partitionOf,
  type ProducerSession,
  type Transaction,
  type TransactionOutcome,
} from './transaction.js';
import {
  addToTransaction,
  complete,
  endNeedsProducerId,
  endTransaction,
  fence,
  holds,
  initSession,
  mayContinue,
  needsProducerId,
  sessionAfter,
  sessionProblem,
  type Additions,
  type InitRequest,
  type ProtocolVersion,
  type Verdict,
} from './transitions.js';

export interface TransactionCoordinatorOptions {
  readonly table: DurableTable;
  readonly participants: TransactionParticipants;
  /** A producer id that nobody ever had. */
  readonly allocateProducerId: () => Promise<number>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly config: Pick<
    BrokerConfig,
    | 'transaction.max.timeout.ms'
    | 'transactional.id.expiration.ms'
    | 'transaction.abort.timed.out.transaction.cleanup.interval.ms'
    | 'transaction.remove.expired.transaction.cleanup.interval.ms'
    | 'add.partitions.to.txn.retry.backoff.max.ms'
  >;
}

export interface SessionAnswer extends ProducerSession {
  readonly errorCode: number;
}

/** As there is no other node that could coordinate the same id, markers carry one epoch for ever. */
const coordinatorEpoch = 0;
const finishBackoff = { initialMs: 100, maxMs: 10_000 };

export class TransactionCoordinator implements TransactionGate {
  private readonly entries = new Map<string, TransactionEntry>();
  private readonly finishing = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private timers: Timer[] = [];
  private state: 'new' | 'started' | 'stopped' = 'new';

  constructor(private readonly options: TransactionCoordinatorOptions) {}

  /** Takes up what is in the table; what was prepared is finished in the background. */
  start(): void {
    const { table, clock, config } = this.options;
    const nowMs = clock.now();
    for (const [transactionalId, row] of table.entries()) {
      const entry = new TransactionEntry(transactionalId, clock);
      const transaction = decodeTransaction(row);
      this.entries.set(transactionalId, entry);
      this.take(entry, transaction, Math.max(0, nowMs - transaction.startedAtMs));
      if (isEnding(transaction)) this.finish(entry);
    }
    this.state = 'started';
    this.repeat(config['transaction.abort.timed.out.transaction.cleanup.interval.ms'], () => this.abortTimedOut());
    this.repeat(config['transaction.remove.expired.transaction.cleanup.interval.ms'], () => this.removeExpired());
  }

  /** Ends are no longer begun; those under way stop at their next step, and the next start goes on with them. */
  stop(): void {
    this.state = 'stopped';
    this.stopping.abort();
    for (const timer of this.timers) timer.cancel();
    for (const entry of this.entries.values()) entry.changed();
  }

  /** Resolves when no end is being written. */
  async idle(): Promise<void> {
    await Promise.all(this.finishing);
  }

  /** InitProducerId with a transactional id: fences and aborts what an earlier session has open. */
  async initProducer(transactionalId: string, request: InitRequest): Promise<SessionAnswer> {
    if (transactionalId === '') return refused(kafkaError.INVALID_REQUEST);
    if (request.timeoutMs <= 0 || request.timeoutMs > this.options.config['transaction.max.timeout.ms']) {
      return refused(kafkaError.INVALID_TRANSACTION_TIMEOUT);
    }
    if (this.state !== 'started') return refused(kafkaError.COORDINATOR_NOT_AVAILABLE);
    await this.settle(this.entryOf(transactionalId));
    // Another one where the first was removed meanwhile.
    const entry = this.entryOf(transactionalId);
    const open = entry.transaction;
    if (open?.state === 'Ongoing' && !entry.isChanging) {
      // An older session than the one that has it open must not end it.
      if (!mayContinue(open, request.expected) || (request.expected ?? open).epoch !== open.epoch) {
        return refused(kafkaError.PRODUCER_FENCED);
      }
      const errorCode = await this.abortOpen(entry, open);
      if (errorCode !== kafkaError.NONE) return refused(errorCode);
      await this.settle(entry);
    }
    const errorCode = await this.change(entry, async (transaction) => {
      const { clock } = this.options;
      const present =
        transaction ?? newTransaction(await this.options.allocateProducerId(), request.timeoutMs, clock.now());
      const fresh = needsProducerId(present, request) ? await this.options.allocateProducerId() : null;
      return initSession(present, request, fresh, clock.now());
    });
    if (entry.transaction === null && !entry.isChanging) this.entries.delete(transactionalId);
    if (errorCode !== kafkaError.NONE || entry.transaction === null) return refused(errorCode);
    const { producerId, epoch } = entry.transaction;
    return { errorCode, producerId, epoch };
  }

  /** AddPartitionsToTxn and AddOffsetsToTxn. */
  async add(transactionalId: string, session: ProducerSession, additions: Additions): Promise<number> {
    if (transactionalId === '') return kafkaError.INVALID_REQUEST;
    await this.settle(this.entries.get(transactionalId));
    const entry = this.entries.get(transactionalId);
    const problem = this.entryProblem(entry);
    if (entry === undefined || problem !== kafkaError.NONE) return problem;
    return this.addNow(entry, session, additions);
  }

  /** The error of a write; TRANSACTION_ABORTABLE, which older clients do not know, where it is not in an open transaction. */
  verify(transactionalId: string, session: ProducerSession, additions: Additions): number {
    const entry = this.entries.get(transactionalId);
    const problem = this.entryProblem(entry);
    if (problem !== kafkaError.NONE) return problem;
    const transaction = entry?.transaction ?? null;
    if (transaction === null) return kafkaError.CONCURRENT_TRANSACTIONS;
    const sessionError = sessionProblem(transaction, session);
    if (sessionError !== kafkaError.NONE) return sessionError;
    return transaction.state === 'Ongoing' && holds(transaction, additions)
      ? kafkaError.NONE
      : kafkaError.TRANSACTION_ABORTABLE;
  }

  admit<T>(request: TransactionalWrite, write: (errorCode: number) => MaybePromise<T>): MaybePromise<T> {
    const entry = this.entries.get(request.transactionalId);
    const errorCode = this.verify(request.transactionalId, request.session, request);
    const canChange = entry?.isBusy === true || (request.adds && errorCode === kafkaError.TRANSACTION_ABORTABLE);
    const mustWait = entry?.lastAdmission !== null || (errorCode !== kafkaError.NONE && canChange);
    return entry !== undefined && mustWait ? this.admitLater(entry, request, write) : write(errorCode);
  }

  /** EndTxn; under protocol 2 the answer has the session for the next transaction. */
  async end(
    transactionalId: string,
    session: ProducerSession,
    outcome: TransactionOutcome,
    protocol: ProtocolVersion,
  ): Promise<SessionAnswer> {
    if (transactionalId === '') return refused(kafkaError.INVALID_REQUEST);
    await this.settle(this.entries.get(transactionalId));
    const entry = this.entries.get(transactionalId);
    const problem = this.entryProblem(entry);
    if (entry === undefined || problem !== kafkaError.NONE) return refused(problem);
    const errorCode = await this.change(entry, async (transaction) => {
      if (transaction === null) return { kind: 'refuse', errorCode: kafkaError.INVALID_PRODUCER_ID_MAPPING };
      const { clock } = this.options;
      const needsId = protocol === 2 && endNeedsProducerId(transaction);
      const fresh = needsId ? await this.options.allocateProducerId() : null;
      return endTransaction(transaction, session, outcome, protocol, fresh, clock.now());
    });
    if (errorCode !== kafkaError.NONE || entry.transaction === null) return refused(errorCode);
    return { errorCode, ...sessionAfter(entry.transaction) };
  }

  /** Null for an id that nobody uses. */
  find(transactionalId: string): Transaction | null {
    return this.entries.get(transactionalId)?.transaction ?? null;
  }

  *list(): IterableIterator<readonly [transactionalId: string, transaction: Transaction]> {
    for (const [transactionalId, { transaction }] of this.entries) {
      if (transaction !== null) yield [transactionalId, transaction];
    }
  }

  private admitLater<T>(
    entry: TransactionEntry,
    request: TransactionalWrite,
    write: (errorCode: number) => MaybePromise<T>,
  ): Promise<T> {
    const before = entry.lastAdmission ?? Promise.resolve();
    // The result is wrapped, so that the next one waits for this write's begin and not for its end.
    const admission = before.then(async () => {
      await this.settle(entry);
      const errorCode = request.adds
        ? await this.addNow(entry, request.session, request)
        : this.verify(request.transactionalId, request.session, request);
      return { result: write(errorCode) };
    });
    const last = admission.then(
      () => undefined,
      () => undefined,
    );
    entry.lastAdmission = last;
    void last.then(() => {
      if (entry.lastAdmission === last) entry.lastAdmission = null;
    });
    return admission.then(({ result }) => result);
  }

  private addNow(entry: TransactionEntry, session: ProducerSession, additions: Additions): Promise<number> {
    return this.change(entry, (transaction) =>
      transaction === null
        ? { kind: 'refuse', errorCode: kafkaError.CONCURRENT_TRANSACTIONS }
        : addToTransaction(transaction, session, additions, this.options.clock.now()),
    );
  }

  private entryProblem(entry: TransactionEntry | undefined): number {
    if (this.state !== 'started') return kafkaError.COORDINATOR_NOT_AVAILABLE;
    return entry === undefined ? kafkaError.INVALID_PRODUCER_ID_MAPPING : kafkaError.NONE;
  }

  private entryOf(transactionalId: string): TransactionEntry {
    const known = this.entries.get(transactionalId);
    if (known !== undefined) return known;
    const entry = new TransactionEntry(transactionalId, this.options.clock);
    this.entries.set(transactionalId, entry);
    return entry;
  }

  private settle(entry: TransactionEntry | undefined): Promise<void> | undefined {
    return entry?.isBusy === true
      ? entry.settled(this.options.config['add.partitions.to.txn.retry.backoff.max.ms'])
      : undefined;
  }

  /** Decides and makes the decision durable, with no other change of the id in between. */
  private async change(
    entry: TransactionEntry,
    decide: (transaction: Transaction | null) => MaybePromise<Verdict>,
  ): Promise<number> {
    if (this.state !== 'started') return kafkaError.COORDINATOR_NOT_AVAILABLE;
    if (entry.isChanging) return kafkaError.CONCURRENT_TRANSACTIONS;
    entry.isChanging = true;
    try {
      const verdict = await decide(entry.transaction);
      if (verdict.kind === 'refuse') return verdict.errorCode;
      if (verdict.kind === 'change') await this.keep(entry, verdict.next);
      return kafkaError.NONE;
    } catch (error) {
      this.options.logger.warn('A transaction cannot be changed; its client tries again.', {
        transactionalId: entry.transactionalId,
        error: messageOf(error),
      });
      return kafkaError.COORDINATOR_NOT_AVAILABLE;
    } finally {
      entry.isChanging = false;
      entry.changed();
    }
  }

  private async keep(entry: TransactionEntry, next: Transaction): Promise<void> {
    await this.options.table.put([{ key: entry.transactionalId, value: encodeTransaction(next) }]);
    this.take(entry, next, 0);
    if (isEnding(next)) this.finish(entry);
  }

  private take(entry: TransactionEntry, transaction: Transaction, openForMs: number): void {
    const wasOpen = entry.transaction?.state === 'Ongoing';
    entry.transaction = transaction;
    if (transaction.state !== 'Ongoing') entry.deadlineMs = Infinity;
    // Monotonic, so that a clock that is set does not abort what is open.
    else if (!wasOpen) entry.deadlineMs = this.options.clock.monotonic() + transaction.timeoutMs - openForMs;
  }

  private finish(entry: TransactionEntry): void {
    const finishing = this.writeEnd(entry).finally(() => this.finishing.delete(finishing));
    this.finishing.add(finishing);
  }

  /** The second and third step; tries until it is done or the node stops. Never rejects. */
  private async writeEnd(entry: TransactionEntry): Promise<void> {
    const { clock, logger, random, table } = this.options;
    const backoff = new Backoff(finishBackoff, random);
    const prepared = entry.transaction;
    if (prepared === null) return;
    while (this.state !== 'stopped') {
      try {
        await this.tellParticipants(prepared);
        const next = complete(prepared, clock.now());
        await table.put([{ key: entry.transactionalId, value: encodeTransaction(next) }]);
        this.take(entry, next, 0);
        entry.changed();
        return;
      } catch (error) {
        const delayMs = backoff.nextMs();
        const fields = { transactionalId: entry.transactionalId, error: messageOf(error), delayMs };
        logger.warn('The end of a transaction cannot be written; it is tried again.', fields);
        await clock.sleep(delayMs, this.stopping.signal).catch(() => undefined);
      }
    }
  }

  private async tellParticipants(prepared: Transaction): Promise<void> {
    const { participants } = this.options;
    const { producerId, epoch: producerEpoch } = prepared;
    const outcome = outcomeOf(prepared);
    const markers = [...prepared.partitions].map((key) => ({
      ...partitionOf(key),
      producerId,
      producerEpoch,
      outcome,
      coordinatorEpoch,
    }));
    const [codes] = await Promise.all([
      markers.length === 0 ? [] : participants.writeMarkers(markers),
      ...[...prepared.groups].map((groupId) => participants.endOffsets(groupId, producerId, outcome)),
    ]);
    const failed = codes.filter((code) => code === 'storage_error').length;
    // A partition that is gone needs no marker.
    if (failed > 0) throw new Error(`the storage of ${failed} of ${codes.length} partitions takes no marker`);
  }

  /** The epoch rises with the abort, so that the session which has it open is fenced. */
  private abortOpen(entry: TransactionEntry, open: Transaction): Promise<number> {
    return this.change(entry, async (transaction) => {
      if (transaction !== open) return { kind: 'refuse', errorCode: kafkaError.CONCURRENT_TRANSACTIONS };
      const fresh = endNeedsProducerId(open) ? await this.options.allocateProducerId() : null;
      return { kind: 'change', next: fence(open, fresh, this.options.clock.now()) };
    });
  }

  private repeat(intervalMs: number, step: () => Promise<void>): void {
    const at = this.timers.length;
    const arm = (): void => {
      if (this.state === 'stopped') return;
      this.timers[at] = this.options.clock.after(intervalMs, () => void step().then(arm));
    };
    arm();
  }

  private async abortTimedOut(): Promise<void> {
    const nowMs = this.options.clock.monotonic();
    const aborts: Promise<number>[] = [];
    for (const entry of this.entries.values()) {
      const { transaction, deadlineMs } = entry;
      // What cannot be aborted now is found again the next time.
      if (transaction?.state === 'Ongoing' && deadlineMs <= nowMs) aborts.push(this.abortOpen(entry, transaction));
    }
    await Promise.all(aborts);
  }

  private async removeExpired(): Promise<void> {
    const { clock, config, table, logger } = this.options;
    const beforeMs = clock.now() - config['transactional.id.expiration.ms'];
    const expired = [...this.entries.values()].filter(({ transaction, isBusy }) => {
      return transaction !== null && !isBusy && transaction.state !== 'Ongoing' && transaction.updatedAtMs <= beforeMs;
    });
    if (expired.length === 0) return;
    for (const entry of expired) entry.isChanging = true;
    try {
      await table.put(expired.map(({ transactionalId }) => ({ key: transactionalId, value: null })));
      for (const { transactionalId } of expired) this.entries.delete(transactionalId);
    } catch (error) {
      logger.warn('Transactional ids that expired cannot be removed; it is tried again.', { error: messageOf(error) });
    }
    for (const entry of expired) {
      entry.isChanging = false;
      entry.changed();
    }
  }
}

function refused(errorCode: number): SessionAnswer {
  return { errorCode, producerId: -1, epoch: -1 };
}
