import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { batchOf } from './batches.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, fetchOne, freshName, produce, type TestTopic } from './target.js';

/** ListOffsets, DeleteRecords and OffsetForLeaderEpoch. */
describe('offsets', () => {
  let client: RawClient;
  suiteTarget((connection) => {
    client = connection;
  });

  const base = Date.now() - 60_000;

  async function ask(topic: Pick<TestTopic, 'name'>, timestamp: number, { version = 8, partitionIndex = 0 } = {}) {
    const answer = await client.call(apis.listOffsets, version, {
      replicaId: -1,
      topics: [{ name: topic.name, partitions: [{ partitionIndex, timestamp }] }],
    });
    const partition = answer.topics[0]?.partitions[0];
    if (partition === undefined) throw new Error('the answer has no partition');
    return partition;
  }

  /** Offsets 0 to 2 at base + 0 to 2 ms, 3 and 4 at base + 100 and 101 ms. */
  async function filled(): Promise<TestTopic> {
    const topic = await createTopic(client);
    await produce(client, { topic, batch: batchOf(['a', 'b', 'c'], { timestampMs: base }) });
    await produce(client, { topic, batch: batchOf(['d', 'e'], { timestampMs: base + 100, codec: 'gzip' }) });
    return topic;
  }

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('v%d gives the earliest and the latest', async (version) => {
    const topic = await filled();
    expect(await ask(topic, -2, { version })).toMatchObject({ errorCode: 0, offset: 0, timestamp: -1 });
    expect(await ask(topic, -1, { version })).toMatchObject({ errorCode: 0, offset: 5, timestamp: -1 });
  });

  test('an empty log begins and ends at 0', async () => {
    const topic = await createTopic(client);
    expect(await ask(topic, -2)).toMatchObject({ errorCode: 0, offset: 0 });
    expect(await ask(topic, -1)).toMatchObject({ errorCode: 0, offset: 0 });
    expect(await ask(topic, base)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 });
    expect(await ask(topic, -3)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 });
  });

  test.each([
    ['before all', -1000, 0, 0],
    ['of the first record', 0, 0, 0],
    ['inside a batch', 1, 1, 1],
    ['between batches', 50, 3, 100],
    ['inside a compressed batch', 101, 4, 101],
  ])('a time %s finds the first record at or after it', async (_, after, offset, at) => {
    const topic = await filled();
    expect(await ask(topic, base + after)).toMatchObject({
      errorCode: 0,
      offset,
      timestamp: base + at,
      leaderEpoch: 0,
    });
  });

  test('a time after all finds nothing', async () => {
    const topic = await filled();
    expect(await ask(topic, base + 102)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 });
  });

  test('-3 finds the record with the largest time', async () => {
    const topic = await filled();
    await produce(client, { topic, batch: batchOf(['late'], { timestampMs: base + 7 }) });
    expect(await ask(topic, -3)).toMatchObject({ errorCode: 0, offset: 4, timestamp: base + 101 });
  });

  test('-4 is the earliest offset on this node', async () => {
    const topic = await filled();
    expect(await ask(topic, -4)).toMatchObject({ errorCode: 0, offset: 0 });
  });

  test('-5 finds nothing where nothing is in remote storage', async () => {
    const topic = await filled();
    expect(await ask(topic, -5, { version: 9 })).toMatchObject({ errorCode: 0, offset: -1 });
  });

  test('an unknown topic and an unknown partition are error 3', async () => {
    const topic = await createTopic(client);
    expect((await ask({ name: freshName('missing') }, -1)).errorCode).toBe(3);
    expect((await ask(topic, -1, { partitionIndex: 9 })).errorCode).toBe(3);
  });

  async function deleteRecords(topic: TestTopic, offset: number, partitionIndex = 0) {
    const answer = await client.call(apis.deleteRecords, 2, {
      topics: [{ name: topic.name, partitions: [{ partitionIndex, offset }] }],
      timeoutMs: 10_000,
    });
    return answer.topics[0]?.partitions[0];
  }

  test('DeleteRecords moves the start, and what lies before it is out of range', async () => {
    const topic = await filled();
    expect(await deleteRecords(topic, 2)).toMatchObject({ errorCode: 0, lowWatermark: 2 });
    expect(await ask(topic, -2)).toMatchObject({ offset: 2 });
    expect((await fetchOne(client, { topic, offset: 1 })).errorCode).toBe(kafkaError.OFFSET_OUT_OF_RANGE);
    expect(await fetchOne(client, { topic, offset: 2 })).toMatchObject({ errorCode: 0, logStartOffset: 2 });
  });

  test('DeleteRecords up to -1 deletes everything, and the log goes on', async () => {
    const topic = await filled();
    expect(await deleteRecords(topic, -1)).toMatchObject({ errorCode: 0, lowWatermark: 5 });
    expect(await ask(topic, -2)).toMatchObject({ offset: 5 });
    expect(await produce(client, { topic, batch: batchOf(['f']) })).toMatchObject({ errorCode: 0, baseOffset: 5 });
  });

  test('DeleteRecords beyond the end is out of range, of an unknown partition error 3', async () => {
    const topic = await filled();
    expect((await deleteRecords(topic, 6))?.errorCode).toBe(kafkaError.OFFSET_OUT_OF_RANGE);
    expect((await deleteRecords(topic, 0, 4))?.errorCode).toBe(kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test.each([2, 3, 4])('OffsetForLeaderEpoch v%d: the epoch of now ends where the log ends', async (version) => {
    const topic = await filled();
    const answer = await client.call(apis.offsetForLeaderEpoch, version, {
      replicaId: -1,
      topics: [
        {
          topic: topic.name,
          partitions: [
            { partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 },
            { partition: 8, currentLeaderEpoch: -1, leaderEpoch: 0 },
          ],
        },
      ],
    });
    const partitions = [...(answer.topics[0]?.partitions ?? [])].sort((one, other) => one.partition - other.partition);
    expect(partitions).toMatchObject([
      { partition: 0, errorCode: 0, leaderEpoch: 0, endOffset: 5 },
      { partition: 8, errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, endOffset: -1 },
    ]);
  });
});
