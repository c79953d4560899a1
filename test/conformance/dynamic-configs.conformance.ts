import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, eventually, freshName, produce } from './target.js';
import { batchOf } from './batches.js';

/**
 * Settings that are altered while the service runs: of nodes, loggers, groups and client metrics, and of topics as a whole (AlterConfigs).
 * Each test puts back what it changes of the node. A real Kafka has many more settings of a node than we do; only some are looked at.
 */
describe('settings altered at run time', () => {
  let client: RawClient;
  let node: string;
  const target = suiteTarget(async (connection) => {
    client = connection;
    node = String((await client.call(apis.metadata, 9, { topics: [] })).brokers[0]?.nodeId);
  });

  const type = { topic: 2, node: 4, logger: 8, clientMetrics: 16, group: 32, none: 99 };
  const set = 0;
  const remove = 1;
  const append = 2;
  const subtract = 3;
  type Change = readonly [operation: number, name: string, value: string | null];

  async function alter(resourceType: number, resourceName: string, changes: readonly Change[], validateOnly = false) {
    const configs = changes.map(([configOperation, name, value]) => ({ name, configOperation, value }));
    const resources = [{ resourceType, resourceName, configs }];
    const answer = await client.call(apis.incrementalAlterConfigs, 1, { resources, validateOnly });
    return answer.responses[0]?.errorCode;
  }

  async function replace(
    resourceType: number,
    resourceName: string,
    values: readonly (readonly [string, string | null])[],
  ) {
    const configs = values.map(([name, value]) => ({ name, value }));
    const resources = [{ resourceType, resourceName, configs }];
    const answer = await client.call(apis.alterConfigs, 2, { resources });
    return answer.responses[0]?.errorCode;
  }

  async function show(resourceType: number, resourceName: string, name: string) {
    const answer = await client.call(apis.describeConfigs, 4, {
      resources: [{ resourceType, resourceName, configurationKeys: [name] }],
      includeSynonyms: true,
    });
    return answer.results[0]?.configs[0];
  }

  async function untilShown(
    resourceType: number,
    resourceName: string,
    name: string,
    value: string | null | undefined,
  ) {
    await eventually(async () => (await show(resourceType, resourceName, name))?.value === value);
  }

  test('defaults of topics: the topic, then this node, then all nodes, then the default', async () => {
    const topic = await createTopic(client);
    const own = await createTopic(client, { configs: { 'segment.index.bytes': '4000' } });
    try {
      expect(await alter(type.node, '', [[set, 'log.index.size.max.bytes', '5000']])).toBe(kafkaError.NONE);
      await untilShown(type.topic, topic.name, 'segment.index.bytes', '5000');
      expect(await alter(type.node, node, [[set, 'log.index.size.max.bytes', '6000']])).toBe(kafkaError.NONE);
      await untilShown(type.topic, topic.name, 'segment.index.bytes', '6000');
      expect(await show(type.topic, topic.name, 'segment.index.bytes')).toMatchObject({
        configSource: 2,
        readOnly: false,
        synonyms: [
          { name: 'log.index.size.max.bytes', value: '6000', source: 2 },
          { name: 'log.index.size.max.bytes', value: '5000', source: 3 },
          { name: 'log.index.size.max.bytes', value: '10485760', source: 5 },
        ],
      });
      expect(await show(type.topic, own.name, 'segment.index.bytes')).toMatchObject({ value: '4000', configSource: 1 });
      expect(await show(type.node, '', 'log.index.size.max.bytes')).toMatchObject({ value: '5000', configSource: 3 });
      expect(await show(type.node, node, 'log.index.size.max.bytes')).toMatchObject({ value: '6000', configSource: 2 });
    } finally {
      for (const name of ['', node]) await alter(type.node, name, [[remove, 'log.index.size.max.bytes', null]]);
    }
    await untilShown(type.topic, topic.name, 'segment.index.bytes', '10485760');
    expect((await show(type.topic, topic.name, 'segment.index.bytes'))?.configSource).toBe(5);
  });

  test('a default holds at once for topics that set nothing', async () => {
    const topic = await createTopic(client);
    const own = await createTopic(client, { configs: { 'max.message.bytes': '100000' } });
    const batch = () => batchOf(['x'.repeat(3_000)]);
    try {
      expect(await alter(type.node, '', [[set, 'message.max.bytes', '2000']])).toBe(kafkaError.NONE);
      await eventually(
        async () => (await produce(client, { topic, batch: batch() })).errorCode === kafkaError.MESSAGE_TOO_LARGE,
      );
      expect((await produce(client, { topic: own, batch: batch() })).errorCode).toBe(kafkaError.NONE);
    } finally {
      await alter(type.node, '', [[remove, 'message.max.bytes', null]]);
    }
    await eventually(async () => (await produce(client, { topic, batch: batch() })).errorCode === kafkaError.NONE);
  });

  test.each<[string, () => string, Change, number]>([
    ['one that is read at the start', () => '', [set, 'num.partitions', '2'], kafkaError.INVALID_REQUEST],
    ['one that is read at the start', () => node, [set, 'num.partitions', '2'], kafkaError.INVALID_REQUEST],
    ['a value that is no number', () => '', [set, 'log.retention.ms', 'soon'], kafkaError.INVALID_REQUEST],
    ['a value too small', () => '', [set, 'log.segment.bytes', '100'], kafkaError.INVALID_REQUEST],
    ['more of what is no list', () => '', [append, 'log.retention.ms', '1'], kafkaError.INVALID_CONFIG],
    ['another node', () => '4711', [set, 'log.retention.ms', '86400000'], kafkaError.INVALID_REQUEST],
    ['a node without a number', () => 'x', [set, 'log.retention.ms', '86400000'], kafkaError.INVALID_REQUEST],
    ['a value to be checked only', () => '', [set, 'log.segment.delete.delay.ms', '777'], kafkaError.NONE],
  ])('of a node: %s', async (_, name, change, errorCode) => {
    expect(await alter(type.node, name(), [change], true)).toBe(errorCode);
    expect((await show(type.node, node, 'log.segment.delete.delay.ms'))?.value).toBe('60000');
  });

  test('connections from one address are limited from the change on', async () => {
    const isServed = async () => {
      const other = await target.client();
      return other.call(apis.apiVersions, 0, {}).then(
        () => true,
        () => false,
      );
    };
    try {
      expect(await alter(type.node, '', [[set, 'max.connections.per.ip', '1']])).toBe(kafkaError.NONE);
      await eventually(async () => !(await isServed()));
    } finally {
      await alter(type.node, '', [[remove, 'max.connections.per.ip', null]]);
    }
    await eventually(isServed);
  });

  test('a list of a node takes more, and less', async () => {
    try {
      expect(await alter(type.node, '', [[append, 'log.cleanup.policy', 'compact']])).toBe(kafkaError.NONE);
      await untilShown(type.node, '', 'log.cleanup.policy', 'delete,compact');
      expect(await alter(type.node, '', [[subtract, 'log.cleanup.policy', 'compact']])).toBe(kafkaError.NONE);
      await untilShown(type.node, '', 'log.cleanup.policy', 'delete');
    } finally {
      await alter(type.node, '', [[remove, 'log.cleanup.policy', null]]);
    }
    await untilShown(type.node, '', 'log.cleanup.policy', undefined);
  });

  test('what can be altered is not read-only, and the rest is', async () => {
    expect(await show(type.node, node, 'log.retention.bytes')).toMatchObject({ value: '-1', readOnly: false });
    expect(await show(type.node, node, 'node.id')).toMatchObject({ value: node, readOnly: true });
    expect(await show(type.node, node, 'log.retention.hours')).toMatchObject({ value: '168', readOnly: true });
  });

  test('AlterConfigs replaces all that was set', async () => {
    const topic = await createTopic(client, { configs: { 'retention.ms': '1000', 'segment.ms': '2000' } });
    expect(await replace(type.topic, topic.name, [['retention.ms', '3000']])).toBe(kafkaError.NONE);
    await untilShown(type.topic, topic.name, 'retention.ms', '3000');
    await untilShown(type.topic, topic.name, 'segment.ms', '604800000');
  });

  test.each<[string, number, () => string, [string, string | null][], number]>([
    ['an unknown setting', type.topic, () => '', [['nope', '1']], kafkaError.INVALID_REQUEST],
    [
      'a setting twice',
      type.topic,
      () => 'own',
      [
        ['retention.ms', '1'],
        ['retention.ms', '2'],
      ],
      kafkaError.INVALID_REQUEST,
    ],
    ['a null value', type.topic, () => 'own', [['retention.ms', null]], kafkaError.INVALID_REQUEST],
    ['a setting that is not there', type.topic, () => 'own', [['nope', '1']], kafkaError.INVALID_CONFIG],
    ['an unknown topic', type.topic, () => 'not-there', [['retention.ms', '1']], kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    ['a setting read at the start', type.node, () => node, [['num.partitions', '3']], kafkaError.INVALID_REQUEST],
    ['loggers', type.logger, () => node, [['root', 'INFO']], kafkaError.INVALID_REQUEST],
  ])('AlterConfigs refuses %s', async (_, resourceType, name, values, errorCode) => {
    const resource = name() === 'own' ? (await createTopic(client)).name : name();
    expect(await replace(resourceType, resource, values)).toBe(errorCode);
  });

  test.each<[string, Change[], number]>([
    ['a null value', [[set, 'retention.ms', null]], kafkaError.INVALID_REQUEST],
    ['an empty value', [[set, 'retention.ms', '']], kafkaError.INVALID_CONFIG],
    [
      'one setting twice',
      [
        [set, 'retention.ms', '1'],
        [set, 'retention.ms', '2'],
      ],
      kafkaError.INVALID_REQUEST,
    ],
    ['an unknown one taken away', [[remove, 'nope', null]], kafkaError.NONE],
    ['no policy', [[set, 'cleanup.policy', '']], kafkaError.NONE],
    ['an unknown policy', [[set, 'cleanup.policy', 'none']], kafkaError.INVALID_CONFIG],
    ['a value in other letters', [[set, 'compression.type', 'GZIP']], kafkaError.INVALID_CONFIG],
    ['a truth of another kind', [[set, 'preallocate', 'yes']], kafkaError.INVALID_CONFIG],
    ['too large a ratio', [[set, 'min.cleanable.dirty.ratio', '2']], kafkaError.INVALID_CONFIG],
    ['a level that gzip has not', [[set, 'compression.gzip.level', '0']], kafkaError.INVALID_CONFIG],
    ['a segment below one mebibyte', [[set, 'segment.bytes', '1048575']], kafkaError.INVALID_CONFIG],
    ['a segment of one mebibyte', [[set, 'segment.bytes', '1048576']], kafkaError.NONE],
    ['throttled copies', [[set, 'leader.replication.throttled.replicas', '0:1,1:1']], kafkaError.NONE],
    ['throttled copies amiss', [[set, 'leader.replication.throttled.replicas', 'bad']], kafkaError.INVALID_CONFIG],
    ['remote storage', [[set, 'remote.storage.enable', 'true']], kafkaError.INVALID_CONFIG],
    ['local retention', [[set, 'local.retention.ms', '-1']], kafkaError.NONE],
    [
      'lags that cross',
      [
        [set, 'max.compaction.lag.ms', '5'],
        [set, 'min.compaction.lag.ms', '10'],
      ],
      kafkaError.INVALID_CONFIG,
    ],
    ['a setting that 4.0 removed', [[set, 'message.downconversion.enable', 'true']], kafkaError.INVALID_CONFIG],
  ])('of a topic: %s', async (_, changes, errorCode) => {
    const topic = await createTopic(client);
    expect(await alter(type.topic, topic.name, changes)).toBe(errorCode);
  });

  test.each<[string, number, () => string, Change[], number]>([
    ['all topics', type.topic, () => '', [[set, 'retention.ms', '1']], kafkaError.INVALID_REQUEST],
    ['all groups', type.group, () => '', [[set, 'consumer.session.timeout.ms', '50000']], kafkaError.INVALID_REQUEST],
    ['a group: an unknown one', type.group, () => 'g', [[set, 'nope', '5']], kafkaError.INVALID_CONFIG],
    [
      'a group: too long',
      type.group,
      () => 'g',
      [[set, 'consumer.session.timeout.ms', '60001']],
      kafkaError.INVALID_CONFIG,
    ],
    [
      'client metrics without a name',
      type.clientMetrics,
      () => '',
      [[set, 'interval.ms', '1000']],
      kafkaError.INVALID_REQUEST,
    ],
    [
      'client metrics: too often',
      type.clientMetrics,
      () => 's',
      [[set, 'interval.ms', '1']],
      kafkaError.INVALID_REQUEST,
    ],
    ['client metrics: a selector', type.clientMetrics, () => 's', [[set, 'match', 'bad=x']], kafkaError.INVALID_CONFIG],
    ['client metrics: an unknown one', type.clientMetrics, () => 's', [[set, 'nope', '1']], kafkaError.INVALID_REQUEST],
    ['a kind that there is not', type.none, () => 'x', [[set, 'nope', '1']], kafkaError.INVALID_REQUEST],
    ['an unknown logger', type.logger, () => node, [[set, 'no.such', 'INFO']], kafkaError.INVALID_CONFIG],
    ['a level that there is not', type.logger, () => node, [[set, 'root', 'LOUD']], kafkaError.INVALID_CONFIG],
    ['the root logger away', type.logger, () => node, [[remove, 'root', null]], kafkaError.INVALID_REQUEST],
    ['more of a logger', type.logger, () => node, [[append, 'root', 'INFO']], kafkaError.INVALID_REQUEST],
    ['loggers of all nodes', type.logger, () => '', [[set, 'root', 'INFO']], kafkaError.INVALID_REQUEST],
  ])('is refused: %s', async (_, resourceType, name, changes, errorCode) => {
    expect(await alter(resourceType, name(), changes)).toBe(errorCode);
  });

  test('the level of the root logger is set and shown', async () => {
    const before = (await show(type.logger, node, 'root'))?.value ?? '';
    expect(await alter(type.logger, node, [[set, 'root', 'ERROR']])).toBe(kafkaError.NONE);
    expect(await show(type.logger, node, 'root')).toMatchObject({ value: 'ERROR', configSource: 6, readOnly: false });
    expect(await alter(type.logger, node, [[set, 'root', before]])).toBe(kafkaError.NONE);
  });

  test('groups and client metrics have settings of their own, and are listed with them', async () => {
    const group = freshName('group');
    const subscription = freshName('subscription');
    const listed = async (types: readonly number[], version = 1) => {
      const answer = await client.call(apis.listConfigResources, version, { resourceTypes: [...types] });
      expect(answer.errorCode).toBe(kafkaError.NONE);
      return answer.configResources.map((resource) => `${resource.resourceType} ${resource.resourceName}`);
    };
    expect(await alter(type.group, group, [[set, 'consumer.session.timeout.ms', '50000']])).toBe(kafkaError.NONE);
    expect(await alter(type.clientMetrics, subscription, [[set, 'interval.ms', '1000']])).toBe(kafkaError.NONE);
    await untilShown(type.group, group, 'consumer.session.timeout.ms', '50000');
    expect(await show(type.group, group, 'consumer.session.timeout.ms')).toMatchObject({
      configSource: 8,
      synonyms: [
        { name: 'consumer.session.timeout.ms', value: '50000', source: 8 },
        { value: '45000', source: 5 },
      ],
    });
    await untilShown(type.clientMetrics, subscription, 'interval.ms', '1000');
    expect((await show(type.clientMetrics, subscription, 'interval.ms'))?.configSource).toBe(7);
    expect(await listed([])).toEqual(
      expect.arrayContaining([`32 ${group}`, `16 ${subscription}`, `4 ${node}`, `8 ${node}`]),
    );
    expect(await listed([type.group])).toContain(`32 ${group}`);
    expect(await listed([], 0)).toContain(`16 ${subscription}`);
    expect(await alter(type.group, group, [[remove, 'consumer.session.timeout.ms', null]])).toBe(kafkaError.NONE);
    expect(await alter(type.clientMetrics, subscription, [[remove, 'interval.ms', null]])).toBe(kafkaError.NONE);
    await eventually(async () => !(await listed([type.group])).includes(`32 ${group}`));
    const refused = await client.call(apis.listConfigResources, 1, { resourceTypes: [type.none] });
    expect(refused.errorCode).toBe(kafkaError.UNSUPPORTED_VERSION);
  });

  test("members are told their group's own interval, from its change on", async () => {
    const group = freshName('group');
    const topic = await createTopic(client);
    const memberId = freshName('member');
    let memberEpoch = 0;
    const interval = async () => {
      const answer = await client.call(apis.consumerGroupHeartbeat, 1, {
        groupId: group,
        memberId,
        memberEpoch,
        rebalanceTimeoutMs: 60_000,
        subscribedTopicNames: [topic.name],
        topicPartitions: memberEpoch === 0 ? [] : null,
      });
      if (answer.errorCode === kafkaError.NONE) memberEpoch = answer.memberEpoch;
      return answer.heartbeatIntervalMs;
    };
    try {
      for (const value of ['6000', '7000']) {
        expect(await alter(type.group, group, [[set, 'consumer.heartbeat.interval.ms', value]])).toBe(kafkaError.NONE);
        await eventually(async () => (await interval()) === Number(value));
      }
    } finally {
      await alter(type.group, group, [[remove, 'consumer.heartbeat.interval.ms', null]]);
    }
  });

  test.each([
    ['topics', type.topic, kafkaError.INVALID_TOPIC_EXCEPTION],
    ['loggers', type.logger, kafkaError.INVALID_REQUEST],
    ['client metrics', type.clientMetrics, kafkaError.INVALID_REQUEST],
    ['groups', type.group, kafkaError.INVALID_REQUEST],
  ])('%s without a name are not described', async (_, resourceType, errorCode) => {
    const resources = [{ resourceType, resourceName: '', configurationKeys: null }];
    const answer = await client.call(apis.describeConfigs, 4, { resources });
    expect(answer.results[0]).toMatchObject({ errorCode, configs: [] });
  });
});
