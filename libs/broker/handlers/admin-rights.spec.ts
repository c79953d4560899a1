import { batchOf } from '#log/testing/engine-fixture';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid } from '#wire/kafka/schema';
import { BrokerWorld } from '../broker.testkit.js';

/** What somebody is told who lacks one right: the operation, the kind of resource, and the error where Kafka puts it. */
describe('without the right to', () => {
  let world: BrokerWorld;
  let topicId: string;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    topicId = (await world.createTopic('orders', 2)).id;
  });
  afterEach(() => world.close());

  const name = 'orders';
  const timeoutMs = 1000;
  const resource = (resourceType: number, resourceName: string) => ({
    resources: [{ resourceType, resourceName, configs: [], configurationKeys: null }],
  });
  const made = { name: 'new', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const { TOPIC_AUTHORIZATION_FAILED: topic, CLUSTER_AUTHORIZATION_FAILED: cluster } = kafkaError;
  const { GROUP_AUTHORIZATION_FAILED: group } = kafkaError;

  test.each<[string, string, () => Promise<(number | undefined)[]>, number]>([
    [
      'write topic',
      'Produce',
      async () => {
        const topicData = [name, 'nothing'].map((one) => ({
          name: one,
          partitionData: [{ index: 0, records: batchOf(['a']) }],
        }));
        const answer = await world.call(apis.produce, 9, { acks: -1, timeoutMs, topicData });
        return answer.responses.flatMap((one) => one.partitionResponses.map(({ errorCode }) => errorCode));
      },
      topic,
    ],
    [
      'describe topic',
      'ListOffsets',
      async () => {
        const topics = [name, 'nothing'].map((one) => ({
          name: one,
          partitions: [{ partitionIndex: 0, timestamp: -1 }],
        }));
        const answer = await world.call(apis.listOffsets, 5, { replicaId: -1, topics });
        return answer.topics.flatMap((one) => one.partitions.map(({ errorCode }) => errorCode));
      },
      topic,
    ],
    [
      'describe topic',
      'Metadata',
      async () => {
        const topics = [{ name }, { name: 'nothing' }, { name: null, topicId }];
        const answer = await world.call(apis.metadata, 12, { topics });
        expect(answer.topics.map((one) => [one.name, one.topicId])).toEqual([
          [name, zeroUuid],
          ['nothing', zeroUuid],
          [null, topicId],
        ]);
        expect((await world.call(apis.metadata, 12, { topics: null })).topics).toEqual([]);
        return answer.topics.map(({ errorCode }) => errorCode);
      },
      topic,
    ],
    [
      'create',
      'Metadata of a topic that is not there',
      async () => {
        const answer = await world.call(apis.metadata, 12, { topics: [{ name: 'nothing' }] });
        return answer.topics.map(({ errorCode }) => errorCode);
      },
      topic,
    ],
    [
      'create',
      'CreateTopics',
      async () => {
        const answer = await world.call(apis.createTopics, 7, { topics: [made], timeoutMs });
        return answer.topics.map(({ errorCode }) => errorCode);
      },
      topic,
    ],
    [
      'describe_configs topic',
      'CreateTopics, of the settings',
      async () => {
        const answer = await world.call(apis.createTopics, 7, { topics: [made], timeoutMs });
        expect(answer.topics).toMatchObject([{ errorCode: kafkaError.NONE, numPartitions: -1, configs: [] }]);
        return answer.topics.map(({ topicConfigErrorCode }) => topicConfigErrorCode);
      },
      topic,
    ],
    [
      'delete',
      'DeleteTopics',
      async () => {
        const topics = [{ name, topicId: zeroUuid }];
        const answer = await world.call(apis.deleteTopics, 6, { topics, timeoutMs });
        return answer.responses.map(({ errorCode }) => errorCode);
      },
      topic,
    ],
    [
      'describe topic',
      'DeleteTopics, of names that may not be known',
      async () => {
        const all = world.permits;
        world.permits = (...asked) => asked[1] !== 'cluster' && all(...asked);
        const topics = [
          { name: 'nothing', topicId: zeroUuid },
          { name: null, topicId },
        ];
        const answer = await world.call(apis.deleteTopics, 6, { topics, timeoutMs });
        expect(answer.responses.map((one) => one.name)).toEqual(['nothing', null]);
        return answer.responses.map(({ errorCode }) => errorCode);
      },
      topic,
    ],
    [
      'delete topic',
      'DeleteRecords',
      async () => {
        const topics = [{ name, partitions: [{ partitionIndex: 0, offset: 0 }] }];
        const answer = await world.call(apis.deleteRecords, 2, { topics, timeoutMs });
        return answer.topics.flatMap((one) => one.partitions.map(({ errorCode }) => errorCode));
      },
      topic,
    ],
    [
      'describe topic',
      'OffsetForLeaderEpoch',
      async () => {
        const topics = [{ topic: name, partitions: [{ partition: 0, leaderEpoch: 0 }] }];
        const answer = await world.call(apis.offsetForLeaderEpoch, 4, { topics });
        return answer.topics.flatMap((one) => one.partitions.map(({ errorCode }) => errorCode));
      },
      topic,
    ],
    [
      'alter topic',
      'CreatePartitions',
      async () => {
        const topics = [{ name, count: 5, assignments: null }];
        const answer = await world.call(apis.createPartitions, 3, { topics, timeoutMs });
        return answer.results.map(({ errorCode }) => errorCode);
      },
      topic,
    ],
    ...(
      [
        ['topic', 2, name, topic],
        ['group', 32, 'g', group],
        ['cluster', 4, '1', cluster],
        ['cluster', 8, '1', cluster],
        ['cluster', 16, 's', cluster],
      ] as const
    ).flatMap(([kind, type, resourceName, code]): [string, string, () => Promise<number[]>, number][] => [
      [
        `describe_configs ${kind}`,
        `DescribeConfigs of type ${type}`,
        async () => {
          const answer = await world.call(apis.describeConfigs, 4, resource(type, resourceName));
          return answer.results.map(({ errorCode }) => errorCode);
        },
        code,
      ],
      [
        `alter_configs ${kind}`,
        `AlterConfigs of type ${type}`,
        async () => {
          const answer = await world.call(apis.alterConfigs, 2, resource(type, resourceName));
          return answer.responses.map(({ errorCode }) => errorCode);
        },
        code,
      ],
      [
        `alter_configs ${kind}`,
        `IncrementalAlterConfigs of type ${type}`,
        async () => {
          const answer = await world.call(apis.incrementalAlterConfigs, 1, resource(type, resourceName));
          return answer.responses.map(({ errorCode }) => errorCode);
        },
        code,
      ],
    ]),
    [
      'describe cluster',
      'DescribeLogDirs',
      async () => [(await world.call(apis.describeLogDirs, 4, { topics: null })).errorCode],
      cluster,
    ],
    [
      'alter cluster',
      'ElectLeaders',
      async () => {
        const topicPartitions = [{ topic: name, partitions: [0] }];
        const answer = await world.call(apis.electLeaders, 2, { topicPartitions });
        const partitions = answer.replicaElectionResults.flatMap((one) => one.partitionResult);
        return [answer.errorCode, ...partitions.map(({ errorCode }) => errorCode)];
      },
      cluster,
    ],
    [
      'describe cluster',
      'ListPartitionReassignments',
      async () => [(await world.call(apis.listPartitionReassignments, 0, {})).errorCode],
      cluster,
    ],
    [
      'describe_configs cluster',
      'DescribeClientQuotas',
      async () => [(await world.call(apis.describeClientQuotas, 1, { components: [] })).errorCode],
      cluster,
    ],
    [
      'alter_configs cluster',
      'AlterClientQuotas',
      async () => {
        const entries = [{ entity: [{ entityType: 'user', entityName: 'x' }], ops: [] }];
        return (await world.call(apis.alterClientQuotas, 1, { entries })).entries.map(({ errorCode }) => errorCode);
      },
      cluster,
    ],
    [
      'describe_configs cluster',
      'ListConfigResources',
      async () => [(await world.call(apis.listConfigResources, 1, { resourceTypes: [] })).errorCode],
      cluster,
    ],
    [
      'describe topic',
      'DescribeTopicPartitions',
      async () => {
        expect((await world.call(apis.describeTopicPartitions, 0, { topics: [] })).topics).toEqual([]);
        const topics = [{ name }, { name: 'nothing' }];
        const answer = await world.call(apis.describeTopicPartitions, 0, { topics });
        expect(answer.topics.map((one) => one.topicId)).toEqual([zeroUuid, zeroUuid]);
        return answer.topics.map(({ errorCode }) => errorCode);
      },
      topic,
    ],
  ])('%s: %s', async (right, _, ask, errorCode) => {
    const [operation, kind] = right.split(' ');
    world.permits = (asked, type) => asked !== operation || (kind !== undefined && type !== kind);
    const codes = await ask();
    expect(codes.length).toBeGreaterThan(0);
    for (const code of codes) expect(code).toBe(errorCode);
  });

  test('describe the cluster: its rights are told as none', async () => {
    world.permits = (operation, type) => operation !== 'describe' || type !== 'cluster';
    const answer = await world.call(apis.describeCluster, 1, { includeClusterAuthorizedOperations: true });
    expect(answer).toMatchObject({ errorCode: kafkaError.NONE, clusterAuthorizedOperations: 0 });
  });
});
