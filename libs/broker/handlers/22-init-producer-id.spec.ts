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
    ['a transactional id, which is refused', 'mine', kafkaError.UNSUPPORTED_VERSION, -1],
    ['an empty transactional id', '', kafkaError.INVALID_REQUEST, -1],
  ])('%s', async (_, transactionalId, errorCode, producerEpoch) => {
    const answer = await world.call(apis.initProducerId, 4, { transactionalId, transactionTimeoutMs: 1000 });
    expect(answer).toMatchObject({ errorCode, producerEpoch });
    expect(answer.producerId >= 0).toBe(errorCode === kafkaError.NONE);
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
