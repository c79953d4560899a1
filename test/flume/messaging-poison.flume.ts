/** Messages that an interceptor cannot take, by AMQP and through the JMS bridge: the broker's limit of deliveries applies, and the others go on. */
import { jest } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../peers/child.js';
import {
  artemisClientPath,
  brokerPassword,
  brokerUser,
  startArtemis,
  type MessageBroker,
} from '../peers/message-brokers.js';
import { MessagingCollector, numbered } from './messaging-collector.js';
import { sendAmqp } from './messaging-senders.js';

jest.setTimeout(240_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-poison-'));
const port = 31_354;
let broker: MessageBroker;
let collector: MessagingCollector;

const picky = `export default {
  name: 'picky',
  classNames: [],
  doc: 'Fails where a body begins with poison.',
  options: {},
  create: () => ({
    intercept(batch) {
      for (let index = 0; index < batch.count; index += 1) {
        if (batch.body(index).toString().startsWith('poison')) throw new Error('poison');
      }
      return batch.withHeader('by', 'picky');
    },
  }),
};
`;

beforeAll(async () => {
  broker = await startArtemis({ directory: join(folder, 'artemis'), port, attemptsMax: 5 });
  const directory = join(folder, 'collector');
  mkdirSync(directory);
  writeFileSync(join(directory, 'picky.mjs'), picky);
  const login = { userName: brokerUser, password: brokerPassword };
  const intercepted = { interceptors: 'i1', 'interceptors.i1.type': './picky.mjs' };
  const url = `amqp://127.0.0.1:${port}`;
  collector = new MessagingCollector({
    directory,
    sources: {
      amqp: { type: 'amqp', url, address: 'q1', ...login, ...intercepted },
      bridge: {
        ...{ type: 'jms', initialContextFactory: 'org.apache.activemq.artemis.jndi.ActiveMQInitialContextFactory' },
        ...{ providerURL: broker.jmsUrl, 'bridge.classpath': await artemisClientPath(), pollTimeout: 200 },
        ...{ destinationName: 'q2', destinationType: 'QUEUE', ...login, ...intercepted },
      },
      dead: { type: 'amqp', url, address: 'DLQ', ...login },
    },
  });
});
afterAll(async () => {
  await collector.kill();
  await broker.child.kill();
  rmSync(folder, { recursive: true, force: true });
});

test.each(['q1', 'q2'])('of %s only the bad messages end in the dead-letter queue', async (queue) => {
  const good = numbered(`good-${queue}`, 0, 50);
  const bad = numbered(`poison-${queue}`, 0, 2);
  const all = [...good.slice(0, 10), ...bad, ...good.slice(10)];
  if (queue === 'q1') await collector.start();
  await sendAmqp(
    port,
    queue,
    all.map((body) => ({ body })),
  );
  await collector.untilTaken(all, 60_000);
  await sleep(300);
  const events = collector.taken().filter(({ body }) => body.includes(queue));
  expect(
    events
      .filter(({ headers }) => headers['by'] !== 'picky')
      .map(({ body }) => body)
      .sort(),
  ).toEqual(bad);
  expect(events).toHaveLength(all.length);
});
