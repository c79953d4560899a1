import type { Topic, TopicCatalog } from '#log/engine';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { silentLogger } from '#std/log';
import { MemoryCatalog } from '#log/memory-catalog';
import { PostgresTopicCatalog } from './postgres-topic-catalog.js';

const topic = (name: string, more: Partial<Topic> = {}): Topic => ({
  id: Buffer.from(name.padEnd(16, '.')).toString('base64url'),
  name,
  partitions: 1,
  configs: {},
  internal: false,
  ...more,
});

/** What every catalog does. */
function contract(open: () => Promise<TopicCatalog>): void {
  let catalog: TopicCatalog;
  beforeEach(async () => {
    catalog = await open();
  });

  it('gives back what was inserted, by name', async () => {
    const orders = topic('orders', { partitions: 6, configs: { 'retention.ms': '1000' } });
    const offsets = topic('__offsets', { internal: true });
    await catalog.insert(orders);
    await catalog.insert(offsets);
    expect(await catalog.load()).toEqual([offsets, orders]);
  });

  it('refuses a second topic under a name or an id that is taken', async () => {
    await catalog.insert(topic('orders'));
    await expect(catalog.insert({ ...topic('other'), name: 'orders' })).rejects.toMatchObject({
      code: 'catalog.topic.exists',
    });
    await expect(catalog.insert({ ...topic('orders'), name: 'other' })).rejects.toMatchObject({
      code: 'catalog.topic.exists',
    });
    expect(await catalog.load()).toEqual([topic('orders')]);
  });

  it('replaces a topic by its id', async () => {
    await catalog.insert(topic('orders', { configs: { 'retention.ms': '1' } }));
    const changed = topic('orders', { partitions: 3, configs: { 'cleanup.policy': 'compact' }, leaders: [0, 2, 1] });
    await catalog.update(changed);
    expect(await catalog.load()).toEqual([changed]);
    await expect(catalog.update(topic('unknown'))).rejects.toMatchObject({ code: 'catalog.topic.unknown' });
  });

  it('frees the name with the topic, and takes a second removal for done', async () => {
    await catalog.insert(topic('orders'));
    await catalog.remove(topic('orders').id);
    await catalog.remove(topic('orders').id);
    const next = { ...topic('orders'), id: topic('next').id };
    await catalog.insert(next);
    expect(await catalog.load()).toEqual([next]);
  });

  it('keeps records by kind and key, replaces and removes them', async () => {
    await catalog.putRecords([
      { kind: 'acl', key: 'a', value: '1' },
      { kind: 'quota', key: 'a', value: '2' },
    ]);
    await catalog.putRecords([
      { kind: 'acl', key: 'a', value: '3' },
      { kind: 'quota', key: 'a', value: null },
      { kind: 'acl', key: 'b', value: null },
    ]);
    expect(await catalog.loadRecords()).toEqual([{ kind: 'acl', key: 'a', value: '3' }]);
  });

  it('keeps a record under an empty key, as of all nodes', async () => {
    const record = { kind: 'broker-config', key: '' };
    await catalog.putRecords([{ ...record, value: '1' }]);
    await catalog.putRecords([{ ...record, value: '2' }]);
    expect(await catalog.loadRecords()).toEqual([{ ...record, value: '2' }]);
    await catalog.putRecords([{ ...record, value: null }]);
    expect(await catalog.loadRecords()).toEqual([]);
  });

  it('keeps one cluster id of 22 characters', async () => {
    const ids = await Promise.all([catalog.clusterId(), catalog.clusterId()]);
    expect(ids[0]).toMatch(/^[\w-]{22}$/);
    expect(ids[1]).toBe(ids[0]);
  });
}

describe('the catalog in memory', () => {
  contract(() => Promise.resolve(new MemoryCatalog()));
});

describe('the catalog in PostgreSQL', () => {
  let database: TestDatabase;
  let catalogs: PostgresTopicCatalog[] = [];
  let databases = 0;

  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.remove());
  afterEach(async () => {
    await Promise.all(catalogs.map((catalog) => catalog.stop()));
    catalogs = [];
  });

  async function open(databaseUrl: string): Promise<PostgresTopicCatalog> {
    const catalog = new PostgresTopicCatalog({ databaseUrl, logger: silentLogger });
    catalogs.push(catalog);
    await catalog.start();
    return catalog;
  }

  contract(async () => open(await database.createDatabase(`spec${(databases += 1)}`)));

  it('keeps topics and the cluster id for the next process', async () => {
    const url = await database.createDatabase('next');
    const first = await open(url);
    await first.insert(topic('orders'));
    const id = await first.clusterId();
    const second = await open(url);
    expect(await second.load()).toEqual([topic('orders')]);
    expect(await second.clusterId()).toBe(id);
  });

  it('may be opened by many processes at once on an empty database', async () => {
    const url = await database.createDatabase('many');
    const all = await Promise.all(Array.from({ length: 4 }, () => open(url)));
    const ids = await Promise.all(all.map((catalog) => catalog.clusterId()));
    expect(new Set(ids).size).toBe(1);
  });

  it('refuses changes with a retriable error while the database is away, and takes them when it is back', async () => {
    const catalog = await open(await database.createDatabase('away'));
    await catalog.insert(topic('orders'));
    await database.stop();
    await expect(catalog.insert(topic('late'))).rejects.toMatchObject({
      code: 'control.database.away',
      retriable: true,
    });
    await database.start();
    await catalog.insert(topic('late'));
    expect(await catalog.load()).toEqual([topic('late'), topic('orders')]);
  });
});
