import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { batchOf, valuesFrom } from '#connectors/sinks/postgres/batch.testkit';
import { mysqlSinkType } from '#connectors/sinks/mysql/sink-type';
import { FatalSinkError, FencedSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import type { Child } from '../peers/child.js';
import { mariaDbLogin, startMariaDb } from '../peers/mariadb.js';

const at = { topic: 'orders', partition: 0 };
const port = 25_440;
const create = { 'auto.create': 'true' };

jest.setTimeout(60_000);

describe('the mysql sink with a real MariaDB', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-mariadb-'));
  let server: Child;
  let client: Connection;
  let database = '';
  let counter = 0;
  const sinks: Sink[] = [];

  beforeAll(async () => {
    // Small packets, so that a batch takes several statements.
    server = await startMariaDb({ directory, port, args: ['--max-allowed-packet=256K'] });
  });

  afterAll(async () => {
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  beforeEach(async () => {
    counter += 1;
    database = `sink_${counter}`;
    client = await connect(mariaDbLogin);
    await client.query(`CREATE DATABASE ${database}`);
    await client.query(`USE ${database}`);
  });

  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.stop();
    client.destroy();
  });

  function connect(name: string): Promise<Connection> {
    const login = { host: '127.0.0.1', port, user: mariaDbLogin, password: mariaDbLogin, database: name };
    const texts = { supportBigNumbers: true, bigNumberStrings: true, dateStrings: true, jsonStrings: true };
    return createConnection({ ...login, ...texts, charset: 'utf8mb4', rowsAsArray: true });
  }

  function optionsOf(more: Record<string, string>): Record<string, string> {
    return {
      'connection.url': `jdbc:mariadb://127.0.0.1:${port}/${database}`,
      'connection.user': mariaDbLogin,
      'connection.password': mariaDbLogin,
      ...more,
    };
  }

  async function started(options: Record<string, string> = {}, ownerEpoch = 1): Promise<Sink> {
    const sink = mysqlSinkType.create(optionsOf(options));
    sinks.push(sink);
    const context = {
      name: 'rows',
      task: 0,
      clock: systemClock,
      logger: silentLogger,
      ownerEpoch,
      stateDirectory: directory,
    };
    await sink.start(context);
    return sink;
  }

  async function opened(options: Record<string, string> = {}): Promise<Sink> {
    const sink = await started(options);
    await sink.open([at]);
    return sink;
  }

  async function rows(sql: string): Promise<unknown[][]> {
    const [found] = await client.query<(RowDataPacket & unknown[])[]>(sql);
    return found.map((row) => [...row]);
  }

  it('creates the table from the first batch and writes every kind of value as it was', async () => {
    const sink = await opened(create);
    await sink.put(
      batchOf([
        {
          offset: 0,
          value: String.raw`{"id":9007199254740993,"name":"a 'b' \"c\" \\ \\' \n","ok":true,"price":1.5,"tags":["x","y"],"gone":null}`,
        },
        {
          offset: 1,
          value: '{"id":2,"name":"","ok":false,"price":2,"tags":{"n":12345678901234567890},"more":"é€😀\\u0000\\n"}',
        },
      ]),
    );
    expect(await rows('SELECT id, name, ok, price, tags, more FROM orders ORDER BY id')).toEqual([
      ['2', '', 0, 2, '{"n":12345678901234567890}', 'é€😀\u0000\n'],
      ['9007199254740993', "a 'b' \"c\" \\ \\' \n", 1, 1.5, '["x","y"]', null],
    ]);
    const types = await rows(
      `SELECT COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '${database}' AND TABLE_NAME = 'orders' ORDER BY 1`,
    );
    expect(types).toEqual([
      ['gone', 'longtext'],
      ['id', 'bigint(20)'],
      ['more', 'longtext'],
      ['name', 'longtext'],
      ['ok', 'tinyint(1)'],
      ['price', 'double'],
      ['tags', 'longtext'],
    ]);
  });

  it('keeps the next offset in the same transaction, and gives it when the partition is opened again', async () => {
    const sink = await opened(create);
    await sink.put(valuesFrom(10, [{ a: 1 }, { a: 2 }]));
    expect(await sink.flush(false)).toEqual([{ ...at, offset: 12 }]);
    expect(await (await started()).open([at])).toEqual([{ ...at, offset: 12 }]);
    expect(await rows('SELECT sink, topic, `partition`, next_offset, owner_epoch FROM millrace_sink_offsets')).toEqual([
      ['rows', 'orders', 0, '12', '2'],
    ]);
  });

  it('writes nothing twice when a worker dies after the database has committed and before the topic service knows', async () => {
    const first = await opened(create);
    await first.put(valuesFrom(0, [{ a: 1 }, { a: 2 }, { a: 3 }]));
    await first.stop();
    const second = await opened(create);
    await second.put(valuesFrom(0, [{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }]));
    expect(await rows('SELECT a FROM orders ORDER BY a')).toEqual([['1'], ['2'], ['3'], ['4']]);
  });

  it('writes nothing when the connection is cut before the commit, and all of it at the next try', async () => {
    const sink = await opened({ ...create, 'batch.size': '1' });
    await sink.put(valuesFrom(0, [{ a: 0 }]));
    await client.query(
      'CREATE TRIGGER cut BEFORE INSERT ON orders FOR EACH ROW BEGIN IF new.a = 2 THEN DO SLEEP(3); END IF; END',
    );
    const put = sink.put(valuesFrom(1, [{ a: 1 }, { a: 2 }]));
    await Promise.all([expect(put).rejects.toThrow(RetriableSinkError), killOthers()]);
    expect(await rows('SELECT count(*) FROM orders')).toEqual([['1']]);
    await client.query('DROP TRIGGER cut');
    await sink.put(valuesFrom(1, [{ a: 1 }, { a: 2 }]));
    expect(await rows('SELECT a FROM orders ORDER BY a')).toEqual([['0'], ['1'], ['2']]);
  });

  async function killOthers(): Promise<void> {
    for (;;) {
      const found = await rows("SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'");
      for (const [id] of found) await client.query(`KILL ${String(id)}`);
      if (found.length > 0) return;
    }
  }

  it('lets only the last opener write', async () => {
    const zombie = await opened(create);
    await zombie.put(valuesFrom(0, [{ a: 1 }]));
    const owner = await started(create, 7);
    expect(await owner.open([at])).toEqual([{ ...at, offset: 1 }]);
    await expect(zombie.put(valuesFrom(1, [{ a: 2 }]))).rejects.toThrow(FencedSinkError);
    await owner.put(valuesFrom(1, [{ a: 2 }]));
    expect(await rows('SELECT a FROM orders ORDER BY a')).toEqual([['1'], ['2']]);
  });

  it('starts elsewhere when its position is altered, and the task that ran then has lost the partition', async () => {
    const sink = await opened(create);
    await sink.put(valuesFrom(0, [{ a: 1 }, { a: 2 }]));
    await mysqlSinkType.alterOffsets?.('rows', optionsOf({}), [{ ...at, offset: 1 }]);
    await expect(sink.put(valuesFrom(2, [{ a: 3 }]))).rejects.toThrow(FencedSinkError);
    expect(await (await started()).open([at])).toEqual([{ ...at, offset: 1 }]);
    await mysqlSinkType.alterOffsets?.('rows', optionsOf({}), [{ ...at, offset: null }]);
    expect(await (await started()).open([at])).toEqual([]);
  });

  it('writes a batch that is larger than the largest packet', async () => {
    const sink = await opened(create);
    const values = Array.from({ length: 300 }, (_, n) => ({ n, text: 'ä€'.repeat(1000) }));
    await sink.put(valuesFrom(0, values));
    expect(await rows('SELECT count(*), sum(n), min(length(text)) FROM orders')).toEqual([
      ['300', String((299 * 300) / 2), '5000'],
    ]);
    await expect(sink.put(valuesFrom(300, [{ text: 'x'.repeat(300_000) }]))).rejects.toBeInstanceOf(PoisonRecordError);
  });

  describe('upserts', () => {
    const byId = { ...create, 'insert.mode': 'upsert', 'pk.mode': 'record_value', 'pk.fields': 'id' };

    it('keep the last record of a key, and leave fields as they are that a record does not have', async () => {
      const sink = await opened({ ...byId, 'auto.evolve': 'true' });
      await sink.put(
        valuesFrom(0, [
          { id: 1, v: 'a', w: 'x' },
          { id: 2, v: 'b' },
          { id: 1, v: 'c' },
        ]),
      );
      await sink.put(valuesFrom(3, [{ id: 2, v: 'd' }]));
      expect(await rows('SELECT id, v, w FROM orders ORDER BY id')).toEqual([
        ['1', 'c', 'x'],
        ['2', 'd', null],
      ]);
    });

    it('tell keys apart that differ in case, accents or trailing blanks', async () => {
      const sink = await opened(byId);
      await sink.put(
        valuesFrom(
          0,
          ['a', 'A', 'ä', 'a '].map((id, v) => ({ id, v })),
        ),
      );
      expect(await rows('SELECT count(*) FROM orders')).toEqual([['4']]);
    });

    it('delete by record key where a record has no value', async () => {
      const sink = await opened({
        ...create,
        'insert.mode': 'upsert',
        'pk.mode': 'record_key',
        'pk.fields': 'id',
        'delete.enabled': 'true',
      });
      await sink.put(
        batchOf([
          { offset: 0, key: 'one', value: '{"v":1}' },
          { offset: 1, key: 'two', value: '{"v":2}' },
          { offset: 2, key: 'one', value: null },
          { offset: 3, key: '{"id":"three"}', value: '{"v":3}' },
        ]),
      );
      await sink.put(batchOf([{ offset: 4, key: 'two', value: null }]));
      expect(await rows('SELECT id, v FROM orders ORDER BY id')).toEqual([['three', '3']]);
    });

    it('take topic, partition and offset as the key, and write nothing for a row that is all key', async () => {
      const sink = await opened({ ...create, 'insert.mode': 'upsert', 'pk.mode': 'kafka' });
      await sink.put(valuesFrom(5, [{ v: 1 }]));
      expect(await rows('SELECT __connect_topic, __connect_partition, __connect_offset, v FROM orders')).toEqual([
        ['orders', '0', '5', '1'],
      ]);
      const keys = await opened({ ...byId, 'table.name.format': 'ids' });
      await keys.open([{ topic: 'ids', partition: 0 }]);
      const batch = batchOf([{ offset: 0, value: '{"id":1}' }], 'ids');
      await keys.put(batch);
      await keys.put(batchOf([{ offset: 1, value: '{"id":1}' }], 'ids'));
      expect(await rows('SELECT id FROM ids')).toEqual([['1']]);
    });
  });

  it('updates the rows that are there, and adds none', async () => {
    await client.query(
      'CREATE TABLE orders (id bigint, region varchar(20) COLLATE utf8mb4_general_ci, v int, j json, PRIMARY KEY (id, region))',
    );
    await client.query("INSERT INTO orders VALUES (1, 'eu', 0, NULL), (2, 'eu', 0, NULL)");
    const sink = await opened({ 'insert.mode': 'update', 'pk.mode': 'record_value', 'pk.fields': 'id,region' });
    await sink.put(
      valuesFrom(0, [
        { id: 1, region: 'eu', v: 7, j: { a: [1] } },
        { id: 3, region: 'eu', v: 9, j: null },
      ]),
    );
    expect(await rows('SELECT id, v, j FROM orders ORDER BY id')).toEqual([
      ['1', 7, '{"a":[1]}'],
      ['2', 0, null],
    ]);
  });

  it('follows change events of Debezium: rows, deletions and truncations', async () => {
    const sink = await opened({
      'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
      'insert.mode': 'upsert',
      'primary.key.mode': 'record_key',
      'delete.enabled': 'true',
      'truncate.enabled': 'true',
      'schema.evolution': 'basic',
    });
    const topic = 'server.shop.orders';
    await sink.open([{ topic, partition: 0 }]);
    const event = (op: string, before: unknown, after: unknown): string =>
      JSON.stringify({ before, after, source: {}, op, ts_ms: 1 });
    await sink.put(
      batchOf(
        [
          { offset: 0, key: '{"id":1}', value: event('r', null, { id: 1, v: 'a' }) },
          { offset: 1, key: '{"id":2}', value: event('c', null, { id: 2, v: 'b' }) },
          { offset: 2, key: '{"id":1}', value: event('u', { id: 1, v: 'a' }, { id: 1, v: 'c' }) },
          { offset: 3, key: '{"id":2}', value: event('d', { id: 2, v: 'b' }, null) },
          { offset: 4, key: '{"id":2}', value: null },
        ],
        topic,
      ),
    );
    expect(await rows('SELECT * FROM server_shop_orders')).toEqual([['1', 'c']]);
    await sink.put(
      batchOf(
        [
          { offset: 5, value: event('t', null, null) },
          { offset: 6, key: '{"id":9}', value: event('c', null, { id: 9, v: 'z', extra: true }) },
        ],
        topic,
      ),
    );
    expect(await rows('SELECT * FROM server_shop_orders')).toEqual([['9', 'z', 1]]);
  });

  describe('bad records', () => {
    it('that only the database can tell are refused by their place, and nothing of the batch is kept', async () => {
      await client.query(
        'CREATE TABLE orders (id int PRIMARY KEY AUTO_INCREMENT, a smallint, b varchar(3), c int UNIQUE, d datetime, j json)',
      );
      const sink = await opened();
      const refused = async (values: unknown[], index: number | null, message: RegExp): Promise<void> => {
        const put = sink.put(valuesFrom(0, values));
        await expect(put).rejects.toBeInstanceOf(PoisonRecordError);
        await expect(put).rejects.toMatchObject({ index, message: expect.stringMatching(message) });
      };
      await refused([{ a: 1 }, { a: 70000 }], 1, /Out of range/);
      await refused([{ a: 1 }, { a: 2 }, { a: 'x' }], 2, /Incorrect/);
      await refused([{ b: 'abc' }, { b: 'abcd' }, { a: 1 }], 1, /too long/);
      await refused([{ d: 'yesterday' }, { d: '2026-01-01' }], 0, /Incorrect datetime/);
      await refused(
        [
          { a: 1, c: 1 },
          { a: 2, c: 1 },
        ],
        null,
        /Duplicate entry.*1062/,
      );
      await refused(
        [
          { a: 1, c: 1 },
          { j: 'not a number, so it is JSON text', a: 'y' },
        ],
        1,
        /Incorrect/,
      );
      await sink.put(valuesFrom(0, [{ a: 1, b: 'abc' }]));
      expect(await rows('SELECT a, b FROM orders')).toEqual([[1, 'abc']]);
    });
  });

  describe('tables', () => {
    it('gain columns and become wider where auto.evolve is set, and lose nothing', async () => {
      await client.query(
        'CREATE TABLE orders (ms int, name varchar(4) NOT NULL DEFAULT "x", note varchar(4), small tinyint)',
      );
      const sink = await opened({ 'auto.evolve': 'true' });
      await sink.put(valuesFrom(0, [{ ms: 1, small: 1, note: 'abcd' }]));
      await sink.put(valuesFrom(1, [{ ms: 2.25, path: '/', note: 'longer than that', small: 9_007_199_254_740_991 }]));
      expect(await rows('SELECT ms, path, note, small FROM orders ORDER BY ms')).toEqual([
        ['1.00000000000000000000', null, 'abcd', '1'],
        ['2.25000000000000000000', '/', 'longer than that', '9007199254740991'],
      ]);
    });

    it('that lack a column refuse the first record that needs it', async () => {
      const sink = await opened(create);
      await sink.put(valuesFrom(0, [{ a: 1 }]));
      const put = sink.put(valuesFrom(1, [{ a: 2 }, { a: 3, b: 1 }]));
      await expect(put).rejects.toMatchObject({ index: 1, message: expect.stringContaining('no column b') });
    });

    it('that are not there fail the task, where auto.create is not set', async () => {
      const sink = await opened();
      await expect(sink.put(valuesFrom(0, [{ a: 1 }]))).rejects.toThrow(FatalSinkError);
    });

    it('may have any name, and so may columns', async () => {
      await client.query('CREATE DATABASE IF NOT EXISTS `my lake`');
      const sink = await opened({ ...create, 'table.name.format': 'my lake.t`${topic}; drop' });
      await sink.put(valuesFrom(0, [{ 'a`; DROP TABLE x; --': 1, "it's": 'b', 'q?': '?' }]));
      expect(await rows('SELECT * FROM `my lake`.`t``orders; drop`')).toEqual([['1', 'b', '?']]);
      await client.query('DROP DATABASE `my lake`');
    });

    it('have their own types: times, bytes, decimals, unsigned numbers, JSON', async () => {
      await client.query(
        'CREATE TABLE orders (n int, t timestamp(3) NULL, d datetime(6), day date, b varbinary(10), x decimal(30, 10), u bigint unsigned, j json, e enum("a", "b"))',
      );
      const sink = await opened();
      await sink.put(
        batchOf([
          {
            offset: 0,
            value:
              '{"n":1,"t":1700000000123,"d":"2026-01-02T03:04:05.123456+02:00","day":20000,"b":"aGk=","x":"12345678901234567890.0123456789",' +
              '"u":18446744073709551615,"j":"text","e":"b"}',
          },
          {
            offset: 1,
            value:
              '{"n":2,"t":"2026-01-02T03:04:05Z","d":1700000000123456,"day":"2026-02-03","b":null,"x":1,"u":1,"j":[1],"e":null}',
          },
        ]),
      );
      await client.query("SET time_zone = '+00:00'");
      expect(await rows('SELECT n, t, d, day, CAST(b AS CHAR), x, u, j, e FROM orders ORDER BY n')).toEqual([
        [
          ...[
            1,
            '2023-11-14 22:13:20.123',
            '2026-01-02 01:04:05.123456',
            '2024-10-04',
            'hi',
            '12345678901234567890.0123456789',
          ],
          ...['18446744073709551615', '"text"', 'b'],
        ],
        [
          2,
          '2026-01-02 03:04:05.000',
          '2023-11-14 22:13:20.123456',
          '2026-02-03',
          null,
          '1.0000000000',
          '1',
          '[1]',
          null,
        ],
      ]);
    });
  });

  describe('looked at before it runs', () => {
    const upsert = { topics: 'orders', 'insert.mode': 'upsert', 'pk.mode': 'record_value', 'pk.fields': 'id' };

    async function problems(options: Record<string, string>): Promise<unknown[][]> {
      const found = await mysqlSinkType.verify?.(optionsOf(options));
      return (found ?? []).map(({ name, message }) => [name, message]);
    }

    it('has nothing to say where all is there, and changes nothing', async () => {
      expect(await problems({ topics: 'orders', 'auto.create': 'true' })).toEqual([]);
      await client.query('CREATE TABLE orders (id int PRIMARY KEY)');
      expect(await problems({ ...upsert, 'delete.enabled': 'false', 'auto.evolve': 'true' })).toEqual([]);
      expect(await rows('SHOW TABLES')).toEqual([['orders']]);
      expect(await rows('SELECT count(*) FROM orders')).toEqual([['0']]);
    });

    it.each([
      ['a server that is away', { 'connection.url': 'mysql://127.0.0.1:1/x' }, 'connection.url', /ECONNREFUSED/],
      ['a wrong password', { 'connection.password': 'wrong' }, 'connection.user', /Access denied/],
      ['a table that is not there', { topics: 'absent' }, 'table.name.format', /`absent` does not exist/],
      ['a key without unique index', { ...upsert, 'pk.fields': 'v' }, 'pk.fields', /no primary key or unique index/],
    ])('tells of %s', async (_what, options, name, message) => {
      await client.query('CREATE TABLE orders (id int, v text)');
      expect(await problems(options)).toEqual([[name, expect.stringMatching(message)]]);
    });

    it('tells of rights that the user does not have', async () => {
      await client.query('CREATE TABLE orders (id int PRIMARY KEY)');
      await client.query("CREATE USER IF NOT EXISTS 'reader'@'%' IDENTIFIED BY 'reader'");
      await client.query(`GRANT SELECT ON ${database}.* TO 'reader'@'%'`);
      const login = { 'connection.user': 'reader', 'connection.password': 'reader' };
      expect(await problems({ ...upsert, ...login })).toEqual([
        ['offsets.table', expect.stringMatching(/may not create it/)],
        ['connection.user', expect.stringMatching(/no right to INSERT, UPDATE/)],
      ]);
    });
  });

  it.each([
    ['an unknown database', { 'connection.url': `mysql://127.0.0.1:${port}/nowhere` }, FatalSinkError],
    ['a wrong password', { 'connection.password': 'wrong' }, FatalSinkError],
    ['a server that is away', { 'connection.url': 'mysql://127.0.0.1:1/nowhere' }, RetriableSinkError],
    [
      'a server without TLS',
      { 'connection.url': `jdbc:mysql://127.0.0.1:${port}/nowhere?sslMode=REQUIRED` },
      FatalSinkError,
    ],
  ])('answers %s', async (_what, options, error) => {
    await expect(started(options)).rejects.toThrow(error);
  });
});
