import { kafkaErrorName } from '#wire/kafka/error-codes';
import { TransactionalClient } from '../transactions/transactional-client.testkit.js';

describe('EndTxn', () => {
  let client: TransactionalClient;
  beforeEach(async () => {
    client = await TransactionalClient.open();
  });
  afterEach(() => client.world.close());

  test.each([
    [3, true, 'NONE', -1],
    [4, false, 'NONE', -1],
    [5, true, 'NONE', 1],
    [5, false, 'NONE', 1],
  ])('v%d, committed %s: %s', async (version, committed, name, epoch) => {
    await client.add();
    const answer = await client.end(committed, version);
    expect([kafkaErrorName(answer.errorCode), answer.producerEpoch]).toEqual([name, epoch]);
    expect(answer.producerId).toBe(version < 5 ? -1 : client.producerId);
    // The same request again.
    expect(await client.end(committed, version)).toMatchObject({ errorCode: answer.errorCode, producerEpoch: epoch });
  });

  test.each([
    ['nothing is open', (): void => undefined, 3, 'INVALID_TXN_STATE'],
    ['a fenced producer', () => (client.producerEpoch -= 1), 1, 'INVALID_PRODUCER_EPOCH'],
    ['a fenced producer', () => (client.producerEpoch -= 1), 2, 'PRODUCER_FENCED'],
    ['another producer', () => (client.producerId += 1), 3, 'INVALID_PRODUCER_ID_MAPPING'],
    [
      'no right to the id',
      () => client.forbid('write', 'transactional_id'),
      3,
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    ],
  ] as const)('%s', async (_, given, version, name) => {
    given();
    expect(kafkaErrorName((await client.end(true, version)).errorCode)).toBe(name);
  });
});
