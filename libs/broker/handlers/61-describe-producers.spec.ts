import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { TransactionalClient } from '../transactions/transactional-client.testkit.js';

describe('DescribeProducers', () => {
  let client: TransactionalClient;
  beforeEach(async () => {
    client = await TransactionalClient.open();
  });
  afterEach(() => client.world.close());

  async function describeOne(name: string, partition: number) {
    const topics = [{ name, partitionIndexes: [partition] }];
    return (await client.world.call(apis.describeProducers, 0, { topics })).topics[0]?.partitions[0];
  }

  test('shows who writes to a partition, and what is open', async () => {
    expect(await describeOne('orders', 0)).toMatchObject({ errorCode: 0, activeProducers: [] });
    await client.add();
    await client.produce();
    const { producerId, producerEpoch } = client;
    const producer = { producerId, producerEpoch, lastSequence: 0, coordinatorEpoch: -1, currentTxnStartOffset: 0 };
    expect(await describeOne('orders', 0)).toMatchObject({ errorCode: 0, activeProducers: [producer] });
    await client.end(true);
    await client.world.broker.transactions.idle();
    expect((await describeOne('orders', 0))?.activeProducers).toMatchObject([
      { ...producer, coordinatorEpoch: 0, currentTxnStartOffset: -1 },
    ]);
  });

  test.each([
    ['nothing', 0],
    ['orders', 2],
    ['orders', -1],
  ])('%s-%d is unknown', async (name, partition) => {
    expect((await describeOne(name, partition))?.errorCode).toBe(kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test('is for who may read the topic', async () => {
    client.forbid('read', 'topic');
    expect((await describeOne('orders', 0))?.errorCode).toBe(kafkaError.TOPIC_AUTHORIZATION_FAILED);
  });
});
