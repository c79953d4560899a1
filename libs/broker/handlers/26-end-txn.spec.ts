import { kafkaErrorName } from '#wire/kafka/error-codes';
import {
  refusedProducers,
  TransactionalClient,
  type ProducerRow,
} from '../transactions/transactional-client.testkit.js';

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

  test.each<ProducerRow>([['nothing is open', (): void => undefined, 3, 'INVALID_TXN_STATE'], ...refusedProducers])(
    '%s',
    async (_, given, version, name) => {
      given(client);
      expect(kafkaErrorName((await client.end(true, version)).errorCode)).toBe(name);
    },
  );
});
