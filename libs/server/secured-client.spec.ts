/** Our own Kafka client at listeners with TLS and login. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerWorld } from '#broker/broker.testkit';
import { Certificates } from '#net/testing/certificates';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { readClientSecurity } from '#topics/client-security';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicWriter } from '#topics/topic-writer';
import { KafkaServer } from './kafka-server.js';

const jaas = (kind: 'plain.Plain' | 'scram.Scram', user: string, password: string): string =>
  `org.apache.kafka.common.security.${kind}LoginModule required username="${user}" password="${password}";`;
const plain = (password: string) => ({
  'sasl.mechanism': 'PLAIN',
  'sasl.jaas.config': jaas('plain.Plain', 'alice', password),
});
const scram = (mechanism: string, password: string) => ({
  'sasl.mechanism': mechanism,
  'sasl.jaas.config': jaas('scram.Scram', 'carol', password),
});

const folder = mkdtempSync(join(tmpdir(), 'millrace-secured-'));
const certificates = new Certificates(folder);
const server = certificates.issue('server', '/CN=server');
const stranger = certificates.issue('stranger', '/CN=elsewhere', 'subjectAltName=DNS:elsewhere.example');
const client = certificates.issue('client', '/CN=client');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let world: BrokerWorld;
let kafka: KafkaServer;
const clusters: Cluster[] = [];

async function listen(more: Readonly<Record<string, string>> = {}): Promise<void> {
  world = await BrokerWorld.open({
    listeners: 'SASL_SSL://127.0.0.1:0,SSL://127.0.0.1:0,SASL_PLAINTEXT://127.0.0.1:0,PLAINTEXT://127.0.0.1:0',
    'ssl.keystore.location': server.storePath,
    'ssl.truststore.location': certificates.authorityPath,
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.plain.sasl.jaas.config':
      'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret";',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config':
      'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret";',
    'scram.bootstrap.users': 'SCRAM-SHA-256=[name=carol,password=hers],SCRAM-SHA-512=[name=carol,password=hers]',
    'connection.failed.authentication.delay.ms': '10',
    ...more,
  });
  await world.createTopic('orders');
  kafka = new KafkaServer({ broker: world.broker });
  await kafka.start();
}

function connect(protocol: string, more: Readonly<Record<string, string>> = {}, listener = protocol): Cluster {
  const properties = {
    'security.protocol': protocol,
    'ssl.truststore.location': certificates.authorityPath,
    ...more,
  };
  const cluster = new Cluster({
    bootstrap: [`127.0.0.1:${kafka.ports.get(listener) ?? 0}`],
    clientId: 'spec',
    security: readClientSecurity('the client', properties, {}),
    clock: systemClock,
    logger: silentLogger,
  });
  clusters.push(cluster);
  return cluster;
}

const topicsOf = async (cluster: Cluster): Promise<string[]> =>
  (await new TopicAdmin(cluster).listTopics()).map(({ name }) => name);

/** What a request ends with, as a failed login and everything else reach the caller. */
async function failureOf(cluster: Cluster): Promise<{ code: string; retriable: boolean; text: string }> {
  try {
    await cluster.refresh([]);
  } catch (error) {
    const { code, retriable, message } = error as { code: string; retriable: boolean; message: string };
    return { code, retriable, text: message };
  }
  throw new Error('it was let in');
}

afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.close();
  await kafka.stop(100);
  await world.close();
});

test.each([
  ['SSL', {}],
  ['SASL_SSL', plain('secret')],
  ['SASL_SSL', scram('SCRAM-SHA-256', 'hers')],
  ['SASL_SSL', scram('SCRAM-SHA-512', 'hers')],
  ['SASL_PLAINTEXT', scram('SCRAM-SHA-512', 'hers')],
  ['SASL_PLAINTEXT', plain('secret')],
])('topics are reached by %s with %j', async (protocol, login) => {
  await listen();
  expect(await topicsOf(connect(protocol, login))).toEqual(['orders']);
});

test('a wrong password is told at once and for good, without the password', async () => {
  await listen();
  for (const login of [plain('not this'), scram('SCRAM-SHA-512', 'not this')]) {
    const cluster = connect('SASL_SSL', login);
    const { code, retriable, text } = await failureOf(cluster);
    expect([code, retriable]).toEqual(['topics.login.failed', false]);
    expect(text).toMatch(
      /^The login at 127\.0\.0\.1:\d+ by (PLAIN|SCRAM-SHA-512) as (alice|carol) failed: .*(credentials|username)/i,
    );
    expect(text).toMatch(/sasl\.jaas\.config/);
    expect(text).not.toContain('not this');
    const writer = new TopicWriter(cluster, {});
    await expect(writer.writeRecord('orders', { value: Buffer.from('a') })).rejects.toMatchObject({
      code: 'topics.login.failed',
    });
    await writer.close();
  }
});

test('a mechanism that the listener has not is told with those that it has', async () => {
  await listen({ 'sasl.enabled.mechanisms': 'SCRAM-SHA-512' });
  const { code, text } = await failureOf(connect('SASL_SSL', scram('SCRAM-SHA-256', 'hers')));
  expect(code).toBe('topics.login.failed');
  expect(text).toContain('the listener offers SCRAM-SHA-512');
});

test('a login at a listener without one, and TLS at a listener without, are told', async () => {
  await listen();
  const login = await failureOf(connect('SASL_PLAINTEXT', plain('secret'), 'PLAINTEXT'));
  expect(login).toMatchObject({ code: 'topics.login.failed', retriable: false });
  expect(login.text).toContain('security.protocol');
  const tls = await failureOf(connect('SSL', {}, 'PLAINTEXT'));
  expect(tls.text).toContain('security.protocol');
});

test('a certificate of an unknown authority is refused', async () => {
  await listen();
  const { code, retriable, text } = await failureOf(connect('SSL', { 'ssl.truststore.location': otherAuthority() }));
  expect([code, retriable]).toEqual(['topics.tls.failed', false]);
  expect(text).toContain('ssl.truststore.location');
});

function otherAuthority(): string {
  const other = mkdtempSync(join(folder, 'other-'));
  return new Certificates(other).authorityPath;
}

test('a certificate with another name is refused, unless names do not count', async () => {
  await listen({ 'ssl.keystore.location': stranger.storePath });
  const { code, text } = await failureOf(connect('SSL'));
  expect([code, text.includes('ssl.endpoint.identification.algorithm')]).toEqual(['topics.tls.failed', true]);
  expect(await topicsOf(connect('SSL', { 'ssl.endpoint.identification.algorithm': '' }))).toEqual(['orders']);
});

test('a client shows its own certificate, out of PEM or PKCS12, where it is asked for', async () => {
  await listen({ 'listener.name.ssl.ssl.client.auth': 'required' });
  const path = join(folder, 'client.p12');
  certificates.pkcs12(client, path, 'changeit');
  const p12 = { 'ssl.keystore.location': path, 'ssl.keystore.type': 'PKCS12', 'ssl.keystore.password': 'changeit' };
  expect(await topicsOf(connect('SSL', p12))).toEqual(['orders']);
  expect(await topicsOf(connect('SSL', { 'ssl.keystore.location': client.storePath }))).toEqual(['orders']);
  const { code, text } = await failureOf(connect('SSL'));
  expect([code, text.includes('ssl.keystore.location')]).toEqual(['topics.tls.failed', true]);
});

test('a login that ends is renewed on the same connection, between requests', async () => {
  await listen({ 'connections.max.reauth.ms': '1600' });
  const cluster = connect('SASL_SSL', scram('SCRAM-SHA-256', 'hers'));
  const first = await cluster.connect('any');
  const writer = new TopicWriter(cluster, { lingerMs: 0 });
  let written = 0;
  const endMs = performance.now() + 3_600;
  while (performance.now() < endMs) {
    await Promise.all([0, 1, 2].map((value) => writer.writeRecord('orders', { value: Buffer.from(String(value)) })));
    written += 3;
    await systemClock.sleep(5);
  }
  await writer.close();
  expect(first.isOpen).toBe(true);
  const [latest] = await new TopicAdmin(cluster).offsets('orders', 'latest');
  expect(latest?.offset).toBe(written);
});
