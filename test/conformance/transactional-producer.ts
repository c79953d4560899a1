import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { TxnOffsetCommitResponse } from '#wire/kafka/schemas/txn-offset-commit';
import { batchOf } from './batches.js';
import type { RawClient } from './raw-client.js';
import { freshName, type TestTopic } from './target.js';

export type Protocol = 1 | 2;
export type Outcome = 'commit' | 'abort';

/** Passing conditions: a coordinator that loads or still writes markers. Clients try again on each. */
const passing: ReadonlySet<number> = new Set([
  kafkaError.COORDINATOR_LOAD_IN_PROGRESS,
  kafkaError.COORDINATOR_NOT_AVAILABLE,
  kafkaError.NOT_COORDINATOR,
  kafkaError.CONCURRENT_TRANSACTIONS,
  kafkaError.NOT_ENOUGH_REPLICAS,
]);

/** Asks until the error is one that stays. */
export async function lasting<T>(errorOf: (answer: T) => number | undefined, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const answer = await ask();
    if (!passing.has(errorOf(answer) ?? kafkaError.NONE)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the error of a passing condition stayed for ten seconds');
}

/** A real Kafka makes the topics that it keeps groups and transactions in when somebody asks for a coordinator for the first time. */
export async function findCoordinators(client: RawClient): Promise<void> {
  for (const keyType of [0, 1]) {
    const answer = await lasting(
      ({ errorCode }) => errorCode,
      () => client.call(apis.findCoordinator, 3, { key: 'anybody', keyType }),
    );
    if (answer.errorCode !== kafkaError.NONE) throw new Error(`FindCoordinator: error ${answer.errorCode}`);
  }
}

/** What DescribeTransactions tells of one id. */
export async function describeTransaction(client: RawClient, transactionalId: string) {
  const answer = await client.call(apis.describeTransactions, 0, { transactionalIds: [transactionalId] });
  return answer.transactionStates[0];
}

export interface Session {
  readonly producerId: number;
  readonly epoch: number;
}

/** The versions of each API that make a client of KIP-98's protocol (1) or of KIP-890's second part (2). */
const versions = {
  1: { init: 4, produce: 9, offsets: 3, end: 4 },
  2: { init: 5, produce: 12, offsets: 5, end: 5 },
} as const;

/** A transactional producer of one session, request by request; what is passing is tried again. */
export class TransactionalProducer {
  producerId = -1;
  epoch = -1;
  private readonly sequences = new Map<string, number>();

  constructor(
    readonly client: RawClient,
    readonly protocol: Protocol,
    readonly transactionalId: string = freshName('txn'),
  ) {}

  static async open(
    client: RawClient,
    protocol: Protocol,
    transactionalId?: string,
    timeoutMs?: number,
  ): Promise<TransactionalProducer> {
    const producer = new TransactionalProducer(client, protocol, transactionalId);
    const code = await producer.init({ ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    if (code !== kafkaError.NONE) throw new Error(`InitProducerId: error ${code}`);
    return producer;
  }

  /** As requests and answers name the session. */
  get stamp() {
    return { producerId: this.producerId, producerEpoch: this.epoch };
  }

  get session(): Session {
    return { producerId: this.producerId, epoch: this.epoch };
  }

  private get identity() {
    return { transactionalId: this.transactionalId, producerId: this.producerId, producerEpoch: this.epoch };
  }

  /** Gives the error; without one the session is the new one. */
  async init({ timeoutMs = 60_000, expected }: { timeoutMs?: number; expected?: Session } = {}): Promise<number> {
    const answer = await lasting(
      ({ errorCode }) => errorCode,
      () =>
        this.client.call(apis.initProducerId, versions[this.protocol].init, {
          transactionalId: this.transactionalId,
          transactionTimeoutMs: timeoutMs,
          producerId: expected?.producerId ?? -1,
          producerEpoch: expected?.epoch ?? -1,
        }),
    );
    if (answer.errorCode === kafkaError.NONE) this.take(answer.producerId, answer.producerEpoch);
    return answer.errorCode;
  }

  /** AddPartitionsToTxn, as clients of protocol 1 send it; gives the error of each partition. */
  async add(topic: TestTopic, partitions: readonly number[] = [0], version = 3): Promise<number[]> {
    const answer = await lasting(
      ({ resultsByTopicV3AndBelow }) => resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode,
      () =>
        this.client.call(apis.addPartitionsToTxn, version, {
          v3AndBelowTransactionalId: this.transactionalId,
          v3AndBelowProducerId: this.producerId,
          v3AndBelowProducerEpoch: this.epoch,
          v3AndBelowTopics: [{ name: topic.name, partitions: [...partitions] }],
        }),
    );
    const results = answer.resultsByTopicV3AndBelow[0]?.resultsByPartition ?? [];
    return partitions.map((partition) => {
      return results.find(({ partitionIndex }) => partitionIndex === partition)?.partitionErrorCode ?? -1;
    });
  }

  /** Adds the partition where the protocol asks for it, and produces one batch; gives the answer of Produce. */
  async send(topic: TestTopic, values: readonly string[], partition = 0) {
    if (this.protocol === 1) {
      const [code] = await this.add(topic, [partition]);
      if (code !== kafkaError.NONE) throw new Error(`AddPartitionsToTxn: error ${code}`);
    }
    return this.produce(topic, values, { partition });
  }

  async produce(
    topic: TestTopic,
    values: readonly string[],
    more: {
      partition?: number;
      version?: number;
      isTransactional?: boolean;
      withId?: boolean;
      baseSequence?: number;
    } = {},
  ) {
    const { partition = 0, version = versions[this.protocol].produce, isTransactional = true, withId = true } = more;
    const key = `${topic.name}/${partition}`;
    const baseSequence = more.baseSequence ?? this.sequences.get(key) ?? 0;
    const batch = batchOf(values, {
      producer: { producerId: this.producerId, producerEpoch: this.epoch, baseSequence, isTransactional },
    });
    const answer = await lasting(
      ({ responses }) => responses[0]?.partitionResponses[0]?.errorCode,
      () =>
        this.client.call(apis.produce, version, {
          transactionalId: withId ? this.transactionalId : null,
          acks: -1,
          timeoutMs: 10_000,
          topicData: [{ name: topic.name, topicId: topic.id, partitionData: [{ index: partition, records: batch }] }],
        }),
    );
    const result = answer.responses[0]?.partitionResponses[0];
    if (result === undefined) throw new Error('the answer has no partition');
    if (result.errorCode === kafkaError.NONE) this.sequences.set(key, baseSequence + values.length);
    return result;
  }

  async addOffsets(groupId: string, version = 3): Promise<number> {
    const answer = await lasting(
      ({ errorCode }) => errorCode,
      () => this.client.call(apis.addOffsetsToTxn, version, { ...this.identity, groupId }),
    );
    return answer.errorCode;
  }

  async commitOffsets(
    groupId: string,
    topic: TestTopic,
    committedOffset: number,
    more: { version?: number; generationId?: number; memberId?: string; partition?: number } = {},
  ): Promise<number> {
    const { version = versions[this.protocol].offsets, generationId = -1, memberId = '', partition = 0 } = more;
    const errorOf = ({ topics }: TxnOffsetCommitResponse): number | undefined => topics[0]?.partitions[0]?.errorCode;
    const answer = await lasting(errorOf, () =>
      this.client.call(apis.txnOffsetCommit, version, {
        ...this.identity,
        groupId,
        generationId,
        memberId,
        topics: [
          { name: topic.name, partitions: [{ partitionIndex: partition, committedOffset, committedMetadata: null }] },
        ],
      }),
    );
    return errorOf(answer) ?? kafkaError.UNKNOWN_SERVER_ERROR;
  }

  /** Ends the transaction; under protocol 2 the session becomes the next one. Gives the error. */
  async end(outcome: Outcome, session: Session = this.session, version: number = versions[this.protocol].end) {
    const answer = await lasting(
      ({ errorCode }) => errorCode,
      () =>
        this.client.call(apis.endTxn, version, {
          transactionalId: this.transactionalId,
          producerId: session.producerId,
          producerEpoch: session.epoch,
          committed: outcome === 'commit',
        }),
    );
    if (answer.errorCode === kafkaError.NONE && version >= 5) this.take(answer.producerId, answer.producerEpoch);
    return answer.errorCode;
  }

  /** Waits until the transaction's markers are written. */
  async completed(): Promise<void> {
    for (;;) {
      const described = await describeTransaction(this.client, this.transactionalId);
      if (!(described?.transactionState ?? '').startsWith('Prepare')) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  private take(producerId: number, epoch: number): void {
    if (producerId !== this.producerId || epoch !== this.epoch) this.sequences.clear();
    this.producerId = producerId;
    this.epoch = epoch;
  }
}
