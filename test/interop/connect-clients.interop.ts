// Clients of Kafka Connect that others wrote, with all that they can ask: a Java library and a command line in Python.
import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, Product } from '../flows/product.js';
import { classPath } from '../peers/jars.js';
import { pythonPackages } from '../peers/python.js';

jest.setTimeout(300_000);
const run = promisify(execFile);
const programs = join(import.meta.dirname, 'clients', 'connect');

const folder = mkdtempSync(join(tmpdir(), 'millrace-connect-clients-'));
const product = new Product({
  directory: folder,
  topicsPort: 31_792,
  httpPort: 31_790,
  config: { topics: [{ name: 'events', partitions: 2 }] },
});
beforeAll(() => product.start());
afterAll(async () => {
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('the Java client kafka-connect-client makes, watches, changes, stops and deletes a sink', async () => {
  const jars = await classPath('connect-client', [
    'org.sourcelab:kafka-connect-client:4.0.5',
    'org.slf4j:slf4j-nop:1.7.36',
  ]);
  const { stdout } = await run(
    'java',
    [
      ...['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', jars, join(programs, 'ConnectTour.java')],
      ...[product.url, 'by-java', 'events', join(folder, 'by-java')],
    ],
    { timeout: 120_000 },
  );
  const said = Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t')),
  ) as Record<string, string>;
  expect(said).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    plugin: 'true',
    errors: '2',
    added: 'by-java',
    listed: 'true',
    type: 'sink',
    config: 'true',
    definition: 'events',
    'expanded status': 'RUNNING',
    'expanded info': 'by-java',
    'expanded both': 'true',
    tasks: '1',
    task: '0',
    'task restarted': 'true',
    restarted: 'true',
    paused: 'true',
    resumed: 'true',
    updated: '2',
    'topics reset': 'true',
    topics: 'by-java',
    stopped: 'true',
    deleted: 'true',
    'listed afterwards': 'false',
    unknown: expect.stringMatching(/Exception$/),
    'until RUNNING': 'true',
    'until PAUSED': 'true',
    'until STOPPED': 'true',
  });
});

test('the command line kc makes, watches, changes and deletes a sink', async () => {
  const python = await pythonPackages(join(programs, 'requirements.txt'));
  const kc = async (...words: readonly string[]): Promise<unknown> => {
    const { stdout } = await run(join(dirname(python), 'kc'), ['--url', product.url, ...words], { timeout: 60_000 });
    return stdout.trim() === '' ? null : JSON.parse(stdout);
  };
  const config = { 'connector.class': 'file', topics: 'events', 'file.path': join(folder, 'by-kc') };
  const definition = JSON.stringify({ name: 'by-kc', config });
  const stateOf = async (): Promise<string> =>
    ((await kc('status', 'by-kc')) as { connector: { state: string } }).connector.state;

  expect(await kc('info')).toMatchObject({ version: expect.any(String), kafka_cluster_id: expect.any(String) });
  expect(await kc('list-plugins')).toContainEqual(expect.objectContaining({ class: 'file', type: 'sink' }));
  expect(await kc('create', '--config-data', definition)).toMatchObject({ name: 'by-kc', config });
  await eventually('by-kc runs', 30_000, async () => {
    const [task] = (await kc('list-tasks', 'by-kc')) as unknown[];
    return task !== undefined && (await stateOf()) === 'RUNNING';
  });
  expect(await kc('list', '--pattern', 'by-.*', '--state', 'RUNNING')).toEqual(['by-kc']);
  expect(await kc('get', 'by-kc')).toMatchObject({ name: 'by-kc', type: 'sink' });
  expect(await kc('config', 'by-kc')).toMatchObject(config);
  await eventually('its task runs', 30_000, async () => {
    const { state } = (await kc('task-status', 'by-kc', '0')) as { state: string };
    return state === 'RUNNING';
  });
  await kc('restart-task', 'by-kc', '0');
  await kc('restart', 'by-kc', '--include-tasks', '--only-failed');
  await kc('pause', 'by-kc');
  await eventually('by-kc is paused', 30_000, async () => (await stateOf()) === 'PAUSED');
  await kc('resume', 'by-kc');
  await eventually('by-kc runs again', 30_000, async () => (await stateOf()) === 'RUNNING');
  const wider = JSON.stringify({ ...config, 'tasks.max': '2' });
  expect(await kc('update', 'by-kc', '--config-data', wider)).toMatchObject({ config: { 'tasks.max': '2' } });
  expect(await kc('list-topics', 'by-kc')).toMatchObject({ 'by-kc': { topics: expect.any(Array) } });
  await kc('reset-topics', 'by-kc');
  await kc('delete', 'by-kc');
  expect(await kc('list')).toEqual([]);
});
