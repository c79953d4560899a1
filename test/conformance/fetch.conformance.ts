import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { batchesIn, recordBatch } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import { zeroUuid } from '#wire/kafka/schema';
import { batchOf } from './batches.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, fetchBody, fetchOne, freshName, produce, type TestTopic } from './target.js';

/** Fetch. Without sessions: those have a file of their own. */
describe('fetch', () => {
  let client: RawClient;
  const target = suiteTarget((connection) => {
    client = connection;
  });

  async function topicWith(...batches: readonly (readonly string[])[]): Promise<TestTopic> {
    const topic = await createTopic(client);
    for (const values of batches) await produce(client, { topic, batch: batchOf(values) });
    return topic;
  }

  test.each([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17])('v%d gives what was produced', async (version) => {
    const topic = await topicWith(['a', 'b'], ['c']);
    const answer = await fetchOne(client, { topic, offset: 0, version });
    expect(answer).toMatchObject({ partitionIndex: 0, errorCode: 0, highWatermark: 3, lastStableOffset: 3 });
    expect(values(answer.records)).toEqual(['a', 'b', 'c']);
  });

  test('begins with the batch that holds the offset asked for', async () => {
    const topic = await topicWith(['a', 'b', 'c'], ['d']);
    const { records } = await fetchOne(client, { topic, offset: 2 });
    const bases = [...batchesIn(records ?? Buffer.alloc(0))].map((batch) => recordBatch.baseOffset(batch));
    expect(bases).toEqual([0, 3]);
    expect(bases.map(() => 0)).toEqual(
      [...batchesIn(records ?? Buffer.alloc(0))].map((batch) => recordBatch.leaderEpoch(batch)),
    );
  });

  test('at the end gives no records and no error', async () => {
    const topic = await topicWith(['a']);
    const answer = await fetchOne(client, { topic, offset: 1 });
    expect(answer).toMatchObject({ errorCode: 0, highWatermark: 1 });
    expect(answer.records).toHaveLength(0);
  });

  test.each([2, 100, -1])('offset %d of a log that ends at 1 is out of range', async (offset) => {
    const topic = await topicWith(['a']);
    const answer = await fetchOne(client, { topic, offset });
    expect(answer.errorCode).toBe(kafkaError.OFFSET_OUT_OF_RANGE);
  });

  test('an unknown topic and an unknown partition are error 3', async () => {
    const missing = { name: freshName('missing'), id: zeroUuid };
    expect((await fetchOne(client, { topic: missing, offset: 0 })).errorCode).toBe(3);
    const topic = await topicWith();
    expect((await fetchOne(client, { topic, partition: 5, offset: 0 })).errorCode).toBe(3);
  });

  test('an unknown topic id is error 100', async () => {
    const topic = { name: '', id: 'q83vq83vq83vq83vq83vqw' };
    const answer = await fetchOne(client, { topic, offset: 0, version: 13 });
    expect(answer.errorCode).toBe(kafkaError.UNKNOWN_TOPIC_ID);
  });

  test('an error is told at once, however long the client would wait', async () => {
    const topic = await topicWith(['a']);
    const began = Date.now();
    const answer = await fetchOne(client, { topic, offset: 50, maxWaitMs: 15_000 });
    expect(answer.errorCode).toBe(kafkaError.OFFSET_OUT_OF_RANGE);
    expect(Date.now() - began).toBeLessThan(5_000);
  });

  test('the first batch is given whole even when it is larger than every limit', async () => {
    const topic = await topicWith(['x'.repeat(5_000)], ['next']);
    const answer = await fetchOne(client, { topic, offset: 0, partitionMaxBytes: 10, maxBytes: 10 });
    expect(values(answer.records)).toEqual(['x'.repeat(5_000)]);
  });

  test('partitionMaxBytes limits what a partition gives', async () => {
    const topic = await topicWith(['x'.repeat(1_000)], ['y'.repeat(1_000)], ['z'.repeat(1_000)]);
    const answer = await fetchOne(client, { topic, offset: 0, partitionMaxBytes: 2_500 });
    const whole = [...batchesIn(answer.records ?? Buffer.alloc(0))];
    expect(whole.length).toBe(2);
  });

  test('later partitions get what is left of maxBytes', async () => {
    const topic = await createTopic(client, { partitions: 2 });
    for (const partition of [0, 1]) await produce(client, { topic, partition, batch: batchOf(['x'.repeat(2_000)]) });
    const answer = await client.call(apis.fetch, 11, {
      ...fetchBody({ topic, offset: 0, maxBytes: 1_500 }),
      topics: [
        {
          topic: topic.name,
          partitions: [1, 0].map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 })),
        },
      ],
    });
    const partitions = answer.responses[0]?.partitions ?? [];
    const given = new Map(partitions.map((partition) => [partition.partitionIndex, partition.records?.length ?? 0]));
    expect(given.get(1)).toBeGreaterThan(2_000);
    expect(given.get(0)).toBe(0);
  });

  test('waits for maxWaitMs when there is nothing', async () => {
    const topic = await topicWith();
    const began = Date.now();
    const answer = await fetchOne(client, { topic, offset: 0, maxWaitMs: 400 });
    expect(answer.records).toHaveLength(0);
    expect(Date.now() - began).toBeGreaterThanOrEqual(350);
  });

  test('a waiting fetch is woken by a record', async () => {
    const topic = await topicWith();
    const producer = await target.client();
    const began = Date.now();
    const waiting = client.send(apis.fetch, 11, fetchBody({ topic, offset: 0, maxWaitMs: 15_000 }))();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await produce(producer, { topic, batch: batchOf(['wake']) });
    const partition = (await waiting).responses[0]?.partitions[0];
    expect(values(partition?.records ?? null)).toEqual(['wake']);
    expect(Date.now() - began).toBeLessThan(5_000);
  });

  test('a waiting fetch waits until minBytes are there', async () => {
    const topic = await topicWith();
    const producer = await target.client();
    let done = false;
    const waiting = client.send(apis.fetch, 11, fetchBody({ topic, offset: 0, maxWaitMs: 15_000, minBytes: 3_000 }))();
    void waiting.then(() => (done = true));
    await produce(producer, { topic, batch: batchOf(['x'.repeat(1_000)]) });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(done).toBe(false);
    for (let count = 0; count < 2; count += 1) await produce(producer, { topic, batch: batchOf(['x'.repeat(1_000)]) });
    const partition = (await waiting).responses[0]?.partitions[0];
    expect(values(partition?.records ?? null)).toHaveLength(3);
  });

  test('a waiting fetch is woken by the deletion of its topic', async () => {
    const topic = await topicWith();
    const admin = await target.client();
    const began = Date.now();
    const waiting = client.send(apis.fetch, 11, fetchBody({ topic, offset: 0, maxWaitMs: 15_000 }))();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await admin.call(apis.deleteTopics, 5, { topicNames: [topic.name], timeoutMs: 10_000 });
    const partition = (await waiting).responses[0]?.partitions[0];
    expect(partition?.errorCode).not.toBe(kafkaError.NONE);
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  test('a client that hangs up while it waits disturbs nobody', async () => {
    const topic = await topicWith();
    const gone = await target.client();
    gone.send(apis.fetch, 11, fetchBody({ topic, offset: 0, maxWaitMs: 15_000 }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    gone.close();
    await produce(client, { topic, batch: batchOf(['a']) });
    expect(values((await fetchOne(client, { topic, offset: 0 })).records)).toEqual(['a']);
  });

  test('a leader epoch from the future is unknown, the one of now is fine', async () => {
    const topic = await topicWith(['a']);
    expect((await fetchOne(client, { topic, offset: 0, leaderEpoch: 1000 })).errorCode).toBe(
      kafkaError.UNKNOWN_LEADER_EPOCH,
    );
    expect((await fetchOne(client, { topic, offset: 0, leaderEpoch: 0 })).errorCode).toBe(kafkaError.NONE);
  });

  test('no session is opened for a client that wants none', async () => {
    const topic = await topicWith(['a']);
    const answer = await client.call(apis.fetch, 11, fetchBody({ topic, offset: 0 }));
    expect(answer).toMatchObject({ errorCode: 0, sessionId: 0 });
  });

  test('an unknown session is told so', async () => {
    const topic = await topicWith(['a']);
    const answer = await client.call(apis.fetch, 11, {
      ...fetchBody({ topic, offset: 0 }),
      sessionId: 123_456_789,
      sessionEpoch: 5,
    });
    expect(answer).toMatchObject({ errorCode: kafkaError.FETCH_SESSION_ID_NOT_FOUND, responses: [] });
  });

  test('read_committed gives everything where there are no transactions', async () => {
    const topic = await topicWith(['a'], ['b']);
    const answer = await client.call(apis.fetch, 11, { ...fetchBody({ topic, offset: 0 }), isolationLevel: 1 });
    const partition = answer.responses[0]?.partitions[0];
    expect(partition).toMatchObject({ errorCode: 0, lastStableOffset: 2 });
    expect(partition?.abortedTransactions ?? []).toEqual([]);
    expect(values(partition?.records ?? null)).toEqual(['a', 'b']);
  });
});

function values(records: Buffer | null): (string | undefined)[] {
  const columns = decodeRecords(records ?? Buffer.alloc(0));
  return Array.from({ length: columns.count }, (_, index) => columns.value(index)?.toString());
}
