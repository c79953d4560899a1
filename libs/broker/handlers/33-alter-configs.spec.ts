import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('AlterConfigs', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    await world.createTopic('orders', 1, { 'retention.ms': '5' });
  });
  afterEach(() => world.close());

  const topic = 2;
  const node = 4;
  const before = { 'retention.ms': '5' };

  test.each<[string, number, string, [string, string | null][], number, Record<string, string>]>([
    ['what is left out goes', topic, 'orders', [['segment.ms', '7']], kafkaError.NONE, { 'segment.ms': '7' }],
    ['nothing leaves nothing', topic, 'orders', [], kafkaError.NONE, {}],
    ['an unknown one', topic, 'orders', [['nope', '7']], kafkaError.INVALID_CONFIG, before],
    ['a null value', topic, 'orders', [['segment.ms', null]], kafkaError.INVALID_REQUEST, before],
    ['an unknown topic', topic, 'nothing', [['segment.ms', '7']], kafkaError.UNKNOWN_TOPIC_OR_PARTITION, before],
    ['one of the node, read at its start', node, '1', [['num.partitions', '7']], kafkaError.INVALID_REQUEST, before],
    ['one of the node', node, '1', [['log.segment.bytes', '2000000']], kafkaError.NONE, before],
  ])('%s', async (_, resourceType, resourceName, values, errorCode, after) => {
    const configs = values.map(([name, value]) => ({ name, value }));
    const answer = await world.call(apis.alterConfigs, 2, { resources: [{ resourceType, resourceName, configs }] });
    expect(answer.responses).toMatchObject([{ errorCode, resourceType, resourceName }]);
    expect(world.broker.engine.topics.byName('orders')?.configs).toEqual(after);
  });

  test('validateOnly changes nothing, and a resource named twice neither', async () => {
    const resource = { resourceType: topic, resourceName: 'orders', configs: [{ name: 'segment.ms', value: '7' }] };
    const checked = await world.call(apis.alterConfigs, 1, { resources: [resource], validateOnly: true });
    expect(checked.responses[0]?.errorCode).toBe(kafkaError.NONE);
    const twice = await world.call(apis.alterConfigs, 1, { resources: [resource, resource] });
    expect(twice.responses.map(({ errorCode }) => errorCode)).toEqual([42, 42]);
    expect(world.broker.engine.topics.byName('orders')?.configs).toEqual(before);
  });
});
