/** Records over REST Proxy v3 and v2 against the running product, by the calls that its clients make. */
import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Product } from '../flows/product.js';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-rest-proxy-'));
const httpPort = 24_861;
const product = new Product({ directory: folder, topicsPort: 24_860, httpPort, config: null });
const base = `http://127.0.0.1:${httpPort}`;
const v2 = 'application/vnd.kafka.v2+json';
const v2Json = 'application/vnd.kafka.json.v2+json';
let cluster = '';

beforeAll(async () => {
  await product.start();
  const { data } = JSON.parse(await textOf('GET', '/v3/clusters')) as { data: { cluster_id: string }[] };
  cluster = `/v3/clusters/${data[0]?.cluster_id ?? ''}`;
  await call('POST', `${cluster}/topics`, { topic_name: 'orders', partitions_count: 2 });
});
afterAll(async () => {
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: object, type = 'application/json') {
  const response = await fetch(base + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': type }), Accept: `${v2Json}, ${v2}, application/json` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer: unknown = text === '' ? null : JSON.parse(text);
  return { status: response.status, type: response.headers.get('content-type'), body: answer };
}

async function textOf(method: string, path: string, body?: ReadableStream | string): Promise<string> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(base + path, { method, headers, body, duplex: 'half' } as RequestInit);
  return response.text();
}

test('a stream of records is reported record by record, in order, and what is wrong with one does not stop the others', async () => {
  const count = 20_000;
  let sent = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent === count) return controller.close();
      let text = '';
      for (let step = 0; step < 500; step += 1, sent += 1) {
        text += sent === 7 ? '{"partition_id":9}' : `{"partition_id":0,"value":{"type":"JSON","data":${sent}}}`;
      }
      controller.enqueue(Buffer.from(text));
    },
  });
  const text = await textOf('POST', `${cluster}/topics/orders/records`, stream);
  const reports = text.trimEnd().split('\n');
  expect(reports).toHaveLength(count);
  expect(JSON.parse(reports[7] ?? '')).toMatchObject({ error_code: 40_402 });
  expect(JSON.parse(reports[6] ?? '')).toMatchObject({ error_code: 200, partition_id: 0, offset: 6 });
  expect(JSON.parse(reports[count - 1] ?? '')).toMatchObject({ error_code: 200, offset: count - 2 });
  expect(await product.endOf('orders')).toBe(count - 1);
});

test('a batch says for every id whether it was written', async () => {
  const entries = [
    { id: 'good', value: { type: 'STRING', data: 'a' } },
    { id: 'bad', value: { type: 'AVRO', data: {} } },
  ];
  const path = `${cluster}/topics/orders/records:batch`;
  const answer = await call('POST', path, { entries });
  expect(answer.status).toBe(207);
  expect(answer.body).toMatchObject({ successes: [{ id: 'good' }], failures: [{ id: 'bad', error_code: 42_206 }] });
  const twice = await call('POST', path, { entries: [entries[0], entries[0]] });
  expect(twice).toMatchObject({ status: 400, body: { error_code: 400 } });
  expect(await call('POST', `${cluster}/topics/none/records`, {})).toMatchObject({ body: { error_code: 40_401 } });
});

test('two consumers of a group share what is written, and go on after what was committed', async () => {
  await call('POST', `${cluster}/topics`, { topic_name: 'shared', partitions_count: 2 });
  const settings = { format: 'json', 'auto.offset.reset': 'earliest', 'auto.commit.enable': 'false' };
  const group = '/consumers/readers';
  for (const name of ['one', 'two']) {
    const created = await call('POST', group, { name, ...settings }, v2);
    expect(created).toMatchObject({ status: 200, type: v2, body: { instance_id: name } });
    const answer = await call('POST', `${group}/instances/${name}/subscription`, { topics: ['shared'] }, v2);
    expect(answer.status).toBe(204);
  }
  const records = [0, 1].flatMap((partition) => [1, 2].map((value) => ({ key: 'k', value: { value }, partition })));
  const written = await call('POST', '/topics/shared', { records }, v2Json);
  expect(written.body).toMatchObject({ offsets: [{ partition: 0, offset: 0, error_code: null }, {}, {}, {}] });
  const seen = new Set<string>();
  for (let round = 0; round < 20 && seen.size < 4; round += 1) {
    for (const name of ['one', 'two']) {
      const read = await call('GET', `${group}/instances/${name}/records?timeout=500`);
      expect(read).toMatchObject({ status: 200, type: v2Json });
      for (const { partition, offset } of read.body as { partition: number; offset: number }[]) {
        seen.add(`${partition}-${offset}`);
      }
      expect((await call('POST', `${group}/instances/${name}/offsets`)).status).toBe(200);
    }
  }
  expect([...seen].sort()).toEqual(['0-0', '0-1', '1-0', '1-1']);
  const lags = await call('GET', `${cluster}/consumer-groups/readers/lag-summary`);
  expect(lags.body).toMatchObject({ total_lag: 0 });
  for (const name of ['one', 'two']) expect((await call('DELETE', `${group}/instances/${name}`)).status).toBe(204);
  expect(await call('GET', `${group}/instances/one/records`)).toMatchObject({ body: { error_code: 40_403 } });
});

test('settings of a topic change together or not at all', async () => {
  const path = `${cluster}/topics/orders/configs`;
  const changes = [
    { name: 'retention.ms', value: '1000000' },
    { name: 'nonsense', value: '1' },
  ];
  expect(await call('POST', `${path}:alter`, { data: changes })).toMatchObject({ body: { error_code: 40_002 } });
  expect((await call('POST', `${path}:alter`, { data: changes.slice(0, 1) })).status).toBe(204);
  expect((await call('GET', `${path}/retention.ms`)).body).toMatchObject({ value: '1000000', is_default: false });
  expect((await call('DELETE', `${path}/retention.ms`)).status).toBe(204);
  expect((await call('GET', `${path}/retention.ms`)).body).toMatchObject({ is_default: true });
});
