import { jest } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { eventually, Product } from '../flows/product.js';
import { sleep } from '../peers/child.js';
import { kafkaTool } from '../peers/kafka.js';
import { values } from './service.js';

jest.setTimeout(300_000);

const tools = 'org.apache.kafka.tools';
const nodeCount = 3;
const partitions = 6;
const folder = mkdtempSync(join(tmpdir(), 'millrace-nodes-'));
chmodSync(folder, 0o755);
/** The all-in-one, its topic service as three nodes on three ports. */
const product = new Product({
  directory: folder,
  topicsPort: 30_492,
  httpPort: 30_480,
  config: { name: 'three nodes', topicService: { 'node.count': String(nodeCount) } },
});
const server = ['--bootstrap-server', product.bootstrap];
const kafka = new Kafka({ clientId: 'nodes', brokers: [product.bootstrap], logLevel: logLevel.NOTHING });

beforeAll(() => product.start());
afterAll(async () => {
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Process ids of the nodes, the first one's first. */
function nodePids(): number[] {
  const { pid } = product.child;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('node-main'));
}

/** CPU time of a process so far, in ticks of the kernel. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

async function readAll(topic: string): Promise<string[]> {
  const printed = await kafkaTool(`${tools}.consumer.ConsoleConsumer`, [
    ...[...server, '--topic', topic, '--from-beginning', '--timeout-ms', '8000'],
    ...['--isolation-level', 'read_committed'],
  ]);
  return printed.split('\n').filter((line) => /^\w+-\d+$/.test(line));
}

test('clients see three brokers, each with its share of the partitions, and work falls on all of them', async () => {
  await product.admin.createTopic({ name: 'spread', partitions });
  const described = await kafkaTool(`${tools}.TopicCommand`, [...server, '--describe', '--topic', 'spread']);
  const leaders = [...described.matchAll(/Leader: (\d+)/g)].map((match) => Number(match[1]));
  expect(leaders.sort((a, b) => a - b)).toEqual([1, 1, 2, 2, 3, 3]);
  const before = nodePids().map(cpuTicks);
  await kafkaTool(`${tools}.ProducerPerformance`, [
    ...['--topic', 'spread', '--num-records', '300000', '--record-size', '500', '--throughput', '-1'],
    ...['--producer-props', `bootstrap.servers=${product.bootstrap}`, 'acks=all'],
  ]);
  const spent = nodePids().map((pid, index) => cpuTicks(pid) - (before[index] ?? 0));
  expect(spent).toHaveLength(nodeCount);
  expect(Math.min(...spent)).toBeGreaterThan(Math.max(...spent) / 4);
  expect(await product.endOf('spread')).toBe(300_000);
  for (let node = 1; node <= nodeCount; node += 1) {
    const logs = await kafkaTool(`${tools}.LogDirsCommand`, [...server, '--describe', '--broker-list', String(node)]);
    expect(logs.match(/"partition":"spread-\d"/g)).toHaveLength(partitions / nodeCount);
  }
});

test('groups are coordinated by different nodes, and each is found', async () => {
  const groups = values('readers', 8);
  const coordinators = new Set<number>();
  for (const groupId of groups) {
    const consumer = kafka.consumer({ groupId });
    const seen = new Set<string>();
    await consumer.connect();
    await consumer.subscribe({ topic: 'spread', fromBeginning: true });
    await consumer.run({
      eachBatch: ({ batch }) => {
        seen.add(`${batch.partition}`);
        return Promise.resolve();
      },
    });
    await eventually(`all partitions for ${groupId}`, 60_000, () => seen.size === partitions);
    coordinators.add((await product.admin.describeGroup(groupId)).coordinatorId);
    await consumer.disconnect();
  }
  expect(coordinators.size).toBeGreaterThan(1);
  const listed = await kafkaTool(`${tools}.consumer.group.ConsumerGroupCommand`, [...server, '--list']);
  for (const groupId of groups) expect(listed).toContain(groupId);
});

test('transactions over partitions of several nodes are exactly once', async () => {
  await product.admin.createTopic({ name: 'in', partitions: 1 });
  await product.admin.createTopic({ name: 'out', partitions });
  const lines = values('copy', 1_000);
  await kafkaTool(`${tools}.ConsoleProducer`, [...server, '--topic', 'in'], { input: `${lines.join('\n')}\n` });
  for (const copier of ['a', 'b']) {
    // Two transactional ids, so that more than one node coordinates.
    await kafkaTool(
      `${tools}.TransactionalMessageCopier`,
      [
        ...['--broker-list', product.bootstrap, '--transactional-id', copier, '--consumer-group', `copier-${copier}`],
        ...['--input-topic', 'in', '--input-partition', '0', '--output-topic', 'out', '--group-mode'],
        ...['--transaction-size', '70', '--transaction-timeout', '30000', '--max-messages', '1000'],
        '--enable-random-aborts',
      ],
      { timeoutMs: 120_000 },
    );
  }
  expect((await readAll('out')).sort()).toEqual([...lines, ...lines].sort());
  for (const copier of ['a', 'b']) {
    expect(await product.admin.groupOffsets(`copier-${copier}`)).toMatchObject([{ topic: 'in', offset: 1_000 }]);
  }
});

test('a node that is killed under load comes back; nothing acknowledged is lost, and the others go on meanwhile', async () => {
  await product.admin.createTopic({ name: 'killed', partitions });
  const acknowledged = new Set<string>();
  const refused: string[] = [];
  let isOver = false;
  const producers = Array.from({ length: partitions }, async (_, partition) => {
    const producer = kafka.producer({ retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 500 } });
    await producer.connect();
    for (let n = 0; !isOver; n += 1) {
      const value = `p${partition}-${n}`;
      try {
        await producer.send({ topic: 'killed', acks: -1, messages: [{ value, partition }] });
        acknowledged.add(value);
      } catch {
        refused.push(value);
      }
    }
    await producer.disconnect();
  });
  const countsNow = (): number[] =>
    Array.from({ length: partitions }, (_, partition) => {
      return [...acknowledged].filter((value) => value.startsWith(`p${partition}-`)).length;
    });
  await eventually('load on all partitions', 30_000, () => countsNow().every((count) => count > 20));
  for (const victim of [1, 2, 0]) {
    const before = nodePids();
    const atKill = countsNow();
    process.kill(before[victim] ?? 0, 'SIGKILL');
    await sleep(300);
    const others = countsNow().filter((count, partition) => count > (atKill[partition] ?? 0));
    expect(others.length).toBeGreaterThanOrEqual(partitions - partitions / nodeCount);
    await eventually('the node runs again', 30_000, () => {
      const now = nodePids();
      return now.length === nodeCount && !now.includes(before[victim] ?? 0);
    });
    const atReturn = countsNow();
    await eventually('all partitions take records', 30_000, () =>
      countsNow().every((count, partition) => count > (atReturn[partition] ?? 0) + 5),
    );
  }
  isOver = true;
  await Promise.all(producers);
  const found = new Set(await readAll('killed'));
  const lost = [...acknowledged].filter((value) => !found.has(value));
  expect({ lost, refused }).toEqual({ lost: [], refused: [] });
  expect(acknowledged.size).toBeGreaterThan(500);
});

test('a restart with fewer nodes is refused with what to do; with more it goes on', async () => {
  await product.child.stop();
  /** Each start says anew that it is ready. */
  const again = (count: number): Product => {
    rmSync(join(folder, 'product-1.out'), { force: true });
    return new Product({ ...product.options, config: { topicService: { 'node.count': String(count) } } });
  };
  const fewer = again(2);
  await expect(fewer.start()).rejects.toThrow('Set node.count to 3 or more');
  await fewer.dispose();
  const more = again(4);
  await more.start();
  expect(await more.endOf('spread')).toBe(300_000);
  await more.admin.createTopic({ name: 'later', partitions: 1 });
  const [later] = (await more.admin.describeTopic('later'))?.partitionDetails ?? [];
  expect(later?.leader).toBe(4);
  await more.dispose();
});
