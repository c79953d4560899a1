import { jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../flows/product.js';
import { sleep } from '../peers/child.js';
import { MicroservicesBed, type TaskOwner } from './microservices-bed.js';

/** The whole size: MICROSERVICES_LINES=1000000. */
const lines = Number(process.env['MICROSERVICES_LINES'] ?? 100_000);
/** How long the control plane's PostgreSQL is away, s; a lease lasts 10. */
const awaySeconds = Number(process.env['MICROSERVICES_AWAY_S'] ?? 20);
/** Lines are written for so long, s: what is done to the processes takes about as much. */
const writingSeconds = 110 + awaySeconds;
const minute = 60_000;

export function microservicesTest(options: { readonly topics: 'ours' | 'kafka'; readonly port: number }): void {
  const { topics, port } = options;
  const place = topics === 'ours' ? 'our topics' : 'a real Kafka';
  jest.setTimeout(15 * minute);

  test(`${lines} lines over ${place}: each process restarted and killed, PostgreSQL away, sinks scaled, a destination added: none lost, none repeated`, async () => {
    const bed = new MicroservicesBed({ topics, port, lines, linesPerSecond: lines / writingSeconds });
    const figures: string[] = [];
    const note = (what: string, seconds: number): number => {
      figures.push(`${what} ${seconds} s`);
      return seconds;
    };
    try {
      await bed.start();
      await eventually('rows and files', minute, async () => (await bed.rows()) > 0 && bed.readFiles().total > 0);

      await scale(bed, note);
      await addDestination(bed);
      await rollingRestart(bed);
      await killEach(bed, note);
      const flowed = await databaseAway(bed);
      figures.push(`${flowed} rows while PostgreSQL was away for ${awaySeconds} s`);
      const writtenBefore = bed.written;

      await bed.writersDone();
      await eventually('all rows', 3 * minute, async () => (await bed.rows()) >= lines);
      await eventually('all files', 3 * minute, () => bed.readFiles().distinct === lines);
      await eventually('all in Redis', 3 * minute, async () => (await redisCount(bed)) >= lines);
      await sleep(2000);
      const found = { table: await bed.readTable(), files: bed.readFiles(), redis: await bed.readRedis() };
      const outcome = Object.entries(found).map(
        ([name, ledger]) => `${name} lost ${ledger.missing()} repeated ${ledger.repeated()}`,
      );
      process.stderr.write(
        `microservices over ${place}: ${lines} lines, ${writtenBefore} of them before the last disturbance was over; ` +
          `${outcome.join(', ')}; ${figures.join(', ')}\n`,
      );
      if (found.table.repeated() > 0) process.stderr.write(`${await bed.repeatsInTopic()}\n`);
      expect(outcome).toEqual(['table', 'files', 'redis'].map((name) => `${name} lost 0 repeated 0`));
    } finally {
      await bed.dispose();
    }
  });
}

type Note = (what: string, seconds: number) => number;

/** Tasks 1 to 3 to 1, with a third worker meanwhile. */
async function scale(bed: MicroservicesBed, note: Note): Promise<void> {
  await bed.putConnector('table', bed.tableConfig(3));
  expect(
    note('1 to 3 tasks', await bed.secondsUntil('three tasks', (all) => of(all, 'table').length === 3)),
  ).toBeLessThan(10);
  await bed.startRole('sink-3');
  const joined = (all: readonly TaskOwner[]): boolean => all.some(({ worker }) => worker === 'sink-3');
  expect(note('2 to 3 workers', await bed.secondsUntil('a task on the third worker', joined))).toBeLessThan(10);
  expect(await bed.child('sink-3').stop()).toBe(0);
  const left = (all: readonly TaskOwner[]): boolean => !joined(all) && of(all, 'table').length === 3;
  expect(note('3 to 2 workers', await bed.secondsUntil('its tasks on the others', left))).toBeLessThan(10);
  await bed.putConnector('table', bed.tableConfig(1));
  expect(note('3 to 1 tasks', await bed.secondsUntil('one task', (all) => of(all, 'table').length === 1))).toBeLessThan(
    10,
  );
}

/** Its connector waits until a worker with its label is there, which takes nothing else. */
async function addDestination(bed: MicroservicesBed): Promise<void> {
  await bed.putConnector('cache', {
    'connector.class': 'redis',
    topics: 'lines',
    'worker.labels': 'store=redis',
    'redis.uri': `redis://127.0.0.1:${bed.redisPort}`,
    'redis.command': 'XADD',
    'redis.key': '${topic}:${partition}',
    'value.converter': 'json',
    'errors.retry.delay.max.ms': '1000',
  });
  await sleep(2500);
  expect(of(await bed.tasks(), 'cache')).toEqual([]);
  await bed.startRole('sink-redis', { MILLRACE_WORKER_LABELS: 'store=redis' });
  await bed.secondsUntil('the new destination', (all) => of(all, 'cache')[0]?.worker === 'sink-redis');
  expect((await bed.tasks()).filter(({ worker }) => worker === 'sink-redis')).toHaveLength(1);
}

/** SIGTERM, exit code 0, start again; one after the other. */
async function rollingRestart(bed: MicroservicesBed): Promise<void> {
  for (const name of ['admin', 'topics', 'collector-1', 'collector-2', 'sink-1', 'sink-2']) {
    if (name === 'topics' && bed.options.topics === 'kafka') {
      await bed.restartKafka();
      continue;
    }
    expect([name, await bed.child(name).stop()]).toEqual([name, 0]);
    await bed.startRole(name);
  }
  await bed.secondsUntil('all tasks after the rolling restart', (all) => all.length === 5);
}

/** kill -9. Another worker has a dead one's tasks within 15 s. */
async function killEach(bed: MicroservicesBed, note: Note): Promise<void> {
  await Promise.all([killWorker(bed, 'sink-1', note), killWorker(bed, 'collector-1', note)]);
  if (bed.options.topics === 'ours') {
    await bed.child('topics').kill();
    await bed.startRole('topics');
  }
  await Promise.all([killWorker(bed, 'sink-2', note), killWorker(bed, 'collector-2', note)]);
  await bed.child('admin').kill();
  await bed.startRole('admin');
  await bed.killRedis();
  await sleep(1000);
  await bed.startRedis();
  await bed.child('sink-redis').kill();
  await bed.startRole('sink-redis', { MILLRACE_WORKER_LABELS: 'store=redis' });
  await bed.secondsUntil('all tasks after the kills', (all) => all.length === 5);
}

async function killWorker(bed: MicroservicesBed, name: string, note: Note): Promise<void> {
  const had = (await bed.tasks()).filter(({ worker }) => worker === name).length;
  await bed.child(name).kill();
  const moved = (all: readonly TaskOwner[]): boolean => all.every(({ worker }) => worker !== name) && all.length === 5;
  const seconds = await bed.secondsUntil(`the ${had} tasks of ${name} on another worker`, moved);
  expect(note(`take-over of ${had} from ${name}`, seconds)).toBeLessThan(15);
  await bed.startRole(name);
}

/** Rows that came while the control plane had no database; nothing of it changes hands. */
async function databaseAway(bed: MicroservicesBed): Promise<number> {
  const before = await bed.secondsUntil('all tasks', (all) => all.length === 5).then(() => bed.tasks());
  await bed.control.stop();
  await sleep(2000);
  const from = await bed.rows();
  await sleep((awaySeconds - 4) * 1000);
  const flowed = (await bed.rows()) - from;
  await sleep(2000);
  await bed.control.start();
  expect(flowed).toBeGreaterThan(0);
  await sleep(5000);
  expect(await bed.tasks()).toEqual(before);
  expect((await bed.rest('GET', '/readyz')).status).toBe(200);
  return flowed;
}

function of(tasks: readonly TaskOwner[], connector: string): TaskOwner[] {
  return tasks.filter((task) => task.connector === connector);
}

async function redisCount(bed: MicroservicesBed): Promise<number> {
  const client = new Redis(bed.redisPort);
  const counts = await Promise.all([0, 1, 2, 3].map((partition) => client.xlen(`lines:${partition}`)));
  client.disconnect();
  return counts.reduce((sum, count) => sum + count, 0);
}
