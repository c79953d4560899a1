import { BrokerWorld } from '../broker.testkit.js';

const login = { listeners: 'SASL_PLAINTEXT://127.0.0.1:0' };
const jaas = 'listener.name.sasl_plaintext.plain.sasl.jaas.config';

describe('logins of a listener', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    [
      'PLAIN without users',
      { 'sasl.enabled.mechanisms': 'PLAIN' },
      /has no users: set listener\.name\.sasl_plaintext\.plain/,
    ],
    ['OAUTHBEARER without keys', { 'sasl.enabled.mechanisms': 'OAUTHBEARER' }, /no keys to check tokens with: set/],
    [
      'a JAAS text that is none',
      { 'sasl.enabled.mechanisms': 'PLAIN', [jaas]: 'marker' },
      /JAAS configuration(?!.*marker)/,
    ],
    [
      'a reference to nothing',
      { 'sasl.enabled.mechanisms': 'PLAIN', [jaas]: 'x required user_a="${env:NOT_SET}";' },
      /NOT_SET/,
    ],
  ])('need what they are made of: %s', async (_what, settings, says) => {
    await expect(BrokerWorld.open({ ...login, ...settings })).rejects.toThrow(says);
  });
});

describe('users of the first start', () => {
  test('are made where they are missing, and left as they are where they are not', async () => {
    const world = await BrokerWorld.open({ 'scram.bootstrap.users': 'SCRAM-SHA-256=[name=alice,password=one]' });
    const { scram } = world.broker.security;
    const first = scram.find('SCRAM-SHA-256', 'alice');
    expect(first?.iterations).toBe(4096);
    await scram.start('SCRAM-SHA-256=[name=alice,password=two],SCRAM-SHA-512=[name=alice,password=two]');
    expect(scram.find('SCRAM-SHA-256', 'alice')).toEqual(first);
    expect(scram.list().map(({ user, credentials }) => [user, [...credentials.keys()]])).toEqual([
      ['alice', ['SCRAM-SHA-256', 'SCRAM-SHA-512']],
    ]);
    await world.close();
  });

  test('leave no password in the records of the cluster', async () => {
    const world = await BrokerWorld.open({ 'scram.bootstrap.users': 'SCRAM-SHA-256=[name=alice,password=marker]' });
    const kinds = ['scram', 'scram-decoy'].flatMap((kind) => [...world.broker.cluster.records(kind)]);
    expect(kinds).toHaveLength(2);
    expect(JSON.stringify(kinds)).not.toContain('marker');
    await world.close();
  });
});
