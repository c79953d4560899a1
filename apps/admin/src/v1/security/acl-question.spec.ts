import type { AclRule } from '#topics/access-admin';
import { verdictOf } from './acl-question.js';

const rule = (given: Partial<AclRule>): AclRule => ({
  resourceType: 'TOPIC',
  resourceName: 'orders',
  patternType: 'LITERAL',
  principal: 'User:alice',
  host: '*',
  operation: 'READ',
  permission: 'ALLOW',
  ...given,
});
const question = {
  principal: 'User:alice',
  operation: 'READ',
  resource_type: 'TOPIC',
  resource_name: 'orders',
  host: '127.0.0.1',
};

describe('the question whether somebody may', () => {
  it.each([
    ['nothing is said', {}, [], 'no_rule', 0],
    ['a grant names it', {}, [rule({})], 'allowed', 1],
    ['a prefix grants it', {}, [rule({ resourceName: 'ord', patternType: 'PREFIXED' })], 'allowed', 1],
    ['to read is to describe', { operation: 'DESCRIBE' }, [rule({})], 'allowed', 1],
    ['somebody else may', {}, [rule({ principal: 'User:bob' })], 'denied', 0],
    ['another host may', {}, [rule({ host: '192.0.2.1' })], 'denied', 0],
    ['a denial wins', {}, [rule({}), rule({ principal: 'User:*', permission: 'DENY' })], 'denied', 1],
    ['a denial of all wins', {}, [rule({}), rule({ operation: 'ALL', permission: 'DENY' })], 'denied', 1],
    ['a denial to another is none', {}, [rule({}), rule({ principal: 'User:bob', permission: 'DENY' })], 'allowed', 1],
  ] as const)('%s', (_what, asked, rules, decision, deciding) => {
    const verdict = verdictOf({ ...question, ...asked }, rules);
    expect([verdict.decision, verdict.rules.length]).toEqual([decision, deciding]);
    expect(verdict.reason).toContain('orders');
  });
});
