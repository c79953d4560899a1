import { seededRandom } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import { TopicReader, type AssignmentListener, type TopicReaderOptions } from '#topics/topic-reader';
import { FakeCluster, type FakePartition, type Fault } from './fake-cluster.testkit.js';

const none: Fault = { kind: 'none' };

function fill(partition: FakePartition, batches: number, recordsEach: number): void {
  const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec: 'none' });
  for (let batch = 0; batch < batches; batch += 1) {
    for (let index = 0; index < recordsEach; index += 1) {
      const value = Buffer.from(String(partition.end + index));
      builder.append({ key: null, value, headers: [], timestampMs: 1 });
    }
    partition.append(builder.build());
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let step = 0; step < 500 && !condition(); step += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe('a topic reader', () => {
  const fake = new FakeCluster();
  const readers: TopicReader[] = [];
  let topic = '';
  let number = 0;
  beforeAll(() => fake.start(2));
  afterAll(() => fake.stop());
  beforeEach(() => {
    topic = `topic-${(number += 1)}`;
    fake.committed.clear();
    fake.onFetch = () => none;
    fake.heartbeatCode = kafkaError.NONE;
    fake.commitCode = kafkaError.NONE;
  });
  afterEach(async () => {
    for (const reader of readers.splice(0)) await reader.stop();
  });

  function readerOf(options: Partial<TopicReaderOptions>): TopicReader {
    const reader = new TopicReader(fake.connect(), {
      fetchWaitMs: 50,
      heartbeatMs: 20,
      topicRefreshMs: 50,
      ...options,
    });
    readers.push(reader);
    return reader;
  }

  /** Offsets by partition, as polls give them until there are `count`. */
  async function take(reader: TopicReader, count: number): Promise<number[][]> {
    const offsets: number[][] = [[], [], []];
    let seen = 0;
    for (let step = 0; step < 200 && seen < count; step += 1) {
      for (const { partition, records } of await reader.poll(100)) {
        for (let index = 0; index < records.count; index += 1) offsets[partition]?.push(records.offset(index));
        seen += records.count;
      }
    }
    return offsets;
  }

  function listening(log: string[], more: Partial<AssignmentListener> = {}): AssignmentListener {
    const note = (what: string) => (partitions: readonly { readonly partition: number }[]) => {
      log.push(`${what} ${partitions.map(({ partition }) => partition).join()}`);
      return Promise.resolve();
    };
    return {
      onAssigned: async (partitions) => {
        await note('assigned')(partitions);
        return [];
      },
      onRevoked: note('revoked'),
      onLost: note('lost'),
      ...more,
    };
  }

  function range(from: number, to: number): number[] {
    return Array.from({ length: to - from }, (_, index) => from + index);
  }

  it('reads given partitions without a group, from the start, an offset, or the end', async () => {
    const [first, second] = fake.create(topic, 2);
    if (first !== undefined) fill(first, 4, 10);
    if (second !== undefined) fill(second, 4, 10);
    const reader = readerOf({
      partitions: [
        { topic, partition: 0 },
        { topic, partition: 1, offset: 25 },
      ],
    });
    await reader.start();
    expect(await take(reader, 55)).toEqual([range(0, 40), range(25, 40), []]);
    const late = readerOf({ topics: [topic], start: 'latest' });
    await late.start();
    expect(await late.poll(200)).toEqual([]);
    if (first !== undefined) fill(first, 1, 3);
    expect(await take(late, 3)).toEqual([range(40, 43), [], []]);
  });

  const faults: readonly { readonly what: string; readonly fault: Fault }[] = [
    { what: 'connections end in the middle of an answer', fault: { kind: 'lost-after' } },
    {
      what: 'nodes are not the leader for a moment',
      fault: { kind: 'error', code: kafkaError.NOT_LEADER_OR_FOLLOWER },
    },
  ];
  for (const { what, fault } of faults) {
    it(`neither loses nor repeats records although ${what}`, async () => {
      const parts = fake.create(topic, 3);
      for (const part of parts) fill(part, 40, 5);
      let left = 5;
      const random = seededRandom(number);
      fake.onFetch = () => (left > 0 && random.next() < 0.4 && (left -= 1) >= 0 ? fault : none);
      const reader = readerOf({ topics: [topic], partitionBytesMax: 1000, bytesMax: 4000 });
      await reader.start();
      expect(await take(reader, 600)).toEqual([range(0, 200), range(0, 200), range(0, 200)]);
    });
  }

  it('keeps each partition in order through pauses, resumes and seeks', async () => {
    const parts = fake.create(topic, 3);
    for (const part of parts) fill(part, 60, 5);
    const random = seededRandom(7);
    const reader = readerOf({ topics: [topic], partitionBytesMax: 500, bytesMax: 1500 });
    await reader.start();
    const next = [0, 0, 0];
    const paused = [false, false, false];
    for (let step = 0; step < 2000 && next.some((offset) => offset < 300); step += 1) {
      for (const { partition, records, nextOffset } of await reader.poll(20)) {
        expect(paused[partition]).toBe(false);
        for (let index = 0; index < records.count; index += 1) {
          expect(records.offset(index)).toBe((next[partition] ?? 0) + index);
        }
        next[partition] = nextOffset;
        expect(reader.position({ topic, partition })).toBe(nextOffset);
      }
      // On a busy machine the group is joined some polls later, and a pause before that counts for nothing.
      if (reader.assignment().length === 0) continue;
      const partition = Math.floor(random.next() * 3);
      const chance = random.next();
      if (chance < 0.3) {
        paused[partition] = true;
        reader.pause([{ topic, partition }]);
      } else if (chance < 0.7) {
        paused[partition] = false;
        reader.resume([{ topic, partition }]);
      } else if (chance < 0.75) {
        next[partition] = Math.max(0, (next[partition] ?? 0) - 20);
        reader.seek({ topic, partition, offset: next[partition] ?? 0 });
      }
    }
    expect(next).toEqual([300, 300, 300]);
  });

  it('does not let paused partitions use up the room of the others', async () => {
    const parts = fake.create(topic, 3);
    for (const part of parts) fill(part, 40, 5);
    const reader = readerOf({ topics: [topic], partitionBytesMax: 2000, bytesMax: 2000 });
    await reader.start();
    await reader.poll(500);
    reader.pause([
      { topic, partition: 0 },
      { topic, partition: 1 },
    ]);
    const before = reader.position({ topic, partition: 2 }) ?? 0;
    const offsets = await take(reader, 200 - before);
    expect(offsets[2]).toEqual(range(before, 200));
  });

  it('goes on at the start, at the end, or not at all when its offset is gone', async () => {
    const [partition] = fake.create(topic, 1);
    if (partition === undefined) throw new Error('a partition was made');
    fill(partition, 4, 10);
    partition.logStart = 20;
    const place = { partitions: [{ topic, partition: 0, offset: 5 }] };
    const earliest = readerOf({ ...place, outOfRange: 'earliest' });
    await earliest.start();
    expect((await take(earliest, 20))[0]).toEqual(range(20, 40));
    const latest = readerOf({ ...place, outOfRange: 'latest' });
    await latest.start();
    await until(() => latest.position({ topic, partition: 0 }) === 40);
    const fail = readerOf({ ...place, outOfRange: 'fail' });
    await fail.start();
    await expect(fail.poll(1000)).rejects.toMatchObject({ code: 'topics.offset.out-of-range' });
    fail.seek({ topic, partition: 0, offset: 30 });
    expect((await take(fail, 10))[0]).toEqual(range(30, 40));
  });

  it('starts where the group committed, where the listener says, or by its start', async () => {
    const parts = fake.create(topic, 3);
    for (const part of parts) fill(part, 2, 10);
    fake.committed.set(`0 ${topic}`, 15);
    const reader = readerOf({ groupId: 'g', topics: [topic] });
    const onAssigned = () => Promise.resolve([{ topic, partition: 1, offset: 7 }]);
    await reader.start(listening([], { onAssigned }));
    expect(await take(reader, 38)).toEqual([range(15, 20), range(7, 20), range(0, 20)]);
    await reader.commit([{ topic, partition: 2, offset: 20 }]);
    expect(fake.committed.get(`2 ${topic}`)).toBe(20);
  });

  it('heeds a pause and a seek from the call of onAssigned on', async () => {
    const [first] = fake.create(topic, 2);
    if (first !== undefined) fill(first, 2, 10);
    const reader: TopicReader = readerOf({ groupId: 'g', topics: [topic] });
    const onAssigned = () => {
      reader.pause([{ topic, partition: 0 }]);
      reader.seek({ topic, partition: 0, offset: 12 });
      return Promise.resolve([]);
    };
    await reader.start(listening([], { onAssigned }));
    await until(() => reader.position({ topic, partition: 1 }) !== null);
    expect(await reader.poll(100)).toEqual([]);
    reader.resume([{ topic, partition: 0 }]);
    expect((await take(reader, 8))[0]).toEqual(range(12, 20));
  });

  it('gives everything back before it joins again, and can commit until then', async () => {
    const [first] = fake.create(topic, 1);
    if (first !== undefined) fill(first, 1, 10);
    const log: string[] = [];
    const reader: TopicReader = readerOf({ groupId: 'g', topics: [topic] });
    const onRevoked = async () => {
      log.push(`revoked, polls give ${(await reader.poll(10)).length}`);
      await reader.commit([{ topic, partition: 0, offset: 3 }]);
    };
    const before = fake.joins;
    await reader.start(listening(log, { onRevoked }));
    await until(() => reader.position({ topic, partition: 0 }) !== null);
    fake.heartbeatCode = kafkaError.REBALANCE_IN_PROGRESS;
    await until(() => log.length === 3);
    expect(log).toEqual(['assigned 0', 'revoked, polls give 0', 'assigned 0']);
    expect(fake.joins).toBe(before + 2);
    await until(() => reader.position({ topic, partition: 0 }) === 3);
  });

  it('says that partitions are lost when the group no longer knows it, and takes no commit for them', async () => {
    fake.create(topic, 1);
    const log: string[] = [];
    const errors: unknown[] = [];
    const reader: TopicReader = readerOf({ groupId: 'g', topics: [topic] });
    const onLost = async () => {
      log.push('lost');
      await reader.commit([{ topic, partition: 0, offset: 1 }]).catch((error: unknown) => errors.push(error));
    };
    await reader.start(listening(log, { onLost }));
    await until(() => log.length === 1);
    fake.heartbeatCode = kafkaError.UNKNOWN_MEMBER_ID;
    await until(() => log.length === 3);
    expect(log).toEqual(['assigned 0', 'lost', 'assigned 0']);
    expect(errors).toMatchObject([{ code: 'topics.group.fenced' }]);
  });

  it('tells a commit that was fenced from one that may be tried again', async () => {
    fake.create(topic, 1);
    const reader = readerOf({ groupId: 'g', topics: [topic] });
    await reader.start(listening([]));
    await until(() => reader.position({ topic, partition: 0 }) !== null);
    const commit = () => reader.commit([{ topic, partition: 0, offset: 1 }]);
    await expect(reader.commit([{ topic, partition: 5, offset: 1 }])).rejects.toMatchObject({
      code: 'topics.group.fenced',
    });
    fake.commitCode = kafkaError.REBALANCE_IN_PROGRESS;
    await expect(commit()).rejects.toMatchObject({ code: 'topics.group.rebalancing', retriable: true });
    await until(() => reader.position({ topic, partition: 0 }) !== null);
    fake.commitCode = kafkaError.ILLEGAL_GENERATION;
    await expect(commit()).rejects.toMatchObject({ code: 'topics.group.fenced', retriable: false });
  });

  it('finds topics that match its pattern later, and partitions that are added', async () => {
    const [first] = fake.create(`${topic}-a`, 1);
    if (first !== undefined) fill(first, 1, 5);
    const log: string[] = [];
    const reader = readerOf({ groupId: 'g', pattern: new RegExp(`^${topic}-`) });
    await reader.start(listening(log));
    expect((await take(reader, 5))[0]).toEqual(range(0, 5));
    const [other] = fake.create(`${topic}-b`, 2);
    if (other !== undefined) fill(other, 1, 4);
    await until(() => reader.assignment().length === 3);
    expect(log).toEqual(['assigned 0', 'revoked 0', 'assigned 0,0,1']);
  });

  it('gives back what it holds and leaves when it stops, even while a join is held open', async () => {
    fake.create(topic, 1);
    const log: string[] = [];
    const reader = readerOf({ groupId: 'g', topics: [topic] });
    await reader.start(listening(log));
    await until(() => reader.position({ topic, partition: 0 }) !== null);
    const waiting = reader.poll(10_000);
    await reader.stop();
    expect(await waiting).toEqual([]);
    expect(log).toEqual(['assigned 0', 'revoked 0']);
    expect(fake.requests).toContain('LeaveGroup');
    fake.delayMs = () => 1000;
    const late = readerOf({ groupId: 'g', topics: [topic] });
    await late.start(listening(log));
    await new Promise((resolve) => setTimeout(resolve, 50));
    fake.delayMs = () => 0;
    await late.stop();
    expect(log).toHaveLength(2);
  });
});
