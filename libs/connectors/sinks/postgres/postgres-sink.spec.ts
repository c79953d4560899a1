import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { logicalNames, type ConnectSchema } from '#pipeline/connect-schema';
import { FatalSinkError, FencedSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { batchOf, valuesFrom } from './batch.testkit.js';
import { postgresSinkType } from './sink-type.js';

const at = { topic: 'orders', partition: 0 };

describe('the postgres sink', () => {
  let database: TestDatabase;
  let url: string;
  let client: pg.Client;
  let counter = 0;
  const sinks: Sink[] = [];

  beforeAll(async () => {
    database = await startTestDatabase();
  });

  afterAll(async () => {
    await database.remove();
  });

  beforeEach(async () => {
    counter += 1;
    url = await database.createDatabase(`sink_${counter}`);
    client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
  });

  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.stop();
    await client.end();
  });

  async function started(options: Record<string, string> = {}, ownerEpoch = 1): Promise<Sink> {
    const sink = postgresSinkType.create({ 'connection.url': url, ...options });
    sinks.push(sink);
    await sink.start({
      name: 'rows',
      task: 0,
      clock: systemClock,
      logger: silentLogger,
      ownerEpoch,
      stateDirectory: mkdtempSync(join(tmpdir(), 'millrace-sink-')),
    });
    return sink;
  }

  async function opened(options: Record<string, string> = {}): Promise<Sink> {
    const sink = await started(options);
    await sink.open([at]);
    return sink;
  }

  async function rows(sql: string): Promise<unknown[][]> {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
  }

  const create = { 'auto.create': 'true' };

  it('creates the table from the first batch and writes every kind of value as it was', async () => {
    const sink = await opened(create);
    await sink.put(
      batchOf([
        {
          offset: 0,
          value:
            '{"id":9007199254740993,"name":"a \\"b\\" \\\\ c,{}","ok":true,"price":1.5,"tags":["x","y"],"gone":null}',
        },
        {
          offset: 1,
          value: '{"id":2,"name":"","ok":false,"price":2,"tags":{"n":12345678901234567890},"more":"é€😀\\n"}',
        },
      ]),
    );
    expect(await rows('SELECT id, name, ok, price, tags::text, more FROM orders ORDER BY id')).toEqual([
      ['2', '', false, 2, '{"n": 12345678901234567890}', 'é€😀\n'],
      ['9007199254740993', 'a "b" \\ c,{}', true, 1.5, '["x", "y"]', null],
    ]);
    const types = await rows(
      "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 ORDER BY attname",
    );
    expect(types).toEqual([
      ['gone', 'text'],
      ['id', 'bigint'],
      ['more', 'text'],
      ['name', 'text'],
      ['ok', 'boolean'],
      ['price', 'double precision'],
      ['tags', 'jsonb'],
    ]);
  });

  it('keeps the next offset in the same transaction, and gives it when the partition is opened again', async () => {
    const sink = await opened(create);
    await sink.put(valuesFrom(10, [{ a: 1 }, { a: 2 }]));
    expect(await sink.flush(false)).toEqual([{ ...at, offset: 12 }]);
    expect(await (await started()).open([at])).toEqual([{ ...at, offset: 12 }]);
    expect(await rows('SELECT sink, topic, partition, next_offset, owner_epoch FROM millrace_sink_offsets')).toEqual([
      ['rows', 'orders', 0, '12', '2'],
    ]);
  });

  it('writes nothing twice when a worker dies after the database has committed and before the topic service knows', async () => {
    const first = await opened(create);
    await first.put(valuesFrom(0, [{ a: 1 }, { a: 2 }, { a: 3 }]));
    await first.stop();
    // The offset commit never happened: the next worker is given the same records, and some new ones.
    const second = await opened(create);
    await second.put(valuesFrom(0, [{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }]));
    expect(await rows('SELECT a FROM orders ORDER BY a')).toEqual([['1'], ['2'], ['3'], ['4']]);
  });

  it('writes nothing when the connection is cut before the commit, and all of it at the next try', async () => {
    const sink = await opened({ ...create, 'batch.size': '1' });
    await sink.put(valuesFrom(0, [{ a: 0 }]));
    await client.query(
      `CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN IF new.a = 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); END IF; RETURN new; END $$`,
    );
    await client.query('CREATE TRIGGER cut BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION cut()');
    const batch = valuesFrom(1, [{ a: 1 }, { a: 2 }]);
    await expect(sink.put(batch)).rejects.toThrow(RetriableSinkError);
    expect(await rows('SELECT count(*)::int FROM orders')).toEqual([[1]]);
    await client.query('DROP TRIGGER cut ON orders');
    await sink.put(batch);
    expect(await rows('SELECT a FROM orders ORDER BY a')).toEqual([['0'], ['1'], ['2']]);
  });

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
    const options = { 'connection.url': url };
    await postgresSinkType.alterOffsets?.('rows', options, [{ ...at, offset: 1 }]);
    await expect(sink.put(valuesFrom(2, [{ a: 3 }]))).rejects.toThrow(FencedSinkError);
    expect(await (await started()).open([at])).toEqual([{ ...at, offset: 1 }]);
    await postgresSinkType.alterOffsets?.('rows', options, [{ ...at, offset: null }]);
    expect(await (await started()).open([at])).toEqual([]);
  });

  it('waits while the server is away and goes on when it is back', async () => {
    const sink = await opened(create);
    await sink.put(valuesFrom(0, [{ a: 1 }]));
    await database.stop();
    await expect(sink.put(valuesFrom(1, [{ a: 2 }]))).rejects.toThrow(RetriableSinkError);
    await database.start();
    await sink.put(valuesFrom(1, [{ a: 2 }]));
    await client.end().catch(() => undefined);
    client = new pg.Client({ connectionString: url });
    await client.connect();
    expect(await rows('SELECT a FROM orders ORDER BY a')).toEqual([['1'], ['2']]);
  });

  describe('upserts', () => {
    const byId = { ...create, 'insert.mode': 'upsert', 'pk.mode': 'record_value', 'pk.fields': 'id' };

    it('keep the last record of a key, within a batch and across batches', async () => {
      const sink = await opened(byId);
      await sink.put(
        valuesFrom(0, [
          { id: 1, v: 'a' },
          { id: 2, v: 'b' },
          { id: 1, v: 'c' },
        ]),
      );
      await sink.put(valuesFrom(3, [{ id: 2, v: 'd' }]));
      expect(await rows('SELECT id, v FROM orders ORDER BY id')).toEqual([
        ['1', 'c'],
        ['2', 'd'],
      ]);
    });

    it('leave fields as they are that a record does not have', async () => {
      const sink = await opened({ ...byId, 'auto.evolve': 'true' });
      await sink.put(valuesFrom(0, [{ id: 1, v: 'a', w: 'x' }]));
      await sink.put(
        valuesFrom(1, [
          { id: 1, v: 'b' },
          { id: 2, v: 'c', w: 'y' },
        ]),
      );
      expect(await rows('SELECT id, v, w FROM orders ORDER BY id')).toEqual([
        ['1', 'b', 'x'],
        ['2', 'c', 'y'],
      ]);
    });

    it('refuse a record whose key column is null, by its place', async () => {
      const sink = await opened(byId);
      await expect(sink.put(valuesFrom(0, [{ id: 1 }, { v: 1 }]))).rejects.toMatchObject({ index: 1 });
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

    it('take topic, partition and offset as the key', async () => {
      const sink = await opened({ ...create, 'insert.mode': 'upsert', 'pk.mode': 'kafka' });
      await sink.put(valuesFrom(5, [{ v: 1 }]));
      expect(await rows('SELECT __connect_topic, __connect_partition, __connect_offset, v FROM orders')).toEqual([
        ['orders', '0', '5', '1'],
      ]);
    });
  });

  it('updates the rows that are there, and adds none', async () => {
    await client.query('CREATE TABLE orders (id int PRIMARY KEY, v text, l text[])');
    await client.query("INSERT INTO orders VALUES (1, 'a'), (2, 'b')");
    const sink = await opened({ 'insert.mode': 'update', 'pk.mode': 'record_value', 'pk.fields': 'id' });
    await sink.put(
      valuesFrom(0, [
        { id: 1, v: 'c', l: ['x'] },
        { id: 3, v: 'd', l: [] },
      ]),
    );
    expect(await rows('SELECT * FROM orders ORDER BY id')).toEqual([
      [1, 'c', ['x']],
      [2, 'b', null],
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
    const event = (op: string, before: unknown, after: unknown): string =>
      JSON.stringify({ before, after, source: {}, op, ts_ms: 1 });
    await sink.put(
      batchOf([
        { offset: 0, key: '{"id":1}', value: event('r', null, { id: 1, v: 'a' }) },
        { offset: 1, key: '{"id":2}', value: event('c', null, { id: 2, v: 'b' }) },
        { offset: 2, key: '{"id":1}', value: event('u', { id: 1 }, { id: 1, v: 'c' }) },
      ]),
    );
    await sink.put(
      batchOf([
        { offset: 3, key: '{"id":2}', value: event('d', { id: 2 }, null) },
        { offset: 4, key: '{"id":2}', value: null },
      ]),
    );
    expect(await rows('SELECT * FROM orders')).toEqual([['1', 'c']]);
    await sink.put(
      batchOf([
        { offset: 5, value: event('t', null, null) },
        { offset: 6, key: '{"id":9}', value: event('c', null, { id: 9, v: 'z', extra: true }) },
      ]),
    );
    expect(await rows('SELECT * FROM orders')).toEqual([['9', 'z', true]]);
  });

  it('writes through a view, which does not take COPY', async () => {
    await client.query('CREATE TABLE base (a int, b text)');
    await client.query('CREATE VIEW orders AS SELECT * FROM base');
    const sink = await opened();
    await sink.put(valuesFrom(0, [{ a: 1, b: 'x\ty\\' }]));
    expect(await rows('SELECT * FROM base')).toEqual([[1, 'x\ty\\']]);
  });

  describe('looked at before it runs', () => {
    const upsert = { topics: 'orders', 'insert.mode': 'upsert', 'pk.mode': 'record_value', 'pk.fields': 'id' };

    async function problems(options: Record<string, string>): Promise<unknown[][]> {
      const found = await postgresSinkType.verify?.({ 'connection.url': url, ...options });
      return (found ?? []).map(({ name, message }) => [name, message]);
    }

    it('has nothing to say where all is there, and changes nothing', async () => {
      expect(await problems({ topics: 'orders', 'auto.create': 'true' })).toEqual([]);
      await client.query('CREATE TABLE orders (id int PRIMARY KEY)');
      expect(await problems({ ...upsert, 'auto.evolve': 'true' })).toEqual([]);
      expect(await rows("SELECT to_regclass('millrace_sink_offsets')")).toEqual([[null]]);
    });

    it.each([
      ['a server that is away', { 'connection.url': 'postgresql://127.0.0.1:1/x' }, 'connection.url', /ECONNREFUSED/],
      ['a wrong password', { 'connection.password': 'wrong' }, 'connection.user', /password authentication failed/],
      ['a table that is not there', { topics: 'absent' }, 'table.name.format', /"absent" does not exist/],
      ['a key without unique index', { ...upsert, 'pk.fields': 'v' }, 'pk.fields', /no primary key or unique index/],
      ['a key column that is not there', { ...upsert, 'primary.key.fields': 'x' }, 'pk.fields', /no column x|unique/],
    ])('tells of %s', async (_what, options, name, message) => {
      await client.query('CREATE TABLE orders (id int, v text)');
      expect(await problems(options as Record<string, string>)).toEqual([[name, expect.stringMatching(message)]]);
    });

    it('tells of rights that the user does not have', async () => {
      await client.query('CREATE TABLE orders (id int PRIMARY KEY)');
      await client.query(
        `DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD 'reader'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
      );
      await client.query('GRANT SELECT ON orders TO reader');
      const login = { 'connection.user': 'reader', 'connection.password': 'reader' };
      expect(await problems({ ...upsert, ...login, 'auto.evolve': 'true' })).toEqual([
        ['offsets.table', expect.stringMatching(/may not create it/)],
        ['connection.user', expect.stringMatching(/no right to INSERT, UPDATE/)],
        ['auto.evolve', expect.stringMatching(/no right to ALTER/)],
      ]);
    });
  });

  describe('bad records', () => {
    it.each([
      ['no JSON', 'nonsense', /no row: its value is not JSON/],
      ['no object', '[1]', /offset 1 is no row: its value is not a JSON object/],
      ['nothing', null, /has no value/],
      ['an empty object', '{}', /no field to write/],
    ])('are refused by their place: %s', async (_what, value, message) => {
      const sink = await opened(create);
      const put = sink.put(
        batchOf([
          { offset: 0, value: '{"a":1}' },
          { offset: 1, value },
        ]),
      );
      await expect(put).rejects.toBeInstanceOf(PoisonRecordError);
      await expect(sink.put(batchOf([{ offset: 1, value }]))).rejects.toThrow(message);
      expect(await rows("SELECT to_regclass('orders')")).toEqual([[null]]);
    });

    it('that only the database can tell are refused with the batch, of which nothing is kept', async () => {
      await client.query('CREATE TABLE orders (a smallint, b varchar(3))');
      const sink = await opened();
      await expect(sink.put(valuesFrom(0, [{ a: 1 }, { a: 70000 }]))).rejects.toMatchObject({ index: 1 });
      const mixed = valuesFrom(0, [{ a: 1 }, { a: 1, b: 'x' }, { a: 2 }, { a: 2, b: 'long' }]);
      await expect(sink.put(mixed)).rejects.toMatchObject({ index: 3 });
      await expect(sink.put(valuesFrom(0, [{ b: 'long' }]))).rejects.toThrow(/too long.*22001/);
      await expect(sink.put(valuesFrom(0, [{ a: 'x' }]))).rejects.toBeInstanceOf(PoisonRecordError);
      await expect(sink.put(valuesFrom(0, [{ b: 'a\u0000b' }]))).rejects.toBeInstanceOf(PoisonRecordError);
      await sink.put(valuesFrom(0, [{ a: 1, b: 'abc' }]));
      expect(await rows('SELECT a, b FROM orders')).toEqual([[1, 'abc']]);
    });

    it('can be skipped, and the next opening goes on behind them', async () => {
      const sink = await opened(create);
      await sink.skip?.({ ...at, offset: 4 });
      expect(await sink.flush(false)).toEqual([{ ...at, offset: 4 }]);
      expect(await (await started()).open([at])).toEqual([{ ...at, offset: 4 }]);
    });
  });

  describe('tables', () => {
    it('gain a column for a new field, and widen whole numbers, where auto.evolve is set', async () => {
      const sink = await opened({ ...create, 'auto.evolve': 'true' });
      await sink.put(valuesFrom(0, [{ ms: 1 }]));
      await sink.put(valuesFrom(1, [{ ms: 2.25, path: '/' }]));
      expect(await rows('SELECT ms, path FROM orders ORDER BY ms')).toEqual([
        ['1', null],
        ['2.25', '/'],
      ]);
    });

    it('are created by the schema of the records, where they have one', async () => {
      const schema: ConnectSchema = {
        type: 'struct',
        optional: false,
        fields: [
          { name: 'price', schema: { type: 'bytes', optional: true, name: logicalNames.decimal } },
          { name: 'at', schema: { type: 'int64', optional: true, name: logicalNames.timestamp } },
          { name: 'day', schema: { type: 'int32', optional: true, name: logicalNames.date } },
          { name: 'raw', schema: { type: 'bytes', optional: true } },
          { name: 'n', schema: { type: 'float64', optional: true } },
        ],
      };
      const value = '{"price":"12.50","at":"2026-01-31T12:30:00.250Z","day":"2026-01-31","raw":"aGk=","n":1}';
      const sink = await opened(create);
      await sink.put({ ...batchOf([{ offset: 0, value }]), schema: () => schema });
      expect(await rows('SELECT price, pg_typeof(at)::text, day::text, raw, pg_typeof(n)::text FROM orders')).toEqual([
        ['12.50', 'timestamp with time zone', '2026-01-31', Buffer.from('hi'), 'double precision'],
      ]);
    });

    it('get wider columns for numbers and texts that do not fit, where auto.evolve is set', async () => {
      await client.query('CREATE TABLE orders (a smallint, b varchar(3), c char(2))');
      const sink = await opened({ 'auto.evolve': 'true' });
      await sink.put(valuesFrom(0, [{ a: 32_767, b: 'abc', c: 'xy' }]));
      await sink.put(valuesFrom(1, [{ a: 32_768, b: 'abcd', c: 'xyz' }]));
      expect(await rows('SELECT a, b, c FROM orders ORDER BY a')).toEqual([
        ['32767', 'abc', 'xy'],
        ['32768', 'abcd', 'xyz'],
      ]);
    });

    it('that lack a column refuse the first record that needs it', async () => {
      const sink = await opened(create);
      await sink.put(valuesFrom(0, [{ a: 1 }]));
      const put = sink.put(valuesFrom(1, [{ a: 2 }, { a: 3, b: 1 }]));
      await expect(put).rejects.toMatchObject({ index: 1, message: expect.stringContaining('no column b') });
    });

    it('are created with room for fields that had no value yet, where none can be added later', async () => {
      const sink = await opened(create);
      await sink.put(valuesFrom(0, [{ a: 1, b: null }]));
      await sink.put(valuesFrom(1, [{ a: 2, b: 7 }]));
      expect(await rows('SELECT a, b FROM orders ORDER BY a')).toEqual([
        ['1', null],
        ['2', '7'],
      ]);
    });

    it('that are not there fail the task, where auto.create is not set', async () => {
      const sink = await opened();
      await expect(sink.put(valuesFrom(0, [{ a: 1 }]))).rejects.toThrow(FatalSinkError);
    });

    it('that were changed by somebody are looked at again', async () => {
      const sink = await opened(create);
      await sink.put(valuesFrom(0, [{ a: 1 }]));
      await client.query('DROP TABLE orders');
      await expect(sink.put(valuesFrom(1, [{ a: 2 }]))).rejects.toThrow(RetriableSinkError);
      await sink.put(valuesFrom(1, [{ a: 2 }]));
      expect(await rows('SELECT a FROM orders')).toEqual([['2']]);
    });

    it('may have any name, and so may columns', async () => {
      await client.query('CREATE SCHEMA "my lake"');
      const sink = await opened({ ...create, 'table.name.format': 'my lake.t"${topic}; drop' });
      await sink.put(valuesFrom(0, [{ 'a"; DROP TABLE x; --': 1, "it's": 'b' }]));
      expect(await rows('SELECT * FROM "my lake"."t""orders; drop"')).toEqual([['1', 'b']]);
    });

    it('have their own types: times from numbers, arrays, bytes, short numbers', async () => {
      await client.query(
        'CREATE TABLE orders (t timestamptz, l text[], n numeric(10,2), b bytea, d int DEFAULT 7, u uuid)',
      );
      const sink = await opened();
      await sink.put(
        valuesFrom(0, [
          {
            t: 1_700_000_000_000,
            l: ['a', null, 'b,"c"'],
            n: 1.239,
            b: 'aGk=',
            u: '6f1c7f9e-0f83-4b2c-9d6a-0a4f4ffdd7c1',
          },
          { t: '2026-01-02T03:04:05Z', l: [], n: null },
        ]),
      );
      const got = await rows(
        "SELECT t AT TIME ZONE 'UTC', l, n, convert_from(b, 'UTF8'), d FROM orders ORDER BY n NULLS LAST",
      );
      expect(got.map((row) => row.slice(1))).toEqual([
        [['a', null, 'b,"c"'], '1.24', 'hi', 7],
        [[], null, null, 7],
      ]);
    });

    it('get only the fields that are asked for', async () => {
      const sink = await opened({ ...create, 'fields.whitelist': 'a,b' });
      await sink.put(valuesFrom(0, [{ a: 1, b: 2, c: 3 }]));
      expect(await rows('SELECT * FROM orders')).toEqual([['1', '2']]);
    });
  });

  it('answers an unknown database as fatal', async () => {
    await expect(started({ 'connection.url': url.replace(/[^/]*$/, 'nowhere') })).rejects.toThrow(FatalSinkError);
  });
});
