import { jest } from '@jest/globals';
import { requireOptions } from '#config/options';
import { MemoryCatalog } from '#log/memory-catalog';
import { operationCode, patternTypeCode, permissionCode, resourceTypeCode, type AclBinding } from '#security/acl';
import { AclIndex } from '#security/acl-index';
import { brokerOptions } from '../broker-options.js';
import { ClusterState } from '../cluster-state.js';
import { Authorizer } from './authorizer.js';

const rule: AclBinding = {
  resourceType: resourceTypeCode.topic,
  resourceName: 'orders',
  patternType: patternTypeCode.literal,
  principal: 'User:alice',
  host: '*',
  operation: operationCode.read,
  permissionType: permissionCode.allow,
};
const alice = { type: 'User', name: 'alice' };

describe('Authorizer', () => {
  const store = () => new MemoryCatalog();

  async function open(config: Readonly<Record<string, string>> = {}, catalog = store()): Promise<Authorizer> {
    const cluster = new ClusterState(catalog);
    await cluster.open();
    return new Authorizer(cluster, requireOptions('the test', brokerOptions, config));
  }

  test('sees a change of the rules in answers that it gave before', async () => {
    const authorizer = await open();
    const access = authorizer.accessOf(alice, '10.0.0.1');
    const answers = () => [access.may('read', 'topic', 'orders'), access.mayAny('read', 'topic')];
    expect([answers(), answers()]).toEqual([
      [false, false],
      [false, false],
    ]);
    await authorizer.add([rule]);
    expect(answers()).toEqual([true, true]);
    await authorizer.add([{ ...rule, permissionType: permissionCode.deny }]);
    expect(answers()).toEqual([false, false]);
    await authorizer.remove(authorizer.find({ ...rule, permissionType: permissionCode.deny }));
    expect(answers()).toEqual([true, true]);
  });

  test('looks at the rules once for a question, and again when they have changed', async () => {
    const authorizer = await open();
    await authorizer.add([rule]);
    const asked = jest.spyOn(AclIndex.prototype, 'decide');
    for (let round = 0; round < 100; round += 1) {
      // Each connection of a client has the same answers.
      expect(authorizer.accessOf(alice, '10.0.0.1').may('read', 'topic', 'orders')).toBe(true);
    }
    expect(asked).toHaveBeenCalledTimes(1);
    await authorizer.add([{ ...rule, resourceName: 'other' }]);
    authorizer.accessOf(alice, '10.0.0.1').may('read', 'topic', 'orders');
    expect(asked).toHaveBeenCalledTimes(2);
    asked.mockRestore();
  });

  test('gives the same answers however many it has given', async () => {
    const authorizer = await open();
    await authorizer.add([{ ...rule, resourceName: 'orders-', patternType: patternTypeCode.prefixed }]);
    const access = authorizer.accessOf(alice, '10.0.0.1');
    for (let name = 0; name < 250_000; name += 1) access.may('read', 'topic', `other-${name}`);
    expect([access.may('read', 'topic', 'orders-1'), access.may('read', 'topic', 'other-1')]).toEqual([true, false]);
    const long = 'x'.repeat(30_000);
    expect(access.may('read', 'group', long)).toBe(false);
  });

  test.each([
    ['super users may do everything', { 'super.users': 'User:bob; User:alice' }, 'orders', true],
    ['super users may do what is denied', { 'super.users': 'User:alice' }, 'denied', true],
    ['others may not', { 'super.users': 'User:bob' }, 'orders', false],
    ['nobody may use what no rule is about', {}, 'unruled', false],
    ['everybody may, where it is said', { 'allow.everyone.if.no.acl.found': 'true' }, 'unruled', true],
    ['but not what a rule is about', { 'allow.everyone.if.no.acl.found': 'true' }, 'denied', false],
  ])('%s', async (_what, config: Record<string, string>, topic, expected) => {
    const authorizer = await open(config);
    const denial = { ...rule, resourceName: 'denied', permissionType: permissionCode.deny };
    await authorizer.add([denial, { ...rule, principal: 'User:carol' }]);
    expect(authorizer.accessOf(alice, '10.0.0.1').may('read', 'topic', topic)).toBe(expected);
  });

  test('has the rules again after a restart', async () => {
    const catalog = store();
    await (await open({}, catalog)).add([rule, { ...rule, resourceName: 'x'.repeat(5_000), resourceType: 3 }]);
    const again = await open({}, catalog);
    expect(again.accessOf(alice, '10.0.0.1').may('describe', 'topic', 'orders')).toBe(true);
    expect(again.accessOf(alice, '10.0.0.1').may('read', 'group', 'x'.repeat(5_000))).toBe(true);
  });
});
