import { brokerOptions } from '#broker/broker-options';
import { requireOptions } from '#config/options';
import type { LocalEngine } from '#log/local-engine';
import { MemoryCatalog } from '#log/memory-catalog';
import { batchOf, openEngine, readCommitted } from '#log/testing/engine-fixture';
import { ManualClock } from '#log/testing/manual-clock';
import { silentLogger } from '#std/log';
import { seededRandom, type Random } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import { kafkaError } from '#wire/kafka/error-codes';
import { TransactionCoordinator, type SessionAnswer } from './transaction-coordinator.js';
import { partitionKey, type ProducerSession, type TransactionOutcome } from './transaction.js';
import type { ProtocolVersion } from './transitions.js';

/**
 * The power goes at any operation of the disk while transactions are written and ended. After the next start every transaction is
 * there as a whole or not at all, in both partitions and in the group's offsets: as it was answered, where it was.
 */
const seeds = 300;
const lives = 3;
const perLife = 6;
const partitions = [0, 1] as const;
const group = 'readers';

/** Value n is written by transaction n, to both partitions and as the group's offset. */
interface Attempt {
  readonly number: number;
  asked: TransactionOutcome | null;
  answered: boolean;
}

class Life {
  readonly clock = new ManualClock();
  readonly coordinator: TransactionCoordinator;

  constructor(
    readonly engine: LocalEngine,
    readonly topicId: string,
    random: Random,
  ) {
    this.coordinator = new TransactionCoordinator({
      table: engine.table('transactions'),
      participants: {
        writeMarkers: (markers) => engine.writeMarkers(markers),
        endOffsets: (groupId, producerId, outcome) => engine.groups.endTransaction(groupId, producerId, outcome),
      },
      allocateProducerId: async () => (await engine.allocateProducer()).producerId,
      clock: this.clock,
      random,
      logger: silentLogger,
      config: requireOptions('the test', brokerOptions, {}),
    });
    this.coordinator.start();
  }

  init(expected: ProducerSession | null = null): Promise<SessionAnswer> {
    return this.coordinator.initProducer('t', { timeoutMs: 60_000, expected });
  }

  /** One transaction; gives the session that follows. */
  async transact(session: ProducerSession, attempt: Attempt, protocol: ProtocolVersion, random: Random) {
    const { coordinator, engine, topicId } = this;
    const { producerId, epoch } = session;
    const keys = partitions.map((partition) => partitionKey(topicId, partition));
    if (protocol === 1) {
      await coordinator.add('t', session, { partitions: keys, groups: [group] });
    }
    const write = { transactionalId: 't', session, partitions: keys, groups: [], adds: protocol === 2 };
    const producer = {
      producerId,
      producerEpoch: epoch,
      baseSequence: sequenceOf(attempt, protocol),
      isTransactional: true,
    };
    const results = await coordinator.admit(write, (code) => {
      expect(code).toBe(kafkaError.NONE);
      const batch = (): Buffer => batchOf([String(attempt.number)], { producer });
      return engine.append(
        partitions.map((partition) => ({ topicId, partition, batch: batch() })),
        { acks: -1 },
      );
    });
    expect(results.map(({ error }) => error)).toEqual(['none', 'none']);
    await coordinator.admit({ ...write, partitions: [], groups: [group] }, (code) => {
      expect(code).toBe(kafkaError.NONE);
      const row = { topic: 'orders', partition: 0, offset: attempt.number, leaderEpoch: -1, metadata: '' };
      return engine.groups.commitPending(group, producerId, [row]);
    });
    for (const partition of partitions) expect(await this.committed(partition)).not.toContain(attempt.number);
    const outcome = random.next() < 0.6 ? 'commit' : 'abort';
    attempt.asked = outcome;
    const answer = await coordinator.end('t', session, outcome, protocol);
    expect(answer.errorCode).toBe(kafkaError.NONE);
    attempt.answered = true;
    return protocol === 2 ? { producerId: answer.producerId, epoch: answer.epoch } : session;
  }

  async committed(partition: number): Promise<number[]> {
    return [...(await readCommitted(this.engine, this.topicId, partition)).values()].map(Number);
  }
}

/** Under protocol 1 sequences go on from transaction to transaction of a life, under protocol 2 each begins at 0. */
function sequenceOf(attempt: Attempt, protocol: ProtocolVersion): number {
  return protocol === 2 ? 0 : attempt.number % perLife;
}

async function check(life: Life, attempts: readonly Attempt[]): Promise<void> {
  const found = await Promise.all(partitions.map((partition) => life.committed(partition)));
  expect(found[1]).toEqual(found[0]);
  const values = found[0] ?? [];
  expect(values).toEqual([...new Set(values)].sort((one, other) => one - other));
  for (const { number, asked, answered } of attempts) {
    const isThere = values.includes(number);
    if (answered) expect([number, isThere]).toEqual([number, asked === 'commit']);
    else if (asked !== 'commit') expect([number, isThere]).toEqual([number, false]);
  }
  expect(life.engine.groups.find(group, 'orders', 0)?.offset ?? -1).toBe(values.at(-1) ?? -1);
  expect(life.engine.groups.isPending(group, 'orders', 0)).toBe(false);
}

async function run(seed: number): Promise<number> {
  const random = seededRandom(seed);
  const protocol: ProtocolVersion = seed % 2 === 0 ? 1 : 2;
  const catalog = new MemoryCatalog();
  let disk = new SimulatedDisk({ random });
  const attempts: Attempt[] = [];
  let last: ProducerSession | null = null;
  let cuts = 0;
  for (let count = 0; count <= lives; count += 1) {
    const engine = await openEngine({ disk, clock: new ManualClock(), catalog, seed });
    const topic =
      engine.topics.byName('orders') ??
      (await engine.topics.create({ name: 'orders', partitions: partitions.length, configs: {} }));
    const life = new Life(engine, topic.id, random);
    const opened = await life.init();
    expect(opened.errorCode).toBe(kafkaError.NONE);
    await life.coordinator.idle();
    await check(life, attempts);
    if (last !== null) {
      const additions = { partitions: [partitionKey(topic.id, 0)], groups: [] };
      expect(await life.coordinator.add('t', last, additions)).toBe(kafkaError.PRODUCER_FENCED);
    }
    if (count === lives) {
      life.coordinator.stop();
      await engine.close();
      break;
    }
    disk.haltIn(Math.floor(random.next() * 120));
    let isDone = false;
    const work = async (): Promise<void> => {
      let session: ProducerSession = opened;
      for (let index = 0; index < perLife; index += 1) {
        const attempt: Attempt = { number: count * perLife + index, asked: null, answered: false };
        attempts.push(attempt);
        last = session;
        session = await life.transact(session, attempt, protocol, random);
        last = session;
      }
    };
    let failure: unknown = null;
    void work().then(
      () => (isDone = true),
      (error: unknown) => (failure = error),
    );
    while (!isDone && !disk.halted && failure === null) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    if (failure !== null) throw failure;
    if (!isDone) cuts += 1;
    life.coordinator.stop();
    disk = random.next() < 0.5 ? disk.kill() : disk.crash(random);
  }
  return cuts;
}

describe('transactions over power cuts', () => {
  test.each([0, 1, 2, 3])('are whole or absent (part %d)', async (part) => {
    let cuts = 0;
    for (let seed = part; seed < seeds; seed += 4) {
      try {
        cuts += await run(seed);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    // Most lives end in the middle of their work.
    expect(cuts).toBeGreaterThan((seeds / 4) * lives * 0.5);
  });
});
