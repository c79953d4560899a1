import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('OffsetDelete', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    await world.createTopic('orders', 2);
    const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, committedOffset: 5, committedMetadata: '' }));
    await world.call(apis.offsetCommit, 7, { groupId: 'readers', topics: [{ name: 'orders', partitions }] });
  });
  afterEach(() => world.close());

  async function committed() {
    const answer = await world.call(apis.offsetFetch, 7, {
      groupId: 'readers',
      topics: [{ name: 'orders', partitionIndexes: [0, 1] }],
    });
    return answer.topics[0]?.partitions.map((partition) => partition.committedOffset);
  }

  test('deletes the offsets named and no others', async () => {
    const answer = await world.call(apis.offsetDelete, 0, {
      groupId: 'readers',
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 7 }, { partitionIndex: 1 }] }],
    });
    expect(answer).toMatchObject({
      errorCode: 0,
      topics: [
        {
          name: 'orders',
          partitions: [
            { partitionIndex: 7, errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION },
            { partitionIndex: 1, errorCode: kafkaError.NONE },
          ],
        },
      ],
    });
    expect(await committed()).toEqual([5, -1]);
  });

  test('of an unknown group is error 69', async () => {
    const answer = await world.call(apis.offsetDelete, 0, { groupId: 'nobody', topics: [] });
    expect(answer.errorCode).toBe(kafkaError.GROUP_ID_NOT_FOUND);
  });

  test('a deleted topic takes its offsets along', async () => {
    await world.call(apis.deleteTopics, 5, { topicNames: ['orders'], timeoutMs: 1000 });
    await world.createTopic('orders', 2);
    expect(await committed()).toEqual([-1, -1]);
  });
});
