import { batchOf } from '../postgres/batch.testkit.js';
import { keepsPositions, redisSinkProblems, redisSinkSettings } from './options.js';
import { callsOf, NoCommandError } from './record-commands.js';
import { classOfRedisError, classOfReply } from './redis-errors.js';
import { redisSinkType } from './sink-type.js';

const uri = { 'redis.uri': 'rediss://me:p%20w@host:7000/3' };

function calls(options: Record<string, string>, value: unknown, key: string | null = 'k'): string[] {
  const text = value === null || typeof value === 'string' ? value : JSON.stringify(value);
  const batch = batchOf([{ offset: 5, key, value: text }]);
  return callsOf(batch, 0, redisSinkSettings({ ...uri, ...options })).map((words) => words.map(String).join(' '));
}

describe('the options of the redis sink', () => {
  it('take an address apart', () => {
    expect(redisSinkSettings(uri)).toMatchObject({
      ...{ endpoints: [{ host: 'host', port: 7000 }], username: 'me', password: 'p w', database: 3, tls: true },
    });
  });

  it.each([
    [{}, 'redis.uri'],
    [{ ...uri, 'redis.key': 'one' }, 'redis.key'],
    [{ 'redis.hosts': 'a', 'redis.client.mode': 'Cluster', 'redis.database': '1' }, 'redis.database'],
  ])('that do not go together are found: %j', (options, name) => {
    expect(redisSinkProblems(options).map((problem) => problem.name)).toEqual([name]);
  });

  it.each([
    [{}, true],
    [{ 'redis.multiexec': 'false' }, false],
    [{ 'redis.client.mode': 'Cluster' }, false],
    [{ 'redis.client.mode': 'Cluster', 'redis.command': 'XADD' }, true],
    [{ 'redis.client.mode': 'Cluster', 'redis.key': '{o-${partition}}:${key}' }, true],
    [{ 'redis.client.mode': 'Cluster', 'redis.key': '{${key}}' }, false],
  ])('keep positions where one step can hold all: %j, %j', (options, expected) => {
    expect(keepsPositions({ ...uri, ...options })).toBe(expected);
  });

  it('put positions of a cluster beside the records', () => {
    const { key } = redisSinkSettings({ ...uri, 'redis.key': '{o-${partition}}:${key}' });
    expect(key.fixedTag('orders', 2)).toBe('o-2');
  });

  it('are translated from well-known connectors', () => {
    const translate = (name: string, options: Record<string, string>) => redisSinkType.translate?.(name, options);
    expect(translate('com.github.jcustenborder.kafka.connect.redis.RedisSinkConnector', uri)?.['redis.key']).toBe(
      '${key}',
    );
    expect(
      translate('com.redis.kafka.connect.RedisSinkConnector', {
        ...uri,
        'redis.type': 'HASH',
        'redis.keyspace': 'o',
      }),
    ).toMatchObject({ 'redis.command': 'HSET', 'redis.key': 'o:${key}' });
  });
});

describe('a record in Redis', () => {
  it.each([
    [{}, '{"a":1}', ['SET orders:k {"a":1}']],
    [{ 'redis.ttl': '9' }, 'x', ['SET orders:k x EX 9']],
    [{}, null, ['DEL orders:k']],
    [
      { 'redis.command': 'HSET', 'redis.ttl': '9' },
      { a: 1, b: null, c: [1] },
      ['HSET orders:k a 1 c [1]', 'HDEL orders:k b', 'EXPIRE orders:k 9'],
    ],
    [{ 'redis.command': 'XADD', 'redis.stream.maxlen': '10' }, { a: true }, ['XADD orders MAXLEN ~ 10 * a true']],
    [{ 'redis.command': 'XADD', 'redis.value': 'bytes' }, 'x', ['XADD orders * key k value x']],
    [{ 'redis.command': 'RPUSH', 'redis.key': 'l:${partition}' }, 'x', ['RPUSH l:0 x']],
    [{ 'redis.key': '${topic}/${value.id}/${offset}' }, { id: 7 }, ['SET orders/7/5 {"id":7}']],
  ])('with %j: %j is %j', (options, value, expected) => {
    expect(calls(options, value)).toEqual(expected);
  });

  it.each([
    [{ 'redis.command': 'HSET' }, 'oops'],
    [{ 'redis.command': 'HSET' }, [1]],
    [{ 'redis.command': 'XADD' }, {}],
    [{ 'redis.command': 'RPUSH' }, null],
    [{ 'redis.key': '${value.id}' }, { x: 1 }],
  ])('with %j is nothing of %j', (options, value) => {
    expect(() => calls(options, value)).toThrow(NoCommandError);
  });

  it('needs the key that its name is made of', () => {
    expect(() => calls({}, 'x', null)).toThrow(/no key/);
  });
});

describe('an error of Redis', () => {
  it.each([
    ['LOADING Redis is loading the dataset in memory', 'retriable'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'retriable'],
    ["READONLY You can't write against a read only replica.", 'retriable'],
    ['NOREPLICAS Not enough good replicas to write.', 'retriable'],
    ['CLUSTERDOWN The cluster is down', 'retriable'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'fatal'],
    ['NOAUTH Authentication required.', 'fatal'],
    ["NOPERM this user has no permissions to run the 'eval' command", 'fatal'],
    ["ERR unknown command 'EVAL'", 'fatal'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'refused'],
    ['ERR string exceeds maximum allowed size', 'refused'],
  ])('%s is %s', (message, expected) => {
    expect(classOfReply(message)).toBe(expected);
    expect(classOfRedisError(Object.assign(new Error(message), { name: 'ReplyError' }))).toBe(expected);
  });

  it.each([
    [new Error('Connection is closed.'), 'retriable'],
    [new Error('Command timed out'), 'retriable'],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'retriable'],
    [Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'fatal'],
    [new TypeError('x is undefined'), 'unknown'],
  ])('of the connection is known too: %s', (error, expected) => {
    expect(classOfRedisError(error)).toBe(expected);
  });
});
