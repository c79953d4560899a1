/** Topics themselves: list, create, alter, purge. Over the Kafka protocol, so that they work on any cluster. */
import {
  countOf,
  dryRunFlag,
  fileFlag,
  topicFlags,
  UsageError,
  watchFlag,
  yesFlag,
  type Command,
  type CommandInput,
} from './command.js';
import { CommandError, exitCodes } from './exit-codes.js';
import { isRecord, readWanted, type Wanted } from './manifest.js';
import { asRows, confirm, linesOfList, outputForm, say, textOf, watched, type Column } from './output.js';
import { all } from './rest-noun.js';
import { withCluster } from './topics-client.js';
import type { TopicAdmin, TopicListing } from '#topics/topic-admin';

const columns: readonly Column<TopicListing>[] = [
  { title: 'TOPIC', cell: ({ name }) => name },
  { title: 'PARTITIONS', cell: ({ partitions }) => String(partitions) },
];

const partitionsFlag = { doc: 'how many partitions', value: 'n', short: 'p' };
const configFlag = {
  doc: 'settings of the topic, separated by commas',
  value: 'key=value,…',
  short: 'c',
  multiple: true,
};

export const topicAdminCommands: readonly Command[] = [
  {
    path: ['topic', 'list'],
    summary: 'Topics with their partitions',
    flags: { ...topicFlags, ...watchFlag },
    examples: ['topic list', 'topic list -o name', 'topic list --bootstrap-server kafka-1:9092'],
    run: (input) =>
      withCluster(input, (_cluster, admin) =>
        watched(input, async () => linesOfList(input, await admin.listTopics(), { columns, name: ({ name }) => name })),
      ),
  },
  {
    path: ['topic', 'describe'],
    operands: '<topic>',
    completes: 'topic',
    summary: 'Partitions with their offsets, and the configuration that was set',
    flags: { ...topicFlags, ...watchFlag },
    run: (input) =>
      withCluster(input, (_cluster, admin) => watched(input, () => describe(input, admin, input.operand))),
  },
  {
    path: ['topic', 'create'],
    operands: '<topic>',
    summary: 'A new topic',
    flags: {
      ...topicFlags,
      partitions: { ...partitionsFlag, default: '1' },
      'replication-factor': { doc: 'copies of each partition; else the cluster’s default', value: 'n' },
      config: configFlag,
      ...dryRunFlag,
    },
    examples: ['topic create orders -p 3', 'topic create clicks -c retention.ms=86400000,cleanup.policy=compact'],
    run(input) {
      const name = input.operand;
      const partitions = countOf(input, 'partitions') ?? 1;
      const replicas = countOf(input, 'replication-factor');
      const configs = configsOf(input.all('config'));
      return withCluster(input, async (_cluster, admin) => {
        await admin.createTopic({
          name,
          partitions,
          configs,
          ...(replicas === null ? {} : { replicationFactor: replicas }),
          validateOnly: input.on('dry-run'),
        });
        const what = `${name} with ${partitions} partition${partitions === 1 ? '' : 's'}`;
        say(input, input.on('dry-run') ? `Would create ${what}.` : `Created ${what}.`);
      });
    },
  },
  {
    path: ['topic', 'alter'],
    operands: '<topic>',
    completes: 'topic',
    summary: 'Sets or resets settings, adds partitions',
    flags: {
      ...topicFlags,
      config: configFlag,
      'delete-config': { doc: 'back to the default', value: 'key', multiple: true },
      partitions: partitionsFlag,
      ...dryRunFlag,
    },
    examples: ['topic alter orders -c retention.ms=3600000', 'topic alter orders --partitions 6'],
    async run(input) {
      const partitions = countOf(input, 'partitions');
      const resets = input.all('delete-config').map((key) => [key, null] as const);
      const configs: Record<string, string | null> = {
        ...configsOf(input.all('config')),
        ...Object.fromEntries(resets),
      };
      if (partitions === null && Object.keys(configs).length === 0) {
        throw new UsageError('Nothing to alter: --config, --delete-config or --partitions');
      }
      await withCluster(input, (_cluster, admin) => change(input, admin, { name: input.operand, partitions, configs }));
    },
  },
  {
    path: ['topic', 'apply'],
    summary: 'Adds or changes topics until they are as the file says: {"name", "partitions", "configs"}',
    flags: { ...topicFlags, ...fileFlag, ...dryRunFlag },
    async run(input) {
      const topics = await readWanted(input.text('file') ?? '');
      await withCluster(input, (_cluster, admin) =>
        all(
          topics,
          (wanted) => String(wanted['name']),
          (wanted) => applyTopic(input, admin, wanted),
        ),
      );
    },
  },
  {
    path: ['topic', 'delete'],
    operands: '<topic>…',
    completes: 'topic',
    summary: 'Removes topics and their records',
    flags: { ...topicFlags, ...yesFlag },
    run: (input) =>
      withCluster(input, (_cluster, admin) =>
        all(
          input.operands,
          (name) => name,
          async (name) => {
            await requireTopic(admin, name);
            await confirm(input, `This deletes topic ${name} and its ${await recordsOf(admin, name)} records.`, name);
            await admin.deleteTopic(name);
            say(input, `Deleted ${name}.`);
          },
        ),
      ),
  },
];

export async function requireTopic(admin: TopicAdmin, name: string) {
  const topic = await admin.describeTopic(name);
  if (topic !== null) return topic;
  throw new CommandError(exitCodes.notFound, `There is no topic ${name}. "millrace topic list" shows all.`);
}

async function recordsOf(admin: TopicAdmin, name: string): Promise<number> {
  const [starts, ends] = await Promise.all([admin.offsets(name, 'earliest'), admin.offsets(name, 'latest')]);
  return ends.reduce((sum, { offset }, at) => sum + offset - (starts[at]?.offset ?? 0), 0);
}

async function describe(input: CommandInput, admin: TopicAdmin, name: string): Promise<string[]> {
  const topic = await requireTopic(admin, name);
  const [earliest, latest, configs] = await Promise.all([
    admin.offsets(name, 'earliest'),
    admin.offsets(name, 'latest'),
    admin.describeConfigs(name),
  ]);
  const partitions = topic.partitionDetails.map((detail) => {
    const start = earliest.find((entry) => entry.partition === detail.partition)?.offset ?? -1;
    const end = latest.find((entry) => entry.partition === detail.partition)?.offset ?? -1;
    return { ...detail, start, end, records: end - start };
  });
  const form = outputForm(input);
  if (form === 'name') return [name];
  const own = configs.filter(({ source }) => source === 'topic');
  const settings = Object.fromEntries(own.map((config) => [config.name, config.value ?? '***']));
  if (form === 'json' || form === 'yaml') {
    const { id, replicationFactor, internal } = topic;
    return [await textOf(form, { name, id, replicationFactor, internal, partitions, configs: settings })];
  }
  const rows = partitions.map((each) => [each.partition, each.leader, each.start, each.end, each.records].map(String));
  return [
    `${topic.name}  id ${topic.id}  ${topic.partitions} partitions  replication ${topic.replicationFactor}`,
    ...asRows(input, [['PARTITION', 'LEADER', 'START', 'END', 'RECORDS'], ...rows]),
    ...Object.entries(settings).map(([key, value]) => `${key}=${value}`),
  ];
}

interface Change {
  readonly name: string;
  /** Null: as they are. */
  readonly partitions: number | null;
  readonly configs: Readonly<Record<string, string | null>>;
}

/** Only what is other than it is; says what. */
async function change(input: CommandInput, admin: TopicAdmin, { name, partitions, configs }: Change): Promise<void> {
  const topic = await requireTopic(admin, name);
  const kept = new Map((await admin.describeConfigs(name)).map((entry) => [entry.name, entry]));
  const changed = Object.entries(configs).filter(([key, value]) => {
    const entry = kept.get(key);
    return value === null ? entry?.source === 'topic' : entry?.value !== value;
  });
  const isDryRun = input.on('dry-run');
  for (const [key, value] of changed) {
    say(
      input,
      `${name}: ${key} ${kept.get(key)?.value ?? 'unset'} -> ${value ?? 'default'}${isDryRun ? ' (dry run)' : ''}`,
    );
  }
  if (changed.length > 0 && !isDryRun) await admin.alterConfigs(name, Object.fromEntries(changed));
  if (partitions !== null && partitions !== topic.partitions) {
    say(input, `${name}: partitions ${topic.partitions} -> ${partitions}${isDryRun ? ' (dry run)' : ''}`);
    if (!isDryRun) await admin.addPartitions(name, partitions);
  } else if (changed.length === 0) {
    say(input, `${name}: unchanged`);
  }
}

async function applyTopic(input: CommandInput, admin: TopicAdmin, wanted: Wanted): Promise<void> {
  const { name, partitions, configs } = wanted;
  if (typeof name !== 'string') throw new CommandError(exitCodes.failed, 'A topic of the file has no "name"');
  if (partitions !== undefined && (typeof partitions !== 'number' || !Number.isInteger(partitions) || partitions < 1)) {
    throw new CommandError(exitCodes.failed, `Topic ${name}: "partitions" must be a whole number of at least 1`);
  }
  const settings = Object.entries(isRecord(configs) ? configs : {}).map(
    ([key, value]) => [key, String(value)] as const,
  );
  const count = partitions ?? null;
  if ((await admin.describeTopic(name)) !== null) {
    return change(input, admin, { name, partitions: count, configs: Object.fromEntries(settings) });
  }
  await admin.createTopic({
    name,
    ...(count === null ? {} : { partitions: count }),
    configs: Object.fromEntries(settings),
    validateOnly: input.on('dry-run'),
  });
  say(input, `${name}: added${input.on('dry-run') ? ' (dry run)' : ''}`);
}

function configsOf(texts: readonly string[]): Record<string, string> {
  const pairs = texts.flatMap((text) => text.split(',')).filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`--config takes key=value, and got "${pair}"`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
