import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid } from '#wire/kafka/schema';
import { batchOf } from './batches.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, freshName, produce, type TestTopic } from './target.js';

/** What administration tools ask beside settings and quotas, on a service of one node. Texts for people are not compared. */
describe('administration', () => {
  let client: RawClient;
  let topic: TestTopic;
  let nodeId: number;
  suiteTarget(async (connection) => {
    client = connection;
    topic = await createTopic(client, { partitions: 3 });
    nodeId = (await client.call(apis.metadata, 9, { topics: [] })).brokers[0]?.nodeId ?? -1;
  });

  interface Wanted {
    readonly name?: string;
    readonly numPartitions?: number;
    readonly replicationFactor?: number;
    readonly assignments?: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[];
    readonly configs?: readonly { readonly name: string; readonly value: string | null }[];
  }

  async function create(wanted: readonly Wanted[], validateOnly = false) {
    const topics = wanted.map((one) => ({
      name: freshName('made'),
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
      ...one,
    }));
    const answer = await client.call(apis.createTopics, 7, { topics, timeoutMs: 10_000, validateOnly });
    return answer.topics;
  }

  describe('CreateTopics', () => {
    const counts = { numPartitions: -1, replicationFactor: -1 };
    const assigned = (...partitions: readonly (readonly [number, ...number[]])[]) => ({
      ...counts,
      assignments: partitions.map(([partitionIndex, ...brokerIds]) => ({ partitionIndex, brokerIds })),
    });

    test.each<[string, () => Wanted, number, number?]>([
      ['counts', () => ({ numPartitions: 2 }), kafkaError.NONE, 2],
      ['counts by default', () => counts, kafkaError.NONE, 1],
      ['no copies', () => ({ replicationFactor: 0 }), kafkaError.INVALID_REPLICATION_FACTOR],
      ['copies below -1', () => ({ replicationFactor: -2 }), kafkaError.INVALID_REPLICATION_FACTOR],
      ['more copies than nodes', () => ({ replicationFactor: 2 }), kafkaError.INVALID_REPLICATION_FACTOR],
      ['no partitions', () => ({ numPartitions: 0 }), kafkaError.INVALID_PARTITIONS],
      ['partitions below -1', () => ({ numPartitions: -2 }), kafkaError.INVALID_PARTITIONS],
      ['an assignment', () => assigned([0, nodeId], [1, nodeId]), kafkaError.NONE, 2],
      ['an assignment with a gap', () => assigned([0, nodeId], [2, nodeId]), kafkaError.INVALID_REPLICA_ASSIGNMENT],
      ['a partition twice', () => assigned([0, nodeId], [0, nodeId]), kafkaError.INVALID_REPLICA_ASSIGNMENT],
      ['a node that is not there', () => assigned([0, 4711]), kafkaError.INVALID_REPLICA_ASSIGNMENT],
      ['a node twice', () => assigned([0, nodeId, nodeId]), kafkaError.INVALID_REPLICA_ASSIGNMENT],
      ['no node', () => assigned([0]), kafkaError.INVALID_REPLICA_ASSIGNMENT],
      ['counts and an assignment', () => ({ ...assigned([0, nodeId]), numPartitions: 1 }), kafkaError.INVALID_REQUEST],
      [
        'a setting that is null',
        () => ({ configs: [{ name: 'retention.ms', value: null }] }),
        kafkaError.INVALID_CONFIG,
      ],
      ['a setting unknown', () => ({ configs: [{ name: 'nope', value: '1' }] }), kafkaError.INVALID_CONFIG],
      ['the name of metadata', () => ({ name: '__cluster_metadata' }), kafkaError.INVALID_REQUEST],
      ['a name with a blank', () => ({ name: 'a b' }), kafkaError.INVALID_TOPIC_EXCEPTION],
      ['a name that is there', () => ({ name: topic.name }), kafkaError.TOPIC_ALREADY_EXISTS],
    ])('with %s', async (_, wanted, errorCode, numPartitions = -1) => {
      expect(await create([wanted()])).toMatchObject([{ errorCode, numPartitions }]);
    });

    test('names that differ only in "." and "_" do not go together', async () => {
      const name = freshName('made');
      expect(await create([{ name: `${name}.x` }])).toMatchObject([{ errorCode: kafkaError.NONE }]);
      expect(await create([{ name: `${name}_x` }])).toMatchObject([{ errorCode: kafkaError.INVALID_TOPIC_EXCEPTION }]);
    });

    test('a name given twice is answered once', async () => {
      const name = freshName('made');
      expect(await create([{ name }, { name }])).toMatchObject([{ name, errorCode: kafkaError.INVALID_REQUEST }]);
    });

    test('validateOnly tells what there would be, and makes nothing', async () => {
      const name = freshName('made');
      const [told] = await create([{ name }], true);
      expect(told).toMatchObject({ errorCode: kafkaError.NONE, numPartitions: 1, replicationFactor: 1 });
      expect(told?.configs?.length).toBeGreaterThan(30);
      expect(await create([{ name }])).toMatchObject([{ errorCode: kafkaError.NONE }]);
    });
  });

  describe('DeleteTopics', () => {
    const unknownId = 'q83vq83vq83vq83vq83vqw';
    const byName = (name: string) => ({ name, topicId: zeroUuid });
    const byId = (topicId: string) => ({ name: null, topicId });

    test.each<[string, () => { name: string | null; topicId: string }[], number[]]>([
      ['an unknown name', () => [byName('not-there')], [kafkaError.UNKNOWN_TOPIC_OR_PARTITION]],
      ['an unknown id', () => [byId(unknownId)], [kafkaError.UNKNOWN_TOPIC_ID]],
      ['name and id', () => [{ name: topic.name, topicId: topic.id }], [kafkaError.INVALID_REQUEST]],
      ['neither', () => [byId(zeroUuid)], [kafkaError.INVALID_REQUEST]],
      ['a name twice', () => [byName(topic.name), byName(topic.name)], [kafkaError.INVALID_REQUEST]],
      ['an id twice', () => [byId(topic.id), byId(topic.id)], [kafkaError.INVALID_REQUEST]],
      ['one topic by name and by id', () => [byName(topic.name), byId(topic.id)], [kafkaError.INVALID_REQUEST]],
      ['a name', () => [byName(topic.name)], [kafkaError.NONE]],
      ['an id', () => [byId(topic.id)], [kafkaError.NONE]],
    ])('by %s', async (_, topics, codes) => {
      const answer = await client.call(apis.deleteTopics, 6, { topics: topics(), timeoutMs: 10_000 });
      expect(answer.responses.map(({ errorCode }) => errorCode)).toEqual(codes);
    });
  });

  describe('CreatePartitions', () => {
    test.each<[string, () => { name?: string; count: number; assignments?: { brokerIds: number[] }[] }, number]>([
      ['as many', () => ({ count: 3 }), kafkaError.INVALID_PARTITIONS],
      ['fewer', () => ({ count: 2 }), kafkaError.INVALID_PARTITIONS],
      ['less than none', () => ({ count: -1 }), kafkaError.INVALID_PARTITIONS],
      ['more', () => ({ count: 5 }), kafkaError.NONE],
      ['of an unknown topic', () => ({ name: 'not-there', count: 5 }), kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
      ['assigned', () => ({ count: 4, assignments: [{ brokerIds: [nodeId] }] }), kafkaError.NONE],
      [
        'with too many assignments',
        () => ({ count: 4, assignments: [{ brokerIds: [nodeId] }, { brokerIds: [nodeId] }] }),
        kafkaError.INVALID_REPLICA_ASSIGNMENT,
      ],
      ['with no assignment', () => ({ count: 4, assignments: [] }), kafkaError.INVALID_REPLICA_ASSIGNMENT],
      [
        'on a node that is not there',
        () => ({ count: 4, assignments: [{ brokerIds: [4711] }] }),
        kafkaError.INVALID_REPLICA_ASSIGNMENT,
      ],
    ])('%s', async (_, wanted, errorCode) => {
      const topics = [{ name: topic.name, assignments: null, ...wanted() }];
      for (const validateOnly of [true, false]) {
        const answer = await client.call(apis.createPartitions, 3, { topics, timeoutMs: 10_000, validateOnly });
        expect(answer.results).toMatchObject([{ errorCode }]);
      }
    });

    test('a topic named twice is answered once', async () => {
      const topics = [4, 5].map((count) => ({ name: topic.name, count, assignments: null }));
      const answer = await client.call(apis.createPartitions, 3, { topics, timeoutMs: 10_000 });
      expect(answer.results).toMatchObject([{ name: topic.name, errorCode: kafkaError.INVALID_REQUEST }]);
    });
  });

  test.each([
    ['delete', kafkaError.NONE],
    ['compact,delete', kafkaError.NONE],
    ['compact', kafkaError.POLICY_VIOLATION],
  ])('DeleteRecords where cleanup.policy is %s', async (policy, errorCode) => {
    const some = await createTopic(client, { configs: { 'cleanup.policy': policy } });
    await produce(client, { topic: some, batch: batchOf(['a', 'b']) });
    const partitions = [{ partitionIndex: 0, offset: 1 }];
    const topics = [{ name: some.name, partitions }];
    const answer = await client.call(apis.deleteRecords, 2, { topics, timeoutMs: 10_000 });
    const lowWatermark = errorCode === kafkaError.NONE ? 1 : -1;
    expect(answer.topics[0]?.partitions).toMatchObject([{ errorCode, lowWatermark }]);
  });

  describe('ElectLeaders', () => {
    test.each([0, 1, 2])('v%d: none is needed where there is one copy', async (version) => {
      const topicPartitions = [
        { topic: topic.name, partitions: [0, 9] },
        { topic: 'not-there', partitions: [0] },
      ];
      const answer = await client.call(apis.electLeaders, version, { topicPartitions, timeoutMs: 10_000 });
      expect(answer.errorCode).toBe(kafkaError.NONE);
      const codes = answer.replicaElectionResults.map((result) => [
        result.topic,
        result.partitionResult.map(({ partitionId, errorCode }) => [partitionId, errorCode]),
      ]);
      const unknown = kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
      expect(new Map(codes as [string, number[][]][])).toEqual(
        new Map([
          [
            topic.name,
            [
              [0, kafkaError.ELECTION_NOT_NEEDED],
              [9, unknown],
            ],
          ],
          ['not-there', [[0, unknown]]],
        ]),
      );
    });

    test('of all partitions tells none', async () => {
      const answer = await client.call(apis.electLeaders, 2, { topicPartitions: null, timeoutMs: 10_000 });
      expect(answer.errorCode).toBe(kafkaError.NONE);
      expect(answer.replicaElectionResults.flatMap((result) => result.partitionResult)).toEqual([]);
    });

    test('a type that there is not is refused', async () => {
      const topicPartitions = [{ topic: topic.name, partitions: [1] }];
      const answer = await client.call(apis.electLeaders, 2, { electionType: 5, topicPartitions, timeoutMs: 10_000 });
      expect(answer.errorCode).toBe(kafkaError.INVALID_REQUEST);
    });
  });

  test.each([null, ['here'], ['not-there']])('no partition is being moved: %j', async (names) => {
    const topics = names?.map((name) => ({ name: name === 'here' ? topic.name : name, partitionIndexes: [0] })) ?? null;
    const answer = await client.call(apis.listPartitionReassignments, 0, { timeoutMs: 10_000, topics });
    expect(answer).toMatchObject({ errorCode: kafkaError.NONE, topics: [] });
  });

  describe('DescribeLogDirs', () => {
    test.each([1, 2, 3, 4, 5])('v%d tells the bytes of partitions', async (version) => {
      await produce(client, { topic, partition: 1, batch: batchOf(['a']) });
      const answer = await client.call(apis.describeLogDirs, version, {
        topics: [
          { topic: topic.name, partitions: [0, 1, 7] },
          { topic: 'not-there', partitions: [0] },
        ],
      });
      expect(answer.errorCode).toBe(kafkaError.NONE);
      expect(answer.results[0]).toMatchObject({ errorCode: kafkaError.NONE, logDir: expect.stringMatching(/^\//) });
      expect((answer.results[0]?.totalBytes ?? 0) > 0).toBe(version >= 4);
      const shown = answer.results.flatMap(({ topics }) => topics);
      expect(shown.map(({ name }) => name)).toEqual([topic.name]);
      const sizes = new Map(shown[0]?.partitions.map((row) => [row.partitionIndex, row.partitionSize]));
      expect([...sizes.keys()].toSorted((left, right) => left - right)).toEqual([0, 1]);
      expect(sizes.get(0)).toBe(0);
      expect(sizes.get(1)).toBeGreaterThan(60);
    });

    test('of all partitions, and of none', async () => {
      const all = await client.call(apis.describeLogDirs, 4, { topics: null });
      expect(
        all.results.flatMap(({ topics }) => topics).find(({ name }) => name === topic.name)?.partitions,
      ).toHaveLength(3);
      const none = await client.call(apis.describeLogDirs, 4, { topics: [] });
      expect(none.results.flatMap(({ topics }) => topics)).toEqual([]);
    });
  });

  describe('DescribeTopicPartitions', () => {
    const ask = (topics: readonly string[], limit = 2_000, cursor: [string, number] | null = null) =>
      client.call(apis.describeTopicPartitions, 0, {
        topics: topics.map((name) => ({ name })),
        responsePartitionLimit: limit,
        cursor: cursor === null ? null : { topicName: cursor[0], partitionIndex: cursor[1] },
      });
    type Answer = Awaited<ReturnType<typeof ask>>;
    const shape = ({ topics, nextCursor }: Answer) => ({
      topics: topics.map(({ name, errorCode, partitions }) => [
        name,
        errorCode,
        partitions.map((partition) => partition.partitionIndex),
      ]),
      next: nextCursor === null ? null : [nextCursor.topicName, nextCursor.partitionIndex],
    });

    test('pages through partitions', async () => {
      const { name } = topic;
      const first = await ask([name], 2);
      expect(first.topics[0]).toMatchObject({
        topicId: topic.id,
        isInternal: false,
        topicAuthorizedOperations: 0b1101_1111_1000,
        partitions: [
          {
            errorCode: 0,
            partitionIndex: 0,
            leaderId: nodeId,
            leaderEpoch: 0,
            replicaNodes: [nodeId],
            isrNodes: [nodeId],
          },
          { partitionIndex: 1, eligibleLeaderReplicas: [], lastKnownElr: [], offlineReplicas: [] },
        ],
      });
      expect(shape(first).next).toEqual([name, 2]);
      expect(shape(await ask([name], 2, [name, 2]))).toEqual({ topics: [[name, 0, [2]]], next: null });
      expect(shape(await ask([name], 2, [name, 20]))).toEqual({ topics: [[name, 0, []]], next: null });
      expect(shape(await ask([name], 0))).toEqual({ topics: [[name, 0, [0]]], next: [name, 1] });
    });

    test('goes on with the next topic, in the order of names', async () => {
      const { name } = topic;
      expect(shape(await ask(['zzzz', name], 3))).toEqual({ topics: [[name, 0, [0, 1, 2]]], next: ['zzzz', 0] });
      expect(shape(await ask(['zzzz', name], 3, ['zzzz', 0]))).toEqual({ topics: [['zzzz', 3, []]], next: null });
    });

    test('tells what is not there, and what cannot be', async () => {
      expect(shape(await ask(['not-there', 'a b']))).toEqual({
        topics: [
          ['a b', kafkaError.INVALID_TOPIC_EXCEPTION, []],
          ['not-there', kafkaError.UNKNOWN_TOPIC_OR_PARTITION, []],
        ],
        next: null,
      });
    });

    test.each<[string, [string, number] | 'own']>([
      ['a topic that is not asked for', ['a', 0]],
      ['a partition below 0', 'own'],
    ])('a cursor at %s is refused', async (_, cursor) => {
      const answer = await ask([topic.name], 5, cursor === 'own' ? [topic.name, -1] : cursor);
      expect(shape(answer).topics).toEqual([[topic.name, kafkaError.INVALID_REQUEST, []]]);
    });

    test('no names mean all topics', async () => {
      const names = (await ask([])).topics.map(({ name }) => name);
      expect(names).toContain(topic.name);
      for (const [index, name] of names.entries()) {
        if (index > 0) expect((names[index - 1] ?? '') < (name ?? '')).toBe(true);
      }
    });
  });

  test('rights are told where they are asked for', async () => {
    const topics = [{ name: topic.name }];
    const rights = { includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true };
    expect(await client.call(apis.metadata, 8, { topics, ...rights })).toMatchObject({
      clusterAuthorizedOperations: 0b1_1111_1010_0000,
      topics: [{ topicAuthorizedOperations: 0b1101_1111_1000 }],
    });
    expect(await client.call(apis.metadata, 8, { topics })).toMatchObject({
      clusterAuthorizedOperations: -(2 ** 31),
      topics: [{ topicAuthorizedOperations: -(2 ** 31) }],
    });
    const cluster = await client.call(apis.describeCluster, 1, { includeClusterAuthorizedOperations: true });
    expect(cluster.clusterAuthorizedOperations).toBe(0b1_1111_1010_0000);
  });

  test.each([
    [0, 1, kafkaError.NONE],
    [1, 1, kafkaError.NONE],
    [1, 2, kafkaError.MISMATCHED_ENDPOINT_TYPE],
    [2, 3, kafkaError.UNSUPPORTED_ENDPOINT_TYPE],
  ])('DescribeCluster v%d of endpoint type %d', async (version, endpointType, errorCode) => {
    const answer = await client.call(apis.describeCluster, version, { endpointType });
    expect(answer.errorCode).toBe(errorCode);
    expect(answer.brokers.map(({ brokerId }) => brokerId)).toEqual(errorCode === kafkaError.NONE ? [nodeId] : []);
  });

  test('ListOffsets looks up no partition that is asked for twice', async () => {
    const partitions = [0, 0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: -1 }));
    const answer = await client.call(apis.listOffsets, 7, {
      replicaId: -1,
      topics: [{ name: topic.name, partitions }],
    });
    const rows = answer.topics.flatMap((one) =>
      one.partitions.map((row) => [row.partitionIndex, row.errorCode] as const),
    );
    expect(rows).toHaveLength(2);
    expect(new Map(rows)).toEqual(
      new Map([
        [0, kafkaError.INVALID_REQUEST],
        [1, kafkaError.NONE],
      ]),
    );
  });
});
