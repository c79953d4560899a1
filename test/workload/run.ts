import { seededRandom, type Random } from '#std/random';
import { RawClient } from '../conformance/raw-client.js';
import { createTopic, freshName, type TestTopic } from '../conformance/target.js';
import { findCoordinators } from '../conformance/transactional-producer.js';
import { findingsIn } from './checker.js';
import { Copier, fetchCommitted, Reader, Writer, type Workload } from './clients.js';
import { History } from './history.js';

export interface RunOptions {
  readonly address: string;
  readonly seconds: number;
  readonly seed: number;
  /** Kills and starts the service once, or the like; called again and again until the time is over. */
  readonly disturb?: (random: Random) => Promise<void>;
}

const partitions = 4;
const protocols = [1, 2] as const;

/**
 * Many clients write, read and copy in transactions for a while, die at any time, and send what comes too late. When all is quiet the
 * history is checked, and what was copied is held against what was there.
 */
export async function runWorkload({ address, seconds, seed, disturb }: RunOptions): Promise<void> {
  const client = await RawClient.connect(address);
  await findCoordinators(client);
  const [topic, copy] = [await createTopic(client, { partitions }), await createTopic(client, { partitions })];
  client.close();
  const random = seededRandom(seed);
  const history = new History();
  const endMs = performance.now() + seconds * 1000;
  const isOver = (): boolean => performance.now() >= endMs;
  const isDisturbed = disturb !== undefined;
  const workload: Workload = { address, history, random, topic, partitions, isDisturbed, isOver };
  const writers = Array.from({ length: 6 }, (_, index) => {
    return new Writer(workload, `writer-${index}`, freshName('writer'), protocols[index % 2] ?? 1);
  });
  const readers = ['reader-0', 'reader-1', 'reader-2'].map((name) => new Reader(workload, name));
  const copiers = Array.from({ length: partitions }, (_, partition) => {
    return new Copier(workload, copy, partition, protocols[partition % 2] ?? 1, freshName('copier'));
  });
  let disturbances = 0;
  const disturbing = async (): Promise<void> => {
    for (; disturb !== undefined && !isOver(); disturbances += 1) await disturb(random);
  };
  await Promise.all([disturbing(), ...[...writers, ...readers, ...copiers].map((one) => one.run())]);

  await Promise.all(writers.map((writer) => writer.finish()));
  await Promise.all(copiers.map((copier) => copier.finish()));
  const last = await RawClient.connect(address);
  const copies = new Map<number, readonly number[]>();
  for (let partition = 0; partition < partitions; partition += 1) {
    history.final.set(`${topic.name}-${partition}`, await drain(last, topic, partition));
    copies.set(
      partition,
      (await drain(last, copy, partition)).map(([, value]) => value),
    );
  }
  last.close();

  const { transactions, polls } = history;
  const committed = transactions.filter(({ asked, isAnswered }) => asked === 'commit' && isAnswered).length;
  const figures = {
    seed,
    disturbances,
    transactions: transactions.length,
    committed,
    unknown: transactions.filter(({ asked, isAnswered }) => asked !== null && !isAnswered).length,
    read: polls.reduce((sum, { records }) => sum + records.length, 0),
    late: history.lateRequests,
  };
  process.stderr.write(`workload ${JSON.stringify(figures)}\n`);
  expect(findingsIn(history).slice(0, 10)).toEqual([]);
  for (let partition = 0; partition < partitions; partition += 1) {
    const values = (history.final.get(`${topic.name}-${partition}`) ?? []).map(([, value]) => value);
    expect(copies.get(partition)).toEqual(values);
  }
  expect(committed).toBeGreaterThan(50);
}

async function drain(client: RawClient, topic: TestTopic, partition: number) {
  const all: (readonly [number, number])[] = [];
  for (let position = 0; ;) {
    const { records, next, end } = await fetchCommitted(client, topic, partition, position);
    all.push(...records);
    position = next;
    if (position >= end) return all;
  }
}
