import { messageOf } from '#std/errors';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Cluster } from '#topics/cluster';
import type { TopicPartition } from '#topics/consumer-protocol';
import { asTopicsError, TopicsError, topicsErrors } from '#topics/errors';
import type { PartitionQueue, ProducerIdentity } from '#topics/partition-queue';
import type { ProduceSession } from '#topics/produce-sender';
import type { PartitionPosition } from '#topics/topic-reader';
import { TopicWriter, type TopicWriterOptions, type WriteColumns, type WriteRecord } from '#topics/topic-writer';
import { fenced, isFencing, TransactionCoordinator, type OffsetCommitter } from '#topics/transaction-coordinator';

export interface TransactionalWriterOptions {
  /** Who writes: of two writers with the same one, the later fences the earlier. */
  readonly transactionalId: string;
  /** After so long without an end the cluster aborts a transaction, ms. Default 60000. */
  readonly transactionTimeoutMs?: number;
  /** `acks`, `idempotent` and `session` are given by the transactions. */
  readonly writer?: Omit<TopicWriterOptions, 'acks' | 'idempotent' | 'session'>;
}

/** Produce requests of the protocol before KIP-890, and of it. */
const produceVersionBefore890 = 11;
const produceVersion890 = 12;

/**
 * Writes to any partitions, and offsets of groups, that all hold or none (KIP-98). One transaction at a time; its writes are pipelined
 * as those of a TopicWriter. Readers of committed records see nothing before the commit.
 *
 * Life: `init`, then `begin`, writes, and `commit` or `abort`, again and again. After a write or a commit has failed only `abort` helps;
 * what was in the transaction may be written again afterwards. Two errors end it: `topics.producer.fenced` (another writer of the
 * same id has come), and `topics.transaction.lost` (nobody knows whether the commit holds; `init` again, and read what holds).
 */
export class TransactionalWriter {
  private readonly coordinator: TransactionCoordinator;
  private readonly output: TopicWriter;
  private readonly closing = new AbortController();
  private identity: ProducerIdentity | null = null;
  private isOpen = false;
  /** Something was asked to become part of the transaction, so that it has to be ended. */
  private isUsed = false;
  private failure: TopicsError | null = null;
  private tellBroken: (error: TopicsError) => void = () => undefined;
  private readonly added = new Set<string>();
  private wanted: TopicPartition[] = [];
  private adding: Promise<void> | null = null;

  constructor(
    readonly cluster: Cluster,
    readonly options: TransactionalWriterOptions,
  ) {
    const { transactionalId, transactionTimeoutMs = 60_000, writer } = options;
    this.coordinator = new TransactionCoordinator(cluster, {
      transactionalId,
      transactionTimeoutMs,
      signal: this.closing.signal,
    });
    this.output = new TopicWriter(cluster, {
      // What could not be delivered by then is aborted by the cluster.
      deliveryTimeoutMs: transactionTimeoutMs,
      ...writer,
      acks: -1,
      idempotent: true,
      session: this.session(),
    });
  }

  /** Fences all earlier writers of this id; what they had open is aborted when this resolves. */
  async init(): Promise<void> {
    this.identity = await this.coordinator.init(null);
    await this.output.discard(() => Promise.resolve(this.known), this.aborted('Transactions began anew.'));
    this.reset();
  }

  /** Gives what resolves when the transaction can only be aborted any more, which writes under way then wait for. */
  begin(): Promise<TopicsError> {
    if (this.identity === null || this.isOpen)
      throw new Error('a transaction begins after init and after the one before');
    this.isOpen = true;
    return new Promise((resolve) => {
      this.tellBroken = resolve;
    });
  }

  /** As TopicWriter's. What it resolves with holds only after the commit. */
  write(topic: string, columns: WriteColumns): Promise<void> {
    return this.failure === null ? this.output.write(topic, columns) : Promise.reject(this.failure);
  }

  writeRecord(topic: string, record: WriteRecord): Promise<{ partition: number; offset: number }> {
    return this.failure === null ? this.output.writeRecord(topic, record) : Promise.reject(this.failure);
  }

  /** The offsets hold when the transaction is committed. */
  async sendOffsets(committer: OffsetCommitter, positions: readonly PartitionPosition[]): Promise<void> {
    this.isUsed = true;
    try {
      await this.coordinator.commitOffsets(this.known, committer, positions);
    } catch (error) {
      throw this.broken(asTopicsError(error, 'Offsets could not be made part of a transaction.'));
    }
  }

  /** Resolves when everything holds: every write must have resolved before. */
  async commit(): Promise<void> {
    await this.adding;
    if (this.failure !== null) throw this.failure;
    if (!this.isUsed) {
      this.isOpen = false;
      return;
    }
    let next: ProducerIdentity;
    try {
      next = await this.coordinator.end(this.known, true);
    } catch (error) {
      const reason = asTopicsError(error, 'A transaction could not be committed.');
      const isForeign = isFencing(reason.kafkaCode) || reason.kafkaCode === kafkaError.INVALID_TXN_STATE;
      if (isForeign) throw this.broken(await this.verdict(reason));
      throw this.broken(reason.retriable ? this.lost(messageOf(reason)) : reason);
    }
    if (next !== this.identity) {
      this.identity = next;
      this.output.renumber(next);
    }
    this.reset();
  }

  /** Nothing of the transaction holds. Rejects where this writer was fenced. */
  async abort(): Promise<void> {
    const failure = this.failure;
    if (failure?.kind === topicsErrors.producerFenced || failure?.kind === topicsErrors.transactionLost) throw failure;
    this.failure = failure ?? this.aborted('It was given up.');
    await this.output.discard(() => this.endAborted(failure), this.failure);
    this.reset();
  }

  /** Aborts what is open, as far as that is possible within `withinMs`. */
  async close(withinMs: number): Promise<void> {
    const { clock } = this.cluster;
    const patience = clock.after(withinMs, () => this.closing.abort(this.aborted('The writer was closed.')));
    if (this.isOpen && this.isUsed) await this.abort().catch(() => undefined);
    this.isOpen = false;
    await this.output.close(withinMs);
    patience.cancel();
    this.closing.abort(this.aborted('The writer was closed.'));
  }

  private get known(): ProducerIdentity {
    if (this.identity === null) throw new Error('init comes before everything else');
    return this.identity;
  }

  private reset(): void {
    this.isOpen = false;
    this.isUsed = false;
    this.failure = null;
    this.added.clear();
    this.wanted = [];
  }

  /** Gives the identity of the next transaction. */
  private async endAborted(failure: TopicsError | null): Promise<ProducerIdentity> {
    await this.adding;
    try {
      if (this.isUsed && !isFencing(failure?.kafkaCode ?? kafkaError.NONE)) {
        const next = await this.coordinator.end(this.known, false);
        this.identity = next;
        if (this.coordinator.hasEpochPerTransaction) return next;
      }
      // Batches that were numbered and dropped leave a gap: only a new epoch counts from 0 again.
      this.identity = await this.coordinator.init(this.known);
    } catch (error) {
      const reason = asTopicsError(error, 'A transaction could not be aborted.');
      const isForeign = reason.kind === topicsErrors.producerFenced || isFencing(reason.kafkaCode);
      if (!isForeign) {
        // An end that came twice, or after the cluster's own: the next session settles it.
        if (reason.kafkaCode !== kafkaError.INVALID_TXN_STATE) throw reason;
      } else if (!(await this.coordinator.wasTimedOut(this.known))) {
        throw this.broken(fenced(this.options.transactionalId, reason.kafkaCode, error));
      }
      this.identity = await this.coordinator.init(null);
    }
    return this.identity;
  }

  /** What an answer means that says the transaction is none of ours: another writer, or the cluster's own abort. */
  private async verdict(reason: TopicsError): Promise<TopicsError> {
    if (!(await this.coordinator.wasTimedOut(this.known))) {
      return isFencing(reason.kafkaCode)
        ? fenced(this.options.transactionalId, reason.kafkaCode, reason)
        : this.lost(messageOf(reason));
    }
    return new TopicsError(
      topicsErrors.refusedForNow,
      `A transaction of ${this.options.transactionalId} took too long and was aborted by the cluster.`,
      { kafkaCode: reason.kafkaCode, cause: reason },
    );
  }

  private broken(error: TopicsError): TopicsError {
    if (this.failure === null) {
      this.failure = error;
      this.tellBroken(error);
    }
    return error;
  }

  private aborted(reason: string): TopicsError {
    return new TopicsError(
      topicsErrors.transactionAborted,
      `A transaction of ${this.options.transactionalId} was aborted. ${reason}`,
    );
  }

  private lost(reason: string): TopicsError {
    return new TopicsError(
      topicsErrors.transactionLost,
      `What became of a transaction of ${this.options.transactionalId} is not known: ${reason}`,
    );
  }

  private session(): ProduceSession {
    const identity = (): ProducerIdentity => this.known;
    const version = (): number =>
      this.coordinator.hasEpochPerTransaction ? produceVersion890 : produceVersionBefore890;
    return {
      transactionalId: this.options.transactionalId,
      get identity() {
        return identity();
      },
      get produceVersionMax() {
        return version();
      },
      admits: (queue) => this.admits(queue),
      broke: (error) => void this.broken(error),
    };
  }

  private admits({ topic, partition }: PartitionQueue): boolean {
    if (!this.isOpen || this.failure !== null) return false;
    this.isUsed = true;
    if (this.coordinator.hasEpochPerTransaction) return true;
    const key = `${partition} ${topic}`;
    if (this.added.has(key)) return true;
    if (!this.wanted.some((wanted) => wanted.topic === topic && wanted.partition === partition)) {
      this.wanted.push({ topic, partition });
      this.adding ??= this.addWanted();
    }
    return false;
  }

  /** All that one look of the sender wanted go in one request; what comes meanwhile in the next. */
  private async addWanted(): Promise<void> {
    await Promise.resolve();
    const asked = [...this.wanted];
    try {
      await this.coordinator.addPartitions(this.known, asked);
      for (const { topic, partition } of asked) this.added.add(`${partition} ${topic}`);
    } catch (error) {
      this.broken(asTopicsError(error, 'Partitions could not be added to a transaction.'));
    }
    this.wanted = this.wanted.slice(asked.length);
    this.adding = this.wanted.length > 0 && this.failure === null ? this.addWanted() : null;
    this.output.wake();
  }
}
