import { createInterface } from 'node:readline';
import { countOf, topicFlags, UsageError, type Command, type CommandInput, type Flag } from '../command.js';
import { CommandError, exitCodes } from '../exit-codes.js';
import { withCluster } from '../topics-client.js';
import { topicAdminCommands } from '../topic-admin-commands.js';
import type { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader, type PartitionPosition, type PartitionRecords } from '#topics/topic-reader';
import { TopicWriter, type WriteRecord } from '#topics/topic-writer';

/** Records produced at once, before the oldest is waited for. */
const recordsUnderWayMax = 1000;

const topicNameFlag = { topic: { doc: 'the topic, as Kafka’s tools say it', value: 'topic' } } satisfies Record<
  string,
  Flag
>;

const consumeFlags = {
  ...topicFlags,
  ...topicNameFlag,
  'from-beginning': { doc: 'start with the oldest record', short: 'b' },
  from: { doc: 'start at a time', value: 'ISO time|ms' },
  max: { doc: 'end after so many records', value: 'n', short: 'n', alias: 'max-messages' },
  group: { doc: 'read as a member of this group and commit what was printed', value: 'id', short: 'g' },
  format: {
    doc: 'value, or json for key, headers, partition, offset and time too; -o json is the same',
    value: 'value|json',
    default: 'value',
  },
  'exit-at-end': { doc: 'end when there is nothing more to read', short: 'e' },
} satisfies Record<string, Flag>;

const tailFlags = {
  ...topicFlags,
  ...topicNameFlag,
  lines: { doc: 'so many of each partition that are there already', value: 'n', default: '10' },
  max: consumeFlags.max,
  format: consumeFlags.format,
} satisfies Record<string, Flag>;

export const topicCommands: readonly Command[] = [
  ...topicAdminCommands,
  {
    path: ['topic', 'produce'],
    operands: '<topic>',
    operandFlag: 'topic',
    completes: 'topic',
    summary: 'Each line of standard input becomes a record; ends when all are acknowledged',
    flags: {
      ...topicFlags,
      ...topicNameFlag,
      'key-separator': { doc: 'what stands between key and value on a line', value: 'text', short: 'k' },
      partition: { doc: 'the partition to write to', value: 'n', short: 'p' },
    },
    examples: ['topic produce orders < orders.ndjson', "topic produce orders --key-separator ':'"],
    run(input) {
      const options = { partition: countOf(input, 'partition'), separator: input.text('key-separator') };
      return withCluster(input, (cluster) => produce(cluster, input.operand, options));
    },
  },
  ...['consume', 'tail'].map((verb): Command => ({
    path: ['topic', verb],
    operands: '<topic>',
    operandFlag: 'topic',
    completes: 'topic',
    summary: verb === 'tail' ? 'The last records, then new ones as they come' : 'Prints records, new ones as they come',
    flags: verb === 'tail' ? tailFlags : consumeFlags,
    examples: [
      `topic ${verb} orders`,
      `topic ${verb} orders -o json`,
      `topic ${verb} --topic orders --bootstrap-server kafka:9092`,
    ],
    run(input) {
      const options: ConsumeOptions = {
        print: printer(input),
        start: startOf(input),
        last: verb === 'tail' ? (countOf(input, 'lines') ?? 0) : 0,
        max: countOf(input, 'max') ?? Number.POSITIVE_INFINITY,
        group: input.text('group'),
        exitAtEnd: input.on('exit-at-end'),
      };
      return withCluster(input, (cluster) => consume(cluster, input.operand, options));
    },
  })),
];

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
  /** So many of each partition before the end; 0: by `start`. */
  readonly last: number;
  readonly max: number;
  /** Null: no member of any group, nothing committed. */
  readonly group: string | null;
  readonly exitAtEnd: boolean;
}

async function consume(cluster: Cluster, topic: string, options: ConsumeOptions): Promise<void> {
  const { print, start, last, max, group } = options;
  const admin = new TopicAdmin(cluster);
  if ((await admin.describeTopic(topic)) === null) {
    throw new CommandError(exitCodes.notFound, `There is no topic ${topic}. "millrace topic list" shows all.`);
  }
  const latest = await admin.offsets(topic, 'latest');
  const positions = last === 0 ? [] : await lastPositions(admin, topic, last);
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
    onAssigned: () => Promise.resolve(positions),
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

async function lastPositions(admin: TopicAdmin, topic: string, last: number): Promise<PartitionPosition[]> {
  const [starts, ends] = await Promise.all([admin.offsets(topic, 'earliest'), admin.offsets(topic, 'latest')]);
  return ends.map(({ partition, offset }, at) => ({
    topic,
    partition,
    offset: Math.max(starts[at]?.offset ?? 0, offset - last),
  }));
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
  const format = input.text('output') === 'json' ? 'json' : input.text('format');
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
