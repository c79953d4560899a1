import { jest } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { Certificates } from '#net/testing/certificates';
import { runMillrace } from '../../apps/cli/src/run-millrace.testkit.js';
import { eventually } from '../flows/product.js';
import { RolesFlow } from '../flows/roles-flow.js';
import { Roles } from '../flows/roles.js';
import type { Child } from '../peers/child.js';

jest.setTimeout(120_000);

const lines = 800;
const topicsPort = 26_292;
const httpPort = 26_280;
const bootstrap = `localhost:${topicsPort}`;
const folder = mkdtempSync(join(tmpdir(), 'millrace-secured-roles-'));
// PostgreSQL does not run as root: its own user has to pass through here.
chmodSync(folder, 0o755);
const database = new EmbeddedPostgres({ directory: join(folder, 'database'), durable: false });
const certificates = new Certificates(folder);
const fileOf = (name: string, settings: readonly string[]): string => {
  const path = join(folder, name);
  writeFileSync(path, settings.join('\n'));
  return path;
};
const clientProperties = (name: string, password: string): string =>
  fileOf(name, [
    'security.protocol=SASL_SSL',
    'sasl.mechanism=SCRAM-SHA-512',
    'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\',
    `  username="millrace" password="${password}";`,
    `ssl.truststore.location=${certificates.authorityPath}`,
  ]);
let roles: Roles;
let lockedOut: Roles;
let sinkWorker: Child;
let flow: RolesFlow;

beforeAll(async () => {
  await database.start();
  const { databaseUrl } = database;
  const env = {
    TOPICS_PASSWORD: 'known to both',
    TOPICS_PROPERTIES: fileOf('server.properties', [
      `listeners=SASL_SSL://localhost:${topicsPort}`,
      `ssl.keystore.location=${certificates.issue('server', '/CN=server').storePath}`,
      'sasl.enabled.mechanisms=SCRAM-SHA-512',
      'scram.bootstrap.users=SCRAM-SHA-512=[name=millrace,password=${env:TOPICS_PASSWORD}]',
      'connections.max.reauth.ms=3000',
    ]),
    TOPICS_CLIENT_PROPERTIES: clientProperties('client.properties', '${env:TOPICS_PASSWORD}'),
  };
  roles = new Roles({ directory: folder, databaseUrl, bootstrap, env });
  lockedOut = new Roles({
    directory: folder,
    databaseUrl,
    bootstrap,
    env: { TOPICS_CLIENT_PROPERTIES: clientProperties('wrong.properties', 'a guess') },
  });
  flow = new RolesFlow({
    folder,
    url: `http://127.0.0.1:${httpPort}`,
    databaseUrl,
    topic: 'lines',
    lines,
    linesPerSecond: 100,
  });
  [sinkWorker] = await Promise.all([
    roles.start('sink-worker'),
    roles.start('topics', { port: topicsPort }),
    roles.start('admin', { port: httpPort }),
    roles.start('collector'),
  ]);
});
afterAll(async () => {
  await flow.writer.stop();
  await Promise.all([roles.dispose(), lockedOut.dispose()]);
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
});

const listTopics = (path: string) =>
  runMillrace(['topic', 'list', '--bootstrap', bootstrap, '--client-properties', path], {
    env: { TOPICS_PASSWORD: 'known to both' },
  });

test('administration, collector, sink workers and the command line reach topics behind TLS and a login, over its renewals', async () => {
  const { body } = await flow.rest('GET', '/v3/clusters');
  const [cluster] = (body as { data: { cluster_id: string }[] }).data;
  const topic = { topic_name: 'lines', partitions_count: 2 };
  expect((await flow.rest('POST', `/v3/clusters/${cluster?.cluster_id}/topics`, topic)).status).toBe(201);
  expect(await flow.addConnectors()).toEqual([201, 201, 201]);
  flow.writer.start();
  await flow.writer.done();
  await eventually('all rows', 30_000, async () => (await flow.readTable()).missing() === 0);
  await eventually('all files', 20_000, () => flow.readFiles().missing() === 0);
  expect((await flow.readTable()).repeated()).toBe(0);
  expect(await listTopics(join(folder, 'client.properties'))).toMatchObject({
    code: 0,
    out: expect.stringMatching(/lines\s+2/) as string,
  });
});

test('the command line says of a wrong password what failed, where, and what to check', async () => {
  const { code, err } = await listTopics(join(folder, 'wrong.properties'));
  expect(code).toBe(4);
  expect(err).toMatch(
    /^The login at localhost:26292 by SCRAM-SHA-512 as millrace failed: .*Check username and password/,
  );
  expect(err).not.toContain('a guess');
  const flags = ['--bootstrap', bootstrap, '--client-properties', join(folder, 'wrong.properties')];
  expect(await runMillrace(['topic', 'produce', 'lines', ...flags], { input: 'a\nb\n' })).toMatchObject({
    code: 4,
    err,
  });
});

test('the task of a sink worker with a wrong password fails, and its trace says why', async () => {
  await sinkWorker.stop();
  await lockedOut.start('sink-worker', { id: 'locked-out' });
  await eventually('a task that failed and is to be restarted', 20_000, async () => {
    const tasks = await flow.tasksOf('files');
    return tasks.length === 1 && tasks.every((task) => task.worker_id === 'locked-out' && task.state === 'RESTARTING');
  });
  const { body } = await flow.rest('GET', '/connectors/files/status');
  const text = JSON.stringify(body);
  expect(text).toMatch(/The login at localhost:26292 by SCRAM-SHA-512 as millrace failed/);
  expect(text).not.toContain('a guess');
});
