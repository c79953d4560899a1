import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { eventually, projectRoot } from '../flows/product.js';
import { RolesFlow } from '../flows/roles-flow.js';
import { Roles } from '../flows/roles.js';
import type { Child } from '../peers/child.js';
import { kafkaTool, startKafka } from '../peers/kafka.js';

jest.setTimeout(180_000);

const lines = 20_000;
const kafkaPort = 28_392;
const httpPort = 28_380;
const bootstrap = `127.0.0.1:${kafkaPort}`;
const folder = mkdtempSync(join(tmpdir(), 'millrace-on-kafka-'));
// PostgreSQL does not run as root: its own user has to pass through here.
chmodSync(folder, 0o755);
const database = new EmbeddedPostgres({ directory: join(folder, 'database'), durable: false });
let kafka: Child;
let roles: Roles;
let flow: RolesFlow;
let topicsUrl = '';

beforeAll(async () => {
  const [started] = await Promise.all([
    startKafka({ port: kafkaPort, directory: join(folder, 'kafka'), properties: ['auto.create.topics.enable=false'] }),
    database.start(),
  ]);
  kafka = started.child;
  const { databaseUrl } = database;
  roles = new Roles({ directory: folder, databaseUrl, bootstrap });
  flow = new RolesFlow({
    folder,
    url: `http://127.0.0.1:${httpPort}`,
    databaseUrl,
    topic: 'lines',
    lines,
    linesPerSecond: 5_000,
  });
  await Promise.all([roles.start('admin', { port: httpPort }), roles.start('collector'), roles.start('sink-worker')]);
  const { body } = await flow.rest('GET', '/v3/clusters');
  const [cluster] = (body as { data: { cluster_id: string }[] }).data;
  topicsUrl = `/v3/clusters/${cluster?.cluster_id}/topics`;
});
afterAll(async () => {
  await flow.writer.stop();
  await roles.dispose();
  await kafka.stop();
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a file reaches PostgreSQL and files through a topic of a real Kafka, each line once', async () => {
  expect((await flow.rest('POST', topicsUrl, { topic_name: 'lines', partitions_count: 3 })).status).toBe(201);
  expect(await flow.addConnectors()).toEqual([201, 201, 201]);
  flow.writer.start();
  await flow.writer.done();
  await eventually('all rows', 60_000, async () => (await flow.readTable()).missing() === 0);
  await eventually('all files', 60_000, () => flow.readFiles().missing() === 0);
  expect((await flow.readTable()).repeated()).toBe(0);
  expect(flow.readFiles().repeated()).toBe(0);
});

test('lags of the sinks come from Kafka’s own groups, and Kafka’s tool sees the same', async () => {
  const group = topicsUrl.replace('/topics', '/consumer-groups/connect-table');
  await eventually('no lag', 20_000, async () => {
    const { body } = await flow.rest('GET', `${group}/lag-summary`);
    return (body as { total_lag: number }).total_lag === 0;
  });
  const { data } = (await flow.rest('GET', `${group}/lags`)).body as {
    data: { current_offset: number; lag: number }[];
  };
  expect(data.length).toBeGreaterThan(0);
  expect(data.reduce((sum, lag) => sum + lag.current_offset, 0)).toBe(lines);
  const seen = await kafkaTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', [
    ...['--bootstrap-server', bootstrap],
    ...['--describe', '--group', 'connect-table'],
  ]);
  expect(seen).toContain('lines');
  const { body } = await flow.rest('GET', topicsUrl.replace('/topics', '/consumer-groups'));
  const groups = (body as { data: { consumer_group_id: string; state: string }[] }).data;
  expect(groups.map((found) => `${found.consumer_group_id} ${found.state}`).toSorted()).toEqual([
    'connect-files STABLE',
    'connect-table STABLE',
  ]);
});

test('offsets of a stopped sink are moved and dropped in Kafka and in its store, and it writes all again', async () => {
  const at = (partition: number, offset: number | null): object => ({
    partition: { kafka_topic: 'lines', kafka_partition: partition },
    offset: offset === null ? null : { kafka_offset: offset },
  });
  const path = '/connectors/table/offsets';
  expect((await flow.rest('PUT', '/connectors/table/stop')).status).toBe(204);
  const changed = await flow.rest('PATCH', path, { offsets: [at(0, 0), at(1, null)] });
  expect(changed).toMatchObject({ status: 200 });
  const { offsets } = (await flow.rest('GET', path)).body as { offsets: { partition: { kafka_partition: number } }[] };
  expect(offsets).toContainEqual(at(0, 0));
  expect(offsets.filter(({ partition }) => partition.kafka_partition === 1)).toEqual([]);
  expect(await flow.rest('DELETE', path)).toMatchObject({ status: 200 });
  expect(await flow.rest('GET', path)).toMatchObject({ body: { offsets: [] } });
  await flow.rest('PUT', '/connectors/table/resume');
  await eventually('all rows twice', 30_000, async () => (await flow.readTable()).total === 2 * lines);
  expect(await flow.rest('DELETE', '/connectors/files/offsets')).toMatchObject({ status: 400 });
});

test('topics of a real Kafka are created, shown, widened and deleted by REST', async () => {
  const topic = {
    topic_name: 'by-rest',
    partitions_count: 2,
    replication_factor: 1,
    configs: [{ name: 'retention.ms', value: '600000' }],
  };
  const tested = await flow.rest('POST', topicsUrl, { ...topic, validate_only: true });
  expect(tested.status).toBe(200);
  expect((await flow.rest('GET', `${topicsUrl}/by-rest`)).status).toBe(404);
  const created = await flow.rest('POST', topicsUrl, topic);
  expect(created).toMatchObject({ status: 201, body: { topic_name: 'by-rest', partitions_count: 2 } });
  expect(await flow.rest('POST', topicsUrl, topic)).toMatchObject({ status: 400, body: { error_code: 40_002 } });
  const wrong = { topic_name: 'wrong', configs: [{ name: 'retention.ms', value: 'long' }] };
  expect(await flow.rest('POST', topicsUrl, wrong)).toMatchObject({ status: 400, body: { error_code: 40_002 } });
  expect(await flow.rest('GET', `${topicsUrl}/by-rest/configs/retention.ms`)).toMatchObject({
    body: { value: '600000', source: 'DYNAMIC_TOPIC_CONFIG', is_default: false },
  });
  expect(await flow.rest('PATCH', `${topicsUrl}/by-rest`, { partitions_count: 3 })).toMatchObject({
    status: 200,
    body: { partitions_count: 3 },
  });
  const listed = (await flow.rest('GET', topicsUrl)).body as { data: { topic_name: string; is_internal: boolean }[] };
  expect(listed.data.filter((found) => !found.is_internal).map((found) => found.topic_name)).toEqual([
    'by-rest',
    'lines',
  ]);
  expect((await flow.rest('DELETE', `${topicsUrl}/by-rest`)).status).toBe(204);
  expect(await flow.rest('DELETE', `${topicsUrl}/by-rest`)).toMatchObject({
    status: 404,
    body: { error_code: 40_401 },
  });
});

test('the administration is ready and has metrics of a real Kafka', async () => {
  expect((await flow.rest('GET', '/readyz')).status).toBe(200);
  const { body } = await flow.rest('GET', '/metrics');
  expect(body).toMatch(/^millrace_partition_end_offset\{topic="lines",partition="0"\} \d+$/m);
  expect(body).toContain('millrace_scrape_errors{source="topics"} 0');
});

test('the command line’s topic commands work on a real Kafka', async () => {
  expect(await millrace('topic', 'create', 'by-hand', '-p', '2', '-c', 'retention.ms=600000')).toBe(
    'Created by-hand with 2 partitions.\n',
  );
  expect(await millrace('topic', 'list')).toMatch(/^by-hand\t2$/m);
  await millraceWithInput('a\tone\nb\ttwo\nc\tthree\n', 'topic', 'produce', 'by-hand', '-k', '\t');
  const described = await millrace('topic', 'describe', 'by-hand');
  expect(described).toContain('retention.ms=600000');
  expect(described).toContain('2 partitions  replication 1');
  const values = await millrace('topic', 'consume', 'by-hand', '-b', '-e');
  expect(values.trim().split('\n').toSorted()).toEqual(['one', 'three', 'two']);
  const inGroup = await millrace('topic', 'consume', 'by-hand', '-b', '-n', '3', '-g', 'hand', '--format', 'json');
  const keys = inGroup
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { key: string }).key);
  expect(keys.toSorted()).toEqual(['a', 'b', 'c']);
  expect(await millrace('topic', 'delete', 'by-hand', '--yes')).toBe('Deleted by-hand.\n');
  await expect(millrace('topic', 'describe', 'by-hand')).rejects.toThrow(/There is no topic by-hand/);
});

function millrace(...words: string[]): Promise<string> {
  return millraceWithInput('', ...words);
}

/** What it prints; rejects with what it says on standard error. */
async function millraceWithInput(input: string, ...words: string[]): Promise<string> {
  const tool = promisify(execFile)(process.execPath, [join(projectRoot, 'bin', 'millrace.mjs'), ...words], {
    env: { ...process.env, TOPICS_BOOTSTRAP: bootstrap },
    timeout: 60_000,
  });
  tool.child.stdin?.end(input);
  return (await tool).stdout;
}
