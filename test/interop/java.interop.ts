import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../flows/product.js';
import { Child } from '../peers/child.js';
import { kafkaClassPath, kafkaTool } from '../peers/kafka.js';
import { startService, values } from './service.js';

jest.setTimeout(300_000);

let service: Awaited<ReturnType<typeof startService>>;
const folder = mkdtempSync(join(tmpdir(), 'millrace-java-'));
beforeAll(async () => {
  service = await startService({ topicsPort: 29_492, httpPort: 29_480 });
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

const server = (): string[] => ['--bootstrap-server', service.product.bootstrap];

test('the console tools create, describe, produce, consume in a group of two and show the lag', async () => {
  await kafkaTool('org.apache.kafka.tools.TopicCommand', [
    ...server(),
    '--create',
    '--topic',
    'java',
    '--partitions',
    '4',
  ]);
  const described = await kafkaTool('org.apache.kafka.tools.TopicCommand', [
    ...server(),
    '--describe',
    '--topic',
    'java',
  ]);
  expect(described).toMatch(/Topic: java\s+TopicId: \S{22}\s+PartitionCount: 4\s+ReplicationFactor: 1/);

  const consumers = [await startConsumer('one'), await startConsumer('two')];
  await eventually('two members', 60_000, async () => {
    const group = await service.product.admin.describeGroup('java-group');
    return group.state === 'Stable' && group.members.length === 2;
  });
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) await produce(codec, 100);
  await eventually('all records', 60_000, () => consumers.flatMap(printed).length === 500);
  expect(new Set(consumers.flatMap(printed)).size).toBe(500);
  expect(consumers.every((consumer) => printed(consumer).length > 0)).toBe(true);
  for (const consumer of consumers) await consumer.stop();

  await produce('none', 25);
  const group = await kafkaTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', [
    ...server(),
    '--describe',
    '--group',
    'java-group',
  ]);
  const rows = group.split('\n').filter((line) => line.startsWith('java-group'));
  expect(rows).toHaveLength(4);
  expect(rows.reduce((sum, row) => sum + Number(row.split(/\s+/)[5]), 0)).toBe(25);
});

async function produce(codec: string, count: number): Promise<void> {
  const lines = values(codec, count).map((value) => `${value}\t${value}`);
  await kafkaTool(
    'org.apache.kafka.tools.ConsoleProducer',
    [...server(), '--topic', 'java', '--compression-codec', codec, '--reader-property', 'parse.key=true'],
    { input: `${lines.join('\n')}\n` },
  );
}

async function startConsumer(name: string): Promise<Child> {
  return new Child({
    command: 'java',
    args: [
      ...[
        '-Xmx128m',
        '-Dlog4j2.level=ERROR',
        '-cp',
        await kafkaClassPath(),
        'org.apache.kafka.tools.consumer.ConsoleConsumer',
      ],
      ...[...server(), '--topic', 'java', '--group', 'java-group', '--from-beginning'],
    ],
    logPath: join(folder, `${name}.out`),
  });
}

function printed(consumer: Child): string[] {
  return consumer
    .output()
    .split('\n')
    .filter((line) => /^(none|gzip|snappy|lz4|zstd)-\d+$/.test(line));
}
