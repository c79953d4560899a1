import { createInterface } from 'node:readline';
import { countOf, table, topicFlags, UsageError, type Command, type CommandInput } from '../command.js';
import { requireReachable } from '../reach.js';
import { securityOfFile } from '#nest/client-properties';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader, type PartitionPosition, type PartitionRecords } from '#topics/topic-reader';
import { TopicWriter, type WriteRecord } from '#topics/topic-writer';

/** Records produced at once, before the oldest is waited for. */
const recordsUnderWayMax = 1000;

export const topicCommands: readonly Command[] = [
  {
    path: ['topic', 'list'],
    summary: 'Topics with their partitions',
    flags: topicFlags,
    run: (input) =>
      withCluster(input, async (cluster) => {
        const topics = await new TopicAdmin(cluster).listTopics();
        const rows = topics.map((topic) => [topic.name, String(topic.partitions)]);
        for (const line of table([['TOPIC', 'PARTITIONS'], ...rows])) input.out(line);
      }),
  },
  {
    path: ['topic', 'describe'],
    operands: '<topic>',
    summary: 'Partitions with their offsets, and the configuration that was set',
    flags: topicFlags,
    run: (input) => withCluster(input, (cluster) => describe(cluster, input.operand, input.out)),
  },
  {
    path: ['topic', 'create'],
    operands: '<topic>',
    summary: 'A new topic',
    flags: {
      ...topicFlags,
      partitions: { doc: 'how many partitions', value: 'n', short: 'p', default: '1' },
      config: { doc: 'settings of the topic, separated by commas', value: 'key=value,…', short: 'c' },
    },
    run(input) {
      const name = input.operand;
      const partitions = countOf(input, 'partitions') ?? 1;
      const configs = configsOf(input.text('config'));
      return withCluster(input, async (cluster) => {
        await new TopicAdmin(cluster).createTopic({ name, partitions, configs });
        input.out(`Created ${name} with ${partitions} partition${partitions === 1 ? '' : 's'}.`);
      });
    },
  },
  {
    path: ['topic', 'delete'],
    operands: '<topic>',
    summary: 'Removes a topic and its records',
    flags: topicFlags,
    run: (input) =>
      withCluster(input, async (cluster) => {
        await new TopicAdmin(cluster).deleteTopic(input.operand);
        input.out(`Deleted ${input.operand}.`);
      }),
  },
  {
    path: ['topic', 'produce'],
    operands: '<topic>',
    summary: 'Each line of standard input becomes a record; ends when all are acknowledged',
    flags: {
      ...topicFlags,
      'key-separator': { doc: 'what stands between key and value on a line', value: 'text', short: 'k' },
      partition: { doc: 'the partition to write to', value: 'n', short: 'p' },
    },
    run(input) {
      const options = { partition: countOf(input, 'partition'), separator: input.text('key-separator') };
      return withCluster(input, (cluster) => produce(cluster, input.operand, options));
    },
  },
  {
    path: ['topic', 'consume'],
    operands: '<topic>',
    summary: 'Prints records, new ones as they come',
    flags: {
      ...topicFlags,
      'from-beginning': { doc: 'start with the oldest record', short: 'b' },
      from: { doc: 'start at a time', value: 'ISO time|ms' },
      max: { doc: 'end after so many records', value: 'n', short: 'n' },
      group: { doc: 'read as a member of this group and commit what was printed', value: 'id', short: 'g' },
      format: {
        doc: 'value, or json for key, headers, partition, offset and time too',
        value: 'value|json',
        default: 'value',
      },
      'exit-at-end': { doc: 'end when there is nothing more to read', short: 'e' },
    },
    run(input) {
      const options: ConsumeOptions = {
        print: printer(input),
        start: startOf(input),
        max: countOf(input, 'max') ?? Number.POSITIVE_INFINITY,
        group: input.text('group'),
        exitAtEnd: input.on('exit-at-end'),
      };
      return withCluster(input, (cluster) => consume(cluster, input.operand, options));
    },
  },
];

async function withCluster(input: CommandInput, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const bootstrap = parseBootstrap(input.text('bootstrap') ?? '');
  const security = securityOfFile(input.text('client-properties'));
  await requireReachable(bootstrap);
  const cluster = new Cluster({
    bootstrap,
    clientId: 'millrace-cli',
    security,
    clock: systemClock,
    logger: silentLogger,
  });
  try {
    await work(cluster);
  } finally {
    await cluster.close();
  }
}

async function describe(cluster: Cluster, name: string, out: (line: string) => void): Promise<void> {
  const admin = new TopicAdmin(cluster);
  const topic = await admin.describeTopic(name);
  if (topic === null) throw new Error(`There is no topic ${name}. "millrace topic list" shows all.`);
  const [earliest, latest, configs] = await Promise.all([
    admin.offsets(name, 'earliest'),
    admin.offsets(name, 'latest'),
    admin.describeConfigs(name),
  ]);
  out(`${topic.name}  id ${topic.id}  ${topic.partitions} partitions  replication ${topic.replicationFactor}`);
  const rows = topic.partitionDetails.map((detail) => {
    const start = earliest.find((entry) => entry.partition === detail.partition)?.offset ?? -1;
    const end = latest.find((entry) => entry.partition === detail.partition)?.offset ?? -1;
    return [String(detail.partition), String(detail.leader), String(start), String(end), String(end - start)];
  });
  for (const line of table([['PARTITION', 'LEADER', 'START', 'END', 'RECORDS'], ...rows])) out(line);
  for (const config of configs) if (config.source === 'topic') out(`${config.name}=${config.value ?? '***'}`);
}

interface ProduceOptions {
  readonly partition: number | null;
  /** Null: no keys. */
  readonly separator: string | null;
}

async function produce(cluster: Cluster, topic: string, { partition, separator }: ProduceOptions): Promise<void> {
  const writer = new TopicWriter(cluster, { lingerMs: 5 });
  const underWay: Promise<unknown>[] = [];
  let count = 0;
  let failed = false;
  try {
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
      const write = writer.writeRecord(topic, recordOf(line, separator, partition));
      // Told by `Promise.all` below; until then a failure only ends the reading.
      write.catch(() => (failed = true));
      underWay.push(write);
      count += 1;
      if (failed) break;
      if (underWay.length >= recordsUnderWayMax) await Promise.all(underWay.splice(0));
    }
    await Promise.all(underWay);
  } finally {
    await writer.close();
  }
  process.stderr.write(`${count} records acknowledged by ${topic}.\n`);
}

function recordOf(line: string, separator: string | null, partition: number | null): WriteRecord {
  const at = separator === null ? -1 : line.indexOf(separator);
  const place = partition === null ? {} : { partition };
  if (separator === null || at === -1) return { ...place, value: Buffer.from(line) };
  return { ...place, key: Buffer.from(line.slice(0, at)), value: Buffer.from(line.slice(at + separator.length)) };
}

interface ConsumeOptions {
  readonly print: (part: PartitionRecords, index: number) => void;
  readonly start: 'earliest' | 'latest' | { readonly timestampMs: number };
  readonly max: number;
  /** Null: no member of any group, nothing committed. */
  readonly group: string | null;
  readonly exitAtEnd: boolean;
}

async function consume(cluster: Cluster, topic: string, options: ConsumeOptions): Promise<void> {
  const { print, start, max, group } = options;
  const admin = new TopicAdmin(cluster);
  if ((await admin.describeTopic(topic)) === null) {
    throw new Error(`There is no topic ${topic}. "millrace topic list" shows all.`);
  }
  const latest = await admin.offsets(topic, 'latest');
  const reader = new TopicReader(cluster, {
    ...(group === null
      ? { partitions: latest.map((entry) => ({ topic, partition: entry.partition })) }
      : { groupId: group, topics: [topic] }),
    start,
  });
  const ends = options.exitAtEnd ? new Map(latest.map((entry) => [entry.partition, entry.offset])) : null;
  let count = 0;
  let stopping = false;
  process.once('SIGINT', () => {
    stopping = true;
  });
  await reader.start({
    onAssigned: () => Promise.resolve([]),
    onRevoked: () => Promise.resolve(),
    onLost: () => Promise.resolve(),
  });
  try {
    while (!stopping && count < max && !reachedAll(reader, topic, ends)) {
      for (const part of await reader.poll(250)) {
        const printed = Math.min(part.records.count, max - count);
        for (let index = 0; index < printed; index += 1) print(part, index);
        count += printed;
        // Not the reader's position: with --max it may be past what was printed.
        if (group !== null && printed > 0) await reader.commit([placeAfter(part, printed)]);
      }
    }
  } finally {
    await reader.stop();
  }
}

function placeAfter({ topic, partition, records }: PartitionRecords, printed: number): PartitionPosition {
  return { topic, partition, offset: records.offset(printed - 1) + 1 };
}

function reachedAll(reader: TopicReader, topic: string, ends: ReadonlyMap<number, number> | null): boolean {
  if (ends === null) return false;
  for (const [partition, end] of ends) {
    if (end > 0 && (reader.position({ topic, partition }) ?? 0) < end) return false;
  }
  return true;
}

function startOf(input: CommandInput): ConsumeOptions['start'] {
  const from = input.text('from');
  if (from === null) return input.on('from-beginning') ? 'earliest' : 'latest';
  const timestampMs = /^\d+$/.test(from) ? Number(from) : Date.parse(from);
  if (Number.isNaN(timestampMs)) throw new UsageError(`--from must be an ISO time or milliseconds, and is "${from}"`);
  return { timestampMs };
}

function printer(input: CommandInput): ConsumeOptions['print'] {
  const format = input.text('format');
  if (format === 'value') return (part, index) => input.out(part.records.value(index)?.toString() ?? '');
  if (format !== 'json') throw new UsageError(`--format must be value or json, and is "${format}"`);
  return ({ topic, partition, records }, index) => {
    const headers = records.headers(index).map(({ key, value }) => [key, value?.toString() ?? null]);
    input.out(
      JSON.stringify({
        topic,
        partition,
        offset: records.offset(index),
        timestamp: new Date(records.timestamp(index)).toISOString(),
        key: records.key(index)?.toString() ?? null,
        headers: Object.fromEntries(headers) as unknown,
        value: records.value(index)?.toString() ?? null,
      }),
    );
  };
}

function configsOf(text: string | null): Record<string, string> {
  const pairs = (text ?? '').split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`--config takes key=value, and got "${pair}"`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
