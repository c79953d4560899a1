import { batchOf, valuesIn } from '#log/testing/engine-fixture';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from '../broker.testkit.js';

describe('Fetch', () => {
  let world: BrokerWorld;
  let topicId: string;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    topicId = (await world.createTopic('orders', 2)).id;
    await world.call(apis.produce, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'orders', partitionData: [{ index: 0, records: batchOf(['a', 'b']) }] }],
    });
  });
  afterEach(() => world.close());

  const body = (partition: number, fetchOffset: number, more = {}, currentLeaderEpoch = -1) => ({
    maxWaitMs: 0,
    minBytes: 1,
    topics: [
      {
        topic: 'orders',
        topicId,
        partitions: [{ partition, fetchOffset, partitionMaxBytes: 1000, currentLeaderEpoch }],
      },
    ],
    ...more,
  });

  test.each([
    ['the start', 11, 0, 0, -1, kafkaError.NONE, ['a', 'b']],
    ['the middle of a batch', 11, 0, 1, -1, kafkaError.NONE, ['a', 'b']],
    ['the end', 11, 0, 2, -1, kafkaError.NONE, []],
    ['behind the end', 11, 0, 3, -1, kafkaError.OFFSET_OUT_OF_RANGE, []],
    ['another partition', 11, 1, 0, -1, kafkaError.NONE, []],
    ['an unknown partition', 11, 2, 0, -1, kafkaError.UNKNOWN_TOPIC_OR_PARTITION, []],
    ['the epoch of now', 11, 0, 0, 0, kafkaError.NONE, ['a', 'b']],
    ['a later epoch', 11, 0, 0, 1, kafkaError.UNKNOWN_LEADER_EPOCH, []],
    ['by id', 13, 0, 0, -1, kafkaError.NONE, ['a', 'b']],
  ])('from %s', async (_, version, partition, offset, epoch, errorCode, values) => {
    const answer = await world.call(apis.fetch, version, body(partition, offset, {}, epoch));
    const given = answer.responses[0]?.partitions[0];
    expect(given?.errorCode).toBe(errorCode);
    expect([...valuesIn([given?.records ?? Buffer.alloc(0)]).values()]).toEqual(values);
  });

  test.each([
    [11, kafkaError.UNKNOWN_TOPIC_OR_PARTITION],
    [13, kafkaError.UNKNOWN_TOPIC_ID],
  ])('a topic that is not there, in v%d', async (version, errorCode) => {
    const topics = [
      { topic: 'nothing', topicId: 'q83vq83vq83vq83vq83vqw', partitions: [{ partition: 0, fetchOffset: 0 }] },
    ];
    // However long the client would wait: an error is told at once.
    const answer = await world.call(apis.fetch, version, { maxWaitMs: 20_000, minBytes: 1, topics });
    expect(answer.responses[0]?.partitions[0]).toMatchObject({ errorCode, highWatermark: -1 });
  });

  test('opens a session with epoch 0, and knows no other', async () => {
    const opened = await world.call(apis.fetch, 11, body(0, 0, { sessionId: 0, sessionEpoch: 0 }));
    expect(opened).toMatchObject({ errorCode: 0 });
    expect(opened.sessionId).toBeGreaterThan(0);
    const more = { sessionId: opened.sessionId, sessionEpoch: 1 };
    expect(await world.call(apis.fetch, 11, body(0, 2, more))).toMatchObject({ errorCode: 0, responses: [] });
    expect(await world.call(apis.fetch, 11, body(0, 0, { sessionId: 7, sessionEpoch: 3 }))).toMatchObject({
      errorCode: kafkaError.FETCH_SESSION_ID_NOT_FOUND,
      sessionId: 0,
      responses: [],
    });
  });

  test.each([
    ['the epoch of now', 0, 2, kafkaError.NONE, { epoch: -1, endOffset: -1 }],
    ['the epoch of now, behind the end', 0, 3, kafkaError.NONE, { epoch: 0, endOffset: 2 }],
    ['an epoch that never was', 4, 2, kafkaError.OFFSET_OUT_OF_RANGE, { epoch: -1, endOffset: -1 }],
  ])('a client that read last in %s', async (_, lastFetchedEpoch, fetchOffset, errorCode, divergingEpoch) => {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1000, lastFetchedEpoch }];
    const topics = [{ topic: 'orders', topicId, partitions }];
    const answer = await world.call(apis.fetch, 12, { maxWaitMs: 0, minBytes: 1, topics });
    expect(answer.responses[0]?.partitions[0]).toMatchObject({ errorCode, divergingEpoch });
  });

  test('without the right to read, a topic says so whether it is there or not', async () => {
    world.permits = (operation) => operation !== 'read';
    for (const topic of ['orders', 'nothing']) {
      const topics = [{ topic, topicId, partitions: [{ partition: 0, fetchOffset: 0 }] }];
      const answer = await world.call(apis.fetch, 11, { maxWaitMs: 0, minBytes: 1, topics });
      expect(answer.responses[0]?.partitions[0]?.errorCode).toBe(kafkaError.TOPIC_AUTHORIZATION_FAILED);
    }
  });

  test('answers with what there is when the connection goes', async () => {
    const abortion = new AbortController();
    const parked = world.ask(apis.fetch, 11, body(0, 2, { maxWaitMs: 20_000 }), abortion.signal);
    abortion.abort();
    expect((await parked)?.responses[0]?.partitions[0]?.errorCode).toBe(kafkaError.NONE);
  });

  test('ends when the topic is deleted while it waits', async () => {
    const parked = world.call(apis.fetch, 11, body(0, 2, { maxWaitMs: 20_000 }));
    await world.call(apis.deleteTopics, 5, { topicNames: ['orders'], timeoutMs: 1000 });
    expect((await parked).responses[0]?.partitions[0]?.errorCode).toBe(kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
  });
});
