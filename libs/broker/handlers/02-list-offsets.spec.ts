import { batchOf } from '#log/testing/engine-fixture';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('offsets', () => {
  const base = Date.now() - 10_000;
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    await world.createTopic('orders', 2);
    await world.call(apis.produce, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        { name: 'orders', partitionData: [{ index: 0, records: batchOf(['a', 'b'], { timestampMs: base }) }] },
      ],
    });
  });
  afterEach(() => world.close());

  test.each([
    ['latest', 8, 0, -1, 0, 2, -1],
    ['earliest', 8, 0, -2, 0, 0, -1],
    ['largest time', 8, 0, -3, 0, 1, base + 1],
    ['largest time before it was known', 6, 0, -3, kafkaError.UNSUPPORTED_VERSION, -1, -1],
    ['earliest local', 8, 0, -4, 0, 0, -1],
    ['earliest local before it was known', 7, 0, -4, kafkaError.UNSUPPORTED_VERSION, -1, -1],
    ['latest tiered', 9, 0, -5, 0, -1, -1],
    ['a special time that is none', 10, 0, -9, kafkaError.UNSUPPORTED_VERSION, -1, -1],
    ['a time inside the batch', 8, 0, base + 1, 0, 1, base + 1],
    ['a time after all', 8, 0, base + 2, 0, -1, -1],
    ['an unknown partition', 8, 5, -1, kafkaError.UNKNOWN_TOPIC_OR_PARTITION, -1, -1],
  ])('%s', async (_, version, partitionIndex, timestamp, errorCode, offset, at) => {
    const answer = await world.call(apis.listOffsets, version, {
      replicaId: -1,
      topics: [{ name: 'orders', partitions: [{ partitionIndex, timestamp }] }],
    });
    expect(answer.topics[0]?.partitions[0]).toMatchObject({ errorCode, offset, timestamp: at });
  });

  test.each([
    ['an offset', 0, 1, 0, 1],
    ['everything', 0, -1, 0, 2],
    ['too much', 0, 3, kafkaError.OFFSET_OUT_OF_RANGE, -1],
    ['of an unknown partition', 4, 0, kafkaError.UNKNOWN_TOPIC_OR_PARTITION, -1],
  ])('DeleteRecords up to %s', async (_, partitionIndex, offset, errorCode, lowWatermark) => {
    const answer = await world.call(apis.deleteRecords, 2, {
      topics: [{ name: 'orders', partitions: [{ partitionIndex, offset }] }],
      timeoutMs: 1000,
    });
    expect(answer.topics[0]?.partitions[0]).toMatchObject({ errorCode, lowWatermark });
  });

  test.each([
    ['the epoch of now', 0, -1, 0, 0, 0, 2],
    ['an epoch that never was', 0, -1, 3, 0, -1, -1],
    ['asked from a later epoch', 0, 1, 0, kafkaError.UNKNOWN_LEADER_EPOCH, -1, -1],
    ['of an unknown partition', 4, -1, 0, kafkaError.UNKNOWN_TOPIC_OR_PARTITION, -1, -1],
  ])('OffsetForLeaderEpoch: %s', async (_, partition, currentLeaderEpoch, asked, errorCode, leaderEpoch, endOffset) => {
    const answer = await world.call(apis.offsetForLeaderEpoch, 4, {
      topics: [{ topic: 'orders', partitions: [{ partition, currentLeaderEpoch, leaderEpoch: asked }] }],
    });
    expect(answer.topics[0]?.partitions[0]).toMatchObject({ partition, errorCode, leaderEpoch, endOffset });
  });
});
