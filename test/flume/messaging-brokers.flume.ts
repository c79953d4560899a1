/** The sources amqp, stomp and mqtt against ActiveMQ Artemis and ActiveMQ Classic, and the source redis against Redis. */
import { jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '../flows/product.js';
import { sleep, type Child } from '../peers/child.js';
import {
  brokerPassword,
  brokerUser,
  startArtemis,
  startClassic,
  type BrokerOptions,
  type MessageBroker,
} from '../peers/message-brokers.js';
import { startRedis } from '../peers/redis.js';
import { MessagingCollector, numbered, type SourceProperties } from './messaging-collector.js';
import { sendAmqp, sendMqtt, sendStomp } from './messaging-senders.js';

jest.setTimeout(240_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-brokers-'));
const passwordFile = join(folder, 'password');
writeFileSync(passwordFile, `${brokerPassword}\n`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface BrokerKind {
  readonly name: string;
  readonly start: (options: BrokerOptions) => Promise<MessageBroker>;
  readonly port: number;
  /** How STOMP names a queue. */
  readonly queue: (name: string) => string;
}

const kinds: readonly BrokerKind[] = [
  { name: 'Artemis', start: startArtemis, port: 31_330, queue: (name) => name },
  { name: 'Classic', start: startClassic, port: 31_332, queue: (name) => `/queue/${name}` },
];

describe.each(kinds)('ActiveMQ $name', ({ name, start, port, queue }) => {
  const directory = join(folder, name);
  let broker: MessageBroker;
  let collector: MessagingCollector;

  beforeAll(async () => {
    broker = await start({ directory, port });
    const login = { userName: brokerUser, passwordFile };
    const sources: Record<string, SourceProperties> = {
      amqp: { type: 'amqp', url: `amqp://127.0.0.1:${broker.amqpPort}`, address: 'byAmqp', ...login },
      stomp: { type: 'stomp', url: `stomp://127.0.0.1:${broker.stompPort}`, destination: queue('byStomp'), ...login },
      mqtt1: {
        type: 'mqtt',
        url: `mqtt://127.0.0.1:${broker.mqttPort}`,
        topics: 'by/mqtt/one',
        clientId: 'one',
        ...login,
      },
      mqtt2: {
        ...{ type: 'mqtt', url: `mqtt://127.0.0.1:${broker.mqttPort}`, topics: 'by/mqtt/+/two', clientId: 'two' },
        ...{ qos: 2, ...login },
      },
    };
    collector = new MessagingCollector({ directory: join(directory, 'collector'), sources });
    await collector.start();
    // Before its first subscription MQTT keeps nothing for a client: its messages are repeated until one of each has come.
    await eventually('the MQTT subscriptions', 30_000, async () => {
      await sendMqtt(broker.mqttPort, 'by/mqtt/one', { bodies: ['hello-1'], qos: 1 });
      await sendMqtt(broker.mqttPort, 'by/mqtt/x/two', { bodies: ['hello-2'], qos: 2 });
      const bodies = new Set(collector.bodies());
      return bodies.has('hello-1') && bodies.has('hello-2');
    });
  });
  afterAll(async () => {
    await collector.kill();
    await broker.child.kill();
  });

  const sendAll = async (bodies: readonly string[]): Promise<string[]> => {
    const of = (prefix: string): string[] => bodies.map((body) => `${prefix}:${body}`);
    await sendAmqp(
      broker.amqpPort,
      'byAmqp',
      of('amqp').map((body) => ({ body })),
    );
    await sendStomp(
      broker.stompPort,
      queue('byStomp'),
      of('stomp').map((body) => ({ body })),
    );
    await sendMqtt(broker.mqttPort, 'by/mqtt/one', { bodies: of('mqtt1'), qos: 1 });
    await sendMqtt(broker.mqttPort, 'by/mqtt/x/two', { bodies: of('mqtt2'), qos: 2 });
    return ['amqp', 'stomp', 'mqtt1', 'mqtt2'].flatMap(of);
  };
  const headersOf = (body: string): Readonly<Record<string, string>> | undefined =>
    collector.taken().find((event) => event.body === body)?.headers;

  it('gives messages with their properties as headers', async () => {
    await sendAmqp(broker.amqpPort, 'byAmqp', [
      {
        body: 'text',
        message_id: 'm-1',
        subject: 's',
        application_properties: { colour: 'red', count: 7, good: true },
      },
      { body: { typecode: 0x75, content: Buffer.from('bytes'), multiple: undefined } },
    ]);
    await sendStomp(broker.stompPort, queue('byStomp'), [{ body: 'by stomp', headers: { colour: 'red:ish' } }]);
    await collector.untilTaken(['text', 'bytes', 'by stomp']);
    expect(headersOf('text')).toMatchObject({
      colour: 'red',
      count: '7',
      good: 'true',
      'amqp.message-id': 'm-1',
      'amqp.subject': 's',
    });
    expect(headersOf('by stomp')).toMatchObject({ colour: 'red:ish', destination: expect.stringContaining('byStomp') });
    expect(headersOf('hello-1')).toMatchObject({ 'mqtt.topic': 'by/mqtt/one', 'mqtt.qos': '1' });
    expect(headersOf('hello-2')).toMatchObject({ 'mqtt.topic': 'by/mqtt/x/two', 'mqtt.qos': '2' });
  });

  it('loses nothing when the collector is killed in the middle', async () => {
    const sent: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const sending = sendAll(numbered('killed', round * 400, round * 400 + 400));
      await sleep(250);
      await collector.kill();
      sent.push(...(await sending));
      await collector.start();
    }
    await collector.untilTaken(sent);
  });

  it('goes on by itself when the broker was killed and has come back', async () => {
    const before = await sendAll(numbered('before', 0, 200));
    await broker.child.kill();
    await sleep(500);
    broker = await start({ directory, port });
    await collector.untilTaken([...before, ...(await sendAll(numbered('after', 0, 50)))]);
  });

  it('has acknowledged what it has: nothing comes again after a stop', async () => {
    await collector.untilTaken(await sendAll(['last']));
    await collector.stop();
    const before = collector.bodies().length;
    await collector.start();
    await collector.untilTaken(await sendAll(['next']));
    await sleep(500);
    expect(collector.bodies()).toHaveLength(before + 4);
  });

  it('says why where the password is wrong, and keeps it to itself', async () => {
    const wrong = new MessagingCollector({
      directory: join(directory, 'wrong'),
      sources: {
        amqp: {
          type: 'amqp',
          url: `amqp://127.0.0.1:${broker.amqpPort}`,
          address: 'x',
          userName: 'flume',
          password: 'topSecret',
        },
        stomp: {
          type: 'stomp',
          url: `stomp://127.0.0.1:${broker.stompPort}`,
          destination: 'x',
          userName: 'flume',
          password: 'topSecret',
        },
        mqtt: {
          type: 'mqtt',
          url: `mqtt://127.0.0.1:${broker.mqttPort}`,
          topics: 'x',
          userName: 'flume',
          password: 'topSecret',
        },
      },
    });
    await wrong.start();
    await eventually('three refusals', 15_000, () => wrong.log.split('it is tried again').length > 3);
    await wrong.kill();
    expect(wrong.log).not.toContain('topSecret');
  });
});

describe('Redis', () => {
  const directory = join(folder, 'redis');
  const port = 31_336;
  const settings = { directory, port, password: brokerPassword };
  let server: Child;
  let client: Redis;
  let collector: MessagingCollector;

  beforeAll(async () => {
    server = await startRedis(settings);
    client = new Redis({ port, host: '127.0.0.1', password: brokerPassword });
    client.on('error', () => undefined);
    const login = { url: `redis://127.0.0.1:${port}`, passwordFile };
    const sources = {
      streams: { type: 'redis', streams: 's1,s2', ...login },
      lists: { type: 'redis', lists: 'l1', ...login },
    };
    collector = new MessagingCollector({ directory: join(directory, 'collector'), sources });
    await collector.start();
  });
  afterAll(async () => {
    client.disconnect();
    await collector.kill();
    await server.kill();
  });

  const sendAll = async (bodies: readonly string[]): Promise<string[]> => {
    const pipeline = client.pipeline();
    for (const body of bodies) {
      pipeline.xadd('s1', '*', 'body', `s1:${body}`, 'colour', 'red');
      pipeline.xadd('s2', '*', 'body', `s2:${body}`);
      pipeline.rpush('l1', `l1:${body}`);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
    return ['s1', 's2', 'l1'].flatMap((key) => bodies.map((body) => `${key}:${body}`));
  };
  const unfinished = async (): Promise<number> => {
    const pending = await Promise.all(['s1', 's2'].map((key) => client.xpending(key, 'millrace')));
    const left = await client.llen('l1:millrace:a1-lists');
    return pending.reduce((sum, answer) => sum + Number(answer[0]), left);
  };

  it('gives entries of streams and elements of lists', async () => {
    await client.xadd('s1', '*', 'a', '1', 'b', '2');
    await collector.untilTaken([...(await sendAll(['first'])), '{"a":"1","b":"2"}']);
    const event = collector.taken().find(({ body }) => body === 's1:first');
    expect(event?.headers).toEqual({
      colour: 'red',
      'redis.key': 's1',
      'redis.id': expect.stringMatching(/^\d+-\d+$/),
    });
    await eventually('all acknowledged', 5000, async () => (await unfinished()) === 0);
  });

  it('loses nothing when the collector is killed in the middle', async () => {
    const sent: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const sending = sendAll(numbered('killed', round * 2000, round * 2000 + 2000));
      await sleep(60);
      await collector.kill();
      sent.push(...(await sending));
      await collector.start();
      await sleep(200);
    }
    await collector.untilTaken(sent);
    await eventually('all acknowledged', 5000, async () => (await unfinished()) === 0);
  });

  it('goes on by itself when the server was killed and has come back', async () => {
    await server.kill();
    await sleep(300);
    server = await startRedis(settings);
    await collector.untilTaken(await sendAll(numbered('after', 0, 100)));
  });
});
