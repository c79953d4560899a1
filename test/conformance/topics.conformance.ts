import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid } from '#wire/kafka/schema';
import { batchOf } from './batches.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, eventually, freshName, produce } from './target.js';

/** CreateTopics, DeleteTopics and CreatePartitions. Both run on one node, so a replication factor of 3 is refused. */
describe('topic administration', () => {
  let client: RawClient;
  suiteTarget((connection) => {
    client = connection;
  });

  interface Wanted {
    readonly name?: string;
    readonly numPartitions?: number;
    readonly replicationFactor?: number;
    readonly assignments?: readonly { partitionIndex: number; brokerIds: readonly number[] }[];
    readonly configs?: readonly { name: string; value: string | null }[];
  }

  async function create(wanted: Wanted, { version = 7, validateOnly = false } = {}) {
    const answer = await client.call(apis.createTopics, version, {
      topics: [
        { name: freshName('made'), numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...wanted },
      ],
      timeoutMs: 10_000,
      validateOnly,
    });
    const [topic] = answer.topics;
    if (topic === undefined) throw new Error('the answer has no topic');
    return topic;
  }

  async function metadataOf(name: string) {
    const answer = await client.call(apis.metadata, 12, {
      topics: [{ topicId: zeroUuid, name }],
      allowAutoTopicCreation: false,
    });
    return answer.topics[0];
  }

  test.each([2, 3, 4, 5, 6, 7])('CreateTopics v%d makes a topic that metadata shows', async (version) => {
    const made = await create({ numPartitions: 4 }, { version });
    expect(made.errorCode).toBe(kafkaError.NONE);
    if (version >= 5) expect(made).toMatchObject({ numPartitions: 4, replicationFactor: 1 });
    await eventually(async () => (await metadataOf(made.name))?.errorCode === kafkaError.NONE);
    const shown = await metadataOf(made.name);
    expect(shown?.partitions).toHaveLength(4);
    if (version >= 7) expect(made.topicId).toBe(shown?.topicId);
  });

  test('CreateTopics answers with the settings of the topic', async () => {
    const made = await create({ configs: [{ name: 'retention.ms', value: '12345' }] });
    const retention = made.configs?.find((config) => config.name === 'retention.ms');
    expect(retention).toMatchObject({ value: '12345', configSource: 1, readOnly: false, isSensitive: false });
    expect(made.configs?.find((config) => config.name === 'segment.bytes')).toMatchObject({ value: '1073741824' });
  });

  test('-1 takes the defaults of the node', async () => {
    const made = await create({ numPartitions: -1, replicationFactor: -1 });
    expect(made).toMatchObject({ errorCode: 0, numPartitions: 1, replicationFactor: 1 });
  });

  const refusals: readonly (readonly [string, number, Wanted])[] = [
    ['an invalid name', kafkaError.INVALID_TOPIC_EXCEPTION, { name: 'not a name' }],
    ['no partition', kafkaError.INVALID_PARTITIONS, { numPartitions: 0 }],
    ['more copies than nodes', kafkaError.INVALID_REPLICATION_FACTOR, { replicationFactor: 3 }],
    ['zero copies', kafkaError.INVALID_REPLICATION_FACTOR, { replicationFactor: 0 }],
    ['an unknown setting', kafkaError.INVALID_CONFIG, { configs: [{ name: 'no.such.setting', value: '1' }] }],
    ['a setting out of range', kafkaError.INVALID_CONFIG, { configs: [{ name: 'segment.bytes', value: '1' }] }],
    ['a setting of the wrong type', kafkaError.INVALID_CONFIG, { configs: [{ name: 'retention.ms', value: 'long' }] }],
    ['a setting without a value', kafkaError.INVALID_CONFIG, { configs: [{ name: 'retention.ms', value: null }] }],
    [
      'both counts and assignments',
      kafkaError.INVALID_REQUEST,
      { numPartitions: 1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
    ],
    [
      'an assignment to a node that is not there',
      kafkaError.INVALID_REPLICA_ASSIGNMENT,
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [77] }] },
    ],
  ];
  test.each(refusals)('%s is refused', async (_, errorCode, wanted) => {
    const made = await create(wanted);
    expect(made.errorCode).toBe(errorCode);
    expect(made.errorMessage).toMatch(/\S/);
  });

  test('a name that is there, and one that differs only in dot and underscore, are refused', async () => {
    const name = `${freshName('taken')}.x`;
    expect((await create({ name })).errorCode).toBe(kafkaError.NONE);
    expect((await create({ name })).errorCode).toBe(kafkaError.TOPIC_ALREADY_EXISTS);
    expect((await create({ name: name.replace('.', '_') })).errorCode).toBe(kafkaError.INVALID_TOPIC_EXCEPTION);
  });

  test('validateOnly makes nothing', async () => {
    const made = await create({}, { validateOnly: true });
    expect(made.errorCode).toBe(kafkaError.NONE);
    expect((await metadataOf(made.name))?.errorCode).toBe(kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
    expect((await create({ numPartitions: 0 }, { validateOnly: true })).errorCode).toBe(kafkaError.INVALID_PARTITIONS);
  });

  test('a name twice in one request is refused', async () => {
    const name = freshName('twice');
    const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    const answer = await client.call(apis.createTopics, 7, { topics: [topic, topic], timeoutMs: 10_000 });
    for (const made of answer.topics) expect(made).toMatchObject({ name, errorCode: kafkaError.INVALID_REQUEST });
  });

  test('an assignment to this node makes the topic', async () => {
    const node = (await client.call(apis.metadata, 9, { topics: [] })).brokers[0]?.nodeId ?? -1;
    const made = await create({
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [0, 1].map((partitionIndex) => ({ partitionIndex, brokerIds: [node] })),
    });
    expect(made).toMatchObject({ errorCode: 0, numPartitions: 2 });
  });

  test.each([1, 3, 4, 5])('DeleteTopics v%d deletes by name', async (version) => {
    const topic = await createTopic(client);
    const answer = await client.call(apis.deleteTopics, version, { topicNames: [topic.name], timeoutMs: 10_000 });
    expect(answer.responses).toMatchObject([{ name: topic.name, errorCode: 0 }]);
    await eventually(async () => (await metadataOf(topic.name))?.errorCode === kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test('DeleteTopics v6 deletes by name and by id and tells both', async () => {
    const one = await createTopic(client);
    const other = await createTopic(client);
    const answer = await client.call(apis.deleteTopics, 6, {
      topics: [
        { name: one.name, topicId: zeroUuid },
        { name: null, topicId: other.id },
      ],
      timeoutMs: 10_000,
    });
    const seen = [...answer.responses].sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
    const wanted = [one, other].sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(seen).toMatchObject(wanted.map(({ name, id }) => ({ name, topicId: id, errorCode: 0 })));
  });

  test('deleting what is not there is error 3 by name and 100 by id', async () => {
    const answer = await client.call(apis.deleteTopics, 6, {
      topics: [
        { name: freshName('missing'), topicId: zeroUuid },
        { name: null, topicId: 'q83vq83vq83vq83vq83vqw' },
      ],
      timeoutMs: 10_000,
    });
    expect(answer.responses.map((topic) => topic.errorCode).sort((a, b) => a - b)).toEqual([3, 100]);
  });

  test('a topic made again under its name is empty and has another id', async () => {
    const topic = await createTopic(client);
    await produce(client, { topic, batch: batchOf(['a']) });
    await client.call(apis.deleteTopics, 5, { topicNames: [topic.name], timeoutMs: 10_000 });
    let topicId = '';
    await eventually(async () => {
      const made = await create({ name: topic.name });
      topicId = made.topicId;
      return made.errorCode === kafkaError.NONE;
    });
    expect(topicId).not.toBe(topic.id);
    await eventually(async () => {
      const again = await produce(client, { topic, batch: batchOf(['b']) });
      if (again.errorCode !== kafkaError.NONE) return false;
      expect(again.baseOffset).toBe(0);
      return true;
    });
  });

  async function grow(name: string, count: number, { validateOnly = false } = {}) {
    const answer = await client.call(apis.createPartitions, 3, {
      topics: [{ name, count, assignments: null }],
      timeoutMs: 10_000,
      validateOnly,
    });
    return answer.results[0]?.errorCode;
  }

  test('CreatePartitions adds partitions that can be written', async () => {
    const topic = await createTopic(client);
    expect(await grow(topic.name, 3)).toBe(kafkaError.NONE);
    await eventually(async () => (await metadataOf(topic.name))?.partitions.length === 3);
    await eventually(
      async () => (await produce(client, { topic, partition: 2, batch: batchOf(['a']) })).errorCode === kafkaError.NONE,
    );
  });

  test('CreatePartitions refuses a count that is not larger, and an unknown topic', async () => {
    const topic = await createTopic(client, { partitions: 2 });
    expect(await grow(topic.name, 2)).toBe(kafkaError.INVALID_PARTITIONS);
    expect(await grow(topic.name, 1)).toBe(kafkaError.INVALID_PARTITIONS);
    expect(await grow(freshName('missing'), 4)).toBe(kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test('CreatePartitions with validateOnly adds nothing', async () => {
    const topic = await createTopic(client);
    expect(await grow(topic.name, 3, { validateOnly: true })).toBe(kafkaError.NONE);
    expect((await metadataOf(topic.name))?.partitions).toHaveLength(1);
  });
});
