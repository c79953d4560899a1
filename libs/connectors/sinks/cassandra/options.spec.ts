import { cassandraProblems, cassandraSettings, repeatsAreHarmless } from './options.js';
import { parseMapping } from './mapping.js';

const base = { contactPoints: 'a, b:9043', 'loadBalancing.localDc': 'dc1' };
const keyspace = { ...base, keyspace: 'shop' };
const mapping = 'topic.orders.v1.shop.orders.mapping';

describe('the options of the cassandra sink', () => {
  it('give each node its port', () => {
    expect(cassandraSettings(keyspace).contactPoints).toEqual(['a:9042', 'b:9043']);
  });

  it('read the DataStax connector’s settings of a table, also of a topic with dots', () => {
    const [rule] = cassandraSettings({
      ...base,
      [mapping]: 'id=key, "Na me"=value."a.b", __ttl=value.ttl',
      'topic.orders.v1.shop.orders.consistencyLevel': 'ALL',
      'topic.orders.v1.shop.orders.ttl': '60',
      'topic.orders.v1.shop.orders.ttlTimeUnit': 'hours',
      'topic.orders.v1.shop.orders.deletesEnabled': 'false',
      'topic.orders.v1.codec.unit': 'SECONDS',
    }).rules;
    expect(rule).toMatchObject({
      ...{ topic: 'orders.v1', keyspace: 'shop', table: 'orders', consistency: 5, ttlSeconds: 60, ttlUnit: 'HOURS' },
      ...{ deletesEnabled: false, nullToUnset: true, codecUnit: 'SECONDS' },
      mapping: {
        columns: [
          { column: 'id', source: { kind: 'key' } },
          { column: 'Na me', source: { kind: 'valueField', name: 'a.b' } },
        ],
        ttl: { kind: 'valueField', name: 'ttl' },
      },
    });
  });

  it.each([
    [base, 'keyspace'],
    [{ ...keyspace, columns: 'id' }, 'columns'],
    [{ ...keyspace, 'auth.provider': 'PLAIN' }, 'auth.username'],
    [{ ...base, [mapping]: 'id=foo' }, mapping],
    [{ ...base, 'topic.orders.shop.orders.ttl': '1' }, 'topic.orders.shop.orders.mapping'],
    [{ ...base, [mapping]: 'id=key', 'topic.orders.codec.locale': 'de' }, 'topic.orders.codec.locale'],
    [{ ...base, [mapping]: 'id=key, __timestamp=value.t', 'timestamp.source': 'offset' }, 'timestamp.source'],
  ])('that do not go together are found: %j', (options, name) => {
    expect(cassandraProblems(options).map((problem) => problem.name)).toEqual([name]);
  });

  it.each([
    ['UPDATE t SET l = :l + l WHERE id = :id'],
    ['UPDATE t SET l += :l WHERE id = :id'],
    ['INSERT INTO t (id) VALUES (:id) IF NOT EXISTS'],
    ['SELECT * FROM t'],
  ])('refuse a query that does more when it runs again: %s', (query) => {
    const name = 'topic.orders.v1.shop.orders.query';
    expect(cassandraProblems({ ...base, [mapping]: 'id=key', [name]: query }).map((problem) => problem.name)).toEqual([
      name,
    ]);
  });

  it('promise equal rows, unless the server makes up a value', () => {
    expect(repeatsAreHarmless(keyspace)).toBe(true);
    expect(repeatsAreHarmless({ ...base, [mapping]: 'id=key, made=now()' })).toBe(false);
  });
});

describe('a mapping', () => {
  it.each(['', 'id', 'id=record.x', 'id=key, id=value.id', '__ttl=now()', '__ttl=value.t'])('is not %j', (text) => {
    expect(() => parseMapping(text)).toThrow(/no column|is not like|must end with|twice|now\(\)/);
  });
});
