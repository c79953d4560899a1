/** The Kafka source against a real Kafka and against our topics: what it reads, what it leaves in the group, kills, rebalances, new topics. */
import { jest } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import { TopicWriter } from '#topics/topic-writer';
import { EventBatch } from '#pipeline/event-batch';
import { eventually, Product } from '../flows/product.js';
import { sleep } from '../peers/child.js';
import { startKafka } from '../peers/kafka.js';
import { MessagingCollector, numbered } from './messaging-collector.js';

jest.setTimeout(240_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-source-'));
// PostgreSQL does not run as root: its own user has to pass through here.
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const peers: readonly { name: string; start: () => Promise<{ bootstrap: string; stop: () => Promise<unknown> }> }[] = [
  {
    name: 'a real Kafka',
    async start() {
      const { child, bootstrap } = await startKafka({ port: 31_310, directory: join(folder, 'kafka') });
      return { bootstrap, stop: () => child.stop() };
    },
  },
  {
    name: 'our topics',
    async start() {
      const directory = join(folder, 'product');
      const product = new Product({ directory, topicsPort: 31_320, httpPort: 31_321, config: { name: 'topics' } });
      await product.start();
      return { bootstrap: product.bootstrap, stop: () => product.dispose() };
    },
  },
];

describe.each(peers)('the Kafka source and $name', ({ name, start }) => {
  let peer: { bootstrap: string; stop: () => Promise<unknown> };
  let cluster: Cluster;
  let admin: TopicAdmin;
  let writer: TopicWriter;
  const collectors: MessagingCollector[] = [];

  beforeAll(async () => {
    peer = await start();
    cluster = new Cluster({ bootstrap: [peer.bootstrap], clientId: 'test', clock: systemClock, logger: silentLogger });
    admin = new TopicAdmin(cluster);
    writer = new TopicWriter(cluster, {});
  });
  afterEach(async () => {
    await Promise.all(collectors.splice(0).map((collector) => collector.kill()));
  });
  afterAll(async () => {
    await writer.close();
    await cluster.close();
    await peer.stop();
  });

  const collect = async (id: string, source: Record<string, string | number>): Promise<MessagingCollector> => {
    const directory = join(folder, `${name.replaceAll(' ', '-')}-${id}`);
    const collector = new MessagingCollector({
      directory,
      sources: {
        r1: {
          type: 'org.apache.flume.source.kafka.KafkaSource',
          'kafka.bootstrap.servers': peer.bootstrap,
          'kafka.consumer.auto.offset.reset': 'earliest',
          'kafka.consumer.session.timeout.ms': 6000,
          'kafka.consumer.heartbeat.interval.ms': 300,
          ...source,
        },
      },
    });
    collectors.push(collector);
    await collector.start();
    return collector;
  };
  const write = async (
    topic: string,
    bodies: readonly string[],
    headers: Record<string, string> = {},
  ): Promise<void> => {
    const batch = EventBatch.of(bodies.map((body) => ({ body: Buffer.from(body), headers })));
    const keys = bodies.map((body) => Buffer.from(`k-${body}`));
    const { bytes, starts, ends } = batch;
    await writer.write(topic, { bytes, starts, ends, headers: batch.headers, keys });
  };
  const lagOf = async (group: string, topic: string): Promise<number> => {
    const committed = await admin.groupOffsets(group);
    const ends = await admin.offsets(topic, 'latest');
    return ends.reduce((sum, { partition, offset }) => {
      const found = committed.find((entry) => entry.topic === topic && entry.partition === partition);
      return sum + offset - (found?.offset ?? 0);
    }, 0);
  };

  it('reads a topic with the headers of Flume, and leaves no lag', async () => {
    await admin.createTopic({ name: 'plain', partitions: 2 });
    await write('plain', numbered('m', 0, 50), { colour: 'red' });
    const collector = await collect('plain', {
      'kafka.topics': 'plain',
      'kafka.consumer.group.id': 'g-plain',
      'header.farbe': 'colour',
    });
    await collector.untilTaken(numbered('m', 0, 50));
    const [first] = collector.taken().filter(({ body }) => body === 'm-7');
    expect(first?.headers).toEqual({
      topic: 'plain',
      partition: expect.stringMatching(/^[01]$/),
      offset: expect.stringMatching(/^\d+$/),
      timestamp: expect.stringMatching(/^\d{13}$/),
      key: 'k-m-7',
      farbe: 'red',
    });
    await eventually('no lag', 10_000, async () => (await lagOf('g-plain', 'plain')) === 0);
    await collector.stop();
    expect(collector.bodies()).toHaveLength(50);
  });

  it('takes up topics that appear later and match its expression', async () => {
    await admin.createTopic({ name: 'late-1', partitions: 1 });
    await write('late-1', ['early']);
    const collector = await collect('regex', {
      'kafka.topics.regex': 'late-[0-9]+',
      'kafka.consumer.group.id': 'g-late',
      'kafka.consumer.metadata.max.age.ms': 500,
    });
    await collector.untilTaken(['early']);
    await admin.createTopic({ name: 'late-2', partitions: 1 });
    await admin.createTopic({ name: 'late-x', partitions: 1 });
    await write('late-x', ['never']);
    await write('late-2', ['later']);
    await collector.untilTaken(['early', 'later']);
    expect(collector.bodies()).not.toContain('never');
  });

  it('loses nothing over kills, and repeats nothing over a clean stop', async () => {
    await admin.createTopic({ name: 'killed', partitions: 3 });
    const source = { 'kafka.topics': 'killed', 'kafka.consumer.group.id': 'g-killed', batchSize: 100 };
    const collector = await collect('killed', source);
    const all = numbered('m', 0, 8000);
    for (let at = 0; at < all.length; at += 2000) {
      const writing = write('killed', all.slice(at, at + 2000));
      await sleep(150);
      await collector.kill();
      await writing;
      await collector.start();
      await sleep(700);
    }
    await collector.untilTaken(all, 60_000);
    await collector.stop();
    const before = collector.bodies().length;
    await collector.start();
    await write('killed', ['after']);
    await collector.untilTaken(['after']);
    expect(collector.bodies()).toHaveLength(before + 1);
  });

  it('hands partitions over to another process without a duplicate', async () => {
    await admin.createTopic({ name: 'shared', partitions: 4 });
    const source = { 'kafka.topics': 'shared', 'kafka.consumer.group.id': 'g-shared', batchSize: 50 };
    const first = await collect('shared-1', source);
    const all: string[] = [];
    const writeSome = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round += 1) {
        const more = numbered('m', all.length, all.length + 200);
        all.push(...more);
        await write('shared', more);
        await sleep(50);
      }
    };
    await writeSome(10);
    await first.untilTaken(all);
    const second = await collect('shared-2', source);
    await eventually('the second takes its share', 20_000, async () => {
      await writeSome(1);
      return second.bodies().length > 500;
    });
    const stopped = second.stop();
    await writeSome(20);
    await stopped;
    const bodies = (): string[] => [...first.bodies(), ...second.bodies()];
    await eventually('all taken', 40_000, () => new Set(bodies()).size === all.length);
    expect(bodies()).toHaveLength(all.length);
  });

  it('moves a topic into another exactly once, over kills', async () => {
    await admin.createTopic({ name: 'from', partitions: 3 });
    await admin.createTopic({ name: 'into', partitions: 2 });
    const collector = new MessagingCollector({
      directory: join(folder, `${name.replaceAll(' ', '-')}-exactly-once`),
      bootstrap: peer.bootstrap,
      topic: 'into',
      sources: {
        r1: {
          ...{ type: 'kafka', 'kafka.bootstrap.servers': peer.bootstrap, 'kafka.topics': 'from', batchSize: 20 },
          ...{ 'kafka.consumer.group.id': 'g-once', 'kafka.consumer.auto.offset.reset': 'earliest' },
          // A static member has its partitions back as soon as it is back.
          ...{ 'kafka.consumer.group.instance.id': 'member-1', 'exactly.once.support': 'required' },
        },
      },
    });
    collectors.push(collector);
    const all = numbered('m', 0, 12_000);
    await collector.start();
    for (let at = 0; at < all.length; at += 3000) {
      await write('from', all.slice(at, at + 3000));
      const taken = await committedOf('into');
      await eventually('some of it in the other topic', 30_000, async () => (await committedOf('into')) > taken);
      await collector.kill();
      await collector.start();
    }
    await eventually('no lag', 60_000, async () => (await lagOf('g-once', 'from')) === 0);
    await collector.stop();
    const moved = await readCommitted('into');
    expect(moved).toHaveLength(all.length);
    expect(new Set(moved).size).toBe(all.length);
  });

  /** Ends of the partitions, transaction markers included. */
  const committedOf = async (topic: string): Promise<number> =>
    (await admin.offsets(topic, 'latest')).reduce((sum, { offset }) => sum + offset, 0);

  const readCommitted = async (topic: string): Promise<string[]> => {
    const reader = new TopicReader(cluster, { topics: [topic], isolation: 'read_committed' });
    await reader.start();
    const bodies: string[] = [];
    for (let quiet = 0; quiet < 3;) {
      const polled = await reader.poll(1000);
      quiet = polled.length === 0 ? quiet + 1 : 0;
      for (const { records } of polled) {
        for (let index = 0; index < records.count; index += 1) bodies.push(records.value(index)?.toString() ?? '');
      }
    }
    await reader.stop();
    return bodies;
  };
});
