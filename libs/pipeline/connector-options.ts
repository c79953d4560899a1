import { defineOptions, parseOptions, requireOptions, type OptionProblem } from '#config/options';
import { labelsProblem, workerLabelsOption } from '#control/worker-labels';
import { noPlugins, type ConnectorPlugins } from '#pipeline/connector-plugins';
import { converterProblems } from '#pipeline/converter-options';
import { runnerOptions, runnerProblems } from '#pipeline/runner-options';
import type { SinkTaskOptions } from '#pipeline/sink-task';
import { readTransforms } from '#pipeline/transforms/transform-options';

const regexCheck = (pattern: string): string | null => {
  try {
    return new RegExp(pattern) instanceof RegExp ? null : 'not a regular expression';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const startCheck = (text: string): string | null =>
  startPosition(text) === null
    ? 'must be earliest, latest, a time such as 2026-01-31T12:00:00Z, or milliseconds'
    : null;

/** What every sink has, whatever its kind. Connect's own keys keep their names and meaning; the rest are ours. */
export const connectorOptions = defineOptions({
  name: {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Common',
    doc: 'Unique name of the connector. Its consumer group is `connect-<name>`.',
  },
  'connector.class': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Common',
    doc: 'The kind of sink: a short name such as `hdfs`, or the class name of a well-known connector that it stands in for.',
  },
  'tasks.max': {
    type: 'int',
    default: 1,
    min: 1,
    max: 1000,
    importance: 'high',
    group: 'Common',
    doc: 'Tasks that share the topics. More than there are partitions stay idle.',
  },
  topics: {
    type: 'list',
    default: [],
    importance: 'high',
    group: 'Common',
    doc: 'Topics to read, separated by commas. Either this or `topics.regex`.',
  },
  'topics.regex': {
    type: 'string',
    default: '',
    importance: 'high',
    group: 'Common',
    check: regexCheck,
    doc: 'A regular expression over whole topic names. New topics that match are taken up as they appear.',
  },
  'start.from': {
    type: 'string',
    importance: 'medium',
    group: 'Common',
    aliases: ['consumer.override.auto.offset.reset'],
    check: startCheck,
    doc:
      'Where a partition begins that has no committed offset: `earliest` (default), `latest`, or a time (ISO 8601, or ms since ' +
      '1970): the first record at or after it.',
  },
  'isolation.level': {
    type: 'string',
    values: ['read_committed', 'read_uncommitted'],
    default: 'read_committed',
    importance: 'medium',
    group: 'Common',
    aliases: ['consumer.override.isolation.level'],
    doc:
      '`read_committed`: records of transactions that were aborted, such as those of a collector that was killed, do not reach the ' +
      'store, and those of open ones wait for their end. `read_uncommitted`: all are taken at once, as Kafka’s consumers do by default.',
  },
  [workerLabelsOption]: {
    type: 'list',
    default: [],
    importance: 'low',
    group: 'Common',
    check: labelsProblem,
    doc:
      'Runs on workers that have all of these labels (`MILLRACE_WORKER_LABELS`): `store=hdfs,zone=a`. Absent: on workers without ' +
      'labels.',
  },
  'key.converter': {
    type: 'string',
    default: 'bytes',
    importance: 'low',
    group: 'Common',
    doc: 'How keys are read; as `value.converter`.',
  },
  'value.converter': {
    type: 'string',
    default: 'bytes',
    importance: 'low',
    group: 'Common',
    doc:
      'How values are read: `bytes` (as they are), `string` (UTF-8), `json`, or with a schema registry `avro` or ' +
      '`json-schema`; or the class names of Connect for these. A value that the converter can not read is a bad record. Options of the ' +
      'converter follow behind `value.converter.`.',
  },
  'header.converter': {
    type: 'string',
    default: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    importance: 'low',
    group: 'Common',
    doc: 'Accepted for Connect. Headers reach the sink as the bytes that they are.',
  },
  'key.converter.schemas.enable': {
    type: 'boolean',
    importance: 'low',
    group: 'Common',
    doc: 'For JSON keys: true = always in an envelope of `schema` and `payload`, false = plain. Absent = either.',
  },
  'value.converter.schemas.enable': {
    type: 'boolean',
    importance: 'low',
    group: 'Common',
    doc: 'For JSON values: true = always in an envelope of `schema` and `payload`, false = plain. Absent = either.',
  },
  transforms: {
    type: 'list',
    default: [],
    importance: 'low',
    group: 'Transforms',
    doc: 'Names of transforms, in the order in which they change each record before the sink sees it. `transforms.<name>.type` says what each is.',
  },
  predicates: {
    type: 'list',
    default: [],
    importance: 'low',
    group: 'Predicates',
    doc: 'Names of predicates, which say for `transforms.<name>.predicate` whether a transform concerns a record. `predicates.<name>.type` says what each is.',
  },
  'batch.max.records': {
    type: 'int',
    default: 5000,
    min: 1,
    max: 1_000_000,
    unit: 'records',
    importance: 'medium',
    group: 'Batching',
    aliases: ['consumer.override.max.poll.records'],
    doc: 'Most records of one partition in one write.',
  },
  'batch.max.bytes': {
    type: 'long',
    default: 4 * 1024 * 1024,
    min: 1,
    max: 256 * 1024 * 1024,
    unit: 'bytes',
    importance: 'medium',
    group: 'Batching',
    doc: 'Most bytes of keys and values in one write. A larger record is written alone.',
  },
  'batch.linger.ms': {
    type: 'long',
    default: 200,
    min: 0,
    max: 600_000,
    unit: 'ms',
    importance: 'medium',
    group: 'Batching',
    doc: 'How long a record waits for others before a batch is written that is not full.',
  },
  'buffer.max.bytes': {
    type: 'long',
    default: 16 * 1024 * 1024,
    min: 1024,
    max: 2 ** 31,
    unit: 'bytes',
    importance: 'low',
    group: 'Batching',
    doc: 'Bytes of records that a task holds. Reading pauses above it and goes on below half of it.',
  },
  'commit.interval.ms': {
    type: 'long',
    default: 1000,
    min: 0,
    max: 600_000,
    unit: 'ms',
    importance: 'low',
    group: 'Batching',
    doc: 'How often offsets are committed of what the store has.',
  },
  'errors.tolerance': {
    type: 'string',
    default: 'none',
    values: ['none', 'all'],
    importance: 'medium',
    group: 'Error Handling',
    doc:
      '`all` puts bad records aside and goes on; it needs a dead-letter topic, or `errors.drop=true`. `none` stops the task at a ' +
      'bad record, after its copy went to the dead-letter topic. Left out, a dead-letter topic means `all`.',
  },
  'errors.retry.timeout': {
    type: 'long',
    default: -1,
    importance: 'medium',
    group: 'Error Handling',
    unit: 'ms',
    doc: 'How long a store that is away or busy is tried before the task fails. -1 = without limit.',
  },
  'errors.retry.delay.max.ms': {
    type: 'long',
    default: 60_000,
    min: 100,
    importance: 'medium',
    group: 'Error Handling',
    unit: 'ms',
    doc: 'Longest pause between two tries. They begin at 100 ms and double, with jitter.',
  },
  'max.attempts': {
    type: 'int',
    default: 5,
    min: 1,
    max: 1000,
    importance: 'medium',
    group: 'Error Handling',
    doc: 'How often a record that the store refuses as bad is tried, batches included, before it is given up.',
  },
  'errors.drop': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Error Handling',
    doc: 'With `errors.tolerance=all` and no dead-letter topic: lose bad records. They are counted and logged, and gone.',
  },
  'errors.log.enable': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Error Handling',
    doc: 'Accepted for Connect. What goes wrong is in the task status, whether set or not.',
  },
  'errors.log.include.messages': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Error Handling',
    doc: 'Accepted for Connect. Whole records are never written to the log.',
  },
  'errors.deadletterqueue.topic.name': {
    type: 'string',
    default: '',
    importance: 'medium',
    group: 'Error Handling',
    doc: 'Topic for bad records: key, value, headers and timestamp as they were. Created where it is missing.',
  },
  'errors.deadletterqueue.topic.replication.factor': {
    type: 'int',
    default: 1,
    min: 1,
    max: 32767,
    importance: 'medium',
    group: 'Error Handling',
    doc: 'Copies of a dead-letter topic that has to be created.',
  },
  'errors.deadletterqueue.context.headers.enable': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Error Handling',
    doc: 'Add headers that tell where a bad record came from and why it was refused (`__connect.errors.*`, `__sink.errors.*`).',
  },
  ...runnerOptions,
  'consumer.override': {
    type: 'map',
    importance: 'low',
    group: 'Overrides',
    doc:
      '`group.id`, `bootstrap.servers`, `auto.offset.reset`, `isolation.level` and `group.instance.id` are used; the last makes each task a static ' +
      'member (its number is put behind it), so that a task that died comes back without a wait. Other consumer settings have no ' +
      'meaning here and are ignored.',
  },
});

/** What a sink task needs besides its sink; from a connector's config. */
export interface ConnectorSettings {
  readonly name: string;
  readonly connectorClass: string;
  readonly tasksMax: number;
  readonly groupId: string;
  /** Static membership: the task's number is put behind it. Null = members come and go. */
  readonly groupInstance: string | null;
  /** Which records of transactions are read. */
  readonly isolation: 'read_committed' | 'read_uncommitted';
  /** Addresses of topics; null = those of the worker. */
  readonly bootstrap: string | null;
  readonly topics: readonly string[];
  /** Over whole names; null where topics are named. */
  readonly pattern: RegExp | null;
  readonly start: 'earliest' | 'latest' | { readonly timestampMs: number };
  readonly deadLetterTopic: string | null;
  readonly deadLetterReplication: number;
  /** Without what converters and transforms do: see `createPreparation`. */
  readonly task: Omit<SinkTaskOptions, 'connector' | 'task' | 'className' | 'ownerEpoch' | 'stateDirectory'>;
}

type Config = Readonly<Record<string, string>>;

/** Reads the common options. Throws `config.option.invalid` with every problem in it. */
export function connectorSettings(config: Config): ConnectorSettings {
  const values = requireOptions(`Connector ${config['name'] ?? ''}`, connectorOptions, config);
  const deadLetterTopic = values['errors.deadletterqueue.topic.name'] || null;
  return {
    name: values.name,
    connectorClass: values['connector.class'],
    tasksMax: values['tasks.max'],
    groupId: values['consumer.override']['group.id'] ?? `connect-${values.name}`,
    groupInstance: values['consumer.override']['group.instance.id'] ?? null,
    isolation: values['isolation.level'],
    bootstrap: values['consumer.override']['bootstrap.servers'] ?? null,
    topics: values.topics,
    pattern: values['topics.regex'] === '' ? null : new RegExp(`^(?:${values['topics.regex']})$`),
    start: startPosition(values['start.from'] ?? 'earliest') ?? 'earliest',
    deadLetterTopic,
    deadLetterReplication: values['errors.deadletterqueue.topic.replication.factor'],
    task: {
      limits: {
        recordsMax: values['batch.max.records'],
        bytesMax: Math.min(values['batch.max.bytes'], values['buffer.max.bytes']),
        lingerMs: values['batch.linger.ms'],
      },
      policy: {
        attemptsMax: values['max.attempts'],
        stopAfterDeadLetter: deadLetterTopic !== null && config['errors.tolerance']?.trim().toLowerCase() === 'none',
        drop: deadLetterTopic === null && values['errors.tolerance'] === 'all' && values['errors.drop'],
        contextHeaders: values['errors.deadletterqueue.context.headers.enable'],
      },
      retry: { timeoutMs: values['errors.retry.timeout'], delayMsMax: values['errors.retry.delay.max.ms'] },
      bufferBytesMax: values['buffer.max.bytes'],
      commitIntervalMs: values['commit.interval.ms'],
    },
  };
}

/** Problems between options, each under the key where a form should show it. */
export function connectorProblems(config: Config, plugins: ConnectorPlugins = noPlugins): readonly OptionProblem[] {
  const { values } = parseOptions(connectorOptions, config);
  const problems: OptionProblem[] = [
    ...converterProblems(config, plugins),
    ...readTransforms(config, plugins).problems,
  ];
  const add = (name: string, message: string): void => {
    problems.push({ name, value: config[name] ?? null, message });
  };
  const regex = values['topics.regex'];
  if (values.topics.length === 0 && regex === '') add('topics', 'Must configure one of topics or topics.regex');
  if (values.topics.length > 0 && regex !== '') {
    add('topics', 'topics and topics.regex are mutually exclusive options, but both are set.');
  }
  problems.push(...runnerProblems(config));
  const letters = values['errors.deadletterqueue.topic.name'];
  if (letters !== '' && values.topics.includes(letters)) {
    add('topics', `The dead-letter topic ${letters} may not be among the topics that the sink reads`);
  }
  if (letters !== '' && regex !== '' && regexCheck(regex) === null && new RegExp(`^(?:${regex})$`).test(letters)) {
    add(
      'topics.regex',
      `The dead-letter topic ${letters} may not match topics.regex: the sink would read what it wrote`,
    );
  }
  if (values['errors.tolerance'] === 'all' && letters === '' && !values['errors.drop']) {
    add(
      'errors.tolerance',
      'errors.tolerance=all without errors.deadletterqueue.topic.name would lose bad records in silence: ' +
        'name a dead-letter topic, or set errors.drop=true to say that they may be lost',
    );
  }
  return problems;
}

function startPosition(text: string): ConnectorSettings['start'] | null {
  const word = text.trim().toLowerCase();
  if (word === 'earliest' || word === 'latest') return word;
  const timestampMs = /^\d+$/.test(word) ? Number(word) : Date.parse(text.trim());
  return Number.isNaN(timestampMs) ? null : { timestampMs };
}
