import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import rhea, { type EventContext } from 'rhea';
import { Ledger } from '../flows/line-writer.js';
import {
  brokerPassword,
  brokerUser,
  startArtemis,
  startClassic,
  type MessageBroker,
} from '../peers/message-brokers.js';
import { trial, type TrialOptions, type TrialStore } from './trial.js';

const queue = 'out.records';

/** How one protocol is reached, and what it calls the queue. */
interface Way {
  readonly name: string;
  readonly start: typeof startArtemis;
  readonly config: (broker: MessageBroker) => Record<string, string>;
  /** Before anything is sent. */
  readonly prepare?: (broker: MessageBroker) => Promise<unknown>;
  /** Everything that was sent. */
  readonly bodies: (broker: MessageBroker) => Promise<readonly string[]>;
}

async function openBroker(way: Way, folder: string, port: number, records: number): Promise<TrialStore> {
  let broker = await way.start({ directory: folder, port });
  await way.prepare?.(broker);
  return {
    config: { ...way.config(broker), 'connection.user': brokerUser, 'connection.password': brokerPassword },
    pause: () => broker.child.kill(),
    async resume() {
      broker = await way.start({ directory: folder, port });
    },
    stop: () => broker.child.kill(),
    async read() {
      const seen = new Ledger(records);
      for (const body of await way.bodies(broker)) seen.add((JSON.parse(body) as { id: number }).id);
      return { kind: 'each', seen };
    },
  };
}

const quietMs = 3000;

/** What is in the queue. */
async function queued({ amqpPort: port }: MessageBroker): Promise<readonly string[]> {
  const found: string[] = [];
  let lastMs = Date.now();
  const connection = rhea
    .create_container()
    .connect({ host: '127.0.0.1', port, username: brokerUser, password: brokerPassword, reconnect: false });
  connection.on('message', ({ message }: EventContext) => {
    const body: unknown = message?.body;
    found.push(typeof body === 'string' ? body : textOf(body));
    lastMs = Date.now();
  });
  connection.open_receiver({ source: { address: queue, capabilities: ['queue'] }, credit_window: 2000 });
  while (Date.now() - lastMs < quietMs) await sleep(200);
  connection.close();
  return found;
}

/** What came for a subscription that the broker keeps. */
async function subscribed({ mqttPort }: MessageBroker, waitMs = quietMs): Promise<readonly string[]> {
  const found: string[] = [];
  let lastMs = Date.now();
  const client = mqtt.connect(`mqtt://127.0.0.1:${mqttPort}`, {
    ...{ username: brokerUser, password: brokerPassword, protocolVersion: 4, clientId: 'reader', clean: false },
  });
  client.on('message', (_topic, payload) => {
    found.push(payload.toString());
    lastMs = Date.now();
  });
  await client.subscribeAsync('out/records', { qos: 1 });
  while (Date.now() - lastMs < waitMs) await sleep(100);
  await client.endAsync();
  return found;
}

function textOf(section: unknown): string {
  const content = typeof section === 'object' && section !== null && 'content' in section ? section.content : section;
  return String(content);
}

function brokerTrial(way: Way, options: Omit<TrialOptions, 'name' | 'open'> & { readonly records: number }): void {
  trial({ ...options, name: way.name, open: (folder, port) => openBroker(way, folder, port, options.records) });
}

const once = { 'duplicate.detection': 'artemis', 'commit.interval.ms': '500' };
const amqp = (broker: MessageBroker) => ({ 'connector.class': 'amqp', url: `amqp://127.0.0.1:${broker.amqpPort}` });
const stomp = (broker: MessageBroker) => ({ 'connector.class': 'stomp', url: `stomp://127.0.0.1:${broker.stompPort}` });

brokerTrial(
  {
    name: 'Artemis by AMQP, with duplicate ids',
    start: startArtemis,
    config: (broker) => ({ ...amqp(broker), destination: 'out.${topic}', 'destination.type': 'queue', ...once }),
    bodies: queued,
  },
  { port: 25_730, guarantee: 'effectively-once', records: 50_000, recordsPerSecond: 5000, kills: 6 },
);
brokerTrial(
  {
    name: 'ActiveMQ Classic by STOMP',
    start: startClassic,
    config: (broker) => ({ ...stomp(broker), destination: '/queue/out.${topic}', 'message.format': 'text' }),
    bodies: queued,
  },
  {
    port: 25_740,
    guarantee: 'at-least-once',
    records: 5000,
    recordsPerSecond: 1000,
    kills: 1,
    commitIntervalMs: 1000,
  },
);
brokerTrial(
  {
    name: 'Artemis by MQTT',
    start: startArtemis,
    config: (broker) => ({
      'connector.class': 'mqtt',
      url: `mqtt://127.0.0.1:${broker.mqttPort}`,
      destination: 'out/${topic}',
    }),
    prepare: (broker) => subscribed(broker, 0),
    bodies: subscribed,
  },
  {
    port: 25_750,
    guarantee: 'at-least-once',
    records: 5000,
    recordsPerSecond: 1000,
    kills: 1,
    commitIntervalMs: 1000,
  },
);
