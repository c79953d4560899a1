import {
  matches,
  operationCode,
  patternTypeCode,
  permissionCode,
  resourceTypeCode,
  type AclBinding,
  type AclFilter,
  type AclOperation,
  type AclResourceType,
} from './acl.js';
import { AclIndex } from './acl-index.js';

/** `allow User:alice * read topic literal orders` */
function rule(text: string): AclBinding {
  const [permission, principal = '', host = '', operation, type, pattern, resourceName = ''] = text.split(' ');
  return {
    permissionType: permissionCode[permission as 'allow'],
    principal,
    host,
    operation: operationCode[operation as AclOperation],
    resourceType: resourceTypeCode[type as AclResourceType],
    patternType: patternTypeCode[pattern as 'literal'],
    resourceName,
  };
}

const alice = { principal: 'User:alice', host: '10.0.0.1' };

describe('AclIndex', () => {
  test.each<[string, string[], AclOperation, AclResourceType, string, string]>([
    ['no rule at all', [], 'read', 'topic', 'orders', 'no_rule'],
    ['a rule for it', ['allow User:alice * read topic literal orders'], 'read', 'topic', 'orders', 'allowed'],
    ['another topic', ['allow User:alice * read topic literal orders'], 'read', 'topic', 'order', 'no_rule'],
    ['another type', ['allow User:alice * read topic literal orders'], 'read', 'group', 'orders', 'no_rule'],
    ['another operation', ['allow User:alice * read topic literal orders'], 'write', 'topic', 'orders', 'denied'],
    ['another user', ['allow User:bob * read topic literal orders'], 'read', 'topic', 'orders', 'denied'],
    ['everybody', ['allow User:* * read topic literal orders'], 'read', 'topic', 'orders', 'allowed'],
    ['another host', ['allow User:alice 10.0.0.2 read topic literal orders'], 'read', 'topic', 'orders', 'denied'],
    ['its host', ['allow User:alice 10.0.0.1 read topic literal orders'], 'read', 'topic', 'orders', 'allowed'],
    ['all operations', ['allow User:alice * all topic literal orders'], 'alter', 'topic', 'orders', 'allowed'],
    ['all topics', ['allow User:alice * read topic literal *'], 'read', 'topic', 'orders', 'allowed'],
    ['a prefix', ['allow User:alice * read topic prefixed or'], 'read', 'topic', 'orders', 'allowed'],
    ['the whole as prefix', ['allow User:alice * read topic prefixed orders'], 'read', 'topic', 'orders', 'allowed'],
    ['a longer prefix', ['allow User:alice * read topic prefixed orders-'], 'read', 'topic', 'orders', 'no_rule'],
    ['read lets describe', ['allow User:alice * read topic literal orders'], 'describe', 'topic', 'orders', 'allowed'],
    [
      'write lets describe',
      ['allow User:alice * write topic literal orders'],
      'describe',
      'topic',
      'orders',
      'allowed',
    ],
    [
      'delete lets describe',
      ['allow User:alice * delete topic literal orders'],
      'describe',
      'topic',
      'orders',
      'allowed',
    ],
    [
      'alter lets describe',
      ['allow User:alice * alter topic literal orders'],
      'describe',
      'topic',
      'orders',
      'allowed',
    ],
    ['create does not', ['allow User:alice * create topic literal orders'], 'describe', 'topic', 'orders', 'denied'],
    [
      'alter_configs lets describe_configs',
      ['allow User:alice * alter_configs topic literal orders'],
      'describe_configs',
      'topic',
      'orders',
      'allowed',
    ],
    [
      'read does not',
      ['allow User:alice * read topic literal orders'],
      'describe_configs',
      'topic',
      'orders',
      'denied',
    ],
    [
      'describe lets no read',
      ['allow User:alice * describe topic literal orders'],
      'read',
      'topic',
      'orders',
      'denied',
    ],
    [
      'a denial wins',
      ['allow User:alice * all topic literal *', 'deny User:alice * read topic prefixed ord'],
      'read',
      'topic',
      'orders',
      'denied',
    ],
    [
      'a denial of all',
      ['allow User:alice * read topic literal orders', 'deny User:* * all topic literal *'],
      'read',
      'topic',
      'orders',
      'denied',
    ],
    [
      'a denial of something else',
      ['allow User:alice * read topic literal orders', 'deny User:alice * write topic literal orders'],
      'read',
      'topic',
      'orders',
      'allowed',
    ],
    [
      'a denial of read does not deny describe',
      ['allow User:alice * all topic literal orders', 'deny User:alice * read topic literal orders'],
      'describe',
      'topic',
      'orders',
      'allowed',
    ],
    [
      'a denial elsewhere',
      ['allow User:alice * read topic literal orders', 'deny User:alice 10.0.0.9 read topic literal orders'],
      'read',
      'topic',
      'orders',
      'allowed',
    ],
  ])('%s', (_what, rules, operation, type, name, decision) => {
    expect(new AclIndex(rules.map(rule)).decide({ ...alice, operation, type, name })).toBe(decision);
  });

  test.each<[string, string[], boolean]>([
    ['nothing', [], false],
    ['one topic', ['allow User:alice * write topic literal orders'], true],
    ['a prefix', ['allow User:alice * write topic prefixed o'], true],
    ['all topics', ['allow User:alice * write topic literal *'], true],
    ['somebody else', ['allow User:bob * write topic literal orders'], false],
    ['an implied operation only', ['allow User:alice * read topic literal orders'], false],
    [
      'denied by name',
      ['allow User:alice * write topic literal orders', 'deny User:* * write topic literal orders'],
      false,
    ],
    [
      'denied by a shorter prefix',
      ['allow User:alice * write topic prefixed orders', 'deny User:alice * all topic prefixed or'],
      false,
    ],
    [
      'denied by a longer prefix',
      ['allow User:alice * write topic prefixed or', 'deny User:alice * all topic prefixed orders'],
      true,
    ],
    [
      'denied everywhere',
      ['allow User:alice * write topic literal *', 'deny User:alice * write topic literal *'],
      false,
    ],
    [
      'all allowed, one denied',
      ['allow User:alice * write topic literal *', 'deny User:alice * write topic literal orders'],
      true,
    ],
  ])('any topic to write to: %s', (_what, rules, expected) => {
    expect(new AclIndex(rules.map(rule)).decideAny({ ...alice, operation: 'write', type: 'topic' })).toBe(expected);
  });
});

describe('a filter', () => {
  const any: AclFilter = {
    resourceType: 1,
    resourceName: null,
    patternType: patternTypeCode.any,
    principal: null,
    host: null,
    operation: 1,
    permissionType: 1,
  };
  const bindings = ['literal orders', 'literal *', 'prefixed ord', 'prefixed x'].map((place) =>
    rule(`allow User:alice * read topic ${place}`),
  );
  const found = (filter: Partial<AclFilter>): string[] =>
    bindings.filter((binding) => matches({ ...any, ...filter }, binding)).map(({ resourceName }) => resourceName);

  test.each<[string, Partial<AclFilter>, string[]]>([
    ['anything', {}, ['orders', '*', 'ord', 'x']],
    ['a name, as it is written', { resourceName: 'orders' }, ['orders']],
    ['what applies to a name', { resourceName: 'orders', patternType: patternTypeCode.match }, ['orders', '*', 'ord']],
    ['prefixes', { patternType: patternTypeCode.prefixed }, ['ord', 'x']],
    ['another type', { resourceType: resourceTypeCode.group }, []],
    ['another user', { principal: 'User:bob' }, []],
    ['another operation', { operation: operationCode.write }, []],
    ['denials', { permissionType: permissionCode.deny }, []],
    ['another host', { host: '10.0.0.1' }, []],
  ])('finds %s', (_what, filter, names) => {
    expect(found(filter)).toEqual(names);
  });
});
