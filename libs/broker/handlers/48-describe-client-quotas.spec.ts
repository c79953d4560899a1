import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

type Entity = readonly (readonly [string, string | null])[];

describe('quotas', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open();
  });
  afterEach(() => world.close());

  async function alter(entity: Entity, ops: readonly (readonly [string, number | null])[], validateOnly = false) {
    const answer = await world.call(apis.alterClientQuotas, 1, {
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

  async function all() {
    const { entries } = await world.call(apis.describeClientQuotas, 1, { components: [] });
    return entries?.map(({ entity, values }) => [
      entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`).join(),
      Object.fromEntries(values.map(({ key, value }) => [key, value])),
    ]);
  }

  test('are added, changed and taken away one by one', async () => {
    const entity: Entity = [['user', 'alice']];
    await alter(entity, [['producer_byte_rate', 1]]);
    await alter(entity, [
      ['consumer_byte_rate', 2],
      ['producer_byte_rate', 3],
    ]);
    expect(await all()).toEqual([['user=alice', { producer_byte_rate: 3, consumer_byte_rate: 2 }]]);
    await alter(entity, [['producer_byte_rate', null]]);
    expect(await all()).toEqual([['user=alice', { consumer_byte_rate: 2 }]]);
    await alter(entity, [['consumer_byte_rate', null]]);
    expect(await all()).toEqual([]);
  });

  test('of one entity are the same in whatever order its parts come', async () => {
    await alter(
      [
        ['user', 'alice'],
        ['client-id', null],
      ],
      [['producer_byte_rate', 1]],
    );
    await alter(
      [
        ['client-id', null],
        ['user', 'alice'],
      ],
      [['producer_byte_rate', 2]],
    );
    expect(await all()).toEqual([['client-id=null,user=alice', { producer_byte_rate: 2 }]]);
  });

  test('are not altered by validateOnly, nor where one of several will not do', async () => {
    expect(await alter([['user', 'x']], [['producer_byte_rate', 1]], true)).toBe(kafkaError.NONE);
    const half = await alter(
      [['user', 'x']],
      [
        ['producer_byte_rate', 1],
        ['nope', 2],
      ],
    );
    expect(half).toBe(kafkaError.INVALID_REQUEST);
    expect(await all()).toEqual([]);
  });

  test('make the answer tell the wait, and leave the connection alone for so long', async () => {
    await alter([['user', 'ANONYMOUS']], [['request_percentage', 0.000001]]);
    await world.createTopic('orders', 1_000);
    const { throttleTimeMs } = await world.call(apis.metadata, 9, { topics: null });
    expect(throttleTimeMs).toBeGreaterThan(0);
    expect(world.mutes.at(-1)).toBe(throttleTimeMs);
  });
});
