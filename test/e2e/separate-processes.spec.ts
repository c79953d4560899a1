import { jest } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { eventually } from '../flows/product.js';
import { RolesFlow } from '../flows/roles-flow.js';
import { Roles } from '../flows/roles.js';
import type { Child } from '../peers/child.js';

jest.setTimeout(120_000);

const lines = 6_000;
const topicsPort = 26_192;
const httpPort = 26_180;
const folder = mkdtempSync(join(tmpdir(), 'millrace-roles-'));
// PostgreSQL does not run as root: its own user has to pass through here.
chmodSync(folder, 0o755);
const database = new EmbeddedPostgres({ directory: join(folder, 'database'), durable: false });
const running = new Map<string, Child>();
let roles: Roles;
let flow: RolesFlow;

beforeAll(async () => {
  await database.start();
  const { databaseUrl } = database;
  roles = new Roles({ directory: folder, databaseUrl, bootstrap: `127.0.0.1:${topicsPort}` });
  flow = new RolesFlow({
    folder,
    url: `http://127.0.0.1:${httpPort}`,
    databaseUrl,
    topic: 'lines',
    lines,
    linesPerSecond: 400,
  });
  const started = [
    roles.start('topics', { port: topicsPort }),
    roles.start('admin', { port: httpPort }),
    roles.start('collector'),
    roles.start('sink-worker', { id: 'sink-1' }),
    roles.start('sink-worker', { id: 'sink-2' }),
  ];
  for (const [at, name] of ['topics', 'admin', 'collector', 'sink-1', 'sink-2'].entries()) {
    const child = await started[at];
    if (child !== undefined) running.set(name, child);
  }
});
afterAll(async () => {
  await flow.writer.stop();
  await roles.dispose();
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a collector and two sinks are added by REST, and two sink workers share the tasks', async () => {
  const { body } = await flow.rest('GET', '/v3/clusters');
  const [cluster] = (body as { data: { cluster_id: string }[] }).data;
  const topic = { topic_name: 'lines', partitions_count: 4 };
  expect((await flow.rest('POST', `/v3/clusters/${cluster?.cluster_id}/topics`, topic)).status).toBe(201);
  expect(await flow.addConnectors()).toEqual([201, 201, 201]);
  flow.writer.start();
  await eventually('a task of the table on each worker', 10_000, async () => {
    const tasks = await flow.tasksOf('table');
    const workers = tasks.filter((task) => task.state === 'RUNNING').map((task) => task.worker_id);
    return workers.toSorted().join() === 'sink-1,sink-2';
  });
  await eventually('rows', 15_000, async () => (await flow.readTable()).total > 0);
  await eventually('files', 15_000, () => flow.readFiles().total > 0);
});

test('after kill -9 of one sink worker the other has its task within 15 s, and nothing is lost or doubled', async () => {
  const written = flow.writer.written;
  await running.get('sink-1')?.kill();
  running.delete('sink-1');
  await eventually('all tasks on the other worker', 15_000, async () => {
    const tasks = [...(await flow.tasksOf('table')), ...(await flow.tasksOf('files'))];
    return tasks.length === 3 && tasks.every((task) => task.worker_id === 'sink-2' && task.state === 'RUNNING');
  });
  expect(written).toBeLessThan(lines);
  await flow.writer.done();
  await eventually('all rows', 20_000, async () => (await flow.readTable()).missing() === 0);
  await eventually('all files', 20_000, () => flow.readFiles().missing() === 0);
  expect((await flow.readTable()).repeated()).toBe(0);
  expect(flow.readFiles().repeated()).toBe(0);
});

test('SIGTERM ends each role with code 0', async () => {
  for (const name of ['collector', 'sink-2', 'admin', 'topics'])
    expect([name, await running.get(name)?.stop()]).toEqual([name, 0]);
});
