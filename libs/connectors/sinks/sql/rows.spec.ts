import { logicalNames, type ConnectSchema } from '#pipeline/connect-schema';
import type { JsonValue } from '#pipeline/sink-json';
import { batchOf, type TestRecord } from '../postgres/batch.testkit.js';
import { readRows } from './rows.js';
import { sqlProblems, sqlSettings } from './sql-options.js';
import { tableOf } from './table-name.js';

const debezium = {
  'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
  'primary.key.mode': 'record_key',
  'insert.mode': 'upsert',
  'delete.enabled': 'true',
};

function event(op: string, before: JsonValue, after: JsonValue): string {
  return JSON.stringify({ before, after, source: { table: 't' }, op, ts_ms: 1 });
}

function read(options: Record<string, string>, records: readonly Omit<TestRecord, 'offset'>[]) {
  const batch = batchOf(records.map((record, offset) => ({ offset, ...record })));
  return readRows(batch, 0, sqlSettings('postgres', options));
}

describe('rows of a batch', () => {
  it('are grouped by their fields, and know their records', () => {
    const change = read({}, [{ value: '{"a":1}' }, { value: '{"a":1,"b":2}' }, { value: '{"a":3}' }]);
    expect(change.groups).toEqual([
      { fields: ['a'], rows: [{ a: 1 }, { a: 3 }], indexes: [0, 2] },
      { fields: ['a', 'b'], rows: [{ a: 1, b: 2 }], indexes: [1] },
    ]);
  });

  it('that several records of a key made belong to none of them', () => {
    const change = read({ 'insert.mode': 'upsert', 'pk.mode': 'record_value', 'pk.fields': 'id' }, [
      { value: '{"id":1,"v":1}' },
      { value: '{"id":2,"v":1}' },
      { value: '{"id":1,"v":2}' },
    ]);
    expect(change.groups).toEqual([
      {
        fields: ['id', 'v'],
        rows: [
          { id: 1, v: 2 },
          { id: 2, v: 1 },
        ],
        indexes: [-1, 1],
      },
    ]);
  });

  it('come from change events of Debezium: the row after, deletions, and nothing for tombstones without a key to delete', () => {
    const change = read(debezium, [
      { key: '{"id":1}', value: event('c', null, { id: 1, v: 1 }) },
      { key: '{"id":1}', value: event('u', { id: 1, v: 1 }, { id: 1, v: 2 }) },
      { key: '{"id":2}', value: event('d', { id: 2 }, null) },
      { key: '{"id":2}', value: null },
      { key: '{"id":3}', value: '{"id":3,"v":"a plain row"}' },
      { value: event('m', null, null) },
      { value: event('t', null, null) },
    ]);
    expect(change).toMatchObject({ truncate: false, deletes: [{ id: 2 }], keyFields: ['id'] });
    expect(change.groups.flatMap(({ rows }) => rows)).toEqual([
      { id: 1, v: 2 },
      { id: 3, v: 'a plain row' },
    ]);
    const kept = read({ ...debezium, 'delete.enabled': 'false' }, [
      { key: '{"id":2}', value: event('d', { id: 2 }, null) },
      { key: '{"id":2}', value: null },
    ]);
    expect(kept).toMatchObject({ deletes: [], groups: [] });
  });

  it.each([
    [{}, 'abc', 'abc'],
    [{}, '12', '12'],
    [{ 'key.converter': 'json' }, '12', 12],
    [{ 'key.converter': 'json' }, '"abc"', 'abc'],
    [{ 'key.converter': 'io.confluent.connect.avro.AvroConverter' }, 'abc', 'abc'],
    [{ 'key.converter': 'org.apache.kafka.connect.storage.StringConverter' }, '12', '12'],
  ])('of one key column take the key as the converter left it: %j %s', (options, key, id) => {
    const change = read({ ...options, 'pk.mode': 'record_key', 'pk.fields': 'id' }, [{ key, value: '{"v":1}' }]);
    expect(change.groups[0]?.rows).toEqual([{ v: 1, id }]);
  });

  it('have the kinds of fields that their schema tells', () => {
    const row: ConnectSchema = {
      type: 'struct',
      optional: true,
      fields: [
        { name: 'id', schema: { type: 'int64', optional: false } },
        { name: 'price', schema: { type: 'bytes', optional: true, name: logicalNames.decimal } },
        { name: 'at', schema: { type: 'int64', optional: true, name: 'io.debezium.time.MicroTimestamp' } },
        { name: 'tags', schema: { type: 'array', optional: true, items: { type: 'string', optional: true } } },
      ],
    };
    const envelope: ConnectSchema = {
      type: 'struct',
      optional: false,
      fields: [
        { name: 'after', schema: row },
        { name: 'op', schema: { type: 'string', optional: false } },
      ],
    };
    const expected = { id: 'integer', price: 'decimal', at: 'timestamp', tags: 'json' };
    const plain = { ...batchOf([{ offset: 0, value: '{"id":1}' }]), schema: () => row };
    expect(Object.fromEntries(readRows(plain, 0, sqlSettings('postgres', {})).kinds)).toEqual(expected);
    const value = event('c', null, { id: 1 });
    const change = { ...batchOf([{ offset: 0, key: '{"id":1}', value }]), schema: () => envelope };
    expect(Object.fromEntries(readRows(change, 0, sqlSettings('postgres', debezium)).kinds)).toEqual(expected);
  });

  it('before a truncation are forgotten, where truncations count', () => {
    const change = read({ ...debezium, 'truncate.enabled': 'true' }, [
      { key: '{"id":1}', value: event('c', null, { id: 1 }) },
      { key: '{"id":2}', value: event('d', { id: 2 }, null) },
      { value: event('t', null, null) },
      { key: '{"id":3}', value: event('c', null, { id: 3 }) },
    ]);
    expect(change).toMatchObject({ truncate: true, deletes: [], groups: [{ rows: [{ id: 3 }] }] });
  });

  it('are deleted by the key fields of the row before, where the key is of the value', () => {
    const options = { ...debezium, 'primary.key.mode': 'record_value', 'primary.key.fields': 'id' };
    expect(sqlProblems('postgres', options)).toEqual([]);
    expect(read(options, [{ value: event('d', { id: 7, v: 1 }, null) }]).deletes).toEqual([{ id: 7 }]);
  });
});

describe('the options of sinks of relational databases', () => {
  it.each([
    [{}, 'a.b-c', { schema: null, name: 'a.b-c' }],
    [{ 'table.name.normalize': 'true' }, 'a.b-c', { schema: null, name: 'a_b_c' }],
    [{ 'connector.class': debezium['connector.class'] }, 'a.b-c', { schema: null, name: 'a_b-c' }],
    [{ 'collection.name.format': 'lake.${topic}_raw' }, 'a', { schema: 'lake', name: 'a_raw' }],
    [{ 'topics.to.tables.mapping': 'x:y,a.b:lake.c' }, 'a.b', { schema: 'lake', name: 'c' }],
  ])('%j name the table of topic %s', (options, topic, expected) => {
    expect(tableOf(topic, sqlSettings('postgres', options))).toEqual(expected);
  });

  it.each([
    [{ 'schema.evolution': 'basic' }, true, true],
    [{ 'schema.evolution': 'basic', 'auto.evolve': 'false' }, true, false],
    [{ 'auto.create': 'true' }, true, false],
    [{}, false, false],
  ])('%j create tables: %s, and evolve them: %s', (options, autoCreate, autoEvolve) => {
    expect(sqlSettings('postgres', options)).toMatchObject({ autoCreate, autoEvolve });
  });

  it.each([
    [{ 'insert.mode': 'update' }, 'pk.mode'],
    [{ 'insert.mode': 'update', 'primary.key.mode': 'kafka' }, 'primary.key.mode'],
    [{ 'delete.enabled': 'true', 'pk.mode': 'record_value', 'pk.fields': 'a' }, 'delete.enabled'],
  ])('that do not go together are found under the name they were given by: %j', (options, name) => {
    expect(sqlProblems('postgres', options).map((problem) => problem.name)).toEqual([name]);
  });
});
