import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { batchOf } from './batches.js';
import type { RawClient } from './raw-client.js';
import { createTopic, eventually, fetchBody, freshName, produce, produceBody, Target } from './target.js';

type Entity = readonly (readonly [type: string, name: string | null])[];
type Component = readonly [type: string, matchType: number, match: string | null];

/** Client quotas, with client ids that nobody else has. Times to wait are compared within a tenth of the window. */
describe('quotas', () => {
  const target = new Target();
  let client: RawClient;
  const entities: Entity[] = [];
  beforeAll(() => target.start());
  beforeEach(async () => {
    client = await target.client();
  });
  afterEach(async () => {
    for (const entity of entities.splice(0))
      await alter(
        entity,
        keysOf(entity).map((key) => [key, null]),
      );
    target.closeClients();
  });
  afterAll(() => target.stop());

  const keysOf = (entity: Entity): string[] =>
    entity.some(([type]) => type === 'ip')
      ? ['connection_creation_rate']
      : ['producer_byte_rate', 'consumer_byte_rate', 'request_percentage', 'controller_mutation_rate'];

  async function alter(entity: Entity, ops: readonly (readonly [string, number | null])[], validateOnly = false) {
    const answer = await client.call(apis.alterClientQuotas, 1, {
      entries: [
        {
          entity: entity.map(([entityType, entityName]) => ({ entityType, entityName })),
          ops: ops.map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
        },
      ],
      validateOnly,
    });
    return answer.entries[0]?.errorCode;
  }

  /** Sets quotas that are taken away after the test, and waits until they are seen. */
  async function limit(entity: Entity, ops: readonly (readonly [string, number])[]): Promise<void> {
    entities.push(entity);
    expect(await alter(entity, ops)).toBe(kafkaError.NONE);
    const exact = entity.map(([type, name]): Component => [type, name === null ? 1 : 0, name]);
    await eventually(async () => (await describeQuotas(exact, true)).entries.length > 0);
  }

  async function describeQuotas(components: readonly Component[], strict = false, version = 1) {
    const answer = await client.call(apis.describeClientQuotas, version, {
      components: components.map(([entityType, matchType, match]) => ({ entityType, matchType, match })),
      strict,
    });
    const entries = (answer.entries ?? []).map(({ entity, values }) => ({
      entity: new Map(entity.map(({ entityType, entityName }) => [entityType, entityName])),
      values: new Map(values.map(({ key, value }) => [key, value])),
    }));
    return { code: answer.errorCode, entries };
  }

  test.each<[string, Entity, [string, number | null][], number]>([
    ['a whole number', [['user', 'x']], [['producer_byte_rate', 1000]], kafkaError.NONE],
    ['a part of a percent', [['user', 'x']], [['request_percentage', 0.5]], kafkaError.NONE],
    ['an address', [['ip', '10.0.0.1']], [['connection_creation_rate', 10]], kafkaError.NONE],
    ['all addresses', [['ip', null]], [['connection_creation_rate', 10_000]], kafkaError.NONE],
    ['no address', [['ip', 'no such host.']], [['connection_creation_rate', 10]], kafkaError.INVALID_REQUEST],
    ['bytes of an address', [['ip', '10.0.0.1']], [['producer_byte_rate', 10]], kafkaError.INVALID_REQUEST],
    [
      'an address and a user',
      [
        ['ip', '10.0.0.1'],
        ['user', 'x'],
      ],
      [['connection_creation_rate', 10]],
      kafkaError.INVALID_REQUEST,
    ],
    ['connections of a user', [['user', 'x']], [['connection_creation_rate', 10]], kafkaError.INVALID_REQUEST],
    ['an unknown quota', [['user', 'x']], [['nope', 10]], kafkaError.INVALID_REQUEST],
    ['an unknown quota away', [['user', 'x']], [['nope', null]], kafkaError.NONE],
    ['part of a byte', [['user', 'x']], [['producer_byte_rate', 10.5]], kafkaError.INVALID_REQUEST],
    ['nothing', [['user', 'x']], [['producer_byte_rate', 0]], kafkaError.INVALID_REQUEST],
    ['less than nothing', [['user', 'x']], [['request_percentage', -1]], kafkaError.INVALID_REQUEST],
    ['an empty name', [['user', '']], [['producer_byte_rate', 10]], kafkaError.INVALID_REQUEST],
    ['an unknown type', [['group', 'x']], [['producer_byte_rate', 10]], kafkaError.INVALID_REQUEST],
    ['nobody', [], [['producer_byte_rate', 10]], kafkaError.INVALID_REQUEST],
    [
      'one quota twice',
      [['user', 'x']],
      [
        ['producer_byte_rate', 10],
        ['producer_byte_rate', 20],
      ],
      kafkaError.INVALID_REQUEST,
    ],
  ])('altered by %s', async (_, entity, ops, errorCode) => {
    for (const validateOnly of [true, false]) {
      if (errorCode === kafkaError.NONE && !validateOnly) entities.push(entity);
      expect(await alter(entity, ops, validateOnly)).toBe(errorCode);
    }
  });

  test.each([0, 1])('DescribeClientQuotas v%d finds entities by what is known of them', async (version) => {
    const user = freshName('user');
    const other = freshName('user');
    await limit([['user', user]], [['producer_byte_rate', 1000]]);
    await limit(
      [
        ['user', user],
        ['client-id', null],
      ],
      [
        ['consumer_byte_rate', 2000],
        ['request_percentage', 12.5],
      ],
    );
    await limit([['user', other]], [['producer_byte_rate', 3000]]);
    const found = async (components: readonly Component[], strict = false) => {
      const { code, entries } = await describeQuotas(components, strict, version);
      expect(code).toBe(kafkaError.NONE);
      const mine = entries.filter(({ entity }) => [user, other].includes(entity.get('user') ?? ''));
      return new Set(mine.map(({ values }) => [...values].map(([key, value]) => `${key}=${value}`).join()));
    };
    const alone = 'producer_byte_rate=1000';
    const withClient = 'consumer_byte_rate=2000,request_percentage=12.5';
    const others = 'producer_byte_rate=3000';
    expect(await found([])).toEqual(new Set([alone, withClient, others]));
    expect(await found([], true)).toEqual(new Set());
    expect(await found([['user', 2, null]])).toEqual(new Set([alone, withClient, others]));
    expect(await found([['user', 2, null]], true)).toEqual(new Set([alone, others]));
    expect(await found([['user', 0, user]])).toEqual(new Set([alone, withClient]));
    expect(await found([['client-id', 1, null]])).toEqual(new Set([withClient]));
    expect(
      await found([
        ['user', 0, user],
        ['client-id', 1, null],
      ]),
    ).toEqual(new Set([withClient]));
  });

  test.each<[string, Component[], number]>([
    ['an unknown type', [['group', 2, null]], kafkaError.UNSUPPORTED_VERSION],
    ['no type', [['', 2, null]], kafkaError.INVALID_REQUEST],
    [
      'a type twice',
      [
        ['user', 2, null],
        ['user', 1, null],
      ],
      kafkaError.INVALID_REQUEST,
    ],
    [
      'addresses and users',
      [
        ['ip', 2, null],
        ['user', 2, null],
      ],
      kafkaError.INVALID_REQUEST,
    ],
    ['a name without one', [['user', 0, null]], kafkaError.INVALID_REQUEST],
    ['the default with a name', [['user', 1, 'x']], kafkaError.INVALID_REQUEST],
    ['an unknown way of matching', [['user', 9, null]], kafkaError.INVALID_REQUEST],
  ])('a filter by %s is refused', async (_, components, errorCode) => {
    expect((await describeQuotas(components)).code).toBe(errorCode);
  });

  /** How long the next request on the connection is kept waiting. */
  async function waitOf(clientId: string): Promise<number> {
    const began = Date.now();
    await client.send(apis.metadata, 9, { topics: [] }, clientId)();
    return Date.now() - began;
  }

  test('who produces more than it may is answered at once, and then has to wait', async () => {
    const clientId = freshName('client');
    const topic = await createTopic(client);
    await limit([['client-id', clientId]], [['producer_byte_rate', 1000]]);
    const send = async (version: number) => {
      const batch = batchOf(['x'.repeat(5_500)]);
      const answer = await client.send(apis.produce, version, produceBody({ topic, batch }), clientId)();
      expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(kafkaError.NONE);
      return answer.throttleTimeMs;
    };
    expect(await send(9)).toBe(0);
    // 11,000 bytes and some in a window that counts as ten seconds: a second too many.
    const throttleMs = await send(9);
    expect(throttleMs).toBeGreaterThan(900);
    expect(throttleMs).toBeLessThan(2_000);
    expect(await waitOf(clientId)).toBeGreaterThan(throttleMs - 200);
    // Nobody else has to wait.
    const other = await target.client();
    expect((await produce(other, { topic, batch: batchOf(['x'.repeat(20_000)]) })).errorCode).toBe(kafkaError.NONE);
  });

  test('who fetches more than it may gets nothing for a while, inside a session too', async () => {
    const clientId = freshName('client');
    const topic = await createTopic(client);
    for (let count = 0; count < 2; count += 1) await produce(client, { topic, batch: batchOf(['x'.repeat(5_500)]) });
    await limit([['client-id', clientId]], [['consumer_byte_rate', 1000]]);
    const fetch = async (sessionId: number, sessionEpoch: number, offset: number) => {
      const body = { ...fetchBody({ topic, offset, maxWaitMs: 100, partitionMaxBytes: 100 }), sessionId, sessionEpoch };
      const answer = await client.send(apis.fetch, 11, body, clientId)();
      const bytes = answer.responses.flatMap((one) => one.partitions.map(({ records }) => records?.length ?? 0));
      return { waitMs: answer.throttleTimeMs, sessionId: answer.sessionId, code: answer.errorCode, bytes };
    };
    const first = await fetch(0, 0, 0);
    expect(first).toMatchObject({ waitMs: 0, code: 0, bytes: [expect.any(Number)] });
    const refused = await fetch(first.sessionId, 1, 1);
    expect(refused).toMatchObject({ code: 0, sessionId: first.sessionId, bytes: [] });
    expect(refused.waitMs).toBeGreaterThan(900);
    expect(refused.waitMs).toBeLessThan(2_000);
    const began = Date.now();
    let epoch = 2;
    let again = await fetch(first.sessionId, epoch, 1);
    expect(Date.now() - began).toBeGreaterThan(refused.waitMs - 200);
    while (again.bytes.length === 0 && epoch < 20) again = await fetch(first.sessionId, (epoch += 1), 1);
    expect(again.bytes[0]).toBeGreaterThan(5_000);
  });

  test('who uses more time than it may has to wait, but never long', async () => {
    const clientId = freshName('client');
    await limit([['client-id', clientId]], [['request_percentage', 0.0001]]);
    let waitMs = 0;
    for (let attempt = 0; attempt < 50 && waitMs === 0; attempt += 1) {
      waitMs = (await client.send(apis.metadata, 9, { topics: null }, clientId)()).throttleTimeMs;
    }
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(1_000);
  });

  test('changes of topics over the quota are refused in versions that know the error, and wait in others', async () => {
    const clientId = freshName('client');
    await limit([['client-id', clientId]], [['controller_mutation_rate', 1]]);
    const create = async (version: number, numPartitions: number) => {
      const topics = [{ name: freshName('made'), numPartitions, replicationFactor: 1, assignments: [], configs: [] }];
      const answer = await client.send(apis.createTopics, version, { topics, timeoutMs: 10_000 }, clientId)();
      return [answer.topics[0]?.errorCode, answer.throttleTimeMs] as const;
    };
    // There are 11 tokens, and who has one left may overdraw.
    expect(await create(7, 12)).toEqual([kafkaError.NONE, 0]);
    const [refusedCode, refusedMs] = await create(7, 1);
    expect(refusedCode).toBe(kafkaError.THROTTLING_QUOTA_EXCEEDED);
    expect(refusedMs).toBeGreaterThan(100);
    expect(refusedMs).toBeLessThanOrEqual(1_100);
    expect(await waitOf(clientId)).toBeGreaterThan(refusedMs - 200);
    const [code, waitMs] = await create(5, 2);
    expect(code).toBe(kafkaError.NONE);
    expect(waitMs).toBeGreaterThan(1_000);
  });

  test('connections that come too fast from one address are closed, but not at once', async () => {
    const isServed = async () => {
      const other = await target.client();
      return other.call(apis.apiVersions, 0, {}).then(
        () => true,
        () => false,
      );
    };
    expect(await isServed()).toBe(true);
    await limit([['ip', '127.0.0.1']], [['connection_creation_rate', 1]]);
    const began = Date.now();
    const served: boolean[] = [];
    let closedAfterMs = 0;
    for (let count = 0; count < 15 && closedAfterMs === 0; count += 1) {
      served.push(await isServed());
      if (served.at(-1) === false) closedAfterMs = Date.now() - began;
    }
    expect(served).toContain(false);
    expect(closedAfterMs).toBeGreaterThan(100);
    // Whoever is there already goes on.
    expect(await alter([['ip', '127.0.0.1']], [['connection_creation_rate', null]])).toBe(kafkaError.NONE);
    await eventually(isServed);
  });

  test('the most exact quota holds, and without one nobody waits', async () => {
    const clientId = freshName('client');
    const topic = await createTopic(client);
    await limit([['client-id', clientId]], [['producer_byte_rate', 1]]);
    await limit(
      [
        ['user', 'ANONYMOUS'],
        ['client-id', clientId],
      ],
      [['producer_byte_rate', 100_000_000]],
    );
    const body = produceBody({ topic, batch: batchOf(['x'.repeat(1_000)]) });
    expect((await client.send(apis.produce, 9, body, clientId)()).throttleTimeMs).toBe(0);
  });
});
