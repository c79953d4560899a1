import { apis } from '#wire/kafka/apis';
import { kafkaErrorName } from '#wire/kafka/error-codes';
import { TransactionalClient } from '../transactions/transactional-client.testkit.js';

describe('WriteTxnMarkers', () => {
  let client: TransactionalClient;
  beforeEach(async () => {
    client = await TransactionalClient.open();
    await client.add();
    await client.produce();
  });
  afterEach(() => client.world.close());

  async function write(version: number): Promise<unknown> {
    const { producerId, producerEpoch } = client;
    const topics = [
      { name: 'orders', partitionIndexes: [0, 9] },
      { name: 'nothing', partitionIndexes: [0] },
    ];
    const { markers } = await client.world.call(apis.writeTxnMarkers, version, {
      markers: [{ producerId, producerEpoch, transactionResult: false, topics, coordinatorEpoch: 0 }],
    });
    return markers[0]?.topics.map(({ name, partitions }) => [
      name,
      partitions.map(({ errorCode }) => kafkaErrorName(errorCode)),
    ]);
  }

  async function stable(): Promise<number | undefined> {
    const partitions = [{ partitionIndex: 0, timestamp: -1 }];
    const topics = [{ name: 'orders', partitions }];
    const answer = await client.world.call(apis.listOffsets, 5, { replicaId: -1, isolationLevel: 1, topics });
    return answer.topics[0]?.partitions[0]?.offset;
  }

  test.each([1, 2])('v%d ends what is open, each partition with its own error', async (version) => {
    expect(await stable()).toBe(0);
    expect(await write(version)).toEqual([
      ['orders', ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION']],
      ['nothing', ['UNKNOWN_TOPIC_OR_PARTITION']],
    ]);
    expect(await stable()).toBe(2);
  });

  test('is for who may alter the cluster, or is a broker', async () => {
    client.world.permits = (_, type) => type !== 'cluster';
    const denied = 'CLUSTER_AUTHORIZATION_FAILED';
    expect(await write(1)).toEqual([
      ['orders', [denied, denied]],
      ['nothing', [denied]],
    ]);
    expect(await stable()).toBe(0);
    client.forbid('cluster_action', 'cluster');
    await write(1);
    expect(await stable()).toBe(2);
  });
});
