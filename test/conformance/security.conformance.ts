import { jest } from '@jest/globals';
import { pbkdf2Sync } from 'node:crypto';
import { bindingOf, permissionRows, refusalsIn, type PermissionRow } from '#broker/security/permission-rows.testkit';
import { operationCode, patternTypeCode, permissionCode, type AclBinding } from '#security/acl';
import { ScramClient } from '#security/scram-client.testkit';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { GuardedTarget } from './guarded-target.js';
import type { RawClient } from './raw-client.js';
import { eventually } from './target.js';

// Logins, access rules, and who may ask what; a real Kafka sees a change of rules a moment after it has answered.

jest.setTimeout(120_000);

const target = new GuardedTarget();
beforeAll(() => target.start());
afterAll(() => target.stop());
afterEach(() => target.closeClients());

const aclFilter = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: patternTypeCode.any,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
};

const creationOf = ({ patternType, ...binding }: AclBinding) => ({ ...binding, resourcePatternType: patternType });

async function allow(admin: RawClient, bindings: readonly AclBinding[]): Promise<void> {
  const { results } = await admin.call(apis.createAcls, 3, { creations: bindings.map(creationOf) });
  expect(results.map(({ errorCode }) => errorCode)).toEqual(bindings.map(() => kafkaError.NONE));
}

async function forgetAll(admin: RawClient): Promise<void> {
  await admin.call(apis.deleteAcls, 3, { filters: [aclFilter] });
  await eventually(async () => (await admin.call(apis.describeAcls, 3, aclFilter)).resources.length === 0);
}

describe('a login', () => {
  test('tells the mechanisms, takes the password, and then serves', async () => {
    const client = await target.stranger();
    const versions = await client.call(apis.apiVersions, 3, {
      clientSoftwareName: 'spec',
      clientSoftwareVersion: '1',
    });
    expect(versions.errorCode).toBe(kafkaError.NONE);
    const { errorCode, mechanisms } = await client.call(apis.saslHandshake, 1, { mechanism: 'PLAIN' });
    expect([errorCode, [...mechanisms].sort()]).toEqual([kafkaError.NONE, ['PLAIN', 'SCRAM-SHA-256']]);
    const authBytes = Buffer.from('\0alice\0alice-secret');
    const answer = await client.call(apis.saslAuthenticate, 2, { authBytes });
    expect(answer).toEqual({ errorCode: 0, errorMessage: '', authBytes: Buffer.alloc(0), sessionLifetimeMs: 0 });
    await client.call(apis.metadata, 9, { topics: [] });
  });

  test('by an unknown mechanism is told those that there are, and closed', async () => {
    const client = await target.stranger();
    const { errorCode, mechanisms } = await client.call(apis.saslHandshake, 1, { mechanism: 'GSSAPI' });
    expect(errorCode).toBe(kafkaError.UNSUPPORTED_SASL_MECHANISM);
    expect([...mechanisms].sort()).toEqual(['PLAIN', 'SCRAM-SHA-256']);
    expect(await client.nextFrame()).toBeNull();
  });

  test.each([
    ['a wrong password', '\0alice\0wrong', 'Authentication failed: Invalid username or password'],
    ['a user that is not there', '\0nobody\0wrong', 'Authentication failed: Invalid username or password'],
    [
      'another identity',
      'bob\0alice\0alice-secret',
      'Authentication failed: Client requested an authorization id that is different from username',
    ],
    ['no user', '\0\0x', 'Authentication failed: username not specified'],
    ['no password', '\0alice\0', 'Authentication failed: password not specified'],
  ])('with %s is told so, and closed', async (_what, token, errorMessage) => {
    const client = await target.stranger();
    await client.call(apis.saslHandshake, 1, { mechanism: 'PLAIN' });
    const answer = await client.call(apis.saslAuthenticate, 2, { authBytes: Buffer.from(token) });
    expect(answer).toMatchObject({ errorCode: kafkaError.SASL_AUTHENTICATION_FAILED, errorMessage });
    expect(await client.nextFrame()).toBeNull();
  });

  test('is closed by any other request before it', async () => {
    const client = await target.stranger();
    const answer = client.send(apis.metadata, 9, { topics: [] });
    await expect(answer()).rejects.toThrow('the connection was closed instead');
  });

  test('by tokens without headers, after a handshake of version 0', async () => {
    const client = await target.stranger();
    await client.call(apis.saslHandshake, 0, { mechanism: 'PLAIN' });
    const token = '\0alice\0alice-secret';
    const frame = Buffer.alloc(4 + token.length, `0000${token}`);
    frame.writeInt32BE(token.length);
    client.sendBytes(frame);
    expect(await client.nextFrame()).toEqual(Buffer.alloc(0));
    await client.call(apis.metadata, 9, { topics: [] });
  });

  test('a second time, and on a listener without one, is the wrong state, and nothing more', async () => {
    for (const client of [await target.user('alice'), await target.admin()]) {
      const handshake = await client.call(apis.saslHandshake, 1, { mechanism: 'PLAIN' });
      expect(handshake).toEqual({ errorCode: kafkaError.ILLEGAL_SASL_STATE, mechanisms: [] });
      const authenticate = await client.call(apis.saslAuthenticate, 2, { authBytes: Buffer.from('x') });
      expect(authenticate.errorCode).toBe(kafkaError.ILLEGAL_SASL_STATE);
      await client.call(apis.metadata, 9, { topics: [] });
    }
  });
});

describe('SCRAM credentials', () => {
  const salt = Buffer.from('some salt');
  const upsert = (name: string, password: string, iterations = 4096) => ({
    name,
    mechanism: 1,
    iterations,
    salt,
    saltedPassword: pbkdf2Sync(password, salt, 4096, 32, 'sha256'),
  });
  const alter = async (request: {
    deletions?: { name: string; mechanism: number }[];
    upsertions?: ReturnType<typeof upsert>[];
  }) =>
    (await (await target.admin()).call(apis.alterUserScramCredentials, 0, request)).results.map(
      ({ user, errorCode }) => [user, errorCode],
    );
  const describeAll = async (users: { name: string }[] | null) =>
    (await target.admin()).call(apis.describeUserScramCredentials, 0, { users });

  async function login(user: string, password: string): Promise<number> {
    const client = await target.stranger();
    const scram = new ScramClient('sha256', { user, password });
    await client.call(apis.saslHandshake, 1, { mechanism: 'SCRAM-SHA-256' });
    const first = await client.call(apis.saslAuthenticate, 2, { authBytes: scram.first() });
    if (first.errorCode !== 0) return first.errorCode;
    const last = await client.call(apis.saslAuthenticate, 2, { authBytes: scram.final(first.authBytes) });
    return last.errorCode;
  }

  test('that are made let their user in, and those removed do not', async () => {
    expect(await alter({ upsertions: [upsert('carol', 'hers')] })).toEqual([['carol', 0]]);
    await eventually(async () => (await login('carol', 'hers')) === 0);
    expect(await login('carol', 'wrong')).toBe(kafkaError.SASL_AUTHENTICATION_FAILED);
    expect(await login('nobody', 'hers')).toBe(kafkaError.SASL_AUTHENTICATION_FAILED);
    const { results } = await describeAll(null);
    expect(results.map(({ user, credentialInfos }) => [user, credentialInfos])).toEqual([
      ['carol', [{ mechanism: 1, iterations: 4096 }]],
    ]);
    expect(await alter({ deletions: [{ name: 'carol', mechanism: 1 }] })).toEqual([['carol', 0]]);
    await eventually(async () => (await login('carol', 'hers')) === kafkaError.SASL_AUTHENTICATION_FAILED);
  });

  test('that will not do are refused, each user by itself', async () => {
    const result = await alter({
      deletions: [
        { name: 'missing', mechanism: 1 },
        { name: 'strange', mechanism: 9 },
      ],
      upsertions: [
        upsert('few', 'x', 4095),
        upsert('many', 'x', 16_385),
        upsert('', 'x'),
        upsert('twice', 'x'),
        upsert('twice', 'y'),
      ],
    });
    expect(new Map(result as [string, number][])).toEqual(
      new Map([
        ['missing', kafkaError.RESOURCE_NOT_FOUND],
        ['strange', kafkaError.UNSUPPORTED_SASL_MECHANISM],
        ['few', kafkaError.UNACCEPTABLE_CREDENTIAL],
        ['many', kafkaError.UNACCEPTABLE_CREDENTIAL],
        ['', kafkaError.UNACCEPTABLE_CREDENTIAL],
        ['twice', kafkaError.DUPLICATE_RESOURCE],
      ]),
    );
  });

  test('of users that are not there, or are named twice, are told as such', async () => {
    const { errorCode, results } = await describeAll([{ name: 'missing' }, { name: 'two' }, { name: 'two' }]);
    expect(errorCode).toBe(kafkaError.NONE);
    expect(new Map(results.map((result) => [result.user, result.errorCode]))).toEqual(
      new Map([
        ['missing', kafkaError.RESOURCE_NOT_FOUND],
        ['two', kafkaError.DUPLICATE_RESOURCE],
      ]),
    );
  });
});

describe('access rules', () => {
  afterEach(async () => forgetAll(await target.admin()));

  test('are made, found by filters, and removed with word of what was', async () => {
    const admin = await target.admin();
    const one = { ...bindingOf('read topic'), resourceName: 'orders' };
    const two = { ...bindingOf('write topic'), resourceName: 'ord', patternType: patternTypeCode.prefixed };
    await allow(admin, [one, two, bindingOf('alter cluster', 'deny')]);
    const found = async (filter: object) => {
      const { errorCode, resources } = await admin.call(apis.describeAcls, 3, { ...aclFilter, ...filter });
      expect(errorCode).toBe(kafkaError.NONE);
      return resources.map(({ resourceName }) => resourceName).sort();
    };
    await eventually(async () => (await found({})).length === 3);
    expect(await found({ resourceTypeFilter: 2 })).toEqual(['ord', 'orders']);
    expect(await found({ resourceTypeFilter: 2, resourceNameFilter: 'orders', patternTypeFilter: 2 })).toEqual([
      'ord',
      'orders',
    ]);
    expect(await found({ resourceNameFilter: 'orders', patternTypeFilter: 3 })).toEqual(['orders']);
    expect(await found({ permissionType: permissionCode.deny })).toEqual(['kafka-cluster']);
    expect(await found({ principalFilter: 'User:nobody' })).toEqual([]);
    const { filterResults } = await admin.call(apis.deleteAcls, 3, {
      filters: [
        { ...aclFilter, operation: operationCode.write },
        { ...aclFilter, operation: operationCode.delete },
      ],
    });
    expect(filterResults.map(({ matchingAcls }) => matchingAcls)).toEqual([
      [{ errorCode: 0, errorMessage: null, ...two }],
      [],
    ]);
  });

  test.each<[string, Partial<AclBinding>]>([
    ['another cluster', { resourceType: 4, resourceName: 'mine' }],
    ['no name', { resourceName: '' }],
    ['no type of principal', { principal: 'alice' }],
  ])('about %s are refused, and hinder no other', async (_what, change) => {
    const admin = await target.admin();
    const creations = [{ ...bindingOf('read topic'), ...change }, bindingOf('read topic')].map(creationOf);
    const { results } = await admin.call(apis.createAcls, 3, { creations });
    expect(results.map(({ errorCode }) => errorCode)).toEqual([kafkaError.INVALID_REQUEST, kafkaError.NONE]);
  });
});

describe('who may ask what', () => {
  let topicId = '';

  beforeAll(async () => {
    const admin = await target.admin();
    const wanted = ['orders', 'doomed'].map((name) => ({ name, numPartitions: 1, replicationFactor: 1 }));
    const { topics } = await admin.call(apis.createTopics, 7, { topics: wanted, timeoutMs: 10_000 });
    topicId = topics[0]?.topicId ?? '';
    // A real Kafka makes the topics of its coordinators at their first use.
    await eventually(async () => {
      const group = await admin.call(apis.findCoordinator, 4, { keyType: 0, coordinatorKeys: ['readers'] });
      const id = await admin.call(apis.findCoordinator, 4, { keyType: 1, coordinatorKeys: ['pay'] });
      return [...group.coordinators, ...id.coordinators].every(({ errorCode }) => errorCode === kafkaError.NONE);
    });
  });
  afterEach(async () => forgetAll(await target.admin()));

  const cases = permissionRows.map((row) => [`${row.api.name} (${row.needs[0]?.join(', ')})`, row] as const);

  async function refusedTo(client: RawClient, row: PermissionRow): Promise<Record<string, number>> {
    const version = row.api.maxVersion;
    const body = typeof row.body === 'function' ? row.body(version, topicId) : row.body;
    return refusalsIn(await client.call(row.api, version, body as never), '');
  }

  test.each(cases)('%s', async (_title, row) => {
    const [admin, alice] = [await target.admin(), await target.user('alice')];
    expect(await refusedTo(alice, row)).toEqual(row.denied);
    for (const rights of row.needs) {
      await allow(
        admin,
        rights.map((right) => bindingOf(right)),
      );
      await eventually(async () => Object.keys(await refusedTo(alice, row)).length === 0);
      await forgetAll(admin);
      await eventually(async () => Object.keys(await refusedTo(alice, row)).length > 0);
    }
  });
});
