/**
 * Proves on a living cluster, ours or any Kafka, what the product needs of topics: each check does it, with records of its own in a topic of
 * its own, which is deleted in the end. A check that fails says what will not work.
 */
import { randomBytes } from 'node:crypto';
import { withDeadline } from '#nest/deadline';
import { messageOf } from '#std/errors';
import { TopicsError, topicsErrors } from '#topics/errors';
import type { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader, type TopicReaderOptions } from '#topics/topic-reader';
import { TopicWriter, type TopicWriterOptions } from '#topics/topic-writer';
import { TransactionalWriter } from '#topics/transactional-writer';

export interface Finding {
  readonly check: string;
  /** `skipped`: something before it that it builds on has failed. */
  readonly result: 'ok' | 'failed' | 'skipped';
  readonly ms: number;
  /** What was seen, or what went wrong. */
  readonly detail: string;
  /** What of the product needs it. */
  readonly neededBy: string;
}

interface Check {
  readonly name: string;
  readonly neededBy: string;
  /** Gives what was seen; throws. */
  run(place: Place): Promise<string>;
}

interface Place {
  readonly cluster: Cluster;
  readonly admin: TopicAdmin;
  readonly topic: string;
}

const checkMsMax = 45_000;
const readMsMax = 15_000;
const codecs = ['gzip', 'snappy', 'lz4', 'zstd'] as const;

/** The first two are what all others build on. */
const checks: readonly Check[] = [
  {
    name: 'answers',
    neededBy: 'everything',
    async run({ admin, cluster }) {
      const { clusterId, brokers } = await admin.describeCluster();
      const connection = await cluster.connect('any');
      const level = connection.featureLevel('transaction.version');
      return `cluster ${clusterId}, ${brokers.length} broker(s), transaction.version ${level}`;
    },
  },
  {
    name: 'topics are made with settings',
    neededBy: 'topics of collectors, dead letters, positions of sources',
    async run({ admin, topic }) {
      await admin.createTopic({ name: topic, partitions: 2, configs: { 'retention.ms': '3600000' } });
      await soon('the topic', async () => (await admin.describeTopic(topic))?.partitions === 2);
      await admin.alterConfigs(topic, { 'retention.ms': '7200000' });
      await soon('the changed setting', async () => {
        const configs = await admin.describeConfigs(topic);
        return configs.find(({ name }) => name === 'retention.ms')?.value === '7200000';
      });
      return '2 partitions, retention.ms changed';
    },
  },
  {
    name: 'records come back as they were',
    neededBy: 'everything',
    async run(place) {
      const value = randomBytes(1000);
      const record = { partition: 0, key: Buffer.from('k'), value, headers: [{ key: 'h', value: 'é' }], timestamp: 1 };
      const { offset } = await write(place, {}, [record]);
      const [found] = await readFrom(place, { partition: 0, offset }, 1);
      if (found?.value?.equals(value) !== true) throw new Error('the value that was read is another one');
      return `idempotent, acks=all, offset ${offset}`;
    },
  },
  ...codecs.map((codec) => ({
    name: `compression ${codec}`,
    neededBy: `collectors and sinks with compression ${codec}`,
    async run(place: Place) {
      const value = Buffer.from('compressible '.repeat(500));
      const { offset } = await write(place, { compression: codec }, [{ partition: 0, value }]);
      const [found] = await readFrom(place, { partition: 0, offset }, 1);
      if (found?.value?.equals(value) !== true) throw new Error('the value that was read is another one');
      return `${value.length} bytes`;
    },
  })),
  {
    name: 'offsets are found by time',
    neededBy: 'start.from, seeking and replays by time',
    async run({ admin, topic }) {
      const found = await admin.offsets(topic, Date.now() - 3_600_000);
      const first = found.find(({ partition }) => partition === 0);
      if (first === undefined || first.offset < 1) throw new Error(`an old record was found: offset ${first?.offset}`);
      return `offset ${first.offset} for an hour ago`;
    },
  },
  {
    name: 'a group shares and keeps positions',
    neededBy: 'sinks, their scaling and their restarts',
    async run(place) {
      const { admin, topic } = place;
      const group = `${topic}-group`;
      const members = await Promise.all([member(place, group), member(place, group)]);
      await soon('a partition for each member', async () => {
        await Promise.all(members.map((each) => each.poll(100)));
        return members.every((each) => each.assignment().length === 1);
      });
      await Promise.all(members.map((each) => each.stop()));
      const alone = await member(place, group);
      await soon('both partitions for one member', async () => {
        await alone.poll(100);
        return alone.assignment().length === 2;
      });
      await alone.commit([{ topic, partition: 0, offset: 2 }]);
      await alone.stop();
      const kept = (await admin.groupOffsets(group)).find(({ partition }) => partition === 0);
      if (kept?.offset !== 2) throw new Error(`committed 2, found ${kept?.offset ?? 'nothing'}`);
      await soon('an empty group', async () => (await admin.describeGroup(group)).members.length === 0);
      await admin.resetGroupOffsets(group, [{ topic, partition: 0, offset: 1 }]);
      const moved = (await admin.groupOffsets(group)).find(({ partition }) => partition === 0);
      if (moved?.offset !== 1) throw new Error(`moved to 1, found ${moved?.offset ?? 'nothing'}`);
      await admin.deleteGroup(group);
      return 'shared by 2, taken over by 1, committed, moved, deleted';
    },
  },
  {
    name: 'transactions hold or do not',
    neededBy: 'exactly-once of collectors, the sinks topic and kafka',
    async run(place) {
      const { cluster, topic } = place;
      const writer = new TransactionalWriter(cluster, { transactionalId: `${topic}-transactions` });
      try {
        await writer.init();
        const put = async (text: string): Promise<number> => {
          void writer.begin();
          return (await writer.writeRecord(topic, { partition: 1, value: Buffer.from(text) })).offset;
        };
        const from = await put('aborted');
        await writer.abort();
        await put('committed');
        await writer.commit();
        const [first] = await readFrom(place, { partition: 1, offset: from }, 1, { isolation: 'read_committed' });
        if (first?.value?.toString() !== 'committed')
          throw new Error('a reader of committed records got an aborted one');
        return 'the committed record was read, the aborted one was not';
      } finally {
        await writer.close(2000);
      }
    },
  },
  {
    name: 'a later producer fences an earlier one',
    neededBy: 'exactly-once when a worker is taken for dead and is not',
    async run({ cluster, topic }) {
      const transactionalId = `${topic}-fencing`;
      const [earlier, later] = [0, 1].map(() => new TransactionalWriter(cluster, { transactionalId }));
      if (earlier === undefined || later === undefined) throw new Error('two writers were made');
      try {
        await earlier.init();
        await later.init();
        void earlier.begin();
        const outcome = await earlier
          .writeRecord(topic, { partition: 1, value: Buffer.from('late') })
          .then(() => earlier.commit())
          .then(
            () => null,
            (error: unknown) => error,
          );
        if (outcome === null) throw new Error('the earlier producer could still commit');
        const isFenced = outcome instanceof TopicsError && outcome.kind === topicsErrors.producerFenced;
        return isFenced ? 'the earlier one was refused' : `the earlier one was refused: ${messageOf(outcome)}`;
      } finally {
        await Promise.all([earlier.close(500), later.close(500)]);
      }
    },
  },
  {
    name: 'compacted topics',
    neededBy: 'positions of exactly-once sources',
    async run({ admin, topic }) {
      const name = `${topic}-compacted`;
      try {
        await admin.createTopic({ name, partitions: 1, configs: { 'cleanup.policy': 'compact' } });
        await soon('the topic', async () => (await admin.describeTopic(name)) !== null);
        return 'made';
      } finally {
        await admin.deleteTopic(name).catch(() => undefined);
      }
    },
  },
];

/** Tells each finding as it comes. */
export async function findCompatibility(cluster: Cluster, tell: (finding: Finding) => void): Promise<Finding[]> {
  const place = { cluster, admin: new TopicAdmin(cluster), topic: `millrace-doctor-${randomBytes(6).toString('hex')}` };
  const findings: Finding[] = [];
  let isBroken = false;
  try {
    for (const [index, check] of checks.entries()) {
      const finding: Finding = isBroken ? skipped(check) : await runCheck(check, place);
      isBroken ||= index < 2 && finding.result === 'failed';
      findings.push(finding);
      tell(finding);
    }
  } finally {
    await place.admin.deleteTopic(place.topic).catch(() => undefined);
  }
  return findings;
}

async function runCheck(check: Check, place: Place): Promise<Finding> {
  const startedAt = performance.now();
  const finding = (result: 'ok' | 'failed', detail: string): Finding => ({
    check: check.name,
    result,
    ms: Math.round(performance.now() - startedAt),
    detail,
    neededBy: check.neededBy,
  });
  try {
    return finding('ok', await withDeadline(checkMsMax, check.run(place)));
  } catch (error) {
    return finding('failed', messageOf(error));
  }
}

function skipped({ name, neededBy }: Check): Finding {
  return { check: name, result: 'skipped', ms: 0, detail: 'a check that it builds on has failed', neededBy };
}

async function write(
  { cluster, topic }: Place,
  options: TopicWriterOptions,
  records: readonly Parameters<TopicWriter['writeRecord']>[1][],
): Promise<{ offset: number }> {
  const writer = new TopicWriter(cluster, { deliveryTimeoutMs: readMsMax, ...options });
  try {
    const written = await Promise.all(records.map((record) => writer.writeRecord(topic, record)));
    return { offset: written[0]?.offset ?? 0 };
  } finally {
    await writer.close(1000);
  }
}

async function readFrom(
  { cluster, topic }: Place,
  from: { readonly partition: number; readonly offset: number },
  count: number,
  options: Pick<TopicReaderOptions, 'isolation'> = {},
): Promise<{ value: Buffer | null }[]> {
  const reader = new TopicReader(cluster, { partitions: [{ topic, ...from }], ...options });
  await reader.start();
  const found: { value: Buffer | null }[] = [];
  try {
    await soon('the records', async () => {
      for (const { records } of await reader.poll(500)) {
        for (let index = 0; index < records.count && found.length < count; index += 1) {
          found.push({ value: copyOf(records.value(index)) });
        }
      }
      return found.length >= count;
    });
  } finally {
    await reader.stop();
  }
  return found;
}

function copyOf(value: Buffer | null): Buffer | null {
  return value === null ? null : Buffer.from(value);
}

async function member({ cluster, topic }: Place, groupId: string): Promise<TopicReader> {
  const reader = new TopicReader(cluster, { groupId, topics: [topic] });
  await reader.start();
  return reader;
}

async function soon(what: string, done: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + readMsMax;
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`${what} did not come within ${readMsMax / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
