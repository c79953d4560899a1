import type { LogEngine } from '#log/engine';
import { batchOf, readCommitted } from '#log/testing/engine-fixture';
import { systemClock } from '#std/clock';
import { seededRandom, type Random } from '#std/random';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { ClusterWorld } from './cluster-world.testkit.js';

const nodeCount = 3;
const partitionCount = 6;
const transactionsEach = 12;
/** Of a node, per step of a transaction. */
const killChance = 0.04;

interface Session {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** A transactional producer as clients are: it tries again what passes, and begins a new session where it has to. */
class Producer {
  /** By transaction: what was written, and whether it was told that it is committed; null where it was told nothing. */
  readonly outcomes = new Map<string, { readonly values: string[]; committed: boolean | null }>();
  private session: Session | null = null;
  private readonly sequences = new Map<number, number>();

  constructor(
    private readonly world: ClusterWorld,
    private readonly transactionalId: string,
    private readonly random: Random,
    private readonly disturb: () => void,
  ) {}

  async run(): Promise<void> {
    for (let n = 0; n < transactionsEach; n += 1) await this.transaction(`${this.transactionalId}.${n}`);
  }

  private async transaction(name: string): Promise<void> {
    const { transactionalId } = this;
    const session = await this.sessionNow();
    const outcome: { values: string[]; committed: boolean | null } = { values: [], committed: false };
    this.outcomes.set(name, outcome);
    const writes = 1 + this.pick(4);
    for (let write = 0; write < writes; write += 1) {
      this.disturb();
      const partition = this.pick(partitionCount);
      const value = `${name}.${write}`;
      outcome.values.push(value);
      if (!(await this.write(session, partition, value))) {
        this.session = null;
        return;
      }
    }
    this.disturb();
    const wanted = this.pick(3) > 0;
    outcome.committed = wanted ? null : false;
    const end = { transactionalId, ...session, committed: wanted };
    const code = await this.patiently(this.coordinator, async (node) => {
      const answer = await this.world.node(node).call(apis.endTxn, 5, end);
      if (answer.errorCode === 0) this.session = { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
      return answer.errorCode;
    });
    if (code === kafkaError.NONE) {
      outcome.committed = wanted;
      // Protocol 2 raises the epoch with each end, and sequences begin anew.
      this.sequences.clear();
    } else {
      this.session = null;
    }
  }

  /** False where only a new session can go on. */
  private async write(session: Session, partition: number, value: string): Promise<boolean> {
    const { transactionalId } = this;
    const baseSequence = this.sequences.get(partition) ?? 0;
    const code = await this.patiently(partition % nodeCount, async (node) => {
      const records = batchOf([value], { producer: { ...session, baseSequence, isTransactional: true } });
      const topicData = [{ name: 'orders', partitionData: [{ index: partition, records }] }];
      const request = { acks: -1, timeoutMs: 1000, transactionalId, topicData };
      const answer = await this.world.node(node).call(apis.produce, 12, request);
      return answer.responses[0]?.partitionResponses[0]?.errorCode ?? kafkaError.UNKNOWN_SERVER_ERROR;
    });
    if (code !== kafkaError.NONE) return false;
    this.sequences.set(partition, baseSequence + 1);
    return true;
  }

  private async sessionNow(): Promise<Session> {
    const { transactionalId } = this;
    while (this.session === null) {
      await this.patiently(this.coordinator, async (node) => {
        const request = { transactionalId, transactionTimeoutMs: 60_000 };
        const answer = await this.world.node(node).call(apis.initProducerId, 5, request);
        if (answer.errorCode === 0) this.session = answer;
        return answer.errorCode;
      });
      this.sequences.clear();
    }
    const { producerId, producerEpoch } = this.session;
    return { producerId, producerEpoch };
  }

  private get coordinator(): number {
    return this.world.node(0).broker.nodes.coordinatorOf(this.transactionalId);
  }

  /** Asks until the answer is final. A node that falls never answers. */
  private async patiently(node: number, ask: (node: number) => Promise<number>): Promise<number> {
    for (;;) {
      const code = await Promise.race([ask(node), this.world.fallOf(node)]).catch(() => retriable[0] ?? 0);
      if (!retriable.includes(code)) return code;
      await systemClock.sleep(5);
    }
  }

  private pick(count: number): number {
    return Math.floor(this.random.next() * count);
  }
}

const retriable: readonly number[] = [
  kafkaError.COORDINATOR_NOT_AVAILABLE,
  kafkaError.CONCURRENT_TRANSACTIONS,
  kafkaError.NOT_ENOUGH_REPLICAS,
  kafkaError.KAFKA_STORAGE_ERROR,
];

async function committedValues(world: ClusterWorld): Promise<string[]> {
  const values: string[] = [];
  for (let partition = 0; partition < partitionCount; partition += 1) {
    const { engine } = world.node(partition % nodeCount).broker;
    const topicId = engine.topics.byName('orders')?.id ?? '';
    for (let round = 0; !(await isSettled(engine, topicId, partition)); round += 1) {
      expect(round).toBeLessThan(1_000);
      await systemClock.sleep(10);
    }
    values.push(...(await readCommitted(engine, topicId, partition)).values());
  }
  return values;
}

/** No transaction is open. */
async function isSettled(engine: LogEngine, topicId: string, partition: number): Promise<boolean> {
  const query = { topicId, partition, timestamp: -1 };
  const [all, stable] = await engine.listOffsets([query, { ...query, isolation: 'read_committed' }]);
  return all?.error === 'none' && all.offset === stable?.offset;
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'transactions over nodes whose power is cut at any time are whole or not there, seed %i',
  async (seed) => {
    const random = seededRandom(seed);
    const world = await ClusterWorld.open(nodeCount);
    await world.createTopic(0, 'orders', partitionCount);
    let restart: Promise<void> = Promise.resolve();
    let kills = 0;
    let isDown = false;
    const disturb = (): void => {
      if (isDown || random.next() >= killChance) return;
      const victim = Math.floor(random.next() * nodeCount);
      kills += 1;
      isDown = true;
      world.kill(victim, random);
      restart = systemClock
        .sleep(random.next() * 40)
        .then(() => world.start(victim))
        .then(() => {
          isDown = false;
        });
    };
    const ids = [0, 1, 2, 0].map((node, index) => world.keyOf(node, `tx${index}`));
    const producers = ids.map((id) => new Producer(world, id, random, disturb));
    await Promise.all(producers.map((producer) => producer.run()));
    await restart;
    // What the last session left open is ended by the next one.
    for (const id of ids) {
      const node = world.node(world.node(0).broker.nodes.coordinatorOf(id));
      await expectNone(() => node.call(apis.initProducerId, 5, { transactionalId: id, transactionTimeoutMs: 60_000 }));
    }
    const values = await committedValues(world);
    expect(new Set(values).size).toBe(values.length);
    const found = new Set(values);
    let committed = 0;
    for (const { outcomes } of producers) {
      for (const [name, outcome] of outcomes) {
        const there = outcome.values.filter((value) => found.has(value)).length;
        const allowed =
          outcome.committed === null ? [0, outcome.values.length] : [outcome.committed ? outcome.values.length : 0];
        expect({ name, there, allowed: allowed.includes(there) }).toEqual({ name, there, allowed: true });
        if (there > 0) committed += 1;
      }
    }
    expect(committed).toBeGreaterThan(0);
    expect(kills).toBeGreaterThan(0);
    await world.close();
  },
  60_000,
);

async function expectNone(ask: () => Promise<{ readonly errorCode: number }>): Promise<void> {
  for (let round = 0; round < 1_000; round += 1) {
    const { errorCode } = await ask();
    if (errorCode === kafkaError.NONE) return;
    await systemClock.sleep(5);
  }
  throw new Error('it is not answered');
}
