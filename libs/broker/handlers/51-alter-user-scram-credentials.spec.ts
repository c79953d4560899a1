import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

// Both SCRAM APIs, since each is seen by the other.

const salt = Buffer.from('salt');
const upsertion = { name: 'alice', mechanism: 1, iterations: 4096, salt, saltedPassword: Buffer.alloc(32, 1) };
const { NONE, RESOURCE_NOT_FOUND, DUPLICATE_RESOURCE, UNACCEPTABLE_CREDENTIAL, UNSUPPORTED_SASL_MECHANISM } =
  kafkaError;

describe('SCRAM credentials', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open();
  });
  afterEach(() => world.close());

  const alter = async (upsertions: object[], deletions: { name: string; mechanism: number }[] = []) => {
    const all = upsertions.map((change) => ({ ...upsertion, ...change }));
    return (await world.call(apis.alterUserScramCredentials, 0, { upsertions: all, deletions })).results;
  };
  const listed = async (users: { name: string }[] | null = null) =>
    (await world.call(apis.describeUserScramCredentials, 0, { users })).results;

  test.each<[string, object, number]>([
    ['a good one', {}, NONE],
    ['SHA-512', { mechanism: 2 }, NONE],
    ['most iterations', { iterations: 16_384 }, NONE],
    ['too few iterations', { iterations: 4095 }, UNACCEPTABLE_CREDENTIAL],
    ['too many iterations', { iterations: 16_385 }, UNACCEPTABLE_CREDENTIAL],
    ['no name', { name: '' }, UNACCEPTABLE_CREDENTIAL],
    ['a name without end', { name: 'x'.repeat(1025) }, UNACCEPTABLE_CREDENTIAL],
    ['no salt', { salt: Buffer.alloc(0) }, UNACCEPTABLE_CREDENTIAL],
    ['no password', { saltedPassword: Buffer.alloc(0) }, UNACCEPTABLE_CREDENTIAL],
    ['an unknown mechanism', { mechanism: 3 }, UNSUPPORTED_SASL_MECHANISM],
  ])('take or refuse %s', async (_what, change, code) => {
    const [result] = await alter([change]);
    expect(result?.errorCode).toBe(code);
    expect(await listed()).toHaveLength(code === NONE ? 1 : 0);
  });

  test('are listed by user, in order, without what a login needs', async () => {
    await alter([{ name: 'bob' }, { name: 'alice', iterations: 8192 }, { name: 'alice', mechanism: 2 }]);
    const results = await listed();
    expect(results.map(({ user, credentialInfos }) => [user, credentialInfos])).toEqual([
      [
        'alice',
        [
          { mechanism: 1, iterations: 8192 },
          { mechanism: 2, iterations: 4096 },
        ],
      ],
      ['bob', [{ mechanism: 1, iterations: 4096 }]],
    ]);
    expect(await listed([])).toEqual(results);
    expect((await listed([{ name: 'bob' }])).map(({ user }) => user)).toEqual(['bob']);
  });

  test('of nobody, or of one asked for twice, are told as such', async () => {
    await alter([{}]);
    const codes = (await listed([{ name: 'alice' }, { name: 'alice' }, { name: 'bob' }])).map(({ user, errorCode }) => [
      user,
      errorCode,
    ]);
    expect(codes).toEqual([
      ['alice', DUPLICATE_RESOURCE],
      ['bob', RESOURCE_NOT_FOUND],
    ]);
  });

  test('of a user with anything wrong stay as they were, and those of others change', async () => {
    await alter([{}, { name: 'bob' }]);
    const results = await alter(
      [{ mechanism: 2, iterations: 1 }, { name: 'carol' }],
      [
        { name: 'alice', mechanism: 1 },
        { name: 'bob', mechanism: 1 },
        { name: 'dave', mechanism: 1 },
      ],
    );
    expect(new Map(results.map(({ user, errorCode }) => [user, errorCode]))).toEqual(
      new Map([
        ['alice', UNACCEPTABLE_CREDENTIAL],
        ['bob', NONE],
        ['dave', RESOURCE_NOT_FOUND],
        ['carol', NONE],
      ]),
    );
    expect((await listed()).map(({ user }) => user)).toEqual(['alice', 'carol']);
  });
});
