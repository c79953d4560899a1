import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('InitProducerId', () => {
  let world: BrokerWorld;
  beforeAll(async () => {
    world = await BrokerWorld.open();
  });
  afterAll(() => world.close());

  test.each([
    ['a fresh id', null, kafkaError.NONE, 0],
    ['a transactional id', 'mine', kafkaError.NONE, 0],
    ['a transactional id again', 'mine', kafkaError.NONE, 1],
    ['an empty transactional id', '', kafkaError.INVALID_REQUEST, -1],
  ])('%s', async (_, transactionalId, errorCode, producerEpoch) => {
    const answer = await world.call(apis.initProducerId, 4, { transactionalId, transactionTimeoutMs: 1000 });
    expect(answer).toMatchObject({ errorCode, producerEpoch });
    expect(answer.producerId >= 0).toBe(errorCode === kafkaError.NONE);
  });

  test.each([
    [3, kafkaError.INVALID_PRODUCER_EPOCH],
    [4, kafkaError.PRODUCER_FENCED],
  ])('v%d: a session that another one followed is error %d', async (version, errorCode) => {
    const transactionalId = `fenced-${version}`;
    const ask = (session: object) =>
      world.call(apis.initProducerId, version, { transactionalId, transactionTimeoutMs: 1000, ...session });
    const { producerId, producerEpoch } = await ask({});
    expect(await ask({ producerId, producerEpoch })).toMatchObject({ producerId, producerEpoch: 1 });
    await ask({});
    expect(await ask({ producerId, producerEpoch: 1 })).toMatchObject({ errorCode, producerId: -1 });
  });

  test.each([
    ['half a session', { producerId: 5 }, kafkaError.INVALID_REQUEST],
    ['a timeout of nothing', { transactionTimeoutMs: 0 }, kafkaError.INVALID_TRANSACTION_TIMEOUT],
    ['a timeout of 16 minutes', { transactionTimeoutMs: 960_000 }, kafkaError.INVALID_TRANSACTION_TIMEOUT],
  ])('%s is refused', async (_, more, errorCode) => {
    const body = { transactionalId: 'refused', transactionTimeoutMs: 1000, ...more };
    expect((await world.call(apis.initProducerId, 4, body)).errorCode).toBe(errorCode);
  });

  test('never gives an id twice, whatever id the client has', async () => {
    const ids = new Set<number>();
    for (let count = 0; count < 20; count += 1) {
      const answer = await world.call(apis.initProducerId, 4, {
        transactionalId: null,
        producerId: 5,
        producerEpoch: 1,
      });
      ids.add(answer.producerId);
    }
    expect(ids.size).toBe(20);
  });
});
