import { seededRandom } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import { RecordTooLargeError, TopicsError } from '#topics/errors';
import { TopicWriter, type TopicWriterOptions, type WriteColumns } from '#topics/topic-writer';
import { FakeCluster, type Fault } from './fake-cluster.testkit.js';

const none: Fault = { kind: 'none' };

/** Values `from … from + count - 1`, as text. */
function columns(from: number, count: number, more: Partial<WriteColumns> = {}): WriteColumns {
  const texts = Array.from({ length: count }, (_, index) => Buffer.from(String(from + index)));
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  let at = 0;
  for (const [index, text] of texts.entries()) {
    starts[index] = at;
    at += text.length;
    ends[index] = at;
  }
  return { bytes: Buffer.concat(texts), starts, ends, headers: new Map(), ...more };
}

function sequence(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

describe('a topic writer', () => {
  const fake = new FakeCluster();
  let topic = '';
  let number = 0;
  const writers: TopicWriter[] = [];
  beforeAll(() => fake.start(2));
  afterAll(() => fake.stop());
  beforeEach(() => {
    topic = `topic-${(number += 1)}`;
    fake.onProduce = () => none;
    fake.delayMs = () => 0;
    fake.limitBytes = 1_048_588;
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close();
  });

  function writerOf(options: TopicWriterOptions = {}): TopicWriter {
    const writer = new TopicWriter(fake.connect({ requestTimeoutMs: 300 }), options);
    writers.push(writer);
    return writer;
  }

  /** 40 writes of 25 records each to partition 0, in small batches, many under way at a time. */
  async function writeThousand(options: TopicWriterOptions = {}): Promise<void> {
    const writer = writerOf({ batchBytesMax: 400, ...options });
    const writes: Promise<void>[] = [];
    for (let from = 0; from < 1000; from += 25) {
      writes.push(writer.write(topic, columns(from, 25, { partitions: 0 })));
      if (from % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await Promise.all(writes);
  }

  it('delivers every record once and in order', async () => {
    const [partition] = fake.create(topic, 1);
    await writeThousand();
    expect(partition?.values()).toEqual(sequence(1000));
  });

  const faults: readonly { readonly what: string; readonly fault: Fault }[] = [
    { what: 'connections end before a request is read', fault: { kind: 'lost-before' } },
    { what: 'connections end in the middle of an answer', fault: { kind: 'lost-after' } },
    {
      what: 'nodes are not the leader for a moment',
      fault: { kind: 'error', code: kafkaError.NOT_LEADER_OR_FOLLOWER },
    },
    { what: 'nodes have no room for a moment', fault: { kind: 'error', code: kafkaError.KAFKA_STORAGE_ERROR } },
    { what: 'nodes do not answer', fault: { kind: 'silence' } },
  ];
  for (const { what, fault } of faults) {
    it(`delivers every record once and in order although ${what}`, async () => {
      const [partition] = fake.create(topic, 1);
      const random = seededRandom(number);
      let left = fault.kind === 'silence' ? 3 : 12;
      fake.onProduce = () => (left > 0 && random.next() < 0.3 && (left -= 1) >= 0 ? fault : none);
      fake.delayMs = () => (random.next() < 0.2 ? 5 : 0);
      await writeThousand();
      expect(partition?.values()).toEqual(sequence(1000));
      expect(left).toBe(0);
    });
  }

  it('follows a leader that moves between nodes', async () => {
    const [partition] = fake.create(topic, 1);
    const random = seededRandom(number);
    fake.onProduce = () => {
      if (partition !== undefined && random.next() < 0.2) partition.leader = 1 - partition.leader;
      return none;
    };
    await writeThousand();
    expect(partition?.values()).toEqual(sequence(1000));
  });

  it('begins to count anew under the next epoch when the node has lost its state', async () => {
    const [partition] = fake.create(topic, 1);
    const writer = writerOf();
    await writer.write(topic, columns(0, 10));
    for (const state of partition?.producers.values() ?? []) state.nextSequence = 5000;
    await writer.write(topic, columns(10, 10));
    await writer.write(topic, columns(20, 10));
    expect(partition?.values()).toEqual(sequence(30));
    expect([...(partition?.producers.values() ?? [])].map((state) => state.epoch)).toEqual([1]);
  });

  it('rejects a write with a record that no batch can take, and sends nothing of it', async () => {
    const [partition] = fake.create(topic, 1);
    fake.limitBytes = 1000;
    const writer = writerOf();
    const large = {
      bytes: Buffer.alloc(2000),
      starts: Int32Array.of(0, 10),
      ends: Int32Array.of(10, 2000),
      headers: new Map(),
    };
    const error: unknown = await writer.write(topic, large).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RecordTooLargeError);
    expect(error).toMatchObject({
      topic,
      limitBytes: 1000,
      index: 1,
      code: 'topics.record.too-large',
      retriable: false,
    });
    await writer.write(topic, columns(0, 200));
    expect(partition?.values()).toEqual(sequence(200));
  });

  it('learns a limit that was lowered meanwhile', async () => {
    const [partition] = fake.create(topic, 1);
    const writer = writerOf();
    await writer.write(topic, columns(0, 1));
    fake.limitBytes = 500;
    await expect(writer.write(topic, columns(1, 500))).rejects.toMatchObject({ retriable: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await writer.write(topic, columns(1, 20));
    expect(partition?.values()).toEqual(sequence(21));
  });

  it('puts records with a key where Kafka does, and those without on one partition a batch', async () => {
    const parts = fake.create(topic, 3);
    const writer = writerOf();
    const keys = ['21', 'foobar', 'abc', null].map((key) => (key === null ? null : Buffer.from(key)));
    await writer.write(topic, columns(0, 4, { keys }));
    const placeOf = (value: string) => parts.findIndex((part) => part.values().includes(value));
    expect([placeOf('0'), placeOf('1'), placeOf('2')]).toEqual([
      (-973932308 & 0x7fffffff) % 3,
      (-790332482 & 0x7fffffff) % 3,
      479470107 % 3,
    ]);
    await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (round) => {
        await new Promise((resolve) => setTimeout(resolve, round * 10));
        await writer.write(topic, columns(10 * (round + 1), 10));
      }),
    );
    expect(parts.every((part) => part.values().length >= 10)).toBe(true);
  });

  it('obeys a partition given for each record', async () => {
    const parts = fake.create(topic, 3);
    await writerOf().write(topic, columns(0, 6, { partitions: Int32Array.of(2, 0, 2, 1, 0, 2) }));
    expect(parts.map((part) => part.values())).toEqual([['1', '4'], ['3'], ['0', '2', '5']]);
  });

  it('refuses a partition that does not exist', async () => {
    fake.create(topic, 2);
    await expect(writerOf().write(topic, columns(0, 1, { partitions: 2 }))).rejects.toMatchObject({
      code: 'topics.partition.unknown',
    });
  });

  it('has an unknown topic created', async () => {
    await writerOf().write(topic, columns(0, 3, { partitions: 1 }));
    expect(fake.topics.get(topic)?.[1]?.values()).toEqual(['0', '1', '2']);
  });

  it('finds partitions that are added while it writes', async () => {
    fake.create(topic, 1);
    const writer = new TopicWriter(fake.connect({ metadataAgeMsMax: 50 }));
    writers.push(writer);
    await writer.write(topic, columns(0, 1));
    const [, added] = fake.create(topic, 2);
    for (let step = 0; step < 300 && added?.end === 0; step += 1) {
      await writer.write(topic, columns(step, 1));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(added?.end).toBeGreaterThan(0);
  });

  it('tells where a single record lies', async () => {
    fake.create(topic, 2);
    const writer = writerOf();
    await writer.write(topic, columns(0, 7, { partitions: 1 }));
    const places = await Promise.all(
      [1, 2].map(() => writer.writeRecord(topic, { partition: 1, value: Buffer.from('x') })),
    );
    expect(places).toEqual([
      { partition: 1, offset: 7 },
      { partition: 1, offset: 8 },
    ]);
  });

  it('takes no more than its buffer holds while answers are out, and then goes on in order', async () => {
    const [partition] = fake.create(topic, 1);
    const writer = writerOf({ bufferBytesMax: 2000 });
    await writer.write(topic, columns(0, 1));
    let held = true;
    let seen = 0;
    fake.delayMs = () => (held ? 100 : 0);
    fake.onProduce = (request) => {
      seen += request.topicData[0]?.partitionData[0]?.records?.length ?? 0;
      return none;
    };
    const writes = [1, 51, 101, 151, 201].map((from) => writer.write(topic, columns(from, 50)));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(seen).toBeLessThan(2500);
    held = false;
    await Promise.all(writes);
    expect(partition?.values()).toEqual(sequence(251));
  });

  it('gives up after the delivery timeout, with an error that says what to look at', async () => {
    fake.create(topic, 1);
    const writer = writerOf({ deliveryTimeoutMs: 600 });
    await writer.write(topic, columns(0, 1));
    fake.onProduce = () => ({ kind: 'error', code: kafkaError.NOT_ENOUGH_REPLICAS });
    const error: unknown = await writer.write(topic, columns(1, 1)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TopicsError);
    expect(error).toMatchObject({ code: 'topics.delivery.timeout', retriable: true });
    fake.onProduce = () => none;
    await writer.write(topic, columns(1, 1));
    expect(fake.topics.get(topic)?.[0]?.values()).toEqual(['0', '1']);
  });

  it('closes within the time given, rejecting what is still under way', async () => {
    fake.create(topic, 1);
    const writer = writerOf();
    await writer.write(topic, columns(0, 1));
    fake.onProduce = () => ({ kind: 'error', code: kafkaError.NOT_ENOUGH_REPLICAS });
    const write = writer.write(topic, columns(1, 1)).catch((reason: unknown) => reason);
    await writer.close(200);
    expect(await write).toMatchObject({ code: 'topics.delivery.timeout' });
    await expect(writer.write(topic, columns(2, 1))).rejects.toMatchObject({ code: 'topics.client.closed' });
  });

  it('rejects at once what the cluster will never take, and goes on with the rest', async () => {
    const [partition] = fake.create(topic, 1);
    const writer = writerOf();
    await writer.write(topic, columns(0, 1));
    let refused = false;
    fake.onProduce = () => {
      if (refused) return none;
      refused = true;
      return { kind: 'error', code: kafkaError.INVALID_RECORD };
    };
    await expect(writer.write(topic, columns(99, 1))).rejects.toMatchObject({ kafkaCode: kafkaError.INVALID_RECORD });
    await writer.write(topic, columns(1, 1));
    expect(partition?.values()).toEqual(['0', '1']);
  });

  it('names the address that it cannot reach', async () => {
    const writer = new TopicWriter(fake.connect({ bootstrap: ['127.0.0.1:1'] }), { deliveryTimeoutMs: 100 });
    await expect(writer.write(topic, columns(0, 1))).rejects.toThrow(/127\.0\.0\.1:1 \(ECONNREFUSED\)/);
  });

  it('works with acks 0 and with every codec', async () => {
    const [partition] = fake.create(topic, 1);
    await writerOf({ acks: 0 }).write(topic, columns(0, 2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      await writerOf({ compression }).write(topic, columns(2, 1));
    }
    expect(partition?.values()).toEqual(['0', '1', '2', '2', '2', '2']);
  });

  it('speaks with a node that knows only old versions of ApiVersions', async () => {
    fake.create(topic, 1);
    fake.apiVersionsMax = 2;
    await writerOf().write(topic, columns(0, 1));
    fake.apiVersionsMax = 4;
    expect(fake.topics.get(topic)?.[0]?.values()).toEqual(['0']);
  });
});
