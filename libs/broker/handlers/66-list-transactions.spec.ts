import { apis } from '#wire/kafka/apis';
import { kafkaErrorName } from '#wire/kafka/error-codes';
import { TransactionalClient } from '../transactions/transactional-client.testkit.js';

describe('ListTransactions', () => {
  let client: TransactionalClient;
  beforeAll(async () => {
    client = await TransactionalClient.open();
    await client.add();
    for (const transactionalId of ['a-1', 'a-2']) {
      await client.world.call(apis.initProducerId, 4, { transactionalId, transactionTimeoutMs: 1_000 });
    }
  });
  afterAll(() => client.world.close());

  test.each([
    ['everything', {}, ['a-1 Empty', 'a-2 Empty', 't Ongoing'], []],
    ['by state', { stateFilters: ['Ongoing', 'Gone'] }, ['t Ongoing'], ['Gone']],
    ['by a state that nobody has', { stateFilters: ['Dead'] }, [], []],
    ['by producer', { producerIdFilters: [123_456_789] }, [], []],
    ['by how long it is open', { durationFilter: 3_600_000 }, ['a-1 Empty', 'a-2 Empty'], []],
    ['by an expression', { transactionalIdPattern: 'a-[2-9]' }, ['a-2 Empty'], []],
    ['by an empty expression', { transactionalIdPattern: '', stateFilters: ['Ongoing'] }, ['t Ongoing'], []],
  ])('%s', async (_, filters, expected, unknownStateFilters) => {
    const answer = await client.world.call(apis.listTransactions, 2, filters);
    expect(answer).toMatchObject({ errorCode: 0, unknownStateFilters });
    const found = answer.transactionStates.map(({ transactionalId, transactionState }) => {
      return `${transactionalId} ${transactionState}`;
    });
    expect(found.toSorted()).toEqual(expected);
  });

  test('an expression that is none is refused', async () => {
    const answer = await client.world.call(apis.listTransactions, 2, { transactionalIdPattern: '(' });
    expect(kafkaErrorName(answer.errorCode)).toBe('INVALID_REGULAR_EXPRESSION');
  });

  test('ids that the principal may not describe are left out', async () => {
    client.world.permits = (operation, _, name) => operation !== 'describe' || name === 't';
    const answer = await client.world.call(apis.listTransactions, 0, {});
    expect(answer.transactionStates.map(({ transactionalId }) => transactionalId)).toEqual(['t']);
  });
});
