/** Kafka's transaction coordinator over a fake cluster: sessions, ends, and what readers of committed records would see. */
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { recordBatch } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import type { FakeCluster } from './fake-cluster.testkit.js';

interface Session {
  readonly producerId: number;
  epoch: number;
  state: 'Empty' | 'Ongoing' | 'CompleteCommit' | 'CompleteAbort';
  /** Committed with KIP-890's epoch bump; a second request with the epoch before is answered as the first. */
  endedEpoch: number;
}

export class FakeTransactions {
  readonly sessions = new Map<string, Session>();
  /** Partitions added to the open transactions, `0@topic`. */
  readonly added: string[] = [];
  readonly groupOffsets = new Map<string, number>();
  /** Answers the next requests that end a transaction with these codes, and does nothing. */
  readonly endCodes: number[] = [];
  readonly addCodes: number[] = [];
  private readonly outcomes = new WeakMap<Buffer, 'committed' | 'aborted'>();
  private openOffsets = new Map<string, number>();
  private producerIds = 900;

  constructor(
    private readonly fake: FakeCluster,
    /** Level of the feature transaction.version. */
    readonly level: 0 | 2,
  ) {
    fake.features.set('transaction.version', level);
    fake.checkBatch = (batch) => {
      const sessions = [...this.sessions.values()];
      const session = sessions.find(({ producerId }) => producerId === recordBatch.producerId(batch));
      const isFenced = session !== undefined && recordBatch.producerEpoch(batch) < session.epoch;
      return isFenced ? kafkaError.INVALID_PRODUCER_EPOCH : kafkaError.NONE;
    };
    fake.on(apis.initProducerId, ({ transactionalId, producerId, producerEpoch }) =>
      this.init(transactionalId ?? '', producerId, producerEpoch),
    );
    fake.on(apis.addPartitionsToTxn, ({ v3AndBelowTransactionalId, v3AndBelowProducerEpoch, v3AndBelowTopics }) => {
      const code = this.addCodes.shift() ?? this.epochError(v3AndBelowTransactionalId, v3AndBelowProducerEpoch);
      const session = this.sessions.get(v3AndBelowTransactionalId);
      if (code === kafkaError.NONE && session !== undefined) session.state = 'Ongoing';
      return {
        resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
          name,
          resultsByPartition: partitions.map((partitionIndex) => {
            if (code === kafkaError.NONE) this.added.push(`${partitionIndex}@${name}`);
            return { partitionIndex, partitionErrorCode: code };
          }),
        })),
      };
    });
    fake.on(apis.addOffsetsToTxn, ({ transactionalId, producerEpoch, groupId }) => {
      this.added.push(`group ${groupId}`);
      return { errorCode: this.epochError(transactionalId, producerEpoch) };
    });
    fake.on(apis.txnOffsetCommit, ({ transactionalId, producerEpoch, topics }) => ({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, committedOffset }) => {
          this.openOffsets.set(`${partitionIndex}@${name}`, committedOffset);
          return { partitionIndex, errorCode: this.epochError(transactionalId, producerEpoch) };
        }),
      })),
    }));
    fake.on(apis.endTxn, ({ transactionalId, producerEpoch, committed }) =>
      this.end(transactionalId, producerEpoch, committed),
    );
    fake.on(apis.describeTransactions, ({ transactionalIds }) => ({
      transactionStates: transactionalIds.map((transactionalId) => {
        const session = this.sessions.get(transactionalId);
        return {
          transactionalId,
          transactionState: session?.state ?? 'Empty',
          producerId: session?.producerId ?? -1,
          producerEpoch: session?.epoch ?? -1,
        };
      }),
    }));
  }

  /** What a reader of committed records gets of a partition. */
  committedValues(topic: string, partition: number): string[] {
    const batches = this.fake.topics.get(topic)?.[partition]?.batches ?? [];
    return batches
      .filter((batch) => this.outcomes.get(batch) === 'committed')
      .flatMap((batch) => {
        const records = decodeRecords(batch);
        return Array.from({ length: records.count }, (_, index) => records.value(index)?.toString() ?? '');
      });
  }

  /** The cluster aborts what took too long. */
  timeOut(transactionalId: string): void {
    const session = this.sessions.get(transactionalId);
    if (session === undefined) return;
    this.settle(session.producerId, 'aborted');
    session.epoch += 1;
    session.state = 'CompleteAbort';
    session.endedEpoch = -1;
  }

  private init(transactionalId: string, producerId: number, epoch: number) {
    let session = this.sessions.get(transactionalId);
    if (session === undefined) {
      session = { producerId: (this.producerIds += 1), epoch: -1, state: 'Empty', endedEpoch: -1 };
      this.sessions.set(transactionalId, session);
    } else if (producerId >= 0 && epoch !== session.epoch) {
      return { errorCode: kafkaError.PRODUCER_FENCED };
    }
    this.settle(session.producerId, 'aborted');
    session.epoch += 1;
    session.state = 'Empty';
    session.endedEpoch = -1;
    return { producerId: session.producerId, producerEpoch: session.epoch };
  }

  private end(transactionalId: string, epoch: number, committed: boolean) {
    const code = this.endCodes.shift() ?? kafkaError.NONE;
    if (code !== kafkaError.NONE) return { errorCode: code };
    const session = this.sessions.get(transactionalId);
    const state = committed ? 'CompleteCommit' : 'CompleteAbort';
    const isRepeated = session?.state === state && (session.endedEpoch === epoch || this.level === 0);
    if (session === undefined || (session.epoch !== epoch && !isRepeated)) {
      // As real ones: the epoch before the last is known, only not with this end.
      const isOwnAbort = this.level === 2 && session?.state === 'CompleteAbort' && session.epoch === epoch + 1;
      if (isOwnAbort && !committed) return { producerId: session.producerId, producerEpoch: session.epoch };
      return { errorCode: isOwnAbort ? kafkaError.INVALID_TXN_STATE : kafkaError.PRODUCER_FENCED };
    }
    if (!isRepeated || session.epoch === epoch) {
      this.settle(session.producerId, committed ? 'committed' : 'aborted');
      if (committed) for (const [key, offset] of this.openOffsets) this.groupOffsets.set(key, offset);
      this.openOffsets = new Map();
      session.state = state;
      if (this.level === 2) {
        session.endedEpoch = session.epoch;
        session.epoch += 1;
      }
    }
    return this.level === 2 ? { producerId: session.producerId, producerEpoch: session.epoch } : {};
  }

  private settle(producerId: number, outcome: 'committed' | 'aborted'): void {
    for (const partitions of this.fake.topics.values()) {
      for (const { batches } of partitions) {
        for (const batch of batches) {
          const isOpen = recordBatch.producerId(batch) === producerId && !this.outcomes.has(batch);
          if (isOpen && recordBatch.isTransactional(batch)) this.outcomes.set(batch, outcome);
        }
      }
    }
  }

  private epochError(transactionalId: string, epoch: number): number {
    const session = this.sessions.get(transactionalId);
    return session?.epoch === epoch ? kafkaError.NONE : kafkaError.PRODUCER_FENCED;
  }
}
