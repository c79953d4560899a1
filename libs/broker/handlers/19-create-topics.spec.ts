import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid } from '#wire/kafka/schema';
import { BrokerWorld } from '../broker.testkit.js';

describe('topics', () => {
  let world: BrokerWorld;
  afterEach(() => world.close());

  const plain = { name: 'new', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] };
  const assigned = (...brokerIds: number[]) => ({
    numPartitions: -1,
    replicationFactor: -1,
    assignments: brokerIds.map((id, partitionIndex) => ({ partitionIndex, brokerIds: [id] })),
  });

  test.each([
    ['plain', {}, {}, kafkaError.NONE, 2],
    ['by the defaults', {}, { numPartitions: -1, replicationFactor: -1 }, kafkaError.NONE, 1],
    ['by assignment', {}, assigned(1, 1, 1), kafkaError.NONE, 3],
    ['by assignment elsewhere', {}, assigned(1, 2), kafkaError.INVALID_REPLICA_ASSIGNMENT, -1],
    ['with a setting', {}, { configs: [{ name: 'retention.ms', value: '5' }] }, kafkaError.NONE, 2],
    ['with an unknown setting', {}, { configs: [{ name: 'x', value: '5' }] }, kafkaError.INVALID_CONFIG, -1],
    ['with a null setting', {}, { configs: [{ name: 'retention.ms', value: null }] }, kafkaError.INVALID_CONFIG, -1],
    ['with no partition', {}, { numPartitions: 0 }, kafkaError.INVALID_PARTITIONS, -1],
    ['with too many', { 'topic.partitions.max': '5' }, { numPartitions: 6 }, kafkaError.INVALID_PARTITIONS, -1],
    ['with three copies', {}, { replicationFactor: 3 }, kafkaError.INVALID_REPLICATION_FACTOR, -1],
    ['with three copies, relaxed', { 'replication.factor.relaxed': 'true' }, { replicationFactor: 3 }, 0, 2],
    ['under a bad name', {}, { name: 'a/b' }, kafkaError.INVALID_TOPIC_EXCEPTION, -1],
    ['under a taken name', {}, { name: 'taken.x' }, kafkaError.TOPIC_ALREADY_EXISTS, -1],
    ['under a name that collides', {}, { name: 'taken_x' }, kafkaError.INVALID_TOPIC_EXCEPTION, -1],
  ])('are created %s', async (_, config, wanted, errorCode, numPartitions) => {
    world = await BrokerWorld.open(config);
    await world.createTopic('taken.x');
    for (const validateOnly of [true, false]) {
      const topic = { ...plain, ...wanted };
      const answer = await world.call(apis.createTopics, 7, { topics: [topic], timeoutMs: 1000, validateOnly });
      expect(answer.topics).toMatchObject([{ name: topic.name, errorCode, numPartitions }]);
      const made = errorCode === kafkaError.NONE && !validateOnly;
      expect(world.broker.engine.topics.byName('new') !== null).toBe(made);
    }
  });

  test('named twice in one request are refused', async () => {
    world = await BrokerWorld.open();
    const answer = await world.call(apis.createTopics, 7, { topics: [plain, plain], timeoutMs: 1000 });
    expect(answer.topics).toMatchObject([{ name: 'new', errorCode: kafkaError.INVALID_REQUEST }]);
  });

  test.each([
    ['by name', {}, 5, 'orders', false, kafkaError.NONE],
    ['by name in v6', {}, 6, 'orders', false, kafkaError.NONE],
    ['by id', {}, 6, null, true, kafkaError.NONE],
    ['by both', {}, 6, 'orders', true, kafkaError.INVALID_REQUEST],
    ['that are not there', {}, 5, 'nothing', false, kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    ['where that is off', { 'delete.topic.enable': 'false' }, 5, 'orders', false, kafkaError.TOPIC_DELETION_DISABLED],
  ])('are deleted %s', async (_, config, version, name, byId, errorCode) => {
    world = await BrokerWorld.open(config);
    const { id } = await world.createTopic('orders');
    const answer = await world.call(apis.deleteTopics, version, {
      topics: [{ name, topicId: byId ? id : zeroUuid }],
      topicNames: [name ?? ''],
      timeoutMs: 1000,
    });
    expect(answer.responses[0]?.errorCode).toBe(errorCode);
    expect(world.broker.engine.topics.byName('orders') === null).toBe(errorCode === kafkaError.NONE);
  });

  test.each([
    ['more', 'orders', 4, null, false, kafkaError.NONE, 4],
    ['more, to see whether', 'orders', 4, null, true, kafkaError.NONE, 2],
    ['as many', 'orders', 2, null, false, kafkaError.INVALID_PARTITIONS, 2],
    ['fewer', 'orders', 1, null, false, kafkaError.INVALID_PARTITIONS, 2],
    ['too many', 'orders', 20_000, null, false, kafkaError.INVALID_PARTITIONS, 2],
    ['more, here', 'orders', 3, [{ brokerIds: [1] }], false, kafkaError.NONE, 3],
    ['more, elsewhere', 'orders', 3, [{ brokerIds: [2] }], false, kafkaError.INVALID_REPLICA_ASSIGNMENT, 2],
    ['more of nothing', 'nothing', 3, null, false, kafkaError.UNKNOWN_TOPIC_OR_PARTITION, 2],
  ])('get %s partitions', async (_, name, count, assignments, validateOnly, errorCode, partitions) => {
    world = await BrokerWorld.open();
    await world.createTopic('orders', 2);
    const answer = await world.call(apis.createPartitions, 3, {
      topics: [{ name, count, assignments }],
      timeoutMs: 1000,
      validateOnly,
    });
    expect(answer.results[0]?.errorCode).toBe(errorCode);
    expect(world.broker.engine.topics.byName('orders')?.partitions).toBe(partitions);
  });
});
