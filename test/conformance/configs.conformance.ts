import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, eventually, freshName, type TestTopic } from './target.js';

/** DescribeConfigs and IncrementalAlterConfigs, of topics. The settings of nodes and others have a file of their own. */
describe('settings', () => {
  let client: RawClient;
  suiteTarget((connection) => {
    client = connection;
  });

  const resource = { topic: 2, broker: 4 };
  const operation = { set: 0, delete: 1, append: 2, subtract: 3 };

  interface Question {
    readonly keys?: readonly string[] | null;
    readonly version?: number;
    readonly type?: number;
  }

  async function describeConfigs(name: string, { keys = null, version = 4, type = resource.topic }: Question = {}) {
    const answer = await client.call(apis.describeConfigs, version, {
      resources: [{ resourceType: type, resourceName: name, configurationKeys: keys }],
      includeSynonyms: true,
      includeDocumentation: true,
    });
    const [result] = answer.results;
    if (result === undefined) throw new Error('the answer has no resource');
    return result;
  }

  async function setting(topic: TestTopic, name: string) {
    return (await describeConfigs(topic.name, { keys: [name] })).configs[0];
  }

  async function alter(name: string, configs: readonly [number, string, string | null][], validateOnly = false) {
    const answer = await client.call(apis.incrementalAlterConfigs, 1, {
      resources: [
        {
          resourceType: resource.topic,
          resourceName: name,
          configs: configs.map(([configOperation, key, value]) => ({ name: key, configOperation, value })),
        },
      ],
      validateOnly,
    });
    return answer.responses[0]?.errorCode;
  }

  test.each([1, 2, 3, 4])('DescribeConfigs v%d shows every setting of a topic', async (version) => {
    const topic = await createTopic(client, { configs: { 'retention.ms': '60000' } });
    const { errorCode, configs } = await describeConfigs(topic.name, { version });
    expect(errorCode).toBe(kafkaError.NONE);
    const byName = new Map(configs.map((config) => [config.name, config]));
    expect(byName.get('retention.ms')).toMatchObject({ value: '60000', configSource: 1, readOnly: false });
    for (const [name, value] of Object.entries({
      'cleanup.policy': 'delete',
      'segment.bytes': '1073741824',
      'retention.bytes': '-1',
      'max.message.bytes': '1048588',
      'message.timestamp.type': 'CreateTime',
      'compression.type': 'producer',
      'min.insync.replicas': '1',
      'flush.messages': '9223372036854775807',
      'max.compaction.lag.ms': '9223372036854775807',
      'min.cleanable.dirty.ratio': '0.5',
    })) {
      expect([name, byName.get(name)?.value]).toEqual([name, value]);
    }
    if (version >= 3) expect(byName.get('retention.ms')?.configType).toBe(5);
  });

  test('only the keys asked for are shown', async () => {
    const topic = await createTopic(client);
    const { configs } = await describeConfigs(topic.name, { keys: ['segment.ms', 'no.such.key'] });
    expect(configs.map((config) => config.name)).toEqual(['segment.ms']);
  });

  test('synonyms tell what was set and what it would be otherwise', async () => {
    const topic = await createTopic(client, { configs: { 'segment.bytes': '2000000' } });
    const synonyms = (await setting(topic, 'segment.bytes'))?.synonyms ?? [];
    expect(synonyms[0]).toMatchObject({ name: 'segment.bytes', value: '2000000', source: 1 });
    expect(synonyms.at(-1)).toMatchObject({ value: '1073741824', source: 5 });
  });

  test('an unknown topic is error 3', async () => {
    expect(await describeConfigs(freshName('missing'))).toMatchObject({
      errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
      configs: [],
    });
    expect(await alter(freshName('missing'), [[operation.set, 'retention.ms', '1']])).toBe(
      kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
    );
  });

  test('the node is described under its number only', async () => {
    const node = (await client.call(apis.metadata, 9, { topics: [] })).brokers[0]?.nodeId ?? -1;
    const here = await describeConfigs(String(node), { type: resource.broker });
    expect(here.errorCode).toBe(kafkaError.NONE);
    expect(here.configs.find((config) => config.name === 'num.partitions')?.value).toBe('1');
    const elsewhere = await describeConfigs('4711', { type: resource.broker });
    expect(elsewhere.errorCode).toBe(kafkaError.INVALID_REQUEST);
  });

  test('a setting is set, and deleting it brings the default back', async () => {
    const topic = await createTopic(client);
    expect(await alter(topic.name, [[operation.set, 'retention.ms', '777']])).toBe(kafkaError.NONE);
    await eventually(async () => (await setting(topic, 'retention.ms'))?.value === '777');
    expect(await alter(topic.name, [[operation.delete, 'retention.ms', null]])).toBe(kafkaError.NONE);
    await eventually(async () => (await setting(topic, 'retention.ms'))?.configSource === 5);
    expect((await setting(topic, 'retention.ms'))?.value).toBe('604800000');
  });

  test('values are added to a list and taken away', async () => {
    const topic = await createTopic(client);
    expect(await alter(topic.name, [[operation.append, 'cleanup.policy', 'compact']])).toBe(kafkaError.NONE);
    await eventually(async () => (await setting(topic, 'cleanup.policy'))?.value === 'delete,compact');
    expect(await alter(topic.name, [[operation.subtract, 'cleanup.policy', 'delete']])).toBe(kafkaError.NONE);
    await eventually(async () => (await setting(topic, 'cleanup.policy'))?.value === 'compact');
  });

  test('nothing is added to what is no list', async () => {
    const topic = await createTopic(client);
    expect(await alter(topic.name, [[operation.append, 'retention.ms', '1']])).toBe(kafkaError.INVALID_CONFIG);
  });

  test('one bad setting leaves all as they were', async () => {
    const topic = await createTopic(client);
    for (const bad of [
      ['no.such.setting', '1'],
      ['segment.bytes', '1'],
      ['retention.ms', 'soon'],
    ] as const) {
      const code = await alter(topic.name, [
        [operation.set, 'retention.bytes', '99'],
        [operation.set, bad[0], bad[1]],
      ]);
      expect(code).toBe(kafkaError.INVALID_CONFIG);
    }
    expect((await setting(topic, 'retention.bytes'))?.value).toBe('-1');
  });

  test('validateOnly changes nothing', async () => {
    const topic = await createTopic(client);
    expect(await alter(topic.name, [[operation.set, 'retention.ms', '777']], true)).toBe(kafkaError.NONE);
    expect((await setting(topic, 'retention.ms'))?.configSource).toBe(5);
  });
});
