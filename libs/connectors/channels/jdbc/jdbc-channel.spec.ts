import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import type { Channel, ComponentContext } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { describeChannelContract, names, numbered, startChannel, takeAll, textsOf } from '../channel.testkit.js';
import { connectionUrl } from './jdbc-channel-options.js';
import { jdbcChannel } from './jdbc-channel.js';

let database: TestDatabase;
let url: string;
let directory: string;
let databases = 0;
const opened: Channel[] = [];

beforeAll(async () => {
  database = await startTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'jdbc-channel-'));
});

afterAll(async () => {
  await database.remove();
  await rm(directory, { recursive: true });
});

beforeEach(async () => {
  databases += 1;
  url = await database.createDatabase(`channel_${databases}`);
});

afterEach(async () => {
  for (const channel of opened.splice(0)) await channel.stop();
});

async function open(options: Record<string, string> = {}, context: Partial<ComponentContext> = {}): Promise<Channel> {
  const channel = await startChannel(jdbcChannel, options, {
    stateDirectory: directory,
    services: { databaseUrl: url },
    context,
  });
  opened.push(channel);
  return channel;
}

async function reopen(channel: Channel, options: Record<string, string> = {}): Promise<Channel> {
  opened.splice(opened.indexOf(channel), 1);
  await channel.stop();
  return open(options);
}

async function query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

describeChannelContract('the jdbc channel', {
  open: ({ capacity, keepAliveSeconds }) =>
    open({ 'maximum.capacity': String(capacity), 'keep-alive': String(keepAliveSeconds) }),
  hasTransactionCapacity: false,
});

describe('the jdbc channel', () => {
  it('gives what was put after a restart, and what a take had not committed', async () => {
    let channel = await open();
    await channel.put(numbered(0, 5).withHeader('host', 'web1'));
    await channel.put(numbered(5, 10));
    await (await channel.take(5, 0))?.commit();
    await channel.take(3, 0);
    channel = await reopen(channel);
    expect(channel.size()).toBe(5);
    await channel.put(numbered(10, 12));
    expect(await takeAll(channel)).toEqual(names(5, 12));
    channel = await reopen(channel);
    expect(channel.size()).toBe(0);
    expect(await query('SELECT * FROM millrace_channel_batches')).toEqual([]);
  });

  it('reads events from the table that have no room in memory, in order, while more are put', async () => {
    const channel = await open();
    const body = Buffer.alloc(100_000, 'y');
    const batch = (index: number) => EventBatch.of([{ body, headers: { number: String(index) } }]);
    for (let index = 0; index < 300; index += 1) await channel.put(batch(index));
    const found: (string | null)[] = [];
    let next = 300;
    for (let take = await channel.take(7, 0); take !== null; take = await channel.take(7, 0)) {
      for (let index = 0; index < take.batch.count; index += 1) found.push(take.batch.header(index, 'number'));
      await take.commit();
      if (next < 320) {
        await channel.put(batch(next));
        next += 1;
      }
    }
    expect(found).toEqual(Array.from({ length: 320 }, (_, index) => String(index)));
  });

  it('has no limit where maximum.capacity is 0, and tells no capacity then', async () => {
    const channel = await open();
    expect(channel.capacity).toBeNull();
    for (let from = 0; from < 50_000; from += 10_000) await channel.put(numbered(from, from + 10_000));
    expect(channel.size()).toBe(50_000);
    await expect(open({ 'maximum.capacity': '5' })).rejects.toMatchObject({
      code: 'connectors.channel.in-use',
    });
  });

  it('says at once that a batch will never fit', async () => {
    const channel = await open({ 'maximum.capacity': '5', 'keep-alive': '60' });
    await expect(channel.put(numbered(0, 6))).rejects.toThrow('more than its maximum.capacity 5');
  });

  it('is taken over by another process when the one that had it has ended', async () => {
    const first = await open();
    await first.put(numbered(0, 3));
    await expect(open()).rejects.toThrow('in use by another process');
    const second = await reopen(first);
    expect(await takeAll(second)).toEqual(names(0, 3));
  });

  it('keeps channels of different names apart in one database', async () => {
    const one = await open();
    const two = await startChannel(
      jdbcChannel,
      {},
      {
        stateDirectory: directory,
        services: { databaseUrl: url },
        name: 'c2',
      },
    );
    opened.push(two);
    await one.put(numbered(0, 2));
    await two.put(numbered(2, 4));
    expect(await takeAll(one)).toEqual(names(0, 2));
    expect(await takeAll(two)).toEqual(names(2, 4));
  });

  it('finds its database again after the connection was cut, and all that was not committed', async () => {
    const errors: unknown[] = [];
    const channel = await open({}, { reportError: (error) => errors.push(error) });
    await channel.put(numbered(0, 2));
    await channel.put(numbered(2, 4));
    const take = await channel.take(2, 0);
    await query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'millrace channel%'",
    );
    await expect(channel.put(numbered(4, 5))).rejects.toThrow('Channel c1');
    await expect(take?.commit()).rejects.toThrow('lost');
    await take?.rollback();
    for (let tries = 0; channel.size() === null && tries < 100; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(String(errors[0])).toContain('is lost');
    expect(errors.at(-1)).toBeNull();
    await channel.put(numbered(4, 6));
    expect(await takeAll(channel)).toEqual(names(0, 6));
  });

  it('is durable where the server would not wait for its disk', async () => {
    const channel = await open();
    await channel.put(numbered(0, 1));
    const other = await query('SHOW synchronous_commit');
    expect(other).toEqual([{ synchronous_commit: 'off' }]);
    expect(textsOf(await channel.take(1, 0))).toEqual(names(0, 1));
  });

  it('makes its table only where it may', async () => {
    await expect(open({ 'create.schema': 'false' })).rejects.toThrow('millrace_channel_batches');
    await open();
  });
});

describe('the options of the jdbc channel', () => {
  it.each<[Record<string, string>, string]>([
    [{ 'db.type': 'DERBY' }, 'db.type DERBY is not supported: the channel keeps its events in PostgreSQL'],
    [{ 'db.type': 'mysql', 'driver.url': 'jdbc:mysql://h/d' }, 'db.type MYSQL is not supported'],
    [{ 'db.type': 'H2' }, 'there is no db.type "H2"'],
    [{ 'driver.url': 'jdbc:derby:/x;create=true' }, 'is no address of a PostgreSQL'],
    [{ 'driver.class': 'org.apache.derby.jdbc.EmbeddedDriver' }, 'is not supported: no driver of Java is loaded'],
    [{ 'db.username': 'sa' }, 'have no effect without driver.url'],
  ])('%j is pointed out', (options, expected) => {
    expect((jdbcChannel.check?.(options) ?? []).map((remark) => remark.message).join(' ')).toContain(expected);
  });

  it('takes all that Flume has, for a PostgreSQL', () => {
    const options = {
      'db.type': 'POSTGRESQL',
      'driver.class': 'org.postgresql.Driver',
      'driver.url': 'jdbc:postgresql://db:5432/flume',
      'db.username': 'flume',
      'db.password': 'secret',
      'connection.properties.file': '/p',
      'create.schema': 'true',
      'create.index': 'true',
      'create.foreignkey': 'false',
      'transaction.isolation': 'READ_COMMITTED',
      'maximum.connections': '10',
      'maximum.capacity': '1000000',
      'sysprop.user.home': '/home/flume',
    };
    expect(jdbcChannel.check?.(options)).toEqual([]);
  });

  it('builds the address from URL, options and properties file, in this order of weight', async () => {
    const file = join(directory, 'connection.properties');
    await writeFile(file, 'user = fromFile\npassword: p@ss\nsslmode = require\nApplicationName = flume\n');
    const none = { user: null, password: null, propertiesFile: null };
    expect(await connectionUrl({ ...none, url: 'jdbc:postgresql://h:5/d?user=u&password=p' })).toBe(
      'postgresql://u:p@h:5/d',
    );
    expect(await connectionUrl({ ...none, url: 'jdbc:postgresql://h/d', propertiesFile: file })).toBe(
      'postgresql://fromFile:p%40ss@h/d?sslmode=require&application_name=flume',
    );
    const all = { url: 'postgres://a:b@h/d?sslmode=disable', user: 'x', password: 'y', propertiesFile: file };
    expect(await connectionUrl(all)).toBe('postgres://x:y@h/d?sslmode=disable&application_name=flume');
  });
});
