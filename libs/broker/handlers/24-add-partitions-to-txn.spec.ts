import { apis } from '#wire/kafka/apis';
import { kafkaErrorName } from '#wire/kafka/error-codes';
import { TransactionalClient } from '../transactions/transactional-client.testkit.js';

describe('AddPartitionsToTxn', () => {
  let client: TransactionalClient;
  beforeEach(async () => {
    client = await TransactionalClient.open();
  });
  afterEach(() => client.world.close());

  const names = async (codes: Promise<number[]>): Promise<string[]> => (await codes).map(kafkaErrorName);

  test.each([0, 1, 2, 3])('v%d adds all partitions, and again', async (version) => {
    expect(await names(client.add([0, 1], version))).toEqual(['NONE', 'NONE']);
    expect(await names(client.add([1], version))).toEqual(['NONE']);
  });

  test('adds none where one is unknown', async () => {
    expect(await names(client.add([0, 2, -1]))).toEqual([
      'OPERATION_NOT_ATTEMPTED',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    expect(kafkaErrorName(await client.produce())).toBe('INVALID_TXN_STATE');
  });

  test.each([
    [1, 'INVALID_PRODUCER_EPOCH'],
    [2, 'PRODUCER_FENCED'],
  ])('v%d of a producer that is fenced: %s', async (version, name) => {
    client.producerEpoch -= 1;
    expect(await names(client.add([0], version))).toEqual([name]);
  });

  test.each([
    ['write', 'transactional_id', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
    ['write', 'topic', 'TOPIC_AUTHORIZATION_FAILED'],
  ])('without the right to %s a %s: %s', async (operation, type, name) => {
    client.forbid(operation, type);
    expect(await names(client.add())).toEqual([name]);
  });

  const asBroker = (version: number, verifyOnly: boolean, partitions: number[]) =>
    client.world.call(apis.addPartitionsToTxn, version, {
      transactions: [{ ...client.identity, verifyOnly, topics: [{ name: 'orders', partitions }] }],
    });

  test.each([
    [4, 'INVALID_TXN_STATE'],
    [5, 'TRANSACTION_ABORTABLE'],
  ])('v%d tells a broker of each partition whether it is in', async (version, name) => {
    await client.add([1]);
    const answer = await asBroker(version, true, [0, 1]);
    const results = answer.resultsByTransaction[0]?.topicResults[0]?.resultsByPartition ?? [];
    expect(results.map(({ partitionErrorCode }) => kafkaErrorName(partitionErrorCode))).toEqual([name, 'NONE']);
  });

  test('v4 adds for brokers, and is theirs alone', async () => {
    await asBroker(4, false, [0]);
    expect(kafkaErrorName(await client.produce())).toBe('NONE');
    client.forbid('cluster_action', 'cluster');
    expect(kafkaErrorName((await asBroker(4, false, [1])).errorCode)).toBe('CLUSTER_AUTHORIZATION_FAILED');
  });
});
