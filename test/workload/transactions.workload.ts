import { seededRandom } from '#std/random';
import { RawClient } from '../conformance/raw-client.js';
import { createTopic, freshName, Target, type TestTopic } from '../conformance/target.js';
import { findCoordinators } from '../conformance/transactional-producer.js';
import { findingsIn } from './checker.js';
import { Copier, fetchCommitted, Reader, Writer, type Workload } from './clients.js';
import { History } from './history.js';

/**
 * Many clients write, read and copy in transactions for a while, die at any time, and send what comes too late; then the history is
 * checked. Ten times thirty seconds are the figure of the test plan; in CI it is three times twenty. WORKLOAD_RUNS and
 * WORKLOAD_SECONDS say otherwise.
 */
const runs = Number(process.env['WORKLOAD_RUNS'] ?? 3);
const seconds = Number(process.env['WORKLOAD_SECONDS'] ?? 20);
const partitions = 4;
const protocols = [1, 2] as const;

describe('a workload of transactions', () => {
  const target = new Target();
  beforeAll(async () => {
    await target.start();
    await findCoordinators(await target.client());
  });
  afterAll(() => target.stop());

  async function drain(client: RawClient, topic: TestTopic, partition: number) {
    const all: (readonly [number, number])[] = [];
    for (let position = 0; ;) {
      const { records, next, end } = await fetchCommitted(client, topic, partition, position);
      all.push(...records);
      position = next;
      if (position >= end) return all;
    }
  }

  test.each(Array.from({ length: runs }, (_, index) => index + 1))(
    'run %d has no finding',
    async (run) => {
      const client = await target.client();
      const [topic, copy] = [await createTopic(client, { partitions }), await createTopic(client, { partitions })];
      const random = seededRandom(run);
      const history = new History();
      const endMs = performance.now() + seconds * 1000;
      const isOver = (): boolean => performance.now() >= endMs;
      const workload: Workload = { address: target.address, history, random, topic, partitions, isOver };
      const writers = Array.from({ length: 6 }, (_, index) => {
        return new Writer(workload, `writer-${index}`, freshName('writer'), protocols[index % 2] ?? 1);
      });
      const readers = ['reader-0', 'reader-1', 'reader-2'].map((name) => new Reader(workload, name));
      const copiers = Array.from({ length: partitions }, (_, partition) => {
        return new Copier(workload, copy, partition, protocols[partition % 2] ?? 1, freshName('copier'));
      });
      await Promise.all([...writers, ...readers, ...copiers].map((one) => one.run()));

      await Promise.all(writers.map((writer) => writer.finish()));
      const copies = new Map<number, number[]>();
      await Promise.all(copiers.map((copier) => copier.finish()));
      for (let partition = 0; partition < partitions; partition += 1) {
        history.final.set(`${topic.name}-${partition}`, await drain(client, topic, partition));
        copies.set(
          partition,
          (await drain(client, copy, partition)).map(([, value]) => value),
        );
      }

      const counts = {
        seed: run,
        transactions: history.transactions.length,
        committed: history.transactions.filter(({ asked, isAnswered }) => asked === 'commit' && isAnswered).length,
        unknown: history.transactions.filter(({ asked, isAnswered }) => asked !== null && !isAnswered).length,
        read: history.polls.reduce((sum, { records }) => sum + records.length, 0),
        late: history.lateRequests,
      };
      process.stdout.write(`workload ${JSON.stringify(counts)}\n`);
      const findings = findingsIn(history);
      expect(findings.slice(0, 10)).toEqual([]);
      for (let partition = 0; partition < partitions; partition += 1) {
        const values = (history.final.get(`${topic.name}-${partition}`) ?? []).map(([, value]) => value);
        expect(copies.get(partition)).toEqual(values);
      }
      expect(counts.committed).toBeGreaterThan(50);
    },
    (seconds + 60) * 1000,
  );
});
