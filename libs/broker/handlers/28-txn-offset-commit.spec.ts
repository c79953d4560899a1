import { kafkaErrorName } from '#wire/kafka/error-codes';
import { TransactionalClient } from '../transactions/transactional-client.testkit.js';

describe('TxnOffsetCommit', () => {
  let client: TransactionalClient;
  beforeEach(async () => {
    client = await TransactionalClient.open();
  });
  afterEach(() => client.world.close());

  const names = async (codes: Promise<number[]>): Promise<string[]> => (await codes).map(kafkaErrorName);

  test.each([
    [true, 5],
    [false, -1],
  ])('the offset is the group’s after the end, committed: %s', async (committed, expected) => {
    await client.addOffsets();
    expect(await names(client.commitOffsets())).toEqual(['NONE']);
    expect((await client.offset()).map((value, index) => (index === 0 ? value : kafkaErrorName(value ?? 0)))).toEqual([
      -1,
      'UNSTABLE_OFFSET_COMMIT',
    ]);
    expect(await client.offset(false)).toEqual([-1, 0]);
    await client.end(committed);
    await client.world.broker.transactions.idle();
    expect(await client.offset()).toEqual([expected, 0]);
  });

  test.each([
    [3, 'INVALID_TXN_STATE'],
    [4, 'TRANSACTION_ABORTABLE'],
    [5, 'NONE'],
  ])('v%d of a group that was not added: %s', async (version, name) => {
    expect(await names(client.commitOffsets({ version }))).toEqual([name]);
  });

  test.each([
    ['a fenced producer', () => (client.producerEpoch -= 1), {}, ['INVALID_PRODUCER_EPOCH']],
    ['another producer', () => (client.producerId += 1), {}, ['INVALID_PRODUCER_ID_MAPPING']],
    ['a generation that is not', (): void => undefined, { generationId: 4, memberId: 'm' }, ['ILLEGAL_GENERATION']],
    ['metadata too large', (): void => undefined, { metadata: 'm'.repeat(5_000) }, ['OFFSET_METADATA_TOO_LARGE']],
    ['an unknown topic', (): void => undefined, { topic: 'nothing' }, ['UNKNOWN_TOPIC_OR_PARTITION']],
    ['one unknown', (): void => undefined, { partitions: [7, 0] }, ['UNKNOWN_TOPIC_OR_PARTITION', 'NONE']],
    [
      'no right to the id',
      () => client.forbid('write', 'transactional_id'),
      {},
      ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
    ],
    ['no right to the group', () => client.forbid('read', 'group'), {}, ['GROUP_AUTHORIZATION_FAILED']],
    ['no right to the topic', () => client.forbid('read', 'topic'), {}, ['TOPIC_AUTHORIZATION_FAILED']],
  ] as const)('%s', async (_, given, commit, expected) => {
    await client.addOffsets();
    given();
    expect(
      await names(
        client.commitOffsets({ ...commit, partitions: [...('partitions' in commit ? commit.partitions : [0])] }),
      ),
    ).toEqual(expected);
  });
});
