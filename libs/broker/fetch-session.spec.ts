import { jest } from '@jest/globals';
import { batchOf, valuesIn } from '#log/testing/engine-fixture';
import { seededRandom, type Random } from '#std/random';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from './broker.testkit.js';

const partitionCount = 6;
const topic = 'orders';

/** Reads as consumers do: keeps to its session, names only what changed, and believes that the rest is as it was told. */
class SessionReader {
  readonly positions = new Map<number, number>();
  readonly read = new Map<number, string[]>();
  private readonly changed = new Set<number>();
  private readonly forgotten = new Set<number>();
  private sessionId = 0;
  private epoch = 0;

  constructor(
    private readonly world: BrokerWorld,
    private readonly random: Random,
  ) {}

  add(partition: number): void {
    if (this.positions.has(partition)) return;
    this.positions.set(partition, this.read.get(partition)?.length ?? 0);
    this.changed.add(partition);
    this.forgotten.delete(partition);
  }

  drop(partition: number): void {
    if (!this.positions.delete(partition)) return;
    this.changed.delete(partition);
    this.forgotten.add(partition);
  }

  /** Starts anew with its whole list, as after an error. */
  startAnew(): void {
    this.epoch = 0;
    this.forgotten.clear();
    for (const partition of this.positions.keys()) this.changed.add(partition);
  }

  /** One fetch; the partitions that the answer told of. */
  async fetch(maxWaitMs = 0): Promise<number[]> {
    const partitions = [...this.changed].map((partition) => ({
      partition,
      fetchOffset: this.positions.get(partition) ?? 0,
      // Seldom enough for all that is there.
      partitionMaxBytes: 1 + Math.floor(this.random.next() * 300),
    }));
    const answer = await this.world.call(apis.fetch, 11, {
      maxWaitMs,
      minBytes: 1,
      maxBytes: 1 + Math.floor(this.random.next() * 600),
      sessionId: this.sessionId,
      sessionEpoch: this.epoch,
      topics: partitions.length === 0 ? [] : [{ topic, partitions }],
      forgottenTopicsData: this.forgotten.size === 0 ? [] : [{ topic, partitions: [...this.forgotten] }],
    });
    this.changed.clear();
    this.forgotten.clear();
    expect(answer.errorCode).toBe(kafkaError.NONE);
    this.sessionId = answer.sessionId;
    if (this.sessionId === 0) this.startAnew();
    else this.epoch += 1;
    const told = answer.responses.flatMap((one) => one.partitions);
    for (const { partitionIndex, errorCode, records } of told) {
      expect([partitionIndex, errorCode]).toEqual([partitionIndex, kafkaError.NONE]);
      if (this.positions.has(partitionIndex)) this.take(partitionIndex, records ?? Buffer.alloc(0));
    }
    return told.map(({ partitionIndex }) => partitionIndex);
  }

  private take(partition: number, records: Buffer): void {
    const read = this.read.get(partition) ?? [];
    this.read.set(partition, read);
    for (const [offset, value] of valuesIn([records])) if (offset === read.length) read.push(value);
    if (read.length === this.positions.get(partition)) return;
    this.positions.set(partition, read.length);
    this.changed.add(partition);
  }
}

describe('a fetch session', () => {
  let world: BrokerWorld;
  let topicId: string;
  const written = new Map<number, string[]>();
  beforeEach(async () => {
    world = await BrokerWorld.open();
    topicId = (await world.createTopic(topic, partitionCount)).id;
    written.clear();
  });
  afterEach(() => world.close());

  async function write(partition: number, values: readonly string[]): Promise<void> {
    await world.broker.engine.append([{ topicId, partition, batch: batchOf(values) }], { acks: -1 });
    written.set(partition, [...(written.get(partition) ?? []), ...values]);
  }

  test.each(Array.from({ length: 30 }, (_, seed) => seed + 1))(
    'loses nothing and repeats nothing, seed %d',
    async (seed) => {
      const random = seededRandom(seed);
      const any = (): number => Math.floor(random.next() * partitionCount);
      const reader = new SessionReader(world, random);
      reader.add(any());
      for (let step = 0; step < 120; step += 1) {
        const dice = random.next();
        if (dice < 0.3)
          await write(
            any(),
            Array.from({ length: 1 + Math.floor(random.next() * 4) }, (_, i) => `${step}.${i}`),
          );
        else if (dice < 0.4) reader.add(any());
        else if (dice < 0.45 && reader.positions.size > 1) reader.drop(any());
        else if (dice < 0.48) reader.startAnew();
        else if (dice < 0.55)
          await Promise.all([reader.fetch(5_000), write([...reader.positions.keys()][0] ?? 0, [`${step}`])]);
        else if (reader.positions.size > 0) await reader.fetch();
      }
      for (let partition = 0; partition < partitionCount; partition += 1) reader.add(partition);
      for (let idle = 0, count = 0; idle < 2; count += 1) {
        idle = (await reader.fetch()).length === 0 ? idle + 1 : 0;
        expect(count).toBeLessThan(2_000);
      }
      for (const [partition, values] of written)
        expect([partition, reader.read.get(partition)]).toEqual([partition, values]);
    },
  );

  test('two fetches at once: the second hurries the first', async () => {
    const ask = (sessionId: number, sessionEpoch: number, maxWaitMs: number) =>
      world.call(apis.fetch, 11, {
        maxWaitMs,
        minBytes: 1,
        sessionId,
        sessionEpoch,
        topics:
          sessionId === 0 ? [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }] }] : [],
      });
    const { sessionId } = await ask(0, 0, 0);
    const first = ask(sessionId, 1, 60_000);
    const second = ask(sessionId, 2, 0);
    expect((await first).responses).toEqual([]);
    expect((await second).errorCode).toBe(kafkaError.NONE);
  });

  test('what comes while it looks is not missed', async () => {
    const topics = [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }] }];
    const { sessionId } = await world.call(apis.fetch, 11, { sessionEpoch: 0, topics });
    const { engine } = world.broker;
    const read = engine.fetch.bind(engine);
    const spy = jest.spyOn(engine, 'fetch').mockImplementationOnce(async (...asked) => {
      const results = await read(...asked);
      await write(0, ['late']);
      return results;
    });
    const answer = await world.call(apis.fetch, 11, {
      maxWaitMs: 60_000,
      minBytes: 1,
      sessionId,
      sessionEpoch: 1,
      topics,
    });
    expect(answer.responses[0]?.partitions).toMatchObject([{ partitionIndex: 0, highWatermark: 1 }]);
    expect(spy).toHaveBeenCalledTimes(2);
  });

  test('one that is driven out answers what waits in it', async () => {
    const opened = await world.call(apis.fetch, 11, {
      sessionEpoch: 0,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }] }],
    });
    const { sessionId } = opened;
    const parked = world.call(apis.fetch, 11, {
      maxWaitMs: 60_000,
      minBytes: 1,
      sessionId,
      sessionEpoch: 1,
      topics: [],
    });
    world.broker.fetchSessions.close(sessionId);
    expect((await parked).responses).toEqual([]);
  });
});
