import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryCatalog } from '#log/memory-catalog';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { TopicsService } from '../../apps/topics/src/topics-service.js';
import { eventually } from '../flows/product.js';
import { Child, sleep } from '../peers/child.js';
import { kafkaClassPath, kafkaTool } from '../peers/kafka.js';
import { values } from './service.js';

jest.setTimeout(300_000);

/** Kafka's own consumer under the consumer protocol (KIP-848): the service makes the assignments, and keeps them over a restart. */
const folder = mkdtempSync(join(tmpdir(), 'millrace-java-groups-'));
const catalog = new MemoryCatalog();
const port = 30_592;
const bootstrap = ['--bootstrap-server', `127.0.0.1:${port}`];
let service: TopicsService;

beforeAll(start);
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  service = new TopicsService({
    dataDirectory: join(folder, 'data'),
    catalog,
    host: '127.0.0.1',
    port,
    config: { 'group.consumer.session.timeout.ms': '10000' },
    clock: systemClock,
    logger: silentLogger,
  });
  await service.start();
}

test('members come, one is killed, the service starts again, and every record is read', async () => {
  await tool('org.apache.kafka.tools.TopicCommand', ['--create', '--topic', 'java', '--partitions', '6']);
  const consumers = [await startConsumer('one'), await startConsumer('two')];
  await untilShared(2);
  await produce('none', 200);
  await eventually('the first records', 120_000, () => consumers.flatMap(printed).length >= 200);

  const third = await startConsumer('three');
  await untilShared(3);
  const before = await shares();
  await service.stop();
  await start();
  await sleep(3000);
  expect(await shares()).toEqual(before);
  await produce('gzip', 200);
  await eventually(
    'the records after the restart',
    120_000,
    () => [...consumers, third].flatMap(printed).length >= 400,
  );

  await third.kill();
  await untilShared(2);
  await produce('lz4', 200);
  await eventually('all records', 120_000, () => new Set([...consumers, third].flatMap(printed)).size === 600);
  const state = await tool(groupCommand, ['--describe', '--group', 'java-group', '--state']);
  expect(state).toMatch(/java-group\s.*uniform\s+Stable\s+2/);
  const listed = await tool(groupCommand, ['--list', '--type', 'consumer']);
  expect(listed).toContain('java-group');
  for (const consumer of consumers) await consumer.stop();
  await eventually('nobody', 30_000, async () => (await shares()).length === 0);
  await tool(groupCommand, ['--delete', '--group', 'java-group']);
});

const groupCommand = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand';

function tool(main: string, args: readonly string[], input?: string): Promise<string> {
  return kafkaTool(main, [...bootstrap, ...args], input === undefined ? {} : { input });
}

/** Member, epoch and number of partitions, a line a member. */
async function shares(): Promise<string[]> {
  const text = await tool(groupCommand, ['--describe', '--group', 'java-group', '--members', '--verbose']);
  return text
    .split('\n')
    .filter((line) => line.startsWith('java-group'))
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .sort();
}

async function untilShared(members: number): Promise<void> {
  await eventually(`${members} members with ${6 / members} partitions each`, 90_000, async () => {
    const state = await tool(groupCommand, ['--describe', '--group', 'java-group', '--state']);
    return new RegExp(`Stable\\s+${members}\\b`).test(state) && (await shares()).length === members;
  });
}

async function produce(codec: string, count: number): Promise<void> {
  const lines = values(codec, count).map((value) => `${value}\t${value}`);
  const options = ['--topic', 'java', '--compression-codec', codec, '--reader-property', 'parse.key=true'];
  await tool('org.apache.kafka.tools.ConsoleProducer', options, `${lines.join('\n')}\n`);
}

async function startConsumer(name: string): Promise<Child> {
  const main = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
  const options = ['--topic', 'java', '--group', 'java-group', '--from-beginning'];
  const protocol = ['--command-property', 'group.protocol=consumer'];
  return new Child({
    command: 'java',
    args: [
      '-Xmx128m',
      '-Dlog4j2.level=WARN',
      '-cp',
      await kafkaClassPath(),
      main,
      ...bootstrap,
      ...options,
      ...protocol,
    ],
    logPath: join(folder, `${name}.out`),
  });
}

function printed(consumer: Child): string[] {
  return consumer
    .output()
    .split('\n')
    .filter((line) => /^(none|gzip|lz4)-\d+$/.test(line));
}
