import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, projectRoot } from '../flows/product.js';
import { Child } from '../peers/child.js';
import { classPath, javaOpens } from '../peers/jars.js';
import { kafkaTool } from '../peers/kafka.js';
import { startService, values } from './service.js';

jest.setTimeout(600_000);
const run = promisify(execFile);

const zookeeperPort = 30_093;
let service: Awaited<ReturnType<typeof startService>>;
const folder = mkdtempSync(join(tmpdir(), 'millrace-storm-'));
beforeAll(async () => {
  service = await startService({ topicsPort: 30_092, httpPort: 30_080 });
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The Storm topology compiled, and what it needs to run. */
async function stormClassPath(): Promise<string> {
  const jars = await classPath('storm', [
    'org.apache.storm:storm-server:2.8.3',
    'org.apache.storm:storm-client:2.8.3',
    'org.apache.storm:storm-kafka-client:2.8.3',
    'org.apache.kafka:kafka-clients:3.9.1',
  ]);
  const classes = join(folder, 'classes');
  mkdirSync(classes, { recursive: true });
  const sources = ['SpoutToFile.java', 'InProcessZookeeper.java'].map((name) =>
    join(projectRoot, 'test', 'interop', 'clients', 'storm', name),
  );
  await run('javac', ['-proc:none', '-cp', jars, '-d', classes, ...sources], { timeout: 120_000 });
  return `${classes}:${jars}`;
}

test('a Storm topology with a KafkaSpout reads every record, and goes on where it was after a restart', async () => {
  const { admin, bootstrap } = service.product;
  await admin.createTopic({ name: 'storm', partitions: 4 });
  const classes = await stormClassPath();
  const out = join(folder, 'lines');
  const start = (life: string): Child =>
    new Child({
      command: 'java',
      args: [
        ...['-Xmx512m', '-XX:+UseSerialGC', ...javaOpens, '-Djava.net.preferIPv4Stack=true'],
        ...['-Dstorm.local.hostname=127.0.0.1', `-Dzookeeper.port=${zookeeperPort}`, `-Djava.io.tmpdir=${folder}`],
        ...['-cp', classes, 'SpoutToFile', bootstrap, 'storm', 'storm-group', out],
      ],
      cwd: folder,
      logPath: join(folder, `storm-${life}.out`),
    });
  const lines = (): Set<string> =>
    new Set(
      existsSync(out)
        ? readFileSync(out, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
        : [],
    );
  const first = values('first', 500);
  await send(first);
  const before = start('first');
  await eventually('the first records', 120_000, () => lines().size === first.length);
  expect(lines()).toEqual(new Set(first));
  await eventually('its offsets', 30_000, async () => (await committed()) === first.length);
  await before.stop();

  const second = values('second', 300);
  await send(second);
  const again = start('second');
  await eventually('the rest', 120_000, () => lines().size === first.length + second.length);
  await eventually('all offsets', 30_000, async () => (await committed()) === first.length + second.length);
  await again.stop();
  expect(lines()).toEqual(new Set([...first, ...second]));

  async function committed(): Promise<number> {
    return (await admin.groupOffsets('storm-group')).reduce((sum, place) => sum + place.offset, 0);
  }
});

async function send(lines: readonly string[]): Promise<void> {
  await kafkaTool(
    'org.apache.kafka.tools.ConsoleProducer',
    [...['--bootstrap-server', service.product.bootstrap, '--topic', 'storm', '--batch-size', '1000']],
    { input: `${lines.join('\n')}\n` },
  );
}
