import { keyOfEntity, type EntityType } from './quota-entities.js';
import { QuotaRules } from './quota-rules.js';

const any = null;

function rules(...entries: readonly (readonly [Partial<Record<EntityType, string | null>>, number])[]): QuotaRules {
  const records = entries.map(([entity, limit]): [string, string] => {
    const key = keyOfEntity(new Map(Object.entries(entity) as [EntityType, string | null][]));
    const name = 'ip' in entity ? 'connection_creation_rate' : 'producer_byte_rate';
    return [key, JSON.stringify({ [name]: limit })];
  });
  return new QuotaRules(new Map(records));
}

describe('the rule for a client', () => {
  // From the most exact to the least; each row leaves out one more.
  const all = [
    [{ user: 'u', 'client-id': 'c' }, 1, 'u/c'],
    [{ user: 'u', 'client-id': any }, 2, 'u/c'],
    [{ user: 'u' }, 3, 'u'],
    [{ user: any, 'client-id': 'c' }, 4, 'u/c'],
    [{ user: any, 'client-id': any }, 5, 'u/c'],
    [{ user: any }, 6, 'u'],
    [{ 'client-id': 'c' }, 7, '/c'],
    [{ 'client-id': any }, 8, '/c'],
  ] as const;

  test.each(all.map(([entity, limit, sharers], index) => [JSON.stringify(entity), limit, sharers, index] as const))(
    '%s, where nothing more exact is set',
    (_, limit, sharers, index) => {
      const rest = all.slice(index).map(([entity, value]) => [entity, value] as const);
      const found = rules(...rest).find('producer_byte_rate', 'u', 'c');
      expect(found).toEqual({ limit, sharers: `producer_byte_rate/${sharers}` });
    },
  );

  test('none, where only others are limited', () => {
    const others = rules([{ user: 'v' }, 1], [{ 'client-id': 'd' }, 2], [{ user: 'u', 'client-id': 'd' }, 3]);
    expect(others.find('producer_byte_rate', 'u', 'c')).toBeNull();
    expect(others.find('consumer_byte_rate', 'v', 'd')).toBeNull();
  });

  test('a user whose name looks like the default is not taken for it', () => {
    expect(rules([{ user: any }, 5], [{ user: '*' }, 6]).find('producer_byte_rate', '*', 'c')?.limit).toBe(6);
    expect(rules([{ user: '*' }, 6]).find('producer_byte_rate', 'u', 'c')).toBeNull();
  });

  test('of an address: its own, or the one of all', () => {
    const some = rules([{ ip: '10.0.0.1' }, 1], [{ ip: any }, 2]);
    expect([some.connectionsFrom('10.0.0.1'), some.connectionsFrom('10.0.0.2')]).toEqual([1, 2]);
    expect(rules([{ user: any }, 5]).connectionsFrom('10.0.0.1')).toBeNull();
  });
});
