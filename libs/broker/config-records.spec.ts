import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from './broker.testkit.js';

describe('settings of the node that are defaults of topics', () => {
  async function retentionOf(config: Readonly<Record<string, string>>) {
    const world = await BrokerWorld.open(config);
    await world.createTopic('orders');
    const { results } = await world.call(apis.describeConfigs, 4, {
      resources: [{ resourceType: 2, resourceName: 'orders', configurationKeys: ['retention.ms'] }],
      includeSynonyms: true,
    });
    await world.close();
    const entry = results[0]?.configs[0];
    return [entry?.value, entry?.configSource, entry?.synonyms.map(({ name, value }) => `${name}=${value}`).join()];
  }

  test.each([
    ['none', {}, ['604800000', 5, '']],
    ['hours', { 'log.retention.hours': '1' }, ['3600000', 4, 'log.retention.hours=1']],
    [
      'minutes and hours',
      { 'log.retention.minutes': '1', 'log.retention.hours': '1' },
      ['60000', 4, 'log.retention.minutes=1,log.retention.hours=1'],
    ],
    [
      'all units',
      { 'log.retention.ms': '7', 'log.retention.hours': '1' },
      ['7', 4, 'log.retention.ms=7,log.retention.hours=1'],
    ],
    ['hours without end', { 'log.retention.hours': '-1' }, ['-1', 4, 'log.retention.hours=-1']],
  ])('retention given in %s', async (_, config, expected) => {
    expect(await retentionOf(config)).toEqual(expected);
  });

  test('a setting given under an older name is shown under its own', async () => {
    const world = await BrokerWorld.open({ 'broker.id': '7' });
    const { results } = await world.call(apis.describeConfigs, 4, {
      resources: [{ resourceType: 4, resourceName: '7', configurationKeys: ['node.id'] }],
    });
    await world.close();
    expect(results[0]?.configs).toMatchObject([{ name: 'node.id', value: '7', configSource: 4, readOnly: true }]);
  });

  test('secrets are never shown, whether set or not', async () => {
    const world = await BrokerWorld.open({ 'ssl.keystore.password': 'hidden' });
    const { results } = await world.call(apis.describeConfigs, 4, {
      resources: [{ resourceType: 4, resourceName: '1', configurationKeys: null }],
      includeSynonyms: true,
    });
    await world.close();
    expect(JSON.stringify(results)).not.toContain('hidden');
    const secrets = results[0]?.configs.filter(({ isSensitive }) => isSensitive) ?? [];
    expect(secrets.map(({ name }) => name)).toContain('ssl.keystore.password');
    for (const { value } of secrets) expect(value).toBeNull();
  });

  test('a setting that nobody knows is kept for plug-ins, and not shown', async () => {
    const world = await BrokerWorld.open();
    const resource = { resourceType: 4, resourceName: '' };
    const configs = [{ name: 'my.plugin.secret', configOperation: 0, value: 'hidden' }];
    const altered = await world.call(apis.incrementalAlterConfigs, 1, { resources: [{ ...resource, configs }] });
    expect(altered.responses[0]?.errorCode).toBe(kafkaError.NONE);
    const { results } = await world.call(apis.describeConfigs, 4, {
      resources: [{ ...resource, configurationKeys: null }],
    });
    await world.close();
    expect(results[0]?.configs).toMatchObject([{ name: 'my.plugin.secret', value: null, isSensitive: true }]);
  });

  test('produce follows a default at once: size and codec', async () => {
    const world = await BrokerWorld.open();
    await world.createTopic('orders');
    const { broker } = world;
    const policy = () => {
      const topic = broker.engine.topics.byName('orders');
      return topic === null ? null : broker.topicPolicies.of(topic);
    };
    expect(policy()).toMatchObject({ codec: null, maxMessageBytes: 1_048_588, isCompacted: false });
    await broker.configs.save('broker-config', '', { 'compression.type': 'zstd', 'message.max.bytes': '5000' });
    expect(policy()).toMatchObject({ codec: 'zstd', level: 3, maxMessageBytes: 5000 });
    await broker.engine.topics.alterConfigs('orders', {
      'compression.type': 'uncompressed',
      'cleanup.policy': 'compact',
    });
    expect(policy()).toMatchObject({ codec: 'none', level: null, isCompacted: true });
    await world.close();
  });
});
