import { requireOptions } from '#config/options';
import { BridgeReader, bridgeSettings } from './bridge-frames.js';
import { bridgeClassPath, jmsOptions, protocolOf, providerUrls } from './jms-options.js';
import { jmsSource } from './jms-source.js';

const classic = 'org.apache.activemq.jndi.ActiveMQInitialContextFactory';
const artemis = 'org.apache.activemq.artemis.jndi.ActiveMQInitialContextFactory';
const tibco = 'com.tibco.tibjms.naming.TibjmsInitialContextFactory';
const needed = { destinationName: 'q', destinationType: 'QUEUE' };
const problems = (options: Record<string, string>): string[] =>
  (jmsSource.check?.({ ...needed, ...options }) ?? []).map(({ severity, option }) => `${severity} ${option}`);

test.each<[string, string, Record<string, string>, string]>([
  [classic, 'amqp://h', {}, 'amqp'],
  [classic, 'stomp+ssl://h', {}, 'stomp'],
  [classic, 'failover:(amqp://a:5672,amqp://b:5672)?x=y', {}, 'amqp'],
  [classic, 'tcp://h:61616', {}, 'bridge'],
  [classic, 'tcp://h:61616', { protocol: 'amqp' }, 'amqp'],
  [artemis, 'tcp://h:61616', {}, 'amqp'],
  [artemis, 'tcp://h:61616', { 'bridge.classpath': '/jars/*' }, 'bridge'],
  [tibco, 'tcp://h:7222', {}, 'bridge'],
])('%s at %s with %j is reached by %s', (initialContextFactory, providerURL, more, expected) => {
  const options = { ...needed, initialContextFactory, providerURL, ...more };
  expect(protocolOf(requireOptions('source', jmsOptions, options))).toBe(expected);
});

test.each([
  ['tcp://a:61616', ['amqp://a:61616']],
  ['failover:(ssl://a:1,tcp://b:2)?timeout=1', ['amqp+ssl://a:1', 'amqp://b:2']],
  ['tcp://a:61616?sslEnabled=true', ['amqp+ssl://a:61616']],
  ['amqps://a', ['amqp+ssl://a']],
  ['somewhere', []],
])('addresses in %s', (url, expected) => {
  expect(providerUrls(url, 'amqp')).toEqual(expected);
});

test.each<[string, Record<string, string>, string[]]>([
  ['amqp', { initialContextFactory: classic, providerURL: 'amqp://h' }, []],
  ['no jars for the bridge', { initialContextFactory: tibco, providerURL: 'tcp://h:7222' }, ['error providerURL']],
  [
    'OpenWire as AMQP',
    { initialContextFactory: classic, providerURL: 'tcp://h:61616', protocol: 'amqp' },
    ['warning providerURL'],
  ],
  ['no address', { initialContextFactory: classic, providerURL: 'h', protocol: 'stomp' }, ['error providerURL']],
  ['a login in the address', { initialContextFactory: classic, providerURL: 'amqp://u:p@h' }, ['error providerURL']],
  [
    'a durable subscription to a queue without names',
    { initialContextFactory: classic, providerURL: 'amqp://h', createDurableSubscription: 'true' },
    ['error createDurableSubscription', 'error createDurableSubscription', 'error createDurableSubscription'],
  ],
  [
    'a JNDI name that leads elsewhere (FLUME-3428)',
    {
      initialContextFactory: tibco,
      providerURL: 'tcp://h',
      'bridge.classpath': 'x',
      connectionFactory: 'ldap://evil/x',
    },
    ['error connectionFactory'],
  ],
  [
    'such a name that is allowed',
    {
      ...{ initialContextFactory: tibco, providerURL: 'tcp://h', 'bridge.classpath': 'x' },
      connectionFactory: 'ldap://h/x',
      jndiAllowedProtocols: 'ldap',
    },
    [],
  ],
])('%s is judged at validation', (_, options, expected) => {
  expect(problems(options)).toEqual(expected);
});

test('no problem tells the password of an address', () => {
  const remarks = jmsSource.check?.({ ...needed, initialContextFactory: classic, providerURL: 'amqp://u:topSecret@h' });
  expect(JSON.stringify(remarks)).not.toContain('topSecret');
});

const frame = (type: string, fields: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.writeInt32BE(fields.length + 1);
  head.write(type, 4);
  return Buffer.concat([head, fields]);
};

test('frames of the bridge are the same wherever they are cut', () => {
  const one = Buffer.from('00000001000000010000000161000000016200000002686900', 'hex').subarray(0, -1);
  const bytes = Buffer.concat([
    frame('S', Buffer.alloc(0)),
    frame('B', one),
    frame('W', Buffer.from('0000000161', 'hex')),
    frame('D', Buffer.alloc(0)),
  ]);
  const expected = [
    { type: 'answer' },
    { type: 'batch', messages: [{ headers: { a: 'b' }, body: Buffer.from('hi') }] },
    { type: 'warning', text: 'a' },
    { type: 'answer' },
  ];
  for (let at = 0; at <= bytes.length; at += 1) {
    const reader = new BridgeReader();
    expect([...reader.read(bytes.subarray(0, at)), ...reader.read(bytes.subarray(at))]).toEqual(expected);
  }
});

test('what is no frame is refused', () => {
  expect(() => new BridgeReader().read(Buffer.from('Picked up JAVA_TOOL_OPTIONS'))).toThrow('bytes');
  expect(() => new BridgeReader().read(frame('?', Buffer.alloc(0)))).toThrow('type');
  expect(() => new BridgeReader().read(frame('W', Buffer.from('00000009', 'hex')))).toThrow('too short');
});

test('settings that are null are left out', () => {
  expect(bridgeSettings({ a: 'b', c: null }).toString('hex')).toBe('00000001000000016100000001' + '62');
});

test('jars of a provider are found where Flume has them', () => {
  expect(bridgeClassPath({ 'bridge.classpath': null }, { FLUME_CLASSPATH: '/opt/ems/*' })).toBe('/opt/ems/*');
  expect(bridgeClassPath({ 'bridge.classpath': '/own/*' }, { FLUME_CLASSPATH: '/opt/ems/*' })).toBe('/own/*');
  expect(bridgeClassPath({ 'bridge.classpath': null }, { FLUME_CLASSPATH: '' })).toBeNull();
});
