import { jest } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually, Product } from '../flows/product.js';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-first-run-'));
chmodSync(folder, 0o755);
const product = new Product({ directory: folder, topicsPort: 26_092, httpPort: 26_080, config: null });

beforeAll(() => product.start());
afterAll(async () => {
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('the greeting has at most nine lines and says where everything is', () => {
  const lines = product.child.output().trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(9);
  expect(lines[0]).toMatch(/^Millrace \d+\.\d+\.\d+ is ready/);
  for (const word of ['127.0.0.1:26092', 'http://127.0.0.1:26080', 'first-run', 'synced to disk', 'npx millrace']) {
    expect(product.child.output()).toContain(word);
  }
});

test('log lines arrive as rows in the table of the embedded database', async () => {
  await eventually('100 rows', 30_000, async () => (await countRows()) >= 100);
});

test('log lines arrive in files by site, date and hour', async () => {
  await eventually('a file in the lake', 40_000, () => lakeFiles().length > 0);
  const [file = ''] = lakeFiles();
  expect(file).toMatch(/^(shop|millrace)\/dt=\d{4}-\d\d-\d\d\/hour=\d\d\//);
  const [line = ''] = readFileSync(join(product.dataDirectory, 'lake', file), 'utf8').split('\n');
  expect(JSON.parse(line)).toHaveProperty('path');
});

test('the user’s own requests arrive as records', async () => {
  await product.rest('GET', '/connectors?mark=e2e-own-request');
  await eventually('the request as a row', 30_000, async () => {
    return (await query("SELECT 1 FROM access_log WHERE path LIKE '%e2e-own-request%'")).length > 0;
  });
});

test('the line that is broken on purpose lands in the dead-letter topic', async () => {
  await eventually('a dead letter', 30_000, async () => (await product.endOf('access-log.dead-letters')) > 0);
});

test('a sink is added by one POST, from the oldest record on, and nothing else stops', async () => {
  const path = join(product.dataDirectory, 'copy');
  const config = {
    'connector.class': 'file',
    topics: 'access-log',
    'start.from': 'earliest',
    'file.path': path,
    'file.rollInterval': '1',
  };
  const posted = await product.rest('POST', '/connectors', { name: 'copy', config });
  expect(posted.status).toBe(201);
  await eventually('its first files', 30_000, () => filesBelow(path).length > 0);
  const status = await product.rest('GET', '/connectors/access-table/status');
  expect(status.body).toMatchObject({ connector: { state: 'RUNNING' }, tasks: [{ state: 'RUNNING' }] });
  expect((await product.rest('DELETE', '/connectors/copy')).status).toBe(204);
});

test('the metrics count what the topic service takes in and gives out, and what every partition holds', async () => {
  const { body } = await product.rest('GET', '/metrics');
  expect(body).toMatch(/^millrace_topics_bytes_in_total [1-9]\d*$/m);
  expect(body).toMatch(/^millrace_topics_requests_total\{api="Produce"\} [1-9]\d*$/m);
  expect(body).toMatch(/^millrace_topics_log_end_offset\{topic="access-log",partition="2"\} \d+$/m);
  expect(body).toContain('millrace_scrape_errors{source="service"} 0');
});

test('it is ready, the log in the same process included', async () => {
  const { status, body } = await product.rest('GET', '/readyz?verbose');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: 'ready',
    checks: expect.arrayContaining([expect.objectContaining({ name: 'log', ok: true })]),
  });
});

test('a wrong option gets Connect’s validation answer', async () => {
  const answer = await product.rest('PUT', '/connector-plugins/postgres/config/validate', {
    name: 'bad',
    'connector.class': 'postgres',
    topics: 'access-log',
    'connection.url': 'postgres://127.0.0.1/x',
    'batch.max.records': 'many',
  });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ name: 'postgres', error_count: 1 });
  const refused = await product.rest('POST', '/connectors', {
    name: 'bad',
    config: { 'connector.class': 'postgres', topics: 'x' },
  });
  expect(refused.status).toBe(400);
  expect(refused.body).toMatchObject({ error_code: 400, message: expect.stringContaining('connection.url') });
});

test('after kill -9 it goes on where it was; Ctrl-C says what was kept', async () => {
  const before = await product.endOf('access-log');
  await product.child.kill();
  await product.start();
  const rows = await countRows();
  await eventually('more records and more rows', 40_000, async () => {
    return (await product.endOf('access-log')) > before && (await countRows()) > rows;
  });
  product.child.signal('SIGINT');
  expect(await product.child.exit()).toBe(0);
  expect(product.child.output()).toMatch(/Stopped\. Kept in .*: \d+ records in 2 topics/);
});

function lakeFiles(): string[] {
  return filesBelow(join(product.dataDirectory, 'lake')).filter((name) => name.includes('dt='));
}

function filesBelow(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('+'))
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1));
  } catch {
    return [];
  }
}

async function countRows(): Promise<number> {
  const [row] = await query('SELECT count(*) AS count FROM access_log');
  return Number(row?.['count'] ?? 0);
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const file = (name: string): string => readFileSync(join(product.dataDirectory, 'postgres', name), 'utf8').trim();
  const client = new pg.Client({
    host: '127.0.0.1',
    port: Number(file('port')),
    user: 'millrace',
    database: 'millrace',
    password: file('password'),
  });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
