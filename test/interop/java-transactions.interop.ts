import { jest } from '@jest/globals';
import { kafkaTool } from '../peers/kafka.js';
import { startService, values } from './service.js';

jest.setTimeout(300_000);

const tools = 'org.apache.kafka.tools';
let service: Awaited<ReturnType<typeof startService>>;
beforeAll(async () => {
  service = await startService({ topicsPort: 29_992, httpPort: 29_980 });
});
afterAll(() => service.stop());

const server = (): string[] => ['--bootstrap-server', service.product.bootstrap];

/** The values of a topic that look like `pattern`; the tool prints remarks of its own between them. */
async function readAll(topic: string, isolation: string, pattern: RegExp): Promise<string[]> {
  const printed = await kafkaTool(`${tools}.consumer.ConsoleConsumer`, [
    ...[...server(), '--topic', topic, '--from-beginning', '--timeout-ms', '4000'],
    ...['--isolation-level', isolation],
  ]);
  return printed.split('\n').filter((line) => pattern.test(line));
}

/** The JSON lines that the verifiable tools print, of one kind. */
function told(printed: string, name: string): Record<string, unknown>[] {
  return printed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['name'] === name);
}

test('the verifiable producer has every record acknowledged, and the verifiable consumer sees each in both group protocols', async () => {
  await service.product.admin.createTopic({ name: 'verifiable', partitions: 3 });
  const produced = await kafkaTool(`${tools}.VerifiableProducer`, [
    ...[...server(), '--topic', 'verifiable', '--max-messages', '2000', '--acks', '-1'],
  ]);
  expect(told(produced, 'tool_data')).toMatchObject([{ sent: 2000, acked: 2000 }]);
  for (const protocol of ['classic', 'consumer']) {
    const consumed = await kafkaTool(`${tools}.VerifiableConsumer`, [
      ...[...server(), '--topic', 'verifiable', '--group-id', `verifiable-${protocol}`, '--max-messages', '2000'],
      ...['--group-protocol', protocol, '--reset-policy', 'earliest'],
    ]);
    const count = told(consumed, 'records_consumed').reduce((sum, row) => sum + Number(row['count']), 0);
    expect([protocol, count]).toEqual([protocol, 2000]);
  }
});

test('the transactional copier moves every record exactly once although half of its transactions abort', async () => {
  const { admin } = service.product;
  await admin.createTopic({ name: 'copy-in', partitions: 1 });
  await admin.createTopic({ name: 'copy-out', partitions: 1 });
  const lines = values('copy', 1000);
  await kafkaTool(`${tools}.ConsoleProducer`, [...server(), '--topic', 'copy-in'], { input: `${lines.join('\n')}\n` });
  await kafkaTool(
    `${tools}.TransactionalMessageCopier`,
    [
      ...['--broker-list', service.product.bootstrap, '--transactional-id', 'copier', '--consumer-group', 'copier'],
      ...['--input-topic', 'copy-in', '--input-partition', '0', '--output-topic', 'copy-out'],
      ...['--transaction-size', '70', '--transaction-timeout', '30000', '--max-messages', '1000'],
      ...['--group-mode', '--enable-random-aborts'],
    ],
    { timeoutMs: 120_000 },
  );
  expect(await readAll('copy-out', 'read_committed', /^copy-\d+$/)).toEqual(lines);
  expect(await admin.groupOffsets('copier')).toMatchObject([{ topic: 'copy-in', partition: 0, offset: 1000 }]);
});

test('the performance tool produces in transactions, and kafka-transactions shows them', async () => {
  await service.product.admin.createTopic({ name: 'perf', partitions: 3 });
  const printed = await kafkaTool(`${tools}.ProducerPerformance`, [
    ...['--topic', 'perf', '--num-records', '20000', '--record-size', '100', '--throughput', '-1'],
    ...['--transactional-id', 'perf-tx', '--transaction-duration-ms', '100'],
    ...['--producer-props', `bootstrap.servers=${service.product.bootstrap}`],
  ]);
  expect(printed).toContain('20000 records sent');
  expect(await readAll('perf', 'read_committed', /^[A-Z]{100}$/)).toHaveLength(20_000);
  const listed = await kafkaTool(`${tools}.TransactionsCommand`, [...server(), 'list']);
  expect(listed).toMatch(/perf-tx\s+\d+\s+\d+\s+CompleteCommit/);
  const described = await kafkaTool(`${tools}.TransactionsCommand`, [
    ...[...server(), 'describe', '--transactional-id', 'perf-tx'],
  ]);
  expect(described).toMatch(/perf-tx\s+\d+\s+\d+\s+CompleteCommit/);
  const producers = await kafkaTool(`${tools}.TransactionsCommand`, [
    ...[...server(), 'describe-producers', '--topic', 'perf', '--partition', '0'],
  ]);
  expect(producers).toMatch(/ProducerId\s+ProducerEpoch\s+LatestCoordinatorEpoch/);
  const hanging = await kafkaTool(`${tools}.TransactionsCommand`, [
    ...[
      ...server(),
      'find-hanging',
      '--broker-id',
      String((await service.product.admin.describeCluster()).controllerId),
    ],
  ]);
  expect(hanging).not.toContain('perf');
});
