/** What /api/v1/topics tells of a topic, and what its dry runs say, against the running product. */
import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, Product } from '../flows/product.js';

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-topics-'));
const product = new Product({ directory: folder, topicsPort: 24_824, httpPort: 24_825, config: null });
const root = '/api/v1/topics';

beforeAll(() => product.start(), 120_000);
afterAll(async () => {
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('a dry run of a creation shows the topic with all its defaults', async () => {
  const plan = await product.rest('POST', `${root}?validate_only=true`, {
    name: 'planned',
    configs: { 'retention.ms': '1000' },
  });
  expect(plan).toMatchObject({
    status: 200,
    body: {
      kind: 'TopicPlan',
      partitions: 1,
      replication: 1,
      configs: expect.arrayContaining([
        { name: 'retention.ms', value: '1000', source: 'topic' },
        { name: 'cleanup.policy', value: 'delete', source: 'default' },
      ]),
    },
  });
  expect((await product.rest('GET', `${root}/planned`)).status).toBe(404);
  expect(await product.rest('POST', `${root}?validate_only=true`, { name: 'planned', replication: 3 })).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/replication' }] },
  });
});

test('settings come with their type, meaning and default; a change that brokers refuse in part changes nothing', async () => {
  await product.rest('POST', root, { name: 'set', configs: { 'retention.ms': '1000' } });
  const { body } = await product.rest('GET', `${root}/set/configs`);
  expect(body).toMatchObject({
    configs: expect.arrayContaining([
      expect.objectContaining({
        name: 'retention.ms',
        value: '1000',
        source: 'topic',
        default_value: '604800000',
        type: 'LONG',
        documentation: expect.stringContaining('removed'),
      }),
    ]),
  });
  const change = { partitions: 90_000, configs: { 'retention.ms': '5000' } };
  for (const query of ['?validate_only=true', '']) {
    expect(await product.rest('PATCH', `${root}/set${query}`, change)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/partitions' }] },
    });
  }
  expect((await product.rest('GET', `${root}/set`)).body).toMatchObject({
    partitions: 1,
    configs: expect.arrayContaining([expect.objectContaining({ name: 'retention.ms', value: '1000' })]),
  });
});

test('a truncation is accepted with its plan, and refused of a compacted topic', async () => {
  await product.rest('POST', root, { name: 'cut' });
  await product.rest('POST', `${root}/cut/records`, [{ value: 'a' }, { value: 'b' }, { value: 'c' }]);
  const cut = { partitions: [{ partition: 0, before_offset: 2 }] };
  const plan = { topic: 'cut', records: 2, partitions: [{ old_earliest_offset: 0, new_earliest_offset: 2 }] };
  const dry = await product.rest('POST', `${root}/cut:truncate?validate_only=true`, cut);
  expect(dry).toMatchObject({ status: 200, body: { ...plan, applied: false } });
  const done = await product.rest('POST', `${root}/cut:truncate`, cut);
  expect(done).toMatchObject({ status: 202, body: { ...plan, applied: true } });
  await product.rest('POST', root, { name: 'compacted', configs: { 'cleanup.policy': 'compact' } });
  const refused = await product.rest('POST', `${root}/compacted:truncate?validate_only=true`, cut);
  expect(refused).toMatchObject({ status: 409, body: { detail: expect.stringContaining('cleanup.policy=compact') } });
});

test('groups that read a topic are told with their lag, and sizes with the partitions', async () => {
  await eventually('both sinks have committed', 40_000, async () => {
    const { body } = await product.rest('GET', `${root}/access-log/groups`);
    const { groups } = body as { groups: { name: string; lag: number | null; members: number }[] };
    return (
      groups.filter(({ name, lag, members }) => name.startsWith('connect-') && lag !== null && members > 0).length === 2
    );
  });
  const { body } = await product.rest('GET', `${root}/access-log/partitions`);
  const { partitions } = body as { partitions: { size_bytes: number | null }[] };
  expect(partitions.some(({ size_bytes: size }) => (size ?? 0) > 0)).toBe(true);
  expect((await product.rest('GET', `${root}/nowhere/groups`)).status).toBe(404);
});
