import { jest } from '@jest/globals';
import { Kafka, logLevel, type Consumer } from 'kafkajs';
import { eventually } from '../flows/product.js';
import { startService, values } from './service.js';

jest.setTimeout(120_000);

let service: Awaited<ReturnType<typeof startService>>;
let kafka: Kafka;

beforeAll(async () => {
  service = await startService({ topicsPort: 29_192, httpPort: 29_180 });
  kafka = new Kafka({ clientId: 'interop', brokers: [service.product.bootstrap], logLevel: logLevel.NOTHING });
});
afterAll(() => service.stop());

test('kafkajs creates a topic, produces, consumes in a group of two and sees the lag', async () => {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'js', numPartitions: 4 }] });
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  const sent = values('js', 400);
  await producer.send({ topic: 'js', messages: sent.map((value) => ({ key: value, value })) });

  const seen = new Set<string>();
  const perMember = [0, 0];
  const consumers: Consumer[] = [];
  for (const member of [0, 1]) {
    const consumer = kafka.consumer({ groupId: 'js-group', sessionTimeout: 10_000 });
    consumers.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic: 'js', fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        seen.add(message.value?.toString() ?? '');
        perMember[member] = (perMember[member] ?? 0) + 1;
        return Promise.resolve();
      },
    });
  }
  await eventually('two members', 30_000, async () => {
    const described = await admin.describeGroups(['js-group']);
    return described.groups[0]?.state === 'Stable' && described.groups[0].members.length === 2;
  });
  // With both members in, each gets records of its own partitions.
  const more = values('more', 400);
  await producer.send({ topic: 'js', messages: more.map((value) => ({ key: value, value })) });
  await eventually('all records', 30_000, () => seen.size === 800);
  expect(perMember.every((count) => count > 0)).toBe(true);
  for (const consumer of consumers) await consumer.disconnect();

  await producer.send({ topic: 'js', messages: values('late', 40).map((value) => ({ key: value, value })) });
  const committed = await admin.fetchOffsets({ groupId: 'js-group', topics: ['js'] });
  const ends = await admin.fetchTopicOffsets('js');
  const lag = ends.reduce((sum, end) => {
    const place = committed[0]?.partitions.find((candidate) => candidate.partition === end.partition);
    return sum + Number(end.offset) - Math.max(0, Number(place?.offset ?? 0));
  }, 0);
  expect(lag).toBe(40);
  await producer.disconnect();
  await admin.disconnect();
});
