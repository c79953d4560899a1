/** Records, groups and topics in /api/v1 against the running product. */
import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicReader } from '#topics/topic-reader';
import { eventually, Product } from '../flows/product.js';

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-records-'));
const httpPort = 25_211;
const product = new Product({ directory: folder, topicsPort: 25_210, httpPort, config: null });
const base = `http://127.0.0.1:${httpPort}`;
const begin = Date.parse('2026-01-31T00:00:00Z');
const cluster = new Cluster({
  bootstrap: ['127.0.0.1:25210'],
  clientId: 'spec',
  clock: systemClock,
  logger: silentLogger,
});
let proxied = '';

interface Listed {
  readonly metadata: { readonly next: string | null };
  readonly data: readonly { readonly partition: number; readonly offset: number; readonly value: { id: number } }[];
}

beforeAll(async () => {
  await product.start();
  const { data } = await answer<{ data: { cluster_id: string }[] }>('GET', '/v3/clusters');
  proxied = `/v3/clusters/${data[0]?.cluster_id ?? ''}`;
  await answer('POST', `${proxied}/topics`, { topic_name: 'orders', partitions_count: 2 });
  await produce(0, 100);
});
afterAll(async () => {
  await cluster.close();
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: object): Promise<Response> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return fetch(base + path, { method, headers: { 'Content-Type': 'application/json' }, ...sent });
}

async function answer<T>(method: string, path: string, body?: object): Promise<T> {
  return (await (await call(method, path, body)).json()) as T;
}

/** Records of one a second, partition by turns. */
async function produce(from: number, to: number): Promise<void> {
  const lines: string[] = [];
  for (let id = from; id < to; id += 1) {
    const timestamp = new Date(begin + id * 1000).toISOString();
    lines.push(JSON.stringify({ partition_id: id % 2, timestamp, value: { type: 'JSON', data: { id } } }));
  }
  const response = await fetch(`${base}${proxied}/topics/orders/records`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: lines.join('\n'),
  });
  expect((await response.text()).match(/"error_code":200/g)).toHaveLength(to - from);
}

function idsOf({ data }: Listed): number[] {
  return data.map(({ value }) => value.id);
}

function linesOf(text: string): Record<string, unknown>[] {
  const lines = text.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('pages of records merge all partitions by time, from an offset, a time, or the newest', async () => {
  const newest = await answer<Listed>('GET', '/api/v1/topics/orders/records?newest=3');
  expect(idsOf(newest)).toEqual([97, 98, 99]);
  const ofTime = await answer<Listed>('GET', '/api/v1/topics/orders/records?timestamp=2026-01-31T00:00:50Z&limit=3');
  expect(idsOf(ofTime)).toEqual([50, 51, 52]);
  const ofOne = await answer<Listed>('GET', '/api/v1/topics/orders/records?partition=1&offset=10&limit=2');
  expect(idsOf(ofOne)).toEqual([21, 23]);

  const seen: number[] = [];
  let path: string | null = '/api/v1/topics/orders/records?offset=0&limit=30';
  while (path !== null) {
    const page: Listed = await answer<Listed>('GET', path);
    seen.push(...idsOf(page));
    path = page.metadata.next?.replace(base, '') ?? null;
  }
  expect(seen).toEqual(Array.from({ length: 100 }, (_, id) => id));
});

test('a search says how far it is, stops at its limit and goes on from its token', async () => {
  const search = `/api/v1/topics/orders/records?limit=4&filter=${encodeURIComponent('json.id > 40 && json.id <= 50')}`;
  const first = linesOf(await (await call('GET', search)).text());
  const end = first.at(-1) ?? {};
  expect(first).toHaveLength(5);
  expect(end).toMatchObject({ found: 4, of: 100, done: true, next: expect.stringMatching(/^\d+:\d+,\d+:\d+$/) });
  const onward = search.replace('limit=4', `page_token=${String(end['next'])}`);
  const rest = linesOf(await (await call('GET', onward)).text());
  expect(rest.at(-1)).toMatchObject({ found: 6, next: null, done: true });
  const ids = [...first, ...rest].flatMap(({ value }) => (value === undefined ? [] : [(value as { id: number }).id]));
  expect(ids.sort((left, right) => left - right)).toEqual([41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
  const wrong = await call('GET', '/api/v1/topics/orders/records?filter=off%20set');
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).toContain('"/filter"');
});

test('a tail gives what comes, and a client that comes back goes on where it was', async () => {
  const first = await tailed({}, 2, () => produce(100, 104));
  expect(first.ids).toHaveLength(2);
  const second = await tailed({ 'Last-Event-ID': first.lastId }, 2, async () => undefined);
  expect([...first.ids, ...second.ids].sort((left, right) => left - right)).toEqual([100, 101, 102, 103]);
});

/** The first `count` records of a tail; `then` is called when it listens. */
async function tailed(
  headers: Record<string, string>,
  count: number,
  then: () => Promise<void>,
): Promise<{ readonly ids: number[]; readonly lastId: string }> {
  const leaving = new AbortController();
  const response = await fetch(`${base}/api/v1/topics/orders/records`, {
    headers: { Accept: 'text/event-stream', ...headers },
    signal: leaving.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const decoder = new TextDecoder();
  let text = '';
  let isTold = false;
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (!isTold) await then();
    isTold = true;
    if (eventsOf(text).length >= count) break;
  }
  leaving.abort();
  const events = eventsOf(text).slice(0, count);
  return { ids: events.map(({ id }) => id), lastId: events.at(-1)?.place ?? '' };
}

function eventsOf(text: string): { readonly place: string; readonly id: number }[] {
  const found = text.matchAll(/id: (.+)\nevent: record\ndata: (.+)\n\n/g);
  return [...found].map(([, place = '', data = '']) => {
    return { place, id: (JSON.parse(data) as { value: { id: number } }).value.id };
  });
}

test('the newest come first where that is asked for, and each page goes on where the one before began', async () => {
  const seen: number[] = [];
  const line = `/api/v1/topics/orders/records?order=newest&limit=40&filter=${encodeURIComponent('json.id < 100')}`;
  for (let token: string | null = ''; token !== null;) {
    const lines = linesOf(await (await call('GET', `${line}${token === '' ? '' : `&page_token=${token}`}`)).text());
    seen.push(...lines.flatMap(({ value }) => (value === undefined ? [] : [(value as { id: number }).id])));
    token = (lines.at(-1) as { next: string | null }).next;
  }
  expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => 99 - index));
});

test('records are written, tried first, refused as a whole, and read by every decoder', async () => {
  await answer('POST', `${proxied}/topics`, { topic_name: 'written', partitions_count: 3 });
  const path = '/api/v1/topics/written/records';
  const record = { key: 'a', value: 'gaFhAQ==', value_encoding: 'base64', headers: { tenant: 'blue' } };
  const plan = await answer<{ written: number; records: { partition: number }[] }>(
    'POST',
    `${path}?validate_only=true`,
    record,
  );
  expect(plan).toMatchObject({ written: 0, records: [{ offset: null, error: null }] });
  const partition = plan.records[0]?.partition ?? -1;
  const wrong = await call('POST', path, [record, { ...record, partition: 3 }]);
  expect([wrong.status, await wrong.json()]).toMatchObject([422, { errors: [{ pointer: '/1/partition' }] }]);
  expect(await answer('POST', path, [record])).toMatchObject({ written: 1, records: [{ partition, offset: 0 }] });
  const lines = await fetch(`${base}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-ndjson' },
    body: '{"value":1}\n{"value":2,"partition":0}\n',
  });
  expect([lines.status, await lines.json()]).toMatchObject([201, { written: 2 }]);
  expect(await answer('GET', `${path}/${partition}/0`)).toMatchObject({
    headers: [{ name: 'tenant', value: 'blue' }],
    key: { chosen: 'text' },
    value: { bytes: 4, chosen: 'msgpack', base64: 'gaFhAQ==' },
  });
  expect((await call('GET', `${path}/${partition}/99`)).status).toBe(404);
  expect(await answer('GET', `${path}:check?filter=valeu`)).toEqual({
    valid: false,
    problem: { message: 'Unknown variable: valeu', from: 0, to: 5 },
  });
  const { counts } = await answer<{ counts: number[] }>('GET', `${path}:histogram?steps=4`);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
});

test('a tail tells how far it is while nothing matches', async () => {
  const leaving = new AbortController();
  const response = await fetch(
    `${base}/api/v1/topics/orders/records?offset=0&filter=${encodeURIComponent('key == "x"')}`,
    {
      headers: { Accept: 'text/event-stream' },
      signal: leaving.signal,
    },
  );
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += new TextDecoder().decode(bytes);
    if (text.includes('event: progress')) break;
  }
  leaving.abort();
  expect(text).toMatch(/id: 0:\d+,1:\d+\nevent: progress\ndata: \{"scanned":\d+,"found":0\}/);
});

test('what is not there is a 404', async () => {
  expect((await call('GET', '/api/v1/topics/nothing/records')).status).toBe(404);
  expect((await call('GET', '/api/v1/topics/orders/records?partition=9')).status).toBe(422);
});

test('a group is moved by offset, time and shift, first as a plan, and only while nobody reads with it', async () => {
  const reset = '/api/v1/groups/readers/offsets:reset';
  const plan = await answer('POST', `${reset}?validate_only=true`, { topic: 'orders', to: 'earliest' });
  expect(plan).toMatchObject({ applied: false, partitions: [{ old_offset: null, new_offset: 0 }, { new_offset: 0 }] });
  expect((await call('GET', '/api/v1/groups/readers')).status).toBe(404);

  const timestamp = new Date(begin + 60_000).toISOString();
  const moved = await answer('POST', reset, { topic: 'orders', to: { timestamp } });
  expect(moved).toMatchObject({ applied: true, partitions: [{ new_offset: 30 }, { new_offset: 30 }] });
  const shifted = await answer('POST', reset, { topic: 'orders', partitions: [1], to: { shift_by: -35 } });
  expect(shifted).toMatchObject({ partitions: [{ partition: 1, old_offset: 30, new_offset: 0 }] });
  await answer('POST', reset, { topic: 'orders', partitions: [1], to: { offset: 1_000_000 } });
  const lag = await answer('GET', '/api/v1/groups/readers/lag');
  expect(lag).toMatchObject({
    total: 22,
    partitions: [
      { committed: 30, lag: 22 },
      { committed: 52, lag: 0 },
    ],
  });
  expect((await call('POST', reset, { topic: 'orders', partitions: [7], to: 'latest' })).status).toBe(422);

  const reader = new TopicReader(cluster, { groupId: 'readers', topics: ['orders'] });
  await reader.start();
  await eventually('the reader is a member', 20_000, () => reader.assignment().length === 2);
  const busy = await call('POST', reset, { topic: 'orders', to: 'latest' });
  expect([busy.status, await busy.text()]).toEqual([409, expect.stringContaining('has members')]);
  expect((await call('DELETE', '/api/v1/groups/readers')).status).toBe(409);
  await reader.stop();
  expect((await call('DELETE', '/api/v1/groups/readers')).status).toBe(204);
  expect((await call('GET', '/api/v1/groups/readers')).status).toBe(404);
});

test('a topic is created, changed, truncated and deleted, each first as a dry run', async () => {
  const spec = { name: 'returns', partitions: 1, configs: { 'retention.ms': '3600000' } };
  expect((await call('POST', '/api/v1/topics?validate_only=true', spec)).status).toBe(200);
  expect((await call('GET', '/api/v1/topics/returns')).status).toBe(404);
  expect((await call('POST', '/api/v1/topics', spec)).headers.get('location')).toBe('/api/v1/topics/returns');
  expect((await call('POST', '/api/v1/topics', spec)).status).toBe(409);
  expect((await call('PATCH', '/api/v1/topics/returns?validate_only=true', { partitions: 3 })).status).toBe(200);
  const patched = await answer('PATCH', '/api/v1/topics/returns', { partitions: 2, configs: { 'retention.ms': null } });
  expect(patched).toMatchObject({
    partitions: 2,
    configs: expect.arrayContaining([
      { name: 'retention.ms', value: '604800000', source: 'default', read_only: false },
    ]),
  });
  const wrong = await call('PATCH', '/api/v1/topics/returns', { configs: { 'cleanup.policy': 'x' } });
  expect([wrong.status, await wrong.text()]).toEqual([422, expect.stringContaining('"/configs/cleanup.policy"')]);
  const list = await answer('GET', '/api/v1/topics?filter=RETURN');
  expect(list).toMatchObject({ data: [{ name: 'returns' }] });

  const cut = '/api/v1/topics/orders:truncate';
  const before_ts = new Date(begin + 20_000).toISOString();
  const plan = { partitions: [{ old_earliest_offset: 0, new_earliest_offset: 10 }, { new_earliest_offset: 10 }] };
  expect(await answer('POST', `${cut}?validate_only=true`, { before_ts })).toMatchObject({ applied: false, ...plan });
  expect(await answer('POST', cut, { before_ts })).toMatchObject({ applied: true, ...plan });
  const { partitions } = await answer<{ partitions: { earliest_offset: number }[] }>(
    'GET',
    '/api/v1/topics/orders/partitions',
  );
  expect(partitions.map((each) => each.earliest_offset)).toEqual([10, 10]);
  expect((await call('POST', cut, { partitions: [{ partition: 0, before_offset: 1000 }] })).status).toBe(422);

  expect((await call('DELETE', '/api/v1/topics/returns?validate_only=true')).status).toBe(204);
  expect((await call('DELETE', '/api/v1/topics/returns')).status).toBe(204);
  expect((await call('DELETE', '/api/v1/topics/returns')).status).toBe(404);
});
