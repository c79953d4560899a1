/** The broker sources behind TLS and a login: ActiveMQ Artemis by AMQP, STOMP and MQTT, JMS by AMQP, and Redis. */
import { jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { serverTls } from '../../libs/connectors/tls/component-tls.js';
import { storePassword, writeTestStores } from '../../libs/connectors/tls/key-stores.testkit.js';
import { serverTlsOptions } from '../../libs/connectors/tls/tls-options.js';
import { parseOptions } from '#config/options';
import { eventually } from '../flows/product.js';
import type { Child } from '../peers/child.js';
import { brokerPassword, brokerUser, startArtemis, type MessageBroker } from '../peers/message-brokers.js';
import { startRedis } from '../peers/redis.js';
import { MessagingCollector } from './messaging-collector.js';
import { sendAmqp, sendMqtt, sendStomp } from './messaging-senders.js';

jest.setTimeout(240_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-brokers-tls-'));
const stores = writeTestStores(folder);
const port = 31_350;
const redisPort = 31_352;
let broker: MessageBroker;
let server: Child;

beforeAll(async () => {
  broker = await startArtemis({
    directory: join(folder, 'artemis'),
    port,
    keyStore: { path: stores.pkcs12, password: storePassword },
  });
  const own = { ssl: 'true', keystore: stores.keyStore, 'keystore-password': storePassword };
  const { cert = '', key = '' } = serverTls(parseOptions(serverTlsOptions, own).values) ?? {};
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  server = await startRedis({ directory: folder, port: redisPort, password: brokerPassword, tls: files });
});
afterAll(async () => {
  await Promise.all([broker.child.kill(), server.kill()]);
  rmSync(folder, { recursive: true, force: true });
});

const secured = port + 1;
const login = { userName: brokerUser, password: brokerPassword };
const initialContextFactory = 'org.apache.activemq.artemis.jndi.ActiveMQInitialContextFactory';
const sourcesWith = (tls: Record<string, string>) => ({
  amqp: { type: 'amqp', url: `amqps://127.0.0.1:${secured}`, address: 'a', ...login, ...tls },
  stomp: { type: 'stomp', url: `stomp+ssl://localhost:${secured}`, destination: 's', ...login, ...tls },
  mqtt: { type: 'mqtt', url: `mqtts://127.0.0.1:${secured}`, topics: 'm', ...login, ...tls },
  jms: {
    ...{ type: 'jms', initialContextFactory, providerURL: `tcp://127.0.0.1:${secured}?sslEnabled=true` },
    ...{ destinationName: 'j', destinationType: 'QUEUE', ...login, ...tls },
  },
  redis: { type: 'redis', url: `rediss://127.0.0.1:${redisPort}`, streams: 'r', password: brokerPassword, ...tls },
});

test('messages come over TLS from a broker whose certificate is trusted', async () => {
  const collector = new MessagingCollector({
    directory: join(folder, 'trusting'),
    sources: sourcesWith({ truststore: stores.trustStore, 'truststore-password': storePassword }),
  });
  await collector.start();
  await sendAmqp(port, 'a', [{ body: 'by amqp' }]);
  await sendAmqp(port, 'j', [{ body: 'by jms' }]);
  await sendStomp(port, 's', [{ body: 'by stomp' }]);
  const client = new Redis({
    port: redisPort,
    host: '127.0.0.1',
    password: brokerPassword,
    tls: { rejectUnauthorized: false },
  });
  await client.xadd('r', '*', 'body', 'by redis');
  client.disconnect();
  await eventually('the MQTT subscription', 15_000, async () => {
    await sendMqtt(port, 'm', { bodies: ['by mqtt'], qos: 1 });
    return collector.bodies().includes('by mqtt');
  });
  await collector.untilTaken(['by amqp', 'by jms', 'by stomp', 'by redis', 'by mqtt']);
  await collector.stop();
});

test('a broker whose certificate nobody vouches for gets no password', async () => {
  const collector = new MessagingCollector({ directory: join(folder, 'wary'), sources: sourcesWith({}) });
  await collector.start();
  const refusals = (): number => collector.log.split(/self-signed certificate/).length - 1;
  await eventually('five refusals', 20_000, () => refusals() >= 5);
  await collector.kill();
  expect(collector.log).not.toContain(brokerPassword);
});
