import { exposureOf, listenerConfigs } from './listener-config.js';

const named = {
  listeners: 'INSIDE://127.0.0.1:9092,OUTSIDE://0.0.0.0:9093',
  'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:SASL_SSL',
  'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
};

describe('listeners', () => {
  test('are one on loopback where nothing is said', () => {
    const [only, ...others] = listenerConfigs({});
    expect(others).toEqual([]);
    expect(only).toMatchObject({ name: 'PLAINTEXT', protocol: 'PLAINTEXT', host: '127.0.0.1', port: 9092 });
  });

  test('have names, protocols, and what clients are told', () => {
    const configs = listenerConfigs({ ...named, 'advertised.listeners': 'OUTSIDE://[2001:db8::1]:19093' });
    expect(
      configs.map(({ name, protocol, host, port, advertised }) => [name, protocol, host, port, advertised]),
    ).toEqual([
      ['INSIDE', 'PLAINTEXT', '127.0.0.1', 9092, null],
      ['OUTSIDE', 'SASL_SSL', '0.0.0.0', 9093, expect.objectContaining({ host: '2001:db8::1', port: 19_093 })],
    ]);
  });

  test.each([
    ['PLAINTEXT://:9092', '0.0.0.0'],
    ['PLAINTEXT://[::1]:9092', '::1'],
    ['plaintext://localhost:9092', 'localhost'],
  ])('%s is on %s', (listeners, host) => {
    expect(listenerConfigs({ listeners })[0]?.host).toBe(host);
  });

  test('leave out those of controllers, as a server.properties of Kafka has them', () => {
    const listeners = 'PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093';
    const configs = listenerConfigs({ listeners, 'controller.listener.names': 'CONTROLLER' });
    expect(configs.map(({ name }) => name)).toEqual(['PLAINTEXT']);
  });

  test('take for the only one an advertised address by any name, or by none', () => {
    for (const advertised of ['topics.example:9092', 'PLAINTEXT://topics.example:9092', 'X://topics.example:9092']) {
      const [only] = listenerConfigs({ 'advertised.listeners': advertised });
      expect(only?.advertised).toMatchObject({ host: 'topics.example', port: 9092 });
    }
  });

  test('have settings of their own before those of all, and mechanisms have theirs before both', () => {
    const [inside, outside] = listenerConfigs({
      ...named,
      'connections.max.reauth.ms': '1',
      'sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256',
      'listener.name.outside.connections.max.reauth.ms': '2',
      'listener.name.outside.scram-sha-256.connections.max.reauth.ms': '3',
    });
    const reauthMs = 'connections.max.reauth.ms';
    expect(inside?.values[reauthMs]).toBe(1);
    expect(inside?.mechanisms.size).toBe(0);
    expect(outside?.values[reauthMs]).toBe(2);
    expect([...(outside?.mechanisms ?? [])].map(([name, values]) => [name, values[reauthMs]])).toEqual([
      ['SCRAM-SHA-256', 3],
      ['SCRAM-SHA-512', 2],
    ]);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['an empty list', { listeners: ' ' }, /listeners is empty/],
    ['no listener', { listeners: '127.0.0.1:9092' }, /write NAME:\/\/host:port/],
    ['a port too high', { listeners: 'PLAINTEXT://127.0.0.1:70000' }, /write NAME:\/\/host:port/],
    ['a name twice', { listeners: 'SSL://a:1,SSL://b:2' }, /SSL more than once/],
    ['a name without a protocol', { listeners: 'MINE://a:1' }, /add MINE:SASL_SSL/],
    ['an unknown protocol', { ...named, 'listener.security.protocol.map': 'INSIDE:TLS' }, /must be one of PLAINTEXT/],
    ['a login without a mechanism', { listeners: 'SASL_SSL://a:1' }, /sasl\.enabled\.mechanisms names none/],
    ['an unknown mechanism', { ...named, 'sasl.enabled.mechanisms': 'GSSAPI' }, /GSSAPI is none of PLAIN/],
    ['an address of nobody', { ...named, 'advertised.listeners': 'OTHER://a:1' }, /OTHER, which is not in listeners/],
    ['an address for nobody', { 'advertised.listeners': '0.0.0.0:1' }, /no client can connect to "0\.0\.0\.0"/],
    ['an advertised port 0', { 'advertised.listeners': 'a:0' }, /has port 0/],
    [
      'settings of nobody',
      { ...named, 'listener.name.other.insecure': 'true' },
      /no such listener among INSIDE, OUTSIDE/,
    ],
    [
      'a mistyped setting',
      { ...named, 'listener.name.outside.ssl.client.aut': 'required' },
      /no setting ssl\.client\.aut of/,
    ],
    [
      'code of somebody',
      { ...named, 'listener.name.outside.sasl.server.callback.handler.class': 'com.x.Handler' },
      /only classes of Kafka itself/,
    ],
    ['a wrong value', { ...named, 'listener.name.outside.ssl.client.auth': 'maybe' }, /none, requested, required/],
  ])('with %s are refused', (_what, settings, says) => {
    expect(() => listenerConfigs(settings)).toThrow(says);
  });

  test('show no secret of a value that will not do', () => {
    const settings = { ...named, 'listener.name.outside.ssl.key.passwort': 'marker' };
    expect(() => listenerConfigs(settings)).not.toThrow(/marker/);
  });

  test.each<[string, Record<string, string>, boolean]>([
    ['PLAINTEXT', {}, false],
    ['SASL_PLAINTEXT', {}, false],
    ['SSL', {}, false],
    ['SSL', { 'ssl.client.auth': 'requested' }, false],
    ['SSL', { 'ssl.client.auth': 'required' }, true],
    ['SASL_SSL', {}, true],
  ])('by %s with %j may be where others reach them: %s', (protocol, more, expected) => {
    const [listener] = listenerConfigs({
      listeners: `${protocol}://0.0.0.0:1`,
      'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      ...more,
    });
    expect(listener === undefined ? null : exposureOf(listener) === null).toBe(expected);
  });
});
