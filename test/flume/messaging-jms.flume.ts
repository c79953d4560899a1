/** The JMS source with ActiveMQ Artemis and ActiveMQ Classic, by AMQP, by STOMP and by the JVM bridge; messages are sent by the brokers' own JMS clients. */
import { jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../flows/product.js';
import { sleep } from '../peers/child.js';
import { sendJms, type JmsClient } from '../peers/jms-sender.js';
import {
  artemisClientPath,
  brokerPassword,
  brokerUser,
  classicClientPath,
  startArtemis,
  startClassic,
  type BrokerOptions,
  type MessageBroker,
} from '../peers/message-brokers.js';
import { MessagingCollector, type SourceProperties } from './messaging-collector.js';

jest.setTimeout(240_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-jms-'));
const passwordFile = join(folder, 'password');
writeFileSync(passwordFile, `${brokerPassword}\n`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Provider {
  readonly name: string;
  readonly start: (options: BrokerOptions) => Promise<MessageBroker>;
  readonly port: number;
  readonly initialContextFactory: string;
  readonly api: JmsClient['api'];
  readonly jars: () => Promise<string>;
}

const providers: readonly Provider[] = [
  {
    name: 'Artemis',
    start: startArtemis,
    port: 31_340,
    initialContextFactory: 'org.apache.activemq.artemis.jndi.ActiveMQInitialContextFactory',
    api: 'jakarta',
    jars: artemisClientPath,
  },
  {
    name: 'Classic',
    start: startClassic,
    port: 31_344,
    initialContextFactory: 'org.apache.activemq.jndi.ActiveMQInitialContextFactory',
    api: 'javax',
    jars: classicClientPath,
  },
];

const queues = ['amqpQueue', 'stompQueue', 'bridgeQueue'];

describe.each(providers)('jms and ActiveMQ $name', ({ name, start, port, initialContextFactory, api, jars }) => {
  const directory = join(folder, name);
  let broker: MessageBroker;
  let collector: MessagingCollector;
  let client: JmsClient;

  beforeAll(async () => {
    broker = await start({ directory, port });
    client = { jars: await jars(), initialContextFactory, url: broker.jmsUrl, api, directory };
    const common = {
      type: 'org.apache.flume.source.jms.JMSSource',
      initialContextFactory,
      userName: brokerUser,
      passwordFile,
    };
    const url = (protocol: 'amqp' | 'stomp'): string =>
      `${protocol}://127.0.0.1:${protocol === 'amqp' ? broker.amqpPort : broker.stompPort}`;
    const queue = { ...common, destinationType: 'QUEUE', messageSelector: 'skip IS NULL' };
    const topic = {
      ...{ ...common, destinationType: 'TOPIC', destinationName: 'news' },
      ...{ createDurableSubscription: true, durableSubscriptionName: 'kept' },
    };
    const bridge = { providerURL: broker.jmsUrl, 'bridge.classpath': client.jars, pollTimeout: 200 };
    const sources: Record<string, SourceProperties> = {
      amqp: { ...queue, providerURL: url('amqp'), destinationName: 'amqpQueue' },
      stomp: { ...queue, providerURL: url('stomp'), destinationName: 'stompQueue' },
      bridge: { ...queue, ...bridge, destinationName: 'bridgeQueue' },
      amqpTopic: { ...topic, providerURL: url('amqp'), clientId: 'byAmqp' },
      bridgeTopic: { ...topic, ...bridge, clientId: 'byBridge' },
    };
    collector = new MessagingCollector({ directory: join(directory, 'collector'), sources });
    await collector.start();
  });
  afterAll(async () => {
    await collector.kill();
    await broker.child.kill();
  });

  const send = async (prefix: string, from: number, to: number): Promise<string[]> => {
    await sendJms(client, 'queue', { names: queues, prefix, range: [from, to] });
    return queues.flatMap((queue) =>
      Array.from({ length: to - from }, (_, index) => `${prefix}:${queue}-${from + index}`),
    );
  };

  it('gives the kinds of messages that its selector takes, with their properties', async () => {
    await sendJms(client, 'queue', { names: queues, prefix: 'k', range: 'kinds' });
    await collector.untilTaken(queues.flatMap((queue) => [`k:${queue}-text-ä`, `k:${queue}-bytes`]));
    // A map has no form of its own in STOMP.
    await collector.untilTaken(['{"of":"k:amqpQueue"}', '{"of":"k:bridgeQueue"}']);
    const events = collector.taken();
    for (const queue of queues) {
      const text = events.find(({ body }) => body === `k:${queue}-text-ä`);
      expect(text?.headers).toMatchObject({ colour: 'red', count: '7', good: 'true' });
      // Providers may list more than the sender has set: Flume hands that on too.
      const others = Object.keys(text?.headers ?? {}).filter((header) => !header.startsWith('JMSX'));
      expect(others.sort()).toEqual(['colour', 'count', 'good']);
      expect(events.find(({ body }) => body === `k:${queue}-bytes`)?.headers).toMatchObject({ colour: 'blue' });
    }
    await sleep(300);
    expect(collector.bodies().filter((body) => body.endsWith('-not-selected'))).toEqual([]);
  });

  it('loses nothing when the collector is killed in the middle', async () => {
    const sent: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      sent.push(...(await send('killed', round * 400, round * 400 + 400)));
      await collector.kill();
      await collector.start();
    }
    await collector.untilTaken(sent, 60_000);
  });

  it('goes on by itself when the broker was killed and has come back', async () => {
    const before = await send('before', 0, 300);
    await broker.child.kill();
    await sleep(500);
    broker = await start({ directory, port });
    await collector.untilTaken([...before, ...(await send('after', 0, 50))], 60_000);
  });

  it('keeps durable subscriptions while it is away, and repeats nothing after a stop', async () => {
    let hellos = 0;
    await eventually('both subscriptions', 60_000, async () => {
      await sendJms(client, 'topic', { names: ['news'], prefix: `hello-${hellos}`, range: [0, 1] });
      hellos += 1;
      return collector.bodies().filter((body) => body === `hello-${hellos - 1}:news-0`).length === 2;
    });
    await collector.stop();
    const before = collector.bodies();
    await sendJms(client, 'topic', { names: ['news'], prefix: 'missed', range: [0, 20] });
    await collector.start();
    const news = Array.from({ length: 20 }, (_, index) => `missed:news-${index}`);
    await collector.untilTaken([...news, ...(await send('last', 0, 10))]);
    // Each of the two subscriptions gets all of it.
    const expected = before.length + 2 * 20 + 3 * 10;
    await eventually('all of both subscriptions', 30_000, () => collector.bodies().length >= expected);
    await sleep(500);
    expect(collector.bodies()).toHaveLength(expected);
  });
});
