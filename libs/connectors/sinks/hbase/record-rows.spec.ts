import { systemClock } from '#std/clock';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { Mutation } from '#wire/hbase/mutation';
import { hbaseGuarantee, hbaseProblems, hbaseSettings } from './options.js';
import { RecordRows, type TableMutations } from './record-rows.js';
import { translateHBase } from './well-known-classes.js';

interface PlainRecord {
  readonly key?: string;
  readonly value: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Offsets from 40 on, times from 1000 on. */
function batchOf(records: readonly PlainRecord[]): SinkBatch {
  const at = (index: number): PlainRecord => records[index] ?? { value: null };
  return {
    topic: 'orders',
    partition: 3,
    count: records.length,
    byteCount: 0,
    offset: (index) => 40 + index,
    timestamp: (index) => 1000 + index,
    key: (index) => (at(index).key === undefined ? null : Buffer.from(at(index).key ?? '')),
    value(index) {
      const { value } = at(index);
      return value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    },
    headers: (index) =>
      Object.entries(at(index).headers ?? {}).map(([key, value]) => ({ key, value: Buffer.from(value) })),
    header: () => null,
    slice: (from, to) => batchOf(records.slice(from, to)),
  };
}

function read(options: Record<string, string>, ...records: readonly PlainRecord[]): TableMutations {
  expect(hbaseProblems(options)).toEqual([]);
  return new RecordRows(hbaseSettings(options, {}), 'orders', systemClock).read(batchOf(records));
}

const cellsOf = (mutation: Mutation | undefined): Record<string, string> =>
  Object.fromEntries(
    (mutation?.cells ?? []).map(({ family, qualifier, value }) => [
      `${family.toString()}:${qualifier.toString()}`,
      value.toString(),
    ]),
  );

describe('records as rows of HBase', () => {
  it('has a column for each field, under the record key, with the offset as version', () => {
    const value = {
      id: 7,
      big: 9_007_199_254_740_993n.toString(),
      name: 'ä',
      none: null,
      at: { city: 'Ulm' },
      on: true,
    };
    const { mutations, refusals } = read(
      { 'column.family': 'd' },
      { key: 'k1', value },
      { key: 'k2', value: '{"n":9007199254740993}' },
    );
    expect(refusals).toEqual([]);
    expect(mutations.map(({ row, timestamp, kind }) => [row.toString(), timestamp, kind])).toEqual([
      ['k1', 40, 'put'],
      ['k2', 41, 'put'],
    ]);
    expect(cellsOf(mutations[0])).toEqual({
      'd:id': '7',
      'd:big': '9007199254740993',
      'd:name': 'ä',
      'd:at': '{"city":"Ulm"}',
      'd:on': 'true',
    });
    expect(cellsOf(mutations[1])).toEqual({ 'd:n': '9007199254740993' });
  });

  it('places fields by the mapping, in the encodings of HBase', () => {
    const options = {
      'column.mapping': 'a:n=id:long,a:s=at.size:double,b:raw=raw:bytes,b:ok=ok:boolean,b:i=id:int,b:f=at.size:float',
      'row.key.mode': 'record_value',
      'row.key.fields': 'at.city,id:long',
      'row.key.delimiter': '#',
      'cell.timestamp': 'record',
    };
    const { mutations } = read(options, {
      value: { id: 258, at: { city: 'Ulm', size: 1.5 }, raw: 'AQI=', ok: true, more: 1 },
    });
    expect(mutations[0]?.row.toString('hex')).toBe(`${Buffer.from('Ulm#').toString('hex')}0000000000000102`);
    expect(mutations[0]?.timestamp).toBe(1000);
    expect(
      mutations[0]?.cells.map(({ qualifier, value }) => `${qualifier.toString()} ${value.toString('hex')}`),
    ).toEqual(['n 0000000000000102', 's 3ff8000000000000', 'raw 0102', 'ok ff', 'i 00000102', 'f 3fc00000']);
  });

  it('deletes the row of a record without value, where asked to', () => {
    const deleted = read({ 'column.family': 'd', 'delete.enabled': 'true' }, { key: 'k', value: null });
    expect(deleted.mutations).toEqual([
      { kind: 'delete', row: Buffer.from('k'), cells: [], durable: true, timestamp: 40 },
    ]);
    expect(read({ 'column.family': 'd' }, { key: 'k', value: null }).refusals).toEqual([
      { index: 0, message: 'Record orders-3 offset 40 is no row: it has no value, and delete.enabled is false' },
    ]);
  });

  it.each<[string, Record<string, string>, PlainRecord, RegExp]>([
    ['no JSON', {}, { key: 'k', value: '{"a":' }, /value is not JSON/],
    ['no object', {}, { key: 'k', value: '[1]' }, /not a JSON object/],
    ['no key', {}, { value: { a: 1 } }, /no key/],
    ['an empty key', {}, { key: '', value: { a: 1 } }, /row key is empty/],
    ['a key that is too long', {}, { key: 'k'.repeat(32_768), value: { a: 1 } }, /32768 bytes, HBase takes 32767/],
    ['no field', {}, { key: 'k', value: { a: null } }, /no field to write/],
    [
      'a cell that is too large',
      { 'cell.max.bytes': '100' },
      { key: 'k', value: { a: 'x'.repeat(100) } },
      /d:a has 103 bytes/,
    ],
    [
      'a number that does not fit',
      { 'column.mapping': 'd:a=a:int' },
      { key: 'k', value: { a: 2 ** 31 } },
      /does not fit the encoding int/,
    ],
    ['a key without its field', { 'row.key.fields': 'id' }, { key: '{"a":1}', value: { a: 1 } }, /no field id/],
    ['no match', { serializer: 'regex', 'serializer.regex': '\\d+' }, { key: 'k', value: 'text' }, /does not match/],
  ])('refuses a record with %s, and only it', (_name, options, record, message) => {
    const good = { key: '{"id":"good"}', value: options['serializer'] === 'regex' ? '12' : { a: 1 } };
    if (options['serializer'] === 'regex') options = { ...options, 'serializer.regex': '(\\d+)' };
    const { mutations, records, refusals } = read({ 'column.family': 'd', ...options }, good, record, good);
    expect(records).toEqual([0, 2]);
    expect(mutations).toHaveLength(2);
    expect(refusals).toEqual([{ index: 1, message: expect.stringMatching(message) }]);
  });

  it("makes Flume's rows under keys that a record has each time it comes", () => {
    const simple = read(
      { serializer: 'simple', 'column.family': 'd', 'serializer.rowPrefix': 'r-' },
      { value: 'body' },
    );
    expect(simple.mutations[0]?.row.toString()).toBe('r-orders-3-0000000000000040');
    expect(cellsOf(simple.mutations[0])).toEqual({ 'd:pCol': 'body' });
    const regex = read(
      {
        serializer: 'regex',
        'column.family': 'd',
        'serializer.regex': '(\\w+) (.*)',
        'serializer.colNames': 'ROW_KEY,text',
        'serializer.rowKeyIndex': '0',
        'serializer.depositHeaders': 'true',
      },
      { value: 'a7 two\nlines', headers: { host: 'web1' } },
    );
    expect(regex.mutations[0]?.row.toString()).toBe('a7');
    expect(cellsOf(regex.mutations[0])).toEqual({ 'd:text': 'two\nlines', 'd:host': 'web1' });
    const keyed = read(
      { serializer: 'simple', 'column.family': 'd', 'row.key.mode': 'record_key' },
      { key: 'k', value: 'v' },
    );
    expect(keyed.mutations[0]?.row.toString()).toBe('k');
  });
});

describe('options of the hbase sink', () => {
  it.each<[string, Record<string, string>]>([
    ['column.family', {}],
    ['column.family', { serializer: 'simple' }],
    ['row.key.fields', { 'column.family': 'd', 'row.key.mode': 'record_value' }],
    ['row.key.fields', { 'column.family': 'd', 'row.key.mode': 'kafka', 'row.key.fields': 'a' }],
    [
      'delete.enabled',
      { 'column.family': 'd', 'row.key.mode': 'record_value', 'row.key.fields': 'a', 'delete.enabled': 'true' },
    ],
    [
      'serializer.incrementColumn',
      { 'column.family': 'd', serializer: 'simple', 'serializer.incrementColumn': 'iCol' },
    ],
    [
      'serializer.rowKeyIndex',
      { 'column.family': 'd', serializer: 'regex', 'serializer.colNames': 'a', 'serializer.rowKeyIndex': '0' },
    ],
  ])('has a problem at %s', (name, options) => {
    expect(hbaseProblems(options).map((problem) => problem.name)).toEqual([name]);
  });

  it('gives a guarantee that follows from versions and row keys', () => {
    const simple = { serializer: 'simple', 'column.family': 'd' };
    expect(hbaseGuarantee({ 'column.family': 'd' })).toBe('effectively-once');
    expect(hbaseGuarantee({ 'column.family': 'd', 'cell.timestamp': 'record' })).toBe('effectively-once');
    expect(hbaseGuarantee({ 'column.family': 'd', 'cell.timestamp': 'server' })).toBe('at-least-once');
    expect(hbaseGuarantee(simple)).toBe('effectively-once');
    expect(hbaseGuarantee({ ...simple, 'serializer.suffix': 'uuid' })).toBe('at-least-once');
  });

  it('takes the words of well-known connectors', () => {
    const flume = translateHBase('org.apache.flume.sink.hbase2.HBase2Sink', {
      table: 't',
      columnFamily: 'd',
      zookeeperQuorum: 'zk1,zk2:2182',
      serializer: 'org.apache.flume.sink.hbase2.RegexHBase2EventSerializer',
    });
    expect(hbaseSettings(flume, {})).toMatchObject({
      tableFormat: 't',
      familyFormat: 'd',
      serializer: 'regex',
      zooKeepers: ['zk1:2181', 'zk2:2182'],
    });
    const confluent = translateHBase('io.confluent.connect.hbase.HBaseSinkConnector', {
      'hbase.zookeeper.quorum': 'zk1',
      'row.key.definition': 'a,b',
    });
    expect(hbaseSettings(confluent, {})).toMatchObject({
      tableFormat: '${topic}',
      familyFormat: '${topic}',
      nestedFamilies: true,
      keyFields: [{ name: 'a' }, { name: 'b' }],
      delimiter: Buffer.alloc(0),
    });
    const svectors = translateHBase('io.svectors.hbase.sink.HBaseSinkConnector', {
      'hbase.orders.rowkey.columns': 'id',
      'hbase.orders.family': 'c',
    });
    expect(hbaseSettings(svectors, {})).toMatchObject({ keyMode: 'record_value', familyFormat: 'c' });
    expect(translateHBase('hbase', { 'column.family': 'd' })).toEqual({ 'column.family': 'd' });
  });
});
