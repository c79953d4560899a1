import { batchOf } from '#log/testing/engine-fixture';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('Produce', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    await world.createTopic('orders', 2);
  });
  afterEach(() => world.close());

  const body = (name: string, index: number, records: Buffer | null, more = {}) => ({
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name, partitionData: [{ index, records }] }],
    ...more,
  });

  const good = () => batchOf(['a', 'b']);
  const control = () => {
    const batch = batchOf(['a']);
    batch.writeInt16BE(0x20, 21);
    return batch;
  };
  const transactional = () => {
    const batch = batchOf(['a']);
    batch.writeInt16BE(0x10, 21);
    return batch;
  };
  const old = () => {
    const batch = batchOf(['a']);
    batch.writeInt8(1, 16);
    return batch;
  };

  test.each([
    ['a good batch', 9, body('orders', 0, good()), kafkaError.NONE],
    ['acks=1', 9, body('orders', 0, good(), { acks: 1 }), kafkaError.NONE],
    ['acks=3', 9, body('orders', 0, good(), { acks: 3 }), kafkaError.INVALID_REQUIRED_ACKS],
    ['an unknown topic', 9, body('nothing', 0, good()), kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    ['an unknown partition', 9, body('orders', 2, good()), kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    ['a negative partition', 9, body('orders', -1, good()), kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    ['an unknown id', 13, body('orders', 0, good()), kafkaError.UNKNOWN_TOPIC_ID],
    ['no records', 9, body('orders', 0, null), kafkaError.INVALID_RECORD],
    ['a head that is cut off', 9, body('orders', 0, good().subarray(0, 40)), kafkaError.CORRUPT_MESSAGE],
    ['an old format', 9, body('orders', 0, old()), kafkaError.INVALID_RECORD],
    ['a control batch', 9, body('orders', 0, control()), kafkaError.INVALID_RECORD],
    [
      'a transactional batch without an id',
      9,
      body('orders', 0, transactional()),
      kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    ],
    [
      'a transactional batch under an id without a session',
      9,
      body('orders', 0, transactional(), { transactionalId: 't' }),
      kafkaError.INVALID_PRODUCER_ID_MAPPING,
    ],
    [
      'a transactional id with a batch outside',
      9,
      body('orders', 0, good(), { transactionalId: 't' }),
      kafkaError.NONE,
    ],
    ['zstd in v6', 6, body('orders', 0, batchOf(['a'], { codec: 'zstd' })), kafkaError.UNSUPPORTED_COMPRESSION_TYPE],
    ['zstd in v7', 7, body('orders', 0, batchOf(['a'], { codec: 'zstd' })), kafkaError.NONE],
  ])('%s', async (_, version, request, errorCode) => {
    const answer = await world.call(apis.produce, version, request);
    const partition = answer.responses[0]?.partitionResponses[0];
    expect(partition).toMatchObject({ errorCode, baseOffset: errorCode === kafkaError.NONE ? 0 : -1 });
  });

  test('answers topics and partitions in the order asked, each with its own error', async () => {
    await world.createTopic('other');
    const answer = await world.call(apis.produce, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        { name: 'other', partitionData: [9, 0].map((index) => ({ index, records: good() })) },
        { name: 'orders', partitionData: [1, 7, 0].map((index) => ({ index, records: good() })) },
      ],
    });
    const seen = answer.responses.map(({ name, partitionResponses }) => [
      name,
      partitionResponses.map(({ index, errorCode }) => [index, errorCode]),
    ]);
    expect(seen).toEqual([
      [
        'other',
        [
          [9, 3],
          [0, 0],
        ],
      ],
      [
        'orders',
        [
          [1, 0],
          [7, 3],
          [0, 0],
        ],
      ],
    ]);
  });

  test('with acks=0 gives no answer, and an error closes the connection', async () => {
    expect(await world.ask(apis.produce, 9, body('orders', 0, good(), { acks: 0 }))).toBeNull();
    const failing = world.ask(apis.produce, 9, body('nothing', 0, good(), { acks: 0 }));
    await expect(failing).rejects.toMatchObject({ code: 'broker.produce.unacked' });
  });

  test('counts the records it appended', async () => {
    await world.call(apis.produce, 9, body('orders', 0, good()));
    await world.call(apis.produce, 9, body('nothing', 0, good()));
    expect(world.broker.counters).toMatchObject({ recordsAppended: 2, batchesAppended: 1 });
  });
});
