import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { batchesIn } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import { batchOf } from './batches.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, produce, type TestTopic } from './target.js';

/** Fetch sessions (KIP-227), by name and by id. */
describe('fetch sessions', () => {
  let client: RawClient;
  let topic: TestTopic;
  const target = suiteTarget(async (connection) => {
    client = connection;
    topic = await createTopic(client, { partitions: 3 });
  });

  interface Ask {
    readonly id: number;
    readonly epoch: number;
    /** Offsets by partition. */
    readonly offsets?: Readonly<Record<number, number>>;
    readonly forget?: readonly number[];
    readonly version?: number;
    readonly waitMs?: number;
    readonly minBytes?: number;
    readonly maxBytes?: number;
    readonly of?: TestTopic;
  }

  function body({ id, epoch, offsets = {}, forget = [], ...ask }: Ask) {
    const { name, id: topicId } = ask.of ?? topic;
    const partitions = Object.entries(offsets).map(([partition, fetchOffset]) => ({
      partition: Number(partition),
      fetchOffset,
      partitionMaxBytes: 1 << 20,
    }));
    return {
      maxWaitMs: ask.waitMs ?? 0,
      minBytes: ask.minBytes ?? 1,
      maxBytes: ask.maxBytes ?? 1 << 24,
      sessionId: id,
      sessionEpoch: epoch,
      topics: partitions.length === 0 ? [] : [{ topic: name, topicId, partitions }],
      forgottenTopicsData: forget.length === 0 ? [] : [{ topic: name, topicId, partitions: [...forget] }],
    };
  }

  async function fetch(ask: Ask) {
    const answer = await client.call(apis.fetch, ask.version ?? 11, body(ask));
    const partitions = answer.responses.flatMap((entry) => entry.partitions);
    return { code: answer.errorCode, id: answer.sessionId, partitions };
  }

  const indexes = (answer: { partitions: readonly { partitionIndex: number }[] }) =>
    answer.partitions.map((partition) => partition.partitionIndex);

  function values(records: Buffer | null): string[] {
    return [...batchesIn(records ?? Buffer.alloc(0))].flatMap((batch) => {
      const columns = decodeRecords(batch);
      return Array.from({ length: columns.count }, (_, index) => columns.value(index)?.toString() ?? '');
    });
  }

  const send = (partition: number, value: string) => produce(client, { topic, partition, batch: batchOf([value]) });

  describe.each([7, 11, 12, 13, 16, 17])('in v%d', (version) => {
    test('the first answer has every partition, a later one what changed', async () => {
      await send(0, 'a');
      const opened = await fetch({ id: 0, epoch: 0, offsets: { 0: 0, 1: 0, 2: 0 }, version });
      expect(opened).toMatchObject({ code: 0, partitions: [{ partitionIndex: 0 }, {}, {}] });
      expect(opened.id).toBeGreaterThan(0);
      const { id } = opened;
      expect(await fetch({ id, epoch: 1, offsets: { 0: 1 }, version })).toEqual({ code: 0, id, partitions: [] });
      await send(2, 'c');
      const changed = await fetch({ id, epoch: 2, version, waitMs: 5_000 });
      expect(indexes(changed)).toEqual([2]);
      expect(changed.partitions[0]).toMatchObject({ highWatermark: 1, errorCode: 0 });
      expect(values(changed.partitions[0]?.records ?? null)).toEqual(['c']);
    });

    test('errors 70 and 71 send the client back to a whole list', async () => {
      const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 }, version });
      const unknown = id === 1 ? 2 : id - 1;
      expect(await fetch({ id: unknown, epoch: 1, version })).toEqual({
        code: kafkaError.FETCH_SESSION_ID_NOT_FOUND,
        id: 0,
        partitions: [],
      });
      expect(await fetch({ id, epoch: 2, version })).toEqual({
        code: kafkaError.INVALID_FETCH_SESSION_EPOCH,
        id: 0,
        partitions: [],
      });
      expect((await fetch({ id, epoch: 1, version })).code).toBe(kafkaError.NONE);
    });
  });

  test('a fetch of nothing is answered at once', async () => {
    const began = Date.now();
    expect(await fetch({ id: 0, epoch: -1, waitMs: 10_000 })).toMatchObject({ code: 0, partitions: [] });
    expect(await fetch({ id: 0, epoch: 0, waitMs: 10_000 })).toMatchObject({ code: 0, partitions: [] });
    expect(Date.now() - began).toBeLessThan(8_000);
  });

  test('nobody gets a session who does not want one', async () => {
    expect((await fetch({ id: 0, epoch: -1, offsets: { 0: 0 } })).id).toBe(0);
  });

  test('names and ids do not mix in one session', async () => {
    const byName = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 }, version: 12 });
    expect((await fetch({ id: byName.id, epoch: 1, version: 13 })).code).toBe(kafkaError.FETCH_SESSION_TOPIC_ID_ERROR);
    const byId = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 }, version: 13 });
    expect((await fetch({ id: byId.id, epoch: 1, version: 12 })).code).toBe(kafkaError.FETCH_SESSION_TOPIC_ID_ERROR);
  });

  test('epoch -1 and epoch 0 end the session that they name', async () => {
    const first = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 } });
    const last = await fetch({ id: first.id, epoch: -1, offsets: { 0: 0 } });
    expect(last).toMatchObject({ code: 0, id: 0 });
    expect((await fetch({ id: first.id, epoch: 1 })).code).toBe(kafkaError.FETCH_SESSION_ID_NOT_FOUND);
    const second = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 } });
    const third = await fetch({ id: second.id, epoch: 0, offsets: { 0: 0 } });
    expect(third.id).not.toBe(second.id);
    expect((await fetch({ id: second.id, epoch: 1 })).code).toBe(kafkaError.FETCH_SESSION_ID_NOT_FOUND);
  });

  test('a partition that was forgotten is told of no more', async () => {
    const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 0, 1: 0 } });
    expect(indexes(await fetch({ id, epoch: 1, forget: [0] }))).toEqual([]);
    await send(0, 'a');
    await send(1, 'b');
    expect(indexes(await fetch({ id, epoch: 2, waitMs: 5_000 }))).toEqual([1]);
  });

  test('a session without partitions is over', async () => {
    const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 } });
    expect(await fetch({ id, epoch: 1, forget: [0] })).toEqual({ code: 0, id: 0, partitions: [] });
    expect((await fetch({ id, epoch: 2 })).code).toBe(kafkaError.FETCH_SESSION_ID_NOT_FOUND);
  });

  test('partitions are added and moved while it lasts', async () => {
    await send(1, 'a');
    await send(1, 'b');
    const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 } });
    const added = await fetch({ id, epoch: 1, offsets: { 1: 0 } });
    expect(indexes(added)).toEqual([1]);
    const moved = await fetch({ id, epoch: 2, offsets: { 1: 1 } });
    expect(values(moved.partitions[0]?.records ?? null)).toEqual(['b']);
  });

  test('records that the client did not move past are given again', async () => {
    await send(0, 'a');
    const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 } });
    const again = await fetch({ id, epoch: 1 });
    expect(values(again.partitions[0]?.records ?? null)).toEqual(['a']);
  });

  test('an error is told each time, and its end too', async () => {
    const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 5, 1: 0 } });
    for (const epoch of [1, 2]) {
      expect((await fetch({ id, epoch, waitMs: 10_000 })).partitions).toMatchObject([
        { partitionIndex: 0, errorCode: kafkaError.OFFSET_OUT_OF_RANGE },
      ]);
    }
    expect((await fetch({ id, epoch: 3, offsets: { 0: 0 } })).partitions).toMatchObject([
      { partitionIndex: 0, errorCode: 0, highWatermark: 0 },
    ]);
    expect((await fetch({ id, epoch: 4 })).partitions).toEqual([]);
  });

  test('whoever was served waits behind the others', async () => {
    for (const partition of [0, 1, 2]) await send(partition, String(partition).repeat(600));
    const opened = await fetch({ id: 0, epoch: 0, offsets: { 0: 0, 1: 0, 2: 0 }, maxBytes: 700 });
    const served = (answer: typeof opened) =>
      answer.partitions.filter(({ records }) => (records?.length ?? 0) > 0).map(({ partitionIndex }) => partitionIndex);
    expect(served(opened)).toEqual([0]);
    const order: number[] = [];
    for (const epoch of [1, 2, 3, 4, 5, 6]) {
      order.push(...served(await fetch({ id: opened.id, epoch, maxBytes: 700 })));
    }
    // Nobody moves on, so each is served again in its turn.
    expect(new Set(order.slice(0, 3)).size).toBe(3);
    expect(order.slice(3)).toEqual(order.slice(0, 3));
  });

  test('a record that comes wakes a fetch that waits, and minBytes is waited for', async () => {
    const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 0, 1: 0, 2: 0 } });
    const other = await target.client();
    const waiting = client.send(apis.fetch, 11, body({ id, epoch: 1, waitMs: 10_000, minBytes: 300 }))();
    const began = Date.now();
    await produce(other, { topic, partition: 1, batch: batchOf(['x'.repeat(150)]) });
    await new Promise((resolve) => setTimeout(resolve, 150));
    await produce(other, { topic, partition: 2, batch: batchOf(['y'.repeat(150)]) });
    const answer = await waiting;
    expect(answer.responses.flatMap((entry) => entry.partitions.map((partition) => partition.partitionIndex))).toEqual([
      1, 2,
    ]);
    expect(Date.now() - began).toBeLessThan(8_000);
    expect(Date.now() - began).toBeGreaterThanOrEqual(140);
  });

  test('a log start that moved is told', async () => {
    await send(0, 'a');
    const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 1 } });
    expect((await fetch({ id, epoch: 1 })).partitions).toEqual([]);
    const deleted = await client.call(apis.deleteRecords, 2, {
      topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: -1 }] }],
      timeoutMs: 10_000,
    });
    expect(deleted.topics[0]?.partitions[0]?.errorCode).toBe(0);
    expect((await fetch({ id, epoch: 2 })).partitions).toMatchObject([{ partitionIndex: 0, logStartOffset: 1 }]);
  });

  // By id too: the session knows the name that the id had.
  test.each([12, 13])('in v%d a topic that is deleted is error 3 from then on', async (version) => {
    const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 }, version });
    const other = await target.client();
    await other.call(apis.deleteTopics, 5, { topicNames: [topic.name], timeoutMs: 10_000 });
    for (let epoch = 1; ; epoch += 1) {
      const [partition] = (await fetch({ id, epoch, version, waitMs: 100 })).partitions;
      if (partition?.errorCode === kafkaError.UNKNOWN_TOPIC_OR_PARTITION) break;
      expect(epoch).toBeLessThan(100);
    }
  });

  test('sessions are not bound to the connection that opened them', async () => {
    const { id } = await fetch({ id: 0, epoch: 0, offsets: { 0: 0 } });
    client.close();
    client = await target.client();
    expect(await fetch({ id, epoch: 1 })).toEqual({ code: 0, id, partitions: [] });
  });
});
