import { batchOf } from '#log/testing/engine-fixture';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

/** A broker with the topic `orders` (two partitions), and a transactional producer that asks it in messages of protocol 1. */
export class TransactionalClient {
  producerId = -1;
  producerEpoch = -1;
  readonly transactionalId = 't';
  private sequence = 0;

  private constructor(readonly world: BrokerWorld) {}

  static async open(): Promise<TransactionalClient> {
    const world = await BrokerWorld.open();
    await world.createTopic('orders', 2);
    const client = new TransactionalClient(world);
    await client.init();
    return client;
  }

  get identity() {
    const { transactionalId, producerId, producerEpoch } = this;
    return { transactionalId, producerId, producerEpoch };
  }

  async init(): Promise<void> {
    const asked = { transactionalId: this.transactionalId, transactionTimeoutMs: 60_000 };
    const { errorCode, producerId, producerEpoch } = await this.world.call(apis.initProducerId, 4, asked);
    if (errorCode !== kafkaError.NONE) throw new Error(`InitProducerId: error ${errorCode}`);
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
    this.sequence = 0;
  }

  /** The error of each partition of `orders`. */
  async add(partitions: readonly number[] = [0], version = 3): Promise<number[]> {
    const { resultsByTopicV3AndBelow: topics } = await this.world.call(apis.addPartitionsToTxn, version, {
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: this.producerEpoch,
      v3AndBelowTopics: [{ name: 'orders', partitions: [...partitions] }],
    });
    return (topics[0]?.resultsByPartition ?? []).map(({ partitionErrorCode }) => partitionErrorCode);
  }

  async addOffsets(groupId = 'readers', version = 3): Promise<number> {
    return (await this.world.call(apis.addOffsetsToTxn, version, { ...this.identity, groupId })).errorCode;
  }

  /** The error of one record to partition 0. */
  async produce(version = 9): Promise<number> {
    const { producerId, producerEpoch, sequence: baseSequence } = this;
    const records = batchOf(['a'], { producer: { producerId, producerEpoch, baseSequence, isTransactional: true } });
    const { responses } = await this.world.call(apis.produce, version, {
      transactionalId: this.transactionalId,
      acks: -1,
      timeoutMs: 1_000,
      topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }],
    });
    const code = responses[0]?.partitionResponses[0]?.errorCode ?? kafkaError.UNKNOWN_SERVER_ERROR;
    if (code === kafkaError.NONE) this.sequence += 1;
    return code;
  }

  /** The error of each partition of `topic`, in the order asked. */
  async commitOffsets(
    {
      version = 3,
      topic = 'orders',
      partitions = [0],
      offset = 5,
      generationId = -1,
      memberId = '',
      metadata = '',
    } = {},
    groupId = 'readers',
  ): Promise<number[]> {
    const { topics } = await this.world.call(apis.txnOffsetCommit, version, {
      ...this.identity,
      groupId,
      generationId,
      memberId,
      topics: [
        {
          name: topic,
          partitions: partitions.map((partitionIndex) => {
            return { partitionIndex, committedOffset: offset, committedMetadata: metadata };
          }),
        },
      ],
    });
    return (topics[0]?.partitions ?? []).map(({ errorCode }) => errorCode);
  }

  end(committed: boolean, version = 3) {
    return this.world.call(apis.endTxn, version, { ...this.identity, committed });
  }

  /** The committed offset of partition 0 and its error. */
  async offset(requireStable = true): Promise<readonly [number | undefined, number | undefined]> {
    const { topics } = await this.world.call(apis.offsetFetch, 7, {
      groupId: 'readers',
      topics: [{ name: 'orders', partitionIndexes: [0] }],
      requireStable,
    });
    const found = topics[0]?.partitions[0];
    return [found?.committedOffset, found?.errorCode];
  }

  /** The principal may do everything but this. */
  forbid(operation: string, type: string): void {
    this.world.permits = (asked, askedType) => asked !== operation || askedType !== type;
  }
}

/** Who asks, what makes the client one, the request's version, and the error. */
export type ProducerRow = readonly [string, (client: TransactionalClient) => void, number, string];

/** What every request of a transaction refuses. */
export const refusedProducers: readonly ProducerRow[] = [
  ['a fenced producer', (client) => (client.producerEpoch -= 1), 1, 'INVALID_PRODUCER_EPOCH'],
  ['a fenced producer', (client) => (client.producerEpoch -= 1), 2, 'PRODUCER_FENCED'],
  ['another producer', (client) => (client.producerId += 1), 3, 'INVALID_PRODUCER_ID_MAPPING'],
  [
    'no right to the id',
    (client) => client.forbid('write', 'transactional_id'),
    3,
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  ],
];
