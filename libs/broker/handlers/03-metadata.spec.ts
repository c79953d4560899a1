import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid } from '#wire/kafka/schema';
import { BrokerWorld } from '../broker.testkit.js';

describe('Metadata', () => {
  let world: BrokerWorld;
  afterEach(() => world.close());

  test.each([
    [{}, '127.0.0.1', 9092],
    [{ 'advertised.listeners': 'PLAINTEXT://topics.example:19092' }, 'topics.example', 19092],
    [{ 'advertised.listeners': '[2001:db8::1]:9094' }, '2001:db8::1', 9094],
  ])('tells clients where to connect: %j', async (config, host, port) => {
    world = await BrokerWorld.open(config);
    const answer = await world.call(apis.metadata, 9, { topics: [] });
    expect(answer.brokers).toMatchObject([{ nodeId: 1, host, port }]);
    expect(await world.call(apis.describeCluster, 1, {})).toMatchObject({ brokers: [{ brokerId: 1, host, port }] });
    expect(await world.call(apis.describeCluster, 1, { endpointType: 2 })).toMatchObject({
      errorCode: kafkaError.MISMATCHED_ENDPOINT_TYPE,
      brokers: [],
    });
  });

  test.each([
    ['allowed by both', {}, true, kafkaError.NONE],
    ['not wanted by the client', {}, false, kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    ['off', { 'auto.create.topics.enable': 'false' }, true, kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
  ])('creates a topic where that is %s', async (_, config, allowAutoTopicCreation, errorCode) => {
    world = await BrokerWorld.open({ ...config, 'num.partitions': '3' });
    const answer = await world.call(apis.metadata, 9, { topics: [{ name: 'new' }], allowAutoTopicCreation });
    expect(answer.topics[0]).toMatchObject({ errorCode, name: 'new' });
    expect(answer.topics[0]?.partitions).toHaveLength(errorCode === kafkaError.NONE ? 3 : 0);
  });

  test('two clients that ask for the same new topic both get it', async () => {
    world = await BrokerWorld.open();
    const ask = () => world.call(apis.metadata, 12, { topics: [{ topicId: zeroUuid, name: 'new' }] });
    const [one, other] = await Promise.all([ask(), ask()]);
    expect(one.topics[0]?.errorCode).toBe(kafkaError.NONE);
    expect(other.topics[0]).toEqual(one.topics[0]);
  });

  test('finds a topic by id, and never creates by one', async () => {
    world = await BrokerWorld.open();
    const { id } = await world.createTopic('orders');
    const answer = await world.call(apis.metadata, 12, {
      topics: [
        { topicId: id, name: null },
        { topicId: 'q83vq83vq83vq83vq83vqw', name: null },
      ],
    });
    expect(answer.topics).toMatchObject([
      { errorCode: 0, name: 'orders', topicId: id },
      { errorCode: kafkaError.UNKNOWN_TOPIC_ID, name: null },
    ]);
  });

  test('shows all topics for null, and in v0 for none', async () => {
    world = await BrokerWorld.open();
    await world.createTopic('orders');
    expect((await world.call(apis.metadata, 9, { topics: null })).topics).toHaveLength(1);
    expect((await world.call(apis.metadata, 0, { topics: [] })).topics).toHaveLength(1);
    expect((await world.call(apis.metadata, 1, { topics: [] })).topics).toHaveLength(0);
  });
});
