/**
 * The requests of a transactional producer to its coordinator, each tried until it is answered: they may all be sent twice. Two
 * protocols: where the cluster's feature `transaction.version` is 2 (KIP-890, Kafka 4), a write adds its partition by itself and the end
 * of a transaction gives the epoch of the next one; below, partitions and groups are added first and the epoch stays.
 */
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Cluster } from '#topics/cluster';
import { groupByTopic, type TopicPartition } from '#topics/consumer-protocol';
import { answerError, TopicsError, topicsErrors } from '#topics/errors';
import type { ProducerIdentity } from '#topics/partition-queue';
import type { PartitionPosition } from '#topics/topic-reader';

/** Who commits the offsets of a group; a generation of -1 and no member where the group is none of this process. */
export interface OffsetCommitter {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface CoordinatorOptions {
  readonly transactionalId: string;
  /** After so long without an end the cluster aborts a transaction, ms. */
  readonly transactionTimeoutMs: number;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

/** While the end of the transaction before is still being written to its partitions; as Kafka's own clients. */
const concurrentRetryMs = 20;
const otherRetryMs = 200;
const patienceMs = 60_000;
/** The last versions of the protocol before KIP-890. */
const versionsBefore890 = { addPartitions: 3, end: 4, offsetCommit: 4 } as const;
/** The version of EndTxn and TxnOffsetCommit that speaks it. */
const version890 = 5;

const fencing: ReadonlySet<number> = new Set([
  kafkaError.PRODUCER_FENCED,
  kafkaError.INVALID_PRODUCER_EPOCH,
  kafkaError.INVALID_PRODUCER_ID_MAPPING,
]);

/** Whether another producer of the same transactional id may have come; `wasAborted` tells. */
export function isFencing(code: number): boolean {
  return fencing.has(code);
}

export class TransactionCoordinator {
  private epochsPerTransaction = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: CoordinatorOptions,
  ) {}

  /** Whether each transaction has an epoch of its own (KIP-890). Known from the first answer on. */
  get hasEpochPerTransaction(): boolean {
    return this.epochsPerTransaction;
  }

  /**
   * A new session: no earlier one can write or commit any more, and what it had open is aborted before this resolves. With `former`
   * only where that is still the latest one (KIP-360); else rejects with `topics.producer.fenced`.
   */
  async init(former: ProducerIdentity | null): Promise<ProducerIdentity> {
    const { transactionalId, transactionTimeoutMs } = this.options;
    const answer = await this.persist('Starting transactions', async (target) => {
      const connection = await this.cluster.connect(target);
      this.epochsPerTransaction = connection.featureLevel('transaction.version') >= 2;
      return connection.send(apis.initProducerId, {
        transactionalId,
        transactionTimeoutMs,
        producerId: former?.producerId ?? -1,
        producerEpoch: former?.producerEpoch ?? -1,
      });
    });
    if (former !== null && isFencing(answer.errorCode)) throw fenced(transactionalId, answer.errorCode);
    check(answer.errorCode, `Starting transactions of ${transactionalId}`);
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch, isTransactional: true };
  }

  /** Makes partitions part of the transaction. */
  async addPartitions(producer: ProducerIdentity, partitions: readonly TopicPartition[]): Promise<void> {
    const { transactionalId } = this.options;
    const answer = await this.persist(
      'Adding partitions',
      async (target) => {
        const sent = await this.cluster.request(
          target,
          apis.addPartitionsToTxn,
          {
            v3AndBelowTransactionalId: transactionalId,
            v3AndBelowProducerId: producer.producerId,
            v3AndBelowProducerEpoch: producer.producerEpoch,
            v3AndBelowTopics: [...groupByTopic(partitions)].map(([name, indexes]) => ({ name, partitions: indexes })),
          },
          { versionMax: versionsBefore890.addPartitions },
        );
        const codes = sent.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
          resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
        );
        // Partitions are added all or none; the others of a refused request carry OPERATION_NOT_ATTEMPTED.
        const failed = codes.find((code) => code !== kafkaError.NONE && code !== kafkaError.OPERATION_NOT_ATTEMPTED);
        return { errorCode: failed ?? kafkaError.NONE };
      },
      kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
    );
    check(answer.errorCode, `Adding partitions to a transaction of ${transactionalId}`);
  }

  /** Makes the offsets of a group part of the transaction: they hold when it is committed. */
  async commitOffsets(
    producer: ProducerIdentity,
    committer: OffsetCommitter,
    positions: readonly PartitionPosition[],
  ): Promise<void> {
    const { transactionalId } = this.options;
    const { producerId, producerEpoch } = producer;
    const { groupId } = committer;
    if (!this.epochsPerTransaction) {
      const added = await this.persist('Adding a group', (target) =>
        this.cluster.request(
          target,
          apis.addOffsetsToTxn,
          { transactionalId, producerId, producerEpoch, groupId },
          { versionMax: versionsBefore890.offsetCommit },
        ),
      );
      check(added.errorCode, `Adding group ${groupId} to a transaction of ${transactionalId}`);
    }
    const offsetOf = new Map(positions.map((position) => [`${position.partition} ${position.topic}`, position.offset]));
    const topics = [...groupByTopic(positions)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: offsetOf.get(`${partitionIndex} ${name}`) ?? 0,
        committedMetadata: '',
      })),
    }));
    const answer = await this.persist(
      'Committing offsets',
      async (target) => {
        const sent = await this.cluster.request(
          target,
          apis.txnOffsetCommit,
          { transactionalId, producerId, producerEpoch, ...committer, topics },
          { versionMax: this.epochsPerTransaction ? version890 : versionsBefore890.offsetCommit },
        );
        const codes = sent.topics.flatMap((topic) => topic.partitions.map((partition) => partition.errorCode));
        return { errorCode: codes.find((code) => code !== kafkaError.NONE) ?? kafkaError.NONE };
      },
      kafkaError.NONE,
      { group: groupId },
    );
    check(answer.errorCode, `Committing offsets of ${groupId} in a transaction of ${transactionalId}`);
  }

  /**
   * Ends the transaction; gives the identity of the next one. A commit that was answered `NONE` holds; every other answer is thrown
   * with its code, and says nothing about what became of a commit whose first answer was lost.
   */
  async end(producer: ProducerIdentity, committed: boolean): Promise<ProducerIdentity> {
    const { transactionalId } = this.options;
    const answer = await this.persist('Ending a transaction', (target) =>
      this.cluster.request(
        target,
        apis.endTxn,
        { transactionalId, producerId: producer.producerId, producerEpoch: producer.producerEpoch, committed },
        { versionMax: this.epochsPerTransaction ? version890 : versionsBefore890.end },
      ),
    );
    check(answer.errorCode, `${committed ? 'Committing' : 'Aborting'} a transaction of ${transactionalId}`);
    if (answer.producerId < 0) return producer;
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch, isTransactional: true };
  }

  /**
   * Whether the cluster itself aborted the transaction of this producer, because it took too long. A producer finds itself fenced then, as
   * it does when another one has come; but that one leaves another state behind.
   */
  async wasTimedOut(producer: ProducerIdentity): Promise<boolean> {
    const { transactionalId } = this.options;
    let timedOut = false;
    await this.persist('Asking for a transaction', async (target) => {
      const answer = await this.cluster.request(target, apis.describeTransactions, {
        transactionalIds: [transactionalId],
      });
      const state = answer.transactionStates[0];
      timedOut =
        state?.transactionState === 'CompleteAbort' &&
        state.producerId === producer.producerId &&
        state.producerEpoch === producer.producerEpoch + 1;
      return { errorCode: state?.errorCode ?? kafkaError.NONE };
    }).catch((error: unknown) => {
      // A cluster too old to be asked.
      if (!(error instanceof TopicsError) || error.kind !== topicsErrors.unsupported) throw error;
    });
    return timedOut;
  }

  /** Again and again while the coordinator moves, is busy with the transaction before, or cannot be reached. */
  private async persist<Answer extends { readonly errorCode: number }>(
    doing: string,
    send: (target: { transaction: string } | { group: string }) => Promise<Answer>,
    alsoRetried: number = kafkaError.NONE,
    target: { transaction: string } | { group: string } = { transaction: this.options.transactionalId },
  ): Promise<Answer> {
    const { clock } = this.cluster;
    const endMs = clock.monotonic() + patienceMs;
    for (;;) {
      let reason: TopicsError;
      let waitMs = otherRetryMs;
      try {
        const answer = await send(target);
        const code = answer.errorCode;
        const isPassing = code !== kafkaError.NONE && (answerError(code, doing).retriable || code === alsoRetried);
        if (!isPassing) return answer;
        reason = answerError(code, `${doing} of ${this.options.transactionalId}`);
        if (code === kafkaError.CONCURRENT_TRANSACTIONS) waitMs = concurrentRetryMs;
      } catch (error) {
        if (!(error instanceof TopicsError) || !error.retriable) throw error;
        reason = error;
      }
      if (waitMs === otherRetryMs) this.forget(target);
      if (clock.monotonic() > endMs || this.options.signal.aborted) throw reason;
      await clock.sleep(waitMs, this.options.signal);
    }
  }

  private forget(target: { transaction: string } | { group: string }): void {
    if ('group' in target) this.cluster.forgetCoordinator(target.group);
    else this.cluster.forgetCoordinator(target.transaction, 'transaction');
  }
}

export function fenced(transactionalId: string, code: number, cause?: unknown): TopicsError {
  return new TopicsError(
    topicsErrors.producerFenced,
    `Another producer has taken over the transactional id ${transactionalId}. Two that run at the same time need two names; ` +
      `stop one of them, or rename it.`,
    { kafkaCode: code, cause },
  );
}

function check(code: number, doing: string): void {
  if (code !== kafkaError.NONE) throw answerError(code, doing);
}
