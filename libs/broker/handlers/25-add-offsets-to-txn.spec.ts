import { kafkaErrorName } from '#wire/kafka/error-codes';
import { TransactionalClient } from '../transactions/transactional-client.testkit.js';

describe('AddOffsetsToTxn', () => {
  let client: TransactionalClient;
  beforeEach(async () => {
    client = await TransactionalClient.open();
  });
  afterEach(() => client.world.close());

  test.each([
    ['adds the group', (): void => undefined, 3, 'NONE'],
    ['a fenced producer', () => (client.producerEpoch -= 1), 1, 'INVALID_PRODUCER_EPOCH'],
    ['a fenced producer', () => (client.producerEpoch -= 1), 2, 'PRODUCER_FENCED'],
    ['another producer', () => (client.producerId += 1), 3, 'INVALID_PRODUCER_ID_MAPPING'],
    [
      'no right to the id',
      () => client.forbid('write', 'transactional_id'),
      3,
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    ],
    ['no right to the group', () => client.forbid('read', 'group'), 3, 'GROUP_AUTHORIZATION_FAILED'],
  ] as const)('%s', async (_, given, version, name) => {
    given();
    expect(kafkaErrorName(await client.addOffsets('readers', version))).toBe(name);
  });
});
