import { kafkaErrorName } from '#wire/kafka/error-codes';
import {
  refusedProducers,
  TransactionalClient,
  type ProducerRow,
} from '../transactions/transactional-client.testkit.js';

describe('AddOffsetsToTxn', () => {
  let client: TransactionalClient;
  beforeEach(async () => {
    client = await TransactionalClient.open();
  });
  afterEach(() => client.world.close());

  test.each<ProducerRow>([
    ['adds the group', (): void => undefined, 3, 'NONE'],
    ...refusedProducers,
    ['no right to the group', () => client.forbid('read', 'group'), 3, 'GROUP_AUTHORIZATION_FAILED'],
  ])('%s', async (_, given, version, name) => {
    given(client);
    expect(kafkaErrorName(await client.addOffsets('readers', version))).toBe(name);
  });
});
