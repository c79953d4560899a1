import { jest } from '@jest/globals';
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { eventually } from '../flows/product.js';
import { startService, values } from './service.js';

jest.setTimeout(120_000);

let service: Awaited<ReturnType<typeof startService>>;
beforeAll(async () => {
  service = await startService({ topicsPort: 29_392, httpPort: 29_380 });
});
afterAll(() => service.stop());

test('@platformatic/kafka creates a topic, produces, consumes in a group of two and sees the lag', async () => {
  const base = { clientId: 'interop', bootstrapBrokers: [service.product.bootstrap] };
  const admin = new Admin(base);
  await admin.createTopics({ topics: ['pf'], partitions: 4, replicas: 1 });
  const producer = new Producer({ ...base, serializers: stringSerializers });
  const send = (list: string[]): Promise<unknown> =>
    producer.send({ messages: list.map((value) => ({ topic: 'pf', key: value, value })) });
  await send(values('pf', 200));

  const seen = new Set<string>();
  const perMember = [0, 0];
  const consumers = [0, 1].map(
    () => new Consumer({ ...base, groupId: 'pf-group', deserializers: stringDeserializers }),
  );
  const running = consumers.map(async (consumer, member) => {
    const stream = await consumer.consume({
      topics: ['pf'],
      mode: 'committed',
      fallbackMode: 'earliest',
      autocommit: true,
    });
    stream.on('data', (message) => {
      seen.add(message.value);
      perMember[member] = (perMember[member] ?? 0) + 1;
    });
    return stream;
  });
  const streams = await Promise.all(running);
  await eventually('two members', 30_000, async () => {
    const group = await service.product.admin.describeGroup('pf-group');
    return group.state === 'Stable' && group.members.length === 2;
  });
  await send(values('more', 200));
  await eventually('all records', 30_000, () => seen.size === 400);
  expect(perMember.every((count) => count > 0)).toBe(true);
  for (const stream of streams) await stream.close();
  for (const consumer of consumers) await consumer.close(true);

  await send(values('late', 20));
  const watcher = new Consumer({ ...base, groupId: 'pf-group', deserializers: stringDeserializers });
  const offsets = await watcher.listCommittedOffsets({ topics: [{ topic: 'pf', partitions: [0, 1, 2, 3] }] });
  const committed = (offsets.get('pf') ?? []).reduce((sum, offset) => sum + Math.max(0, Number(offset)), 0);
  // This client's default is acks=1: such records are seen when the next sync has made them durable.
  await eventually('a lag of 20', 30_000, async () => {
    const ends = await service.product.admin.offsets('pf', 'latest');
    return ends.reduce((sum, end) => sum + end.offset, 0) - committed === 20;
  });
  await watcher.close(true);
  await producer.close();
  await admin.close();
});
