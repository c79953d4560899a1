import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { parseOptions } from '#config/options';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { createSource, TestContext } from '../source-context.testkit.js';
import { checkDatabaseUrl, parseDatabaseUrl } from './database-url.js';
import { jdbcPollSource } from './jdbc-poll-source.js';

describe('the jdbc_poll source', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let url = '';
  let counter = 0;
  const sources: Source[] = [];

  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.remove());
  beforeEach(async () => {
    counter += 1;
    url = await database.createDatabase(`poll_${counter}`);
    client = await connect();
    await client.query('CREATE TABLE orders (id bigserial PRIMARY KEY, name text, changed timestamptz)');
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.stop();
    await client.end();
  });

  async function connect(): Promise<pg.Client> {
    const made = new pg.Client({ connectionString: url });
    made.on('error', () => undefined);
    await made.connect();
    return made;
  }

  async function start(context: TestContext, options: Readonly<Record<string, string>>): Promise<Source> {
    const source = createSource(jdbcPollSource, {
      'connection.url': `jdbc:${url.replace('postgres:', 'postgresql:')}`,
      'table.whitelist': 'orders',
      'incrementing.column.name': 'id',
      'poll.interval.ms': '20',
      'batch.max.rows': '3',
      ...options,
    });
    sources.push(source);
    await source.start(context);
    return source;
  }

  const insert = (...names: string[]) => client.query('INSERT INTO orders (name) SELECT unnest($1::text[])', [names]);
  const names = (context: TestContext) => context.bodies.map((body) => (JSON.parse(body) as { name: string }).name);

  it('reads rows page by page, and new ones as they come', async () => {
    await insert('a', 'b', 'c', 'd', 'e', 'f', 'g');
    const context = new TestContext();
    await start(context, {});
    await context.until(7);
    await insert('h');
    await context.until(8);
    expect(names(context)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    expect(context.events[0]).toEqual({
      body: '{"id":1,"name":"a","changed":null}',
      headers: { table: 'orders' },
    });
  });

  it('goes on where it was after a restart, by its file', async () => {
    await insert('a', 'b');
    const context = new TestContext();
    const first = await start(context, {});
    await context.until(2);
    await first.stop();
    await insert('c');
    const second = await start(context, {});
    await context.until(3);
    await second.stop();
    expect(names(context)).toEqual(['a', 'b', 'c']);
    const file = readFileSync(join(context.stateDirectory, 'jdbc_poll.json'), 'utf8');
    expect(JSON.parse(file)).toEqual({ orders: '{"incrementing":"3"}' });
  });

  it('gives its positions to channels that keep them', async () => {
    await insert('a', 'b', 'c', 'd');
    const context = new TestContext();
    context.keepPositions();
    context.kept.set('orders', '{"incrementing":"2"}');
    await start(context, {});
    await context.until(2);
    await context.when(() => context.kept.get('orders')?.includes('"4"') === true);
    expect(names(context)).toEqual(['c', 'd']);
    expect(context.kept.get('orders')).toBe('{"incrementing":"4"}');
  });

  it('sees changed rows by their time, also where a page ends among rows of one time', async () => {
    await insert('a', 'b', 'c', 'd', 'e');
    await client.query("UPDATE orders SET changed = '2024-05-06 07:08:09.123456Z'");
    await client.query("UPDATE orders SET changed = '2024-05-06 07:08:08Z' WHERE name IN ('d', 'e')");
    const context = new TestContext();
    await start(context, { mode: 'timestamp', 'timestamp.column.name': 'changed', 'batch.max.rows': '3' });
    await context.until(5);
    expect(names(context).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    await client.query("UPDATE orders SET name = 'A', changed = '2024-05-06 07:08:10Z' WHERE name = 'a'");
    await context.until(6);
    expect(context.bodies[5]).toBe('{"id":1,"name":"A","changed":"2024-05-06T07:08:10Z"}');
  });

  it('orders by time and number together, from a time on', async () => {
    await insert('a', 'b', 'c', 'd', 'e');
    await client.query("UPDATE orders SET changed = '2024-05-06 07:08:09Z'");
    await client.query("UPDATE orders SET changed = '2020-01-01' WHERE name = 'c'");
    const context = new TestContext();
    await start(context, {
      mode: 'timestamp+incrementing',
      'timestamp.column.name': 'changed',
      'timestamp.initial': '2024-01-01',
      'batch.max.rows': '2',
    });
    await context.until(4);
    await client.query("UPDATE orders SET changed = '2024-05-06 07:08:09.5Z' WHERE name = 'a'");
    await context.until(5);
    expect(names(context)).toEqual(['a', 'b', 'd', 'e', 'a']);
  });

  it('lets young rows wait for their delay', async () => {
    await client.query("INSERT INTO orders (name, changed) VALUES ('old', now() - interval '1 h'), ('young', now())");
    const context = new TestContext();
    await start(context, {
      mode: 'timestamp',
      'timestamp.column.name': 'changed',
      'timestamp.delay.interval.ms': '60000',
    });
    await context.until(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(names(context)).toEqual(['old']);
  });

  it('reads a query, and values of every kind', async () => {
    await insert('a');
    const context = new TestContext();
    const query = `SELECT o.id, 9007199254740993::bigint AS big, 1.10::numeric AS exact, 1.5::float8 AS real, true AS yes,
      '\\x00ff'::bytea AS bytes, '{"a":[1]}'::jsonb AS tree, 'a"b'::text AS txt FROM orders o`;
    const source = createSource(jdbcPollSource, {
      'connection.url': url,
      query,
      'incrementing.column.name': 'id',
      'poll.interval.ms': '20',
    });
    sources.push(source);
    await source.start(context);
    await context.until(1);
    expect(context.events[0]).toEqual({
      body: '{"id":1,"big":"9007199254740993","exact":"1.10","real":1.5,"yes":true,"bytes":"AP8=","tree":{"a":[1]},"txt":"a\\"b"}',
      headers: {},
    });
  });

  it('waits while the channels refuse, and while the database is away, and loses nothing', async () => {
    await insert('a', 'b', 'c', 'd');
    const context = new TestContext();
    context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
    await start(context, {});
    await context.when(() => context.error !== null);
    expect(context.error).toBe(context.refusal);
    context.refusal = null;
    await context.until(4);
    await client.end();
    await database.stop();
    await context.when(() => context.error instanceof Error);
    expect(context.error).toBeInstanceOf(Error);
    await database.start();
    client = await connect();
    await insert('e');
    await context.until(5);
    expect(names(context)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('says what is missing before anything runs, and keeps passwords to itself', () => {
    const given = { 'connection.url': 'jdbc:postgresql://h/d', mode: 'timestamp+incrementing' };
    expect(jdbcPollSource.check?.(given).map((remark) => remark.message)).toEqual([
      'name either tables (table.whitelist) or a query.',
      'mode timestamp+incrementing needs incrementing.column.name.',
      'mode timestamp+incrementing needs timestamp.column.name.',
    ]);
    const { problems } = parseOptions(jdbcPollSource.options, { 'connection.url': 'jdbc:oracle:thin:@h:1521' });
    expect(problems[0]?.message).toContain('must be jdbc:postgresql://host:port/database');
  });
});

describe('addresses of databases', () => {
  it.each([
    ['jdbc:postgresql://h:1/d', { kind: 'postgres', host: 'h', port: 1, database: 'd', user: null, password: null }],
    [
      'jdbc:mariadb://h/d?user=u&password=p%26',
      { kind: 'mysql', host: 'h', port: 3306, database: 'd', user: 'u', password: 'p&' },
    ],
    ['postgres://u:p%40@h/d', { kind: 'postgres', host: 'h', port: 5432, database: 'd', user: 'u', password: 'p@' }],
  ])('%s', (text, expected) => {
    expect(parseDatabaseUrl(text)).toEqual(expected);
  });

  it.each(['h:5432/d', 'jdbc:postgresql://h', 'http://h/d'])('%s is none', (text) => {
    expect(checkDatabaseUrl(text)).toContain('must be');
  });
});
