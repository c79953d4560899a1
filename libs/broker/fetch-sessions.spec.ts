import { jest } from '@jest/globals';
import { batchOf } from '#log/testing/engine-fixture';
import { ManualClock } from '#log/testing/manual-clock';
import { seededRandom } from '#std/random';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { BrokerWorld } from './broker.testkit.js';
import type { SessionAnswer } from './fetch-session.js';
import { FetchSessions } from './fetch-sessions.js';

describe('the cache of fetch sessions', () => {
  let world: BrokerWorld;
  let clock: ManualClock;
  let sessions: FetchSessions;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    clock = new ManualClock();
    sessions = new FetchSessions(world.broker.engine, clock, seededRandom(1), 2);
  });
  afterEach(() => world.close());

  const consumer = { namesIds: false, isPrivileged: false };
  const follower = { namesIds: false, isPrivileged: true };
  const answers = (count: number): SessionAnswer[] =>
    Array.from({ length: count }, (_, partition) => ({
      asked: {
        topic: 'orders',
        topicId: '',
        partition,
        fetchOffset: 0,
        partitionMaxBytes: 1,
        currentLeaderEpoch: -1,
        lastFetchedEpoch: -1,
      },
      fetched: {
        partitionIndex: partition,
        errorCode: 0,
        highWatermark: 0,
        lastStableOffset: 0,
        logStartOffset: 0,
        abortedTransactions: null,
        records: [],
      },
    }));

  // Two sessions of 5 partitions are there: who else gets a place?
  test.each([
    ['a larger one, soon', consumer, 9, 1_000, false],
    ['a larger one, after two minutes', consumer, 9, 121_000, true],
    ['one of the same size, after two minutes', consumer, 5, 121_000, false],
    ['a smaller one, after two minutes', consumer, 1, 121_000, false],
    ["a follower's, at once", follower, 1, 0, true],
  ])('with both in use: %s', (_, kind, size, elapsedMs, isTaken) => {
    const ids = [sessions.create(answers(5), consumer), sessions.create(answers(5), consumer)];
    clock.advance(elapsedMs);
    for (const id of ids) use(id);
    expect(sessions.create(answers(size), kind) !== 0).toBe(isTaken);
    expect(sessions.evicted).toBe(isTaken ? 1 : 0);
    expect(sessions.size).toBe(2);
  });

  test('the one that nobody used for two minutes goes first, whatever its size', () => {
    const first = sessions.create(answers(50), consumer);
    const second = sessions.create(answers(5), consumer);
    clock.advance(121_000);
    use(second);
    expect(sessions.create(answers(1), consumer)).not.toBe(0);
    expect(sessions.find(first, 1, false)).toEqual({ code: kafkaError.FETCH_SESSION_ID_NOT_FOUND });
  });

  test('the epoch after the largest is 1', () => {
    const found = sessions.find(sessions.create(answers(1), consumer), 1, false);
    if ('code' in found) throw new Error('the session is there');
    found.session.epoch = 2 ** 31 - 1;
    sessions.use(found.session);
    expect(found.session.epoch).toBe(1);
  });

  function use(id: number): void {
    const found = sessions.find(id, 1, false);
    if ('session' in found) sessions.use(found.session);
  }
});

describe('a fetch session of 1,000 partitions', () => {
  let world: BrokerWorld;
  beforeEach(async () => {
    world = await BrokerWorld.open();
    await world.createTopic('orders', 1_000);
  });
  afterEach(() => world.close());

  const fetch = (sessionId: number, sessionEpoch: number, partitions: readonly number[], maxWaitMs = 0) =>
    world.call(apis.fetch, 11, {
      maxWaitMs,
      minBytes: 1,
      sessionId,
      sessionEpoch,
      topics: [
        {
          topic: 'orders',
          partitions: partitions.map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1000 })),
        },
      ],
    });

  test('looks only at what moved', async () => {
    const { sessionId } = await fetch(
      0,
      0,
      Array.from({ length: 1_000 }, (_, index) => index),
    );
    await fetch(sessionId, 1, []);
    const read = jest.spyOn(world.broker.engine, 'fetch');
    await fetch(sessionId, 2, []);
    expect(read).not.toHaveBeenCalled();
    const parked = fetch(sessionId, 3, [], 20_000);
    await world.call(apis.produce, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'orders', partitionData: [{ index: 700, records: batchOf(['a']) }] }],
    });
    expect((await parked).responses.flatMap((topic) => topic.partitions)).toMatchObject([{ partitionIndex: 700 }]);
    expect(read.mock.calls.map(([slices]) => slices.length)).toEqual([1]);
  });
});
