import { apis } from '#wire/kafka/apis';
import { kafkaErrorName } from '#wire/kafka/error-codes';
import { TransactionalClient } from '../transactions/transactional-client.testkit.js';

describe('DescribeTransactions', () => {
  let client: TransactionalClient;
  beforeEach(async () => {
    client = await TransactionalClient.open();
    await client.add([0, 1]);
  });
  afterEach(() => client.world.close());

  async function describeOne(transactionalId: string) {
    const asked = { transactionalIds: [transactionalId] };
    return (await client.world.call(apis.describeTransactions, 0, asked)).transactionStates[0];
  }

  test('shows what is open', async () => {
    const described = await describeOne('t');
    expect(described).toMatchObject({
      errorCode: 0,
      ...client.identity,
      transactionState: 'Ongoing',
      transactionTimeoutMs: 60_000,
      topics: [{ topic: 'orders', partitions: [0, 1] }],
    });
    expect(described?.transactionStartTimeMs).toBeGreaterThan(0);
  });

  test.each([
    ['nobody', 'TRANSACTIONAL_ID_NOT_FOUND'],
    ['', 'INVALID_REQUEST'],
  ])('"%s" is %s', async (transactionalId, name) => {
    expect(kafkaErrorName((await describeOne(transactionalId))?.errorCode ?? -1)).toBe(name);
  });

  test('leaves out what the principal may not see', async () => {
    client.forbid('describe', 'topic');
    expect(await describeOne('t')).toMatchObject({ errorCode: 0, topics: [] });
    client.forbid('describe', 'transactional_id');
    expect(kafkaErrorName((await describeOne('t'))?.errorCode ?? -1)).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
  });
});
