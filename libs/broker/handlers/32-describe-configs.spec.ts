import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('settings', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open({ 'num.partitions': '3' });
    await world.createTopic('orders', 1, { 'retention.ms': '60000' });
  });
  afterEach(() => world.close());

  const topic = 2;
  const node = 4;

  test.each([
    ['a topic', topic, 'orders', 'retention.ms', kafkaError.NONE, '60000', 1],
    ['a default of a topic', topic, 'orders', 'retention.bytes', kafkaError.NONE, '-1', 5],
    ['the node', node, '1', 'num.partitions', kafkaError.NONE, '3', 4],
    ['a default of the node', node, '1', 'auto.create.topics.enable', kafkaError.NONE, 'true', 5],
    ['all nodes', node, '', 'num.partitions', kafkaError.NONE, undefined, undefined],
    ['another node', node, '2', 'num.partitions', kafkaError.INVALID_REQUEST, undefined, undefined],
    ['an unknown topic', topic, 'x', 'a', kafkaError.UNKNOWN_TOPIC_OR_PARTITION, undefined, undefined],
    ['a topic that cannot be', topic, '/', 'a', kafkaError.INVALID_TOPIC_EXCEPTION, undefined, undefined],
    ['a group', 32, 'g', 'a', kafkaError.NONE, undefined, undefined],
    ['a thing of no kind', 99, 'x', 'a', kafkaError.INVALID_REQUEST, undefined, undefined],
  ])('of %s are shown', async (_, resourceType, resourceName, key, errorCode, value, configSource) => {
    const answer = await world.call(apis.describeConfigs, 4, {
      resources: [{ resourceType, resourceName, configurationKeys: [key] }],
    });
    expect(answer.results).toMatchObject([{ errorCode, resourceType, resourceName }]);
    expect(answer.results[0]?.configs[0]?.value).toBe(value);
    expect(answer.results[0]?.configs[0]?.configSource).toBe(configSource);
  });

  test('show what "never" is as the number that clients can read', async () => {
    const answer = await world.call(apis.describeConfigs, 4, {
      resources: [{ resourceType: topic, resourceName: 'orders', configurationKeys: ['flush.ms'] }],
    });
    expect(answer.results[0]?.configs[0]?.value).toBe('9223372036854775807');
  });

  const change = (configOperation: number, name: string, value: string | null) => ({ configOperation, name, value });

  test.each([
    ['set', [change(0, 'retention.ms', '7')], kafkaError.NONE, { 'retention.ms': '7' }],
    ['deleted', [change(1, 'retention.ms', null)], kafkaError.NONE, {}],
    ['added to', [change(2, 'cleanup.policy', 'compact')], 0, { 'cleanup.policy': 'delete,compact' }],
    ['taken from', [change(3, 'cleanup.policy', 'delete')], 0, { 'cleanup.policy': '' }],
    ['added to where they are no list', [change(2, 'retention.ms', '7')], kafkaError.INVALID_CONFIG, null],
    ['set where there is none', [change(0, 'x', '7')], kafkaError.INVALID_CONFIG, null],
    ['set to null', [change(0, 'retention.ms', null)], kafkaError.INVALID_REQUEST, null],
    ['set wrongly', [change(0, 'retention.ms', 'x')], kafkaError.INVALID_CONFIG, null],
    ['set twice', [change(0, 'retention.ms', '1'), change(0, 'retention.ms', '2')], kafkaError.INVALID_REQUEST, null],
    ['changed in an unknown way', [change(9, 'retention.ms', '1')], kafkaError.INVALID_REQUEST, null],
  ])('of a topic are %s', async (_, configs, errorCode, expected) => {
    const before = { 'retention.ms': '60000' };
    const alter = async (validateOnly: boolean) => {
      const resources = [{ resourceType: topic, resourceName: 'orders', configs }];
      const answer = await world.call(apis.incrementalAlterConfigs, 1, { resources, validateOnly });
      expect(answer.responses).toMatchObject([{ errorCode, resourceName: 'orders' }]);
    };
    const now = () => world.broker.engine.topics.byName('orders')?.configs;
    await alter(true);
    expect(now()).toEqual(before);
    await alter(false);
    expect(now()).toEqual(expected === null ? before : expect.objectContaining(expected));
  });

  test.each([
    ['an unknown topic', topic, 'x', kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    ['a topic that cannot be', topic, '/', kafkaError.INVALID_TOPIC_EXCEPTION],
    ['the node', node, '1', kafkaError.INVALID_REQUEST],
  ])('of %s cannot be set', async (_, resourceType, resourceName, errorCode) => {
    const name = resourceType === node ? 'num.partitions' : 'retention.ms';
    const resources = [{ resourceType, resourceName, configs: [change(0, name, '7')] }];
    const answer = await world.call(apis.incrementalAlterConfigs, 1, { resources });
    expect(answer.responses[0]?.errorCode).toBe(errorCode);
  });
});
