import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { MemoryCatalog } from '#log/memory-catalog';
import { Certificates, type Identity } from '#net/testing/certificates';
import { systemClock } from '#std/clock';
import { createLogger } from '#std/log';
import { TopicsService } from '../../apps/topics/src/topics-service.js';
import { sleep } from '../peers/child.js';
import { kafkaTool } from '../peers/kafka.js';

jest.setTimeout(300_000);
const run = promisify(execFile);

// Passwords that can be looked for in everything that is printed.
const secrets = { admin: 'marker-admin-7Q', alice: 'marker-alice-9Z', bob: 'marker"bob\\3K', store: 'marker-store-5W' };
const aliceHash = { name: 'SCRAM-SHA-512', code: 'scram-sha-512' } as const;

let folder: string;
let certificates: Certificates;
let client: Identity;
let service: TopicsService;
const logged: string[] = [];

const scramUser = (name: string, password: string) =>
  `org.apache.kafka.common.security.scram.ScramLoginModule required username="${name}" password="${password}";`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-security-'));
  certificates = new Certificates(folder);
  const server = certificates.issue('server', '/O=example/CN=broker');
  client = certificates.issue('client', '/C=DE/O=example, inc/CN=loader');
  certificates.pkcs12(server, join(folder, 'server.p12'), secrets.store);
  writeFileSync(join(folder, 'store-password'), `${secrets.store}\n`);
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' };
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify({ keys: [jwk] }));
  writeFileSync(
    join(folder, 'token.jwt'),
    signedToken(keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()),
  );
  service = new TopicsService({
    dataDirectory: join(folder, 'data'),
    catalog: new MemoryCatalog(),
    host: '127.0.0.1',
    port: 0,
    config: {
      listeners: 'OUTSIDE://127.0.0.1:0,MACHINES://127.0.0.1:0,LOCAL://127.0.0.1:0',
      'listener.security.protocol.map': 'OUTSIDE:SASL_SSL,MACHINES:SSL,LOCAL:SASL_PLAINTEXT',
      'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER',
      'listener.name.local.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.local.connections.max.reauth.ms': '3000',
      'listener.name.outside.plain.sasl.jaas.config':
        'org.apache.kafka.common.security.plain.PlainLoginModule required user_bob="${env:BOB}";',
      'listener.name.local.plain.sasl.jaas.config':
        'org.apache.kafka.common.security.plain.PlainLoginModule required user_bob="${env:BOB}";',
      'sasl.oauthbearer.jwks.endpoint.url': pathToFileURL(join(folder, 'jwks.json')).href,
      'sasl.oauthbearer.expected.audience': 'topics',
      'sasl.oauthbearer.expected.issuer': 'https://issuer.example',
      'ssl.keystore.location': join(folder, 'server.p12'),
      'ssl.keystore.password': `\${file:${join(folder, 'store-password')}}`,
      'ssl.truststore.location': certificates.authorityPath,
      'listener.name.machines.ssl.client.auth': 'required',
      'listener.name.machines.ssl.principal.mapping.rules': 'RULE:^CN=(.*?),.*$/$1/L,DEFAULT',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:admin',
      'scram.bootstrap.users': `SCRAM-SHA-512=[name=admin,password=${secrets.admin}]`,
      'group.initial.rebalance.delay.ms': '0',
    },
    environment: { BOB: secrets.bob },
    clock: systemClock,
    logger: createLogger({ write: (line) => logged.push(line), now: () => '' }),
  });
  await service.start();
  writeFileSync(
    join(folder, 'admin.properties'),
    clientProperties({ 'sasl.mechanism': 'SCRAM-SHA-512', 'sasl.jaas.config': scramUser('admin', secrets.admin) }),
  );
  await admin('kafka.admin.ConfigCommand', [
    ...['--alter', '--entity-type', 'users', '--entity-name', 'alice'],
    ...['--add-config', `${aliceHash.name}=[iterations=8192,password=${secrets.alice}]`],
  ]);
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

const address = (listener: string): string => `127.0.0.1:${service.ports.get(listener)}`;

function clientProperties(entries: Readonly<Record<string, string>>, protocol = 'SASL_SSL'): string {
  const all = {
    'security.protocol': protocol,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certificates.authorityPath,
    ...entries,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

/** One of Kafka's tools as the administrator. */
function admin(main: string, args: readonly string[]): Promise<string> {
  const config = ['--bootstrap-server', address('OUTSIDE'), '--command-config', join(folder, 'admin.properties')];
  return kafkaTool(main, [...config, ...args]);
}

/** Lets a user do everything with topics and groups that begin with a prefix. */
async function grant(user: string, prefix: string): Promise<void> {
  await admin('org.apache.kafka.tools.AclCommand', [
    ...['--add', '--allow-principal', `User:${user}`, '--operation', 'All'],
    ...['--topic', prefix, '--group', prefix, '--resource-pattern-type', 'prefixed'],
  ]);
}

/** What one produced, the other reads, by the console tools with the same settings. Gives what was read. */
async function roundTrip(
  listener: string,
  topic: string,
  propertiesText: string,
  jvm: readonly string[] = [],
): Promise<string[]> {
  const properties = join(folder, `${topic}.properties`);
  writeFileSync(properties, propertiesText);
  const to = ['--bootstrap-server', address(listener), '--command-config', properties, '--topic', topic];
  await kafkaTool('org.apache.kafka.tools.ConsoleProducer', to, { input: `${topic} one\n${topic} two\n`, jvm });
  const printed = await kafkaTool(
    'org.apache.kafka.tools.consumer.ConsoleConsumer',
    [...to, ...['--group', `${topic}-group`, '--from-beginning', '--max-messages', '2', '--timeout-ms', '30000']],
    { jvm },
  );
  return printed.split('\n').filter((line) => line.startsWith(topic));
}

function signedToken(privateKey: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'https://issuer.example',
    aud: ['topics'],
    sub: 'carol',
    iat: now,
    exp: now + 3600,
    scope: 'all',
  };
  const signed = `${part({ alg: 'RS256', kid: 'one' })}.${part(claims)}`;
  return `${signed}.${createSign('sha256').update(signed).sign(privateKey, 'base64url')}`;
}

const bobJaas = (): string =>
  `org.apache.kafka.common.security.plain.PlainLoginModule required username="bob" password="${secrets.bob.replaceAll(/["\\]/g, '\\$&')}";`;

const aliceProperties = (password = secrets.alice) =>
  clientProperties({ 'sasl.mechanism': aliceHash.name, 'sasl.jaas.config': scramUser('alice', password) });

test('kafka-acls and kafka-configs list what they made, and nobody learns a secret', async () => {
  await grant('listed', 'listed-');
  const acls = await admin('org.apache.kafka.tools.AclCommand', [
    '--list',
    '--topic',
    'listed-',
    '--resource-pattern-type',
    'prefixed',
  ]);
  expect(acls).toMatch(/principal=User:listed, host=\*, operation=ALL, permissionType=ALLOW/);
  await admin('org.apache.kafka.tools.AclCommand', [
    ...['--remove', '--force', '--allow-principal', 'User:listed', '--operation', 'All'],
    ...['--topic', 'listed-', '--resource-pattern-type', 'prefixed'],
  ]);
  const after = await admin('org.apache.kafka.tools.AclCommand', [
    '--list',
    '--topic',
    'listed-',
    '--resource-pattern-type',
    'prefixed',
  ]);
  expect(after).not.toContain('User:listed');
  const users = await admin('kafka.admin.ConfigCommand', ['--describe', '--entity-type', 'users']);
  expect(users).toMatch(/SCRAM credential configs for user-principal 'alice' are SCRAM-SHA-512=iterations=8192/);
  const broker = await admin('kafka.admin.ConfigCommand', [
    ...['--describe', '--all', '--entity-type', 'brokers', '--entity-name', '1'],
  ]);
  expect(broker).toContain('ssl.keystore.password');
  for (const secret of Object.values(secrets)) expect(broker + users + acls).not.toContain(secret);
});

test('the Java console tools produce and consume by SCRAM over TLS what rules allow, and nothing else', async () => {
  await grant('alice', 'alice-');
  expect(await roundTrip('OUTSIDE', 'alice-topic', aliceProperties())).toEqual(['alice-topic one', 'alice-topic two']);
  const properties = join(folder, 'alice-topic.properties');
  const denied = kafkaTool(
    'org.apache.kafka.tools.ConsoleProducer',
    ['--bootstrap-server', address('OUTSIDE'), '--command-config', properties, '--topic', 'other'],
    { input: 'nothing\n' },
  );
  expect(await denied).toMatch(/TopicAuthorizationException|Not authorized to access topics: \[other\]/);
});

test('a wrong password is told as such', async () => {
  const properties = join(folder, 'wrong.properties');
  writeFileSync(properties, aliceProperties('not-hers'));
  const asked = kafkaTool('org.apache.kafka.tools.TopicCommand', [
    ...['--bootstrap-server', address('OUTSIDE'), '--command-config', properties, '--list'],
  ]);
  const told = await asked.catch((error: { stdout?: string }) => String(error.stdout));
  expect(told).toMatch(/Authentication failed during authentication due to invalid credentials/);
});

test('the Java console tools log in by PLAIN, over TLS and on loopback without', async () => {
  await grant('bob', 'bob-');
  const entries = { 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': bobJaas() };
  expect(await roundTrip('OUTSIDE', 'bob-one', clientProperties(entries))).toHaveLength(2);
  expect(await roundTrip('LOCAL', 'bob-two', clientProperties(entries, 'SASL_PLAINTEXT'))).toHaveLength(2);
});

test('a Java consumer logs in again and again on the same connections', async () => {
  await grant('bob', 'bob-');
  const before = service.metrics().requests['SaslHandshake'] ?? 0;
  const properties = join(folder, 'again.properties');
  writeFileSync(
    properties,
    clientProperties({ 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': bobJaas() }, 'SASL_PLAINTEXT'),
  );
  const to = ['--bootstrap-server', address('LOCAL'), '--command-config', properties, '--topic', 'bob-again'];
  const produce = (value: string) => kafkaTool('org.apache.kafka.tools.ConsoleProducer', to, { input: `${value}\n` });
  await produce('again one');
  const consumer = kafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...to,
    ...['--group', 'bob-again', '--from-beginning', '--max-messages', '2', '--timeout-ms', '60000'],
  ]);
  await sleep(10_000);
  await produce('again two');
  const printed = await consumer;
  expect(printed.split('\n').filter((line) => line.startsWith('again'))).toEqual(['again one', 'again two']);
  expect(printed).not.toMatch(/ERROR|Exception/);
  // Two producers, and a consumer that has two or three connections for more than three logins each.
  expect((service.metrics().requests['SaslHandshake'] ?? 0) - before).toBeGreaterThanOrEqual(8);
  expect(logged.join('\n')).not.toContain('The login has ended');
});

test('the Java console tools log in by OAUTHBEARER with a token that a key of the file signed', async () => {
  await grant('carol', 'carol-');
  const url = pathToFileURL(join(folder, 'token.jwt')).href;
  const properties = clientProperties({
    'sasl.mechanism': 'OAUTHBEARER',
    'sasl.login.callback.handler.class': 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler',
    'sasl.oauthbearer.token.endpoint.url': url,
    'sasl.jaas.config': 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
  });
  const jvm = [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${url}`];
  expect(await roundTrip('OUTSIDE', 'carol-topic', properties, jvm)).toHaveLength(2);
});

test('the Java console tools log in by certificate, and its name is mapped to a user', async () => {
  await grant('loader', 'loader-');
  // The Java client takes keys of PEM stores in PKCS8, which is what openssl has written.
  const keyStore = { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': client.storePath };
  expect(await roundTrip('MACHINES', 'loader-topic', clientProperties(keyStore, 'SSL'))).toHaveLength(2);
});

test('kcat produces and consumes by SCRAM over TLS and by certificate', async () => {
  await grant('alice', 'alice-');
  await grant('loader', 'loader-');
  const tls = ['-X', `ssl.ca.location=${certificates.authorityPath}`];
  const bySecret = [
    ...['-b', address('OUTSIDE'), ...tls, '-X', 'security.protocol=SASL_SSL', '-X', `sasl.mechanism=${aliceHash.name}`],
    ...['-X', 'sasl.username=alice', '-X', `sasl.password=${secrets.alice}`],
  ];
  const byCertificate = [
    ...['-b', address('MACHINES'), ...tls, '-X', 'security.protocol=SSL'],
    ...['-X', `ssl.certificate.location=${client.certificatePath}`, '-X', `ssl.key.location=${client.keyPath}`],
  ];
  for (const [topic, flags] of [
    ['alice-kcat', bySecret],
    ['loader-kcat', byCertificate],
  ] as const) {
    const input = join(folder, `${topic}.in`);
    writeFileSync(input, 'one\ntwo\n');
    await run('kcat', [...flags, '-P', '-t', topic, '-l', input]);
    const { stdout } = await run('kcat', [...flags, '-C', '-e', '-q', '-o', 'beginning', '-t', topic], {
      timeout: 30_000,
    });
    expect(stdout).toBe('one\ntwo\n');
  }
});

test('kafkajs produces and consumes by SCRAM over TLS', async () => {
  await grant('alice', 'alice-');
  const kafka = new Kafka({
    clientId: 'interop',
    brokers: [address('OUTSIDE')],
    ssl: { ca: [readFileSync(certificates.authorityPath, 'utf8')] },
    sasl: { mechanism: aliceHash.code, username: 'alice', password: secrets.alice },
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'alice-js', messages: [{ value: 'one' }, { value: 'two' }] });
  await expect(producer.send({ topic: 'other', messages: [{ value: 'no' }] })).rejects.toThrow(/[Aa]uthoriz/);
  const consumer = kafka.consumer({ groupId: 'alice-js' });
  await consumer.connect();
  await consumer.subscribe({ topic: 'alice-js', fromBeginning: true });
  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const takes = consumer.run({
      eachMessage: ({ message }) => {
        seen.push(message.value?.toString() ?? '');
        if (seen.length === 2) resolve();
        return Promise.resolve();
      },
    });
    takes.catch(reject);
  });
  expect(seen).toEqual(['one', 'two']);
  await consumer.disconnect();
  await producer.disconnect();
});

test('no secret is in anything that the service logged', () => {
  for (const secret of Object.values(secrets)) expect(logged.join('\n')).not.toContain(secret);
});
