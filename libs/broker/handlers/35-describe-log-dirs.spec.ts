import { batchOf } from '#log/testing/engine-fixture';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('DescribeLogDirs', () => {
  let world: BrokerWorld;
  const batch = batchOf(['a']);
  beforeEach(async () => {
    world = await BrokerWorld.open();
    const { id } = await world.createTopic('orders', 2);
    await world.createTopic('others', 1);
    await world.broker.engine.append([{ topicId: id, partition: 1, batch }], { acks: -1 });
  });
  afterEach(() => world.close());

  test.each([
    ['all', null, ['orders 0 0', `orders 1 ${batch.length}`, 'others 0 0']],
    ['none', [], []],
    ['some', [{ topic: 'orders', partitions: [1, 9] }], [`orders 1 ${batch.length}`]],
    ['an unknown topic', [{ topic: 'nothing', partitions: [0] }], []],
  ])('%s', async (_, topics, expected) => {
    const answer = await world.call(apis.describeLogDirs, 4, { topics });
    expect(answer).toMatchObject({ errorCode: kafkaError.NONE, results: [{ errorCode: kafkaError.NONE }] });
    const rows = answer.results.flatMap((directory) =>
      directory.topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, partitionSize }) => `${name} ${partitionIndex} ${partitionSize}`),
      ),
    );
    expect(rows).toEqual(expected);
  });
});
