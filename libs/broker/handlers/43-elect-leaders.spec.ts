import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('ElectLeaders and ListPartitionReassignments', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    await world.createTopic('orders', 1);
  });
  afterEach(() => world.close());

  const { NONE, ELECTION_NOT_NEEDED, UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST } = kafkaError;

  test.each([
    ['a partition', 0, [{ topic: 'orders', partitions: [0] }], NONE, [ELECTION_NOT_NEEDED]],
    ['a partition, unclean', 1, [{ topic: 'orders', partitions: [0] }], NONE, [ELECTION_NOT_NEEDED]],
    ['an unknown partition', 0, [{ topic: 'orders', partitions: [1] }], NONE, [UNKNOWN_TOPIC_OR_PARTITION]],
    ['an unknown topic', 0, [{ topic: 'nothing', partitions: [0] }], NONE, [UNKNOWN_TOPIC_OR_PARTITION]],
    ['in an unknown way', 5, [{ topic: 'orders', partitions: [0] }], INVALID_REQUEST, [INVALID_REQUEST]],
    ['all', 0, null, NONE, []],
  ])('of %s', async (_, electionType, topicPartitions, errorCode, codes) => {
    const answer = await world.call(apis.electLeaders, 2, { electionType, topicPartitions });
    expect(answer.errorCode).toBe(errorCode);
    const partitions = answer.replicaElectionResults.flatMap((one) => one.partitionResult);
    expect(partitions.map((partition) => partition.errorCode)).toEqual(codes);
  });

  test('nothing is being moved', async () => {
    expect(await world.call(apis.listPartitionReassignments, 0, {})).toMatchObject({ errorCode: NONE, topics: [] });
  });
});
