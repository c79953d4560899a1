import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

// The three ACL APIs, since each is seen by the others.

const rule = {
  resourceType: 2,
  resourceName: 'orders',
  resourcePatternType: 3,
  principal: 'User:alice',
  host: '*',
  operation: 3,
  permissionType: 3,
};
const all = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
};
const disabled = { errorCode: kafkaError.SECURITY_DISABLED, errorMessage: 'No Authorizer is configured.' };

describe('ACLs', () => {
  let world: BrokerWorld;
  afterEach(() => world.close());

  const open = async (): Promise<void> => {
    world = await BrokerWorld.open({
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    });
  };
  const create = async (...changes: object[]) =>
    (await world.call(apis.createAcls, 3, { creations: changes.map((change) => ({ ...rule, ...change })) })).results;
  const remove = async (...changes: object[]) =>
    (await world.call(apis.deleteAcls, 3, { filters: changes.map((change) => ({ ...all, ...change })) })).filterResults;
  const describeAcls = (change: object = {}) => world.call(apis.describeAcls, 3, { ...all, ...change });

  test('are off without an authorizer, and each part of the answer says so', async () => {
    world = await BrokerWorld.open();
    expect(await create({}, {})).toEqual([disabled, disabled]);
    expect(await remove({})).toEqual([{ ...disabled, matchingAcls: [] }]);
    expect(await describeAcls()).toMatchObject({ ...disabled, resources: [] });
  });

  test.each<[string, object, RegExp | null]>([
    ['a good rule', {}, null],
    ['a prefix', { resourcePatternType: 4 }, null],
    ['a denial of everything', { operation: 2, permissionType: 2 }, null],
    [
      'another cluster',
      { resourceType: 4, resourceName: 'x' },
      /^The only valid name for the CLUSTER resource is kafka-cluster$/,
    ],
    ['no name', { resourceName: '' }, /^Invalid empty resource name$/],
    ['a pattern that only filters have', { resourcePatternType: 2 }, /^Invalid patternType 2$/],
    ['any type', { resourceType: 1 }, /^Invalid resourceType 1$/],
    ['any operation', { operation: 1 }, /^Invalid operation 1$/],
    ['an unknown operation', { operation: 99 }, /^Invalid operation 99$/],
    ['any permission', { permissionType: 1 }, /^Invalid permissionType 1$/],
    ['no principal', { principal: 'alice' }, /^Could not parse principal from `alice`/],
  ])('take or refuse %s', async (_what, change, says) => {
    await open();
    const [result] = await create(change);
    expect(result?.errorCode).toBe(says === null ? kafkaError.NONE : kafkaError.INVALID_REQUEST);
    if (says !== null) expect(result?.errorMessage).toMatch(says);
    expect((await describeAcls()).resources).toHaveLength(says === null ? 1 : 0);
  });

  test('are one however often they are made, and listed by resource', async () => {
    await open();
    await create({}, {}, { operation: 4 }, { resourcePatternType: 4 });
    await create({});
    const { resources } = await describeAcls();
    expect(resources.map(({ resourceName, patternType, acls }) => [resourceName, patternType, acls.length])).toEqual([
      ['orders', 3, 2],
      ['orders', 4, 1],
    ]);
  });

  test('are removed by filters, each of which says what it found', async () => {
    await open();
    await create({}, { operation: 4 }, { principal: 'User:bob' });
    const results = await remove({ principalFilter: 'User:alice' }, { operation: 4 }, { resourceTypeFilter: 3 });
    expect(results.map(({ matchingAcls }) => matchingAcls.map(({ operation }) => operation))).toEqual([
      [3, 4],
      [4],
      [],
    ]);
    expect((await describeAcls()).resources[0]?.acls).toEqual([
      { principal: 'User:bob', host: '*', operation: 3, permissionType: 3 },
    ]);
  });

  test.each([
    { resourceTypeFilter: 0 },
    { patternTypeFilter: 0 },
    { operation: 0 },
    { permissionType: 0 },
    { operation: 77 },
  ])('are not found by what is unknown: %j', async (change) => {
    await open();
    await create({});
    const errorMessage = 'The AclBindingFilter must not contain UNKNOWN elements.';
    const told = { errorCode: kafkaError.INVALID_REQUEST, errorMessage };
    expect(await describeAcls(change)).toMatchObject(told);
    expect(await remove(change)).toEqual([{ ...told, matchingAcls: [] }]);
    expect((await describeAcls()).resources).toHaveLength(1);
  });
});
