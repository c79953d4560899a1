import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid } from '#wire/kafka/schema';
import { createTopic, eventually, freshName, Target } from './target.js';

/** Metadata and DescribeCluster. An unknown topic that may be created is there at once with us, a moment later with Kafka. */
describe('metadata', () => {
  const target = new Target();
  beforeAll(() => target.start());
  afterAll(() => target.stop());
  afterEach(() => target.closeClients());

  test.each([1, 4, 8, 9, 12, 13])('v%d tells the address that the client connected to', async (version) => {
    const client = await target.client();
    const answer = await client.call(apis.metadata, version, { topics: [] });
    const [broker] = answer.brokers;
    expect(`${broker?.host}:${broker?.port}`).toBe(target.address);
    expect(answer.controllerId).toBe(broker?.nodeId);
    if (version >= 2) expect(answer.clusterId).toMatch(/^\S+$/);
    expect(answer.topics).toEqual([]);
  });

  test('shows the partitions of a topic with leader, replicas and epoch', async () => {
    const client = await target.client();
    const topic = await createTopic(client, { partitions: 3 });
    const answer = await client.call(apis.metadata, 12, { topics: [{ topicId: zeroUuid, name: topic.name }] });
    const node = answer.brokers[0]?.nodeId;
    const [shown] = answer.topics;
    expect(shown).toMatchObject({ errorCode: 0, name: topic.name, topicId: topic.id, isInternal: false });
    expect(shown?.partitions.map((partition) => partition.partitionIndex).sort((a, b) => a - b)).toEqual([0, 1, 2]);
    for (const partition of shown?.partitions ?? []) {
      expect(partition).toMatchObject({ errorCode: 0, leaderId: node, replicaNodes: [node], isrNodes: [node] });
      expect(partition.leaderEpoch).toBeGreaterThanOrEqual(0);
      expect(partition.offlineReplicas).toEqual([]);
    }
  });

  test('null topics mean all, an empty list none', async () => {
    const client = await target.client();
    const topic = await createTopic(client);
    const all = await client.call(apis.metadata, 5, { topics: null });
    expect(all.topics.map((shown) => shown.name)).toContain(topic.name);
    expect((await client.call(apis.metadata, 5, { topics: [] })).topics).toEqual([]);
  });

  test('an empty list means all in v0', async () => {
    const client = await target.client();
    const topic = await createTopic(client);
    const all = await client.call(apis.metadata, 0, { topics: [] });
    expect(all.topics.map((shown) => shown.name)).toContain(topic.name);
  });

  test('an unknown topic that may not be created is error 3 under its name', async () => {
    const client = await target.client();
    const name = freshName('unknown');
    const answer = await client.call(apis.metadata, 9, { topics: [{ name }], allowAutoTopicCreation: false });
    expect(answer.topics).toMatchObject([{ errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, name, partitions: [] }]);
    const again = await client.call(apis.metadata, 9, { topics: [{ name }], allowAutoTopicCreation: false });
    expect(again.topics[0]?.errorCode).toBe(kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test.each(['', 'has space', 'slash/y', '.', '..', 'x'.repeat(250)])('"%s" is no name for a topic', async (name) => {
    const client = await target.client();
    const answer = await client.call(apis.metadata, 9, { topics: [{ name }], allowAutoTopicCreation: false });
    expect(answer.topics[0]?.errorCode).toBe(kafkaError.INVALID_TOPIC_EXCEPTION);
  });

  test('an unknown topic is created when the client allows it', async () => {
    const client = await target.client();
    const name = freshName('auto');
    await eventually(async () => {
      const answer = await client.call(apis.metadata, 9, { topics: [{ name }], allowAutoTopicCreation: true });
      const code = answer.topics[0]?.errorCode;
      expect([kafkaError.NONE, kafkaError.UNKNOWN_TOPIC_OR_PARTITION, kafkaError.LEADER_NOT_AVAILABLE]).toContain(code);
      return code === kafkaError.NONE;
    });
  });

  test('a topic is found by its id', async () => {
    const client = await target.client();
    const topic = await createTopic(client);
    const answer = await client.call(apis.metadata, 12, { topics: [{ topicId: topic.id, name: null }] });
    expect(answer.topics).toMatchObject([{ errorCode: 0, name: topic.name, topicId: topic.id }]);
  });

  test('an unknown id is error 100', async () => {
    const client = await target.client();
    const topicId = 'q83vq83vq83vq83vq83vqw';
    const answer = await client.call(apis.metadata, 12, { topics: [{ topicId, name: null }] });
    expect(answer.topics).toMatchObject([{ errorCode: kafkaError.UNKNOWN_TOPIC_ID, name: null, topicId }]);
  });

  test('DescribeCluster agrees with the metadata', async () => {
    const client = await target.client();
    const metadata = await client.call(apis.metadata, 9, { topics: [] });
    const cluster = await client.call(apis.describeCluster, 0, {});
    expect(cluster).toMatchObject({ errorCode: 0, clusterId: metadata.clusterId });
    expect(cluster.brokers).toMatchObject([
      { brokerId: metadata.brokers[0]?.nodeId, host: metadata.brokers[0]?.host, port: metadata.brokers[0]?.port },
    ]);
  });

  test('DescribeCluster of controllers is refused by a broker', async () => {
    const client = await target.client();
    const cluster = await client.call(apis.describeCluster, 1, { endpointType: 2 });
    expect(cluster.errorCode).toBe(kafkaError.MISMATCHED_ENDPOINT_TYPE);
  });
});
