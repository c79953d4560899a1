import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../flows/product.js';
import { Child } from '../peers/child.js';
import { startService, values } from './service.js';

jest.setTimeout(120_000);
const run = promisify(execFile);

let service: Awaited<ReturnType<typeof startService>>;
const folder = mkdtempSync(join(tmpdir(), 'millrace-kcat-'));
beforeAll(async () => {
  service = await startService({ topicsPort: 29_592, httpPort: 29_580 });
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('kcat lists, produces with each codec, consumes in a group of two, and its lag is seen', async () => {
  const { admin, bootstrap } = service.product;
  await admin.createTopic({ name: 'kc', partitions: 4 });
  const listed = await run('kcat', ['-b', bootstrap, '-L', '-t', 'kc']);
  expect(listed.stdout).toContain('topic "kc" with 4 partitions');

  const consumers = ['one', 'two'].map(
    (name) =>
      new Child({
        command: 'kcat',
        args: [
          ...['-b', bootstrap, '-u', '-q', '-X', 'session.timeout.ms=10000'],
          ...['-X', 'auto.offset.reset=earliest', '-X', 'auto.commit.interval.ms=200', '-G', 'kc-group', 'kc'],
        ],
        logPath: join(folder, `${name}.out`),
      }),
  );
  await eventually('two members', 60_000, async () => {
    const group = await admin.describeGroup('kc-group');
    return group.state === 'Stable' && group.members.length === 2;
  });
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) await produce(codec, 100);
  await eventually('all records', 30_000, () => consumers.flatMap(printed).length === 500);
  expect(new Set(consumers.flatMap(printed)).size).toBe(500);
  expect(consumers.every((consumer) => printed(consumer).length > 0)).toBe(true);
  for (const consumer of consumers) await consumer.stop();

  await produce('none', 25);
  const lag = await admin.groupLag('kc-group');
  expect(lag.reduce((sum, place) => sum + (place.lag ?? 0), 0)).toBe(25);
});

async function produce(codec: string, count: number): Promise<void> {
  const path = join(folder, 'input');
  writeFileSync(
    path,
    `${values(codec, count)
      .map((value) => `${value}:${value}`)
      .join('\n')}\n`,
  );
  await run('kcat', [
    '-b',
    service.product.bootstrap,
    '-P',
    '-t',
    'kc',
    '-K',
    ':',
    '-z',
    codec,
    '-X',
    'enable.idempotence=true',
    '-l',
    path,
  ]);
}

function printed(consumer: Child): string[] {
  return consumer
    .output()
    .split('\n')
    .filter((line) => /^(none|gzip|snappy|lz4|zstd)-\d+$/.test(line));
}
