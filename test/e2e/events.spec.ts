/** The live data of the running product: what the console draws from. */
import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LiveFrame, LiveTable } from '../../apps/admin/src/v1/events/live-rows.js';
import { eventually, Product } from '../flows/product.js';

jest.setTimeout(90_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-events-'));
const product = new Product({ directory: folder, topicsPort: 25_260, httpPort: 25_261, config: null });

beforeAll(() => product.start());
afterAll(async () => {
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

type Rows = Map<string, Record<string, unknown>>;

/** Reads the stream as the console does: tables by name, rows by key. */
class Stream {
  readonly tables = new Map<LiveTable, Rows>();
  private readonly leaving = new AbortController();
  private reading: Promise<void> | null = null;

  async open(query: string): Promise<Response> {
    const response = await fetch(`${product.url}/api/v1/events?${query}`, { signal: this.leaving.signal });
    this.reading = this.read(response);
    return response;
  }

  row(table: LiveTable, key: string): Record<string, unknown> {
    return this.tables.get(table)?.get(key) ?? {};
  }

  async close(): Promise<void> {
    this.leaving.abort();
    await this.reading;
  }

  private async read({ body }: Response): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body ?? []) {
        const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) if (event.startsWith('data: ')) this.take(JSON.parse(event.slice(6)) as LiveFrame);
      }
    } catch (error) {
      if (!this.leaving.signal.aborted) throw error;
    }
  }

  private take({ table, full, rows, gone }: LiveFrame): void {
    const kept: Rows = full ? new Map() : (this.tables.get(table) ?? new Map());
    for (const [key, row] of Object.entries(rows)) kept.set(key, { ...row });
    for (const key of gone) kept.delete(key);
    this.tables.set(table, kept);
  }
}

const everything =
  'watch=topology&watch=topics&watch=groups&watch=group-partitions&group=connect-lake&watch=sinks&watch=collectors' +
  '&watch=jobs&watch=dead-letters&watch=workers';

test('every table has the numbers of the demo as it runs', async () => {
  const stream = new Stream();
  const response = await stream.open(everything);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  const isAbove =
    (table: LiveTable, key: string, field: string, value = 0) =>
    (): boolean =>
      Number(stream.row(table, key)[field]) > value;
  await eventually('a rate of the topic', 30_000, isAbove('topics', 'access-log', 'in_per_second'));
  await eventually('a rate of the group', 30_000, isAbove('groups', 'connect-lake', 'out_per_second'));
  await eventually('a rate of the sink', 30_000, isAbove('sinks', 'access-table', 'records_per_second'));
  await eventually('a rate of the collector', 30_000, isAbove('collectors', 'weblog', 'records_per_second'));
  await eventually('a dead letter', 30_000, isAbove('dead-letters', 'access-table', 'records'));
  await eventually('a flow', 30_000, () =>
    isAbove('topology', 'edge:topic/access-log→sink/lake', 'records_per_second')(),
  );
  expect(stream.row('topics', 'access-log')).toMatchObject({
    partitions: 3,
    groups: ['connect-access-table', 'connect-lake'],
  });
  expect(stream.row('groups', 'connect-lake')).toMatchObject({ state: 'Stable', members: 1, sink: 'lake' });
  expect(stream.row('group-partitions', 'connect-lake\naccess-log\n0')).toMatchObject({ group: 'connect-lake' });
  expect(stream.row('sinks', 'lake')).toMatchObject({ type: 'file', state: 'RUNNING', reason: null });
  expect(stream.row('workers', 'sink/local')).toMatchObject({ state: 'running', tasks: 2 });
  expect(stream.tables.get('jobs')?.size).toBe(0);
  expect(stream.row('topology', 'node:collector/weblog/channel/disk')).toMatchObject({
    stage: 'channel',
    type: 'file',
  });
  const store = String(stream.row('topology', 'node:sink/access-table/store')['name']);
  expect(store).toMatch(/^access_log in postgres\w*:\/\/[^@]*$/);
  await stream.close();
});

test('a sink that is stopped shows so, in words, and only its lag grows', async () => {
  const stream = new Stream();
  await stream.open('watch=topology&watch=sinks&watch=groups');
  await product.rest('PUT', '/connectors/lake/stop');
  const state = (table: LiveTable, key: string) => stream.row(table, key)['state'];
  await eventually('that it is stopped', 20_000, () => state('topology', 'node:sink/lake') === 'stopped');
  expect(stream.row('topology', 'node:sink/lake')['reason']).toMatch(/stopped by somebody/i);
  expect([state('sinks', 'lake'), state('sinks', 'access-table')]).toEqual(['STOPPED', 'RUNNING']);
  await eventually('lag', 20_000, () => Number(stream.row('groups', 'connect-lake')['lag_seconds']) >= 2);
  await product.rest('PUT', '/connectors/lake/resume');
  await stream.close();
});

test('the topology as one answer has ends for every edge', async () => {
  const { body } = await product.rest('GET', '/api/v1/topology?page_size=1000');
  const { data } = body as { data: { key: string; kind: string; from?: string; to?: string }[] };
  const nodes = new Set(data.filter(({ kind }) => kind === 'node').map(({ key }) => key));
  expect(nodes.size).toBeGreaterThan(10);
  const loose = data.filter(({ kind, from = '', to = '' }) => kind === 'edge' && !(nodes.has(from) && nodes.has(to)));
  expect(loose).toEqual([]);
});

test('what is no table is refused', async () => {
  expect((await product.rest('GET', '/api/v1/events?watch=nothing')).status).toBe(400);
  expect((await product.rest('GET', '/api/v1/events')).status).toBe(400);
});

test('cluster and nodes say who they are and what room they have', async () => {
  const cluster = (await product.rest('GET', '/api/v1/cluster')).body as Record<string, unknown>;
  expect(cluster).toMatchObject({ kind: 'Cluster', nodes: 1, bootstrap: '127.0.0.1:25260' });
  const nodes = (await product.rest('GET', '/api/v1/nodes')).body as { data: Record<string, unknown>[] };
  expect(nodes.data).toMatchObject([{ kind: 'Node', port: 25_260, is_controller: true, state: 'ready', reason: null }]);
  expect(Number(nodes.data[0]?.['size_bytes'])).toBeGreaterThan(0);
  expect((await product.rest('GET', `/api/v1/nodes/${String(cluster['controller'])}`)).status).toBe(200);
  expect((await product.rest('GET', '/api/v1/nodes/77')).status).toBe(404);
});

test('the level of the log can be changed as in Kafka Connect', async () => {
  expect((await product.rest('PUT', '/admin/loggers/root', { level: 'warn' })).body).toEqual(['root']);
  expect((await product.rest('GET', '/admin/loggers/root')).body).toMatchObject({ level: 'WARN' });
  expect((await product.rest('PUT', '/admin/loggers/root?scope=cluster', { level: 'INFO' })).status).toBe(204);
  expect((await product.rest('PUT', '/admin/loggers/root', { level: 'LOUD' })).status).toBe(404);
  expect((await product.rest('PUT', '/admin/loggers/no.such', { level: 'INFO' })).status).toBe(404);
  expect((await product.rest('PUT', '/admin/loggers/root', {})).status).toBe(400);
});
