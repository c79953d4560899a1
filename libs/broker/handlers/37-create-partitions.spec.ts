import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('CreatePartitions', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open({ 'topic.partitions.max': '5' });
    await world.createTopic('orders', 2);
  });
  afterEach(() => world.close());

  test.each([
    ['more', 'orders', 3, null, kafkaError.NONE],
    ['as many', 'orders', 2, null, kafkaError.INVALID_PARTITIONS],
    ['too many', 'orders', 6, null, kafkaError.INVALID_PARTITIONS],
    ['of an unknown topic', 'nothing', 3, null, kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    ['on this node', 'orders', 3, [{ brokerIds: [1] }], kafkaError.NONE],
    ['on another node', 'orders', 3, [{ brokerIds: [2] }], kafkaError.INVALID_REPLICA_ASSIGNMENT],
    ['on two nodes', 'orders', 3, [{ brokerIds: [1, 2] }], kafkaError.INVALID_REPLICA_ASSIGNMENT],
    ['with an assignment less', 'orders', 4, [{ brokerIds: [1] }], kafkaError.INVALID_REPLICA_ASSIGNMENT],
  ])('%s', async (_, name, count, assignments, errorCode) => {
    const topics = [{ name, count, assignments }];
    const ask = (validateOnly: boolean) =>
      world.call(apis.createPartitions, 3, { topics, timeoutMs: 1000, validateOnly });
    expect((await ask(true)).results).toMatchObject([{ name, errorCode }]);
    expect(world.broker.engine.topics.byName('orders')?.partitions).toBe(2);
    expect((await ask(false)).results).toMatchObject([{ name, errorCode }]);
    expect(world.broker.engine.topics.byName('orders')?.partitions).toBe(errorCode === kafkaError.NONE ? count : 2);
  });
});
