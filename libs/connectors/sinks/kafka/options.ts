import { defineOptions, requireOptions, type OptionProblem } from '#config/options';
import { referenceErrors } from '#config/references';
import { messageOf, MillraceError } from '#std/errors';
import { clientSecurityOptions, readClientSecurity, type ClientSecurity } from '#topics/client-security';
import { parseBootstrap } from '#topics/cluster';
import type { TopicWriterOptions } from '#topics/topic-writer';
import type { TargetTopicOptions } from './target-topics.js';

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Options of the `kafka` sink: Kafka's own names of client settings, for the target cluster. */
export const kafkaSinkOptions = defineOptions({
  'bootstrap.servers': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Target',
    aliases: ['producer.bootstrap.servers', 'producer.override.bootstrap.servers', 'kafka.bootstrap.servers'],
    check: bootstrapCheck,
    doc: 'The cluster that records go to, `host:port,host:port`. It may be the one that they come from.',
  },
  topic: {
    type: 'string',
    default: '${topic}',
    importance: 'high',
    group: 'Target',
    aliases: ['kafka.topic', 'topic.name.format'],
    check: templateCheck,
    doc: 'Name of the topic there; `${topic}` is the name here: `eu.${topic}`. In the cluster that records come from it has to be another.',
  },
  partitions: {
    type: 'string',
    default: 'key',
    values: ['key', 'same'],
    importance: 'medium',
    group: 'Target',
    doc:
      '`key`: the key chooses the partition as in every Kafka producer, records without one are spread. `same`: the partition has the ' +
      'number that it has here, as a mirror has it.',
  },
  'topic.creation.enable': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Target',
    doc: 'Create topics that are not there, and with `partitions=same` add partitions that a topic lacks.',
  },
  'topic.creation.default.partitions': {
    type: 'int',
    default: -1,
    min: -1,
    importance: 'low',
    group: 'Target',
    doc: 'Partitions of a topic that is created; -1 is what the cluster has as its default.',
  },
  'topic.creation.default.replication.factor': {
    type: 'int',
    default: -1,
    min: -1,
    max: 32_767,
    importance: 'low',
    group: 'Target',
    doc: 'Copies of a topic that is created; -1 is what the cluster has as its default.',
  },
  'provenance.header.enable': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: 'Target',
    doc: 'Add the headers `__source.topic`, `__source.partition` and `__source.offset` to each record.',
  },
  'exactly.once.support': {
    type: 'string',
    default: 'enabled',
    values: ['enabled', 'disabled'],
    importance: 'high',
    group: 'Delivery',
    doc:
      '`enabled`: records and the position go in one transaction of the target cluster; its readers with `isolation.level=read_committed` ' +
      'see each record once. `disabled`: no transactions; what was not committed here before a crash is written again.',
  },
  'positions.topic': {
    type: 'string',
    default: 'millrace-sink-positions',
    importance: 'low',
    group: 'Delivery',
    doc: 'Compacted topic of the target cluster that holds the positions. Connectors share it. Created where it is missing.',
  },
  'transactional.id.prefix': {
    type: 'string',
    default: 'millrace-sink',
    importance: 'low',
    group: 'Delivery',
    doc: 'Transactional ids are this, the connector, topic and partition: `millrace-sink-NAME-TOPIC-PARTITION`. For rules about them (ACLs).',
  },
  'transaction.timeout.ms': {
    type: 'int',
    default: 60_000,
    min: 1000,
    max: 900_000,
    unit: 'ms',
    importance: 'low',
    group: 'Delivery',
    aliases: ['producer.transaction.timeout.ms', 'producer.override.transaction.timeout.ms'],
    doc: 'After so long the cluster aborts a transaction that a worker left open; until then committed readers wait there.',
  },
  ...producer('delivery.timeout.ms', {
    type: 'int',
    default: 30_000,
    min: 1000,
    max: 900_000,
    unit: 'ms',
    importance: 'low',
    group: 'Delivery',
    doc: 'How long one try to write may take. The batch is tried again afterwards, without limit.',
  }),
  ...producer('request.timeout.ms', {
    type: 'int',
    default: 30_000,
    min: 1000,
    max: 900_000,
    unit: 'ms',
    importance: 'low',
    group: 'Delivery',
    doc: 'How long one answer may take; then the connection is left and a new one made.',
  }),
  ...producer('acks', {
    type: 'string',
    default: 'all',
    values: ['all', '-1', '1', '0'],
    importance: 'medium',
    group: 'Delivery',
    doc: 'Whose acknowledgement a write waits for. With anything but `all` and `exactly.once.support=disabled` records can be lost.',
  }),
  ...producer('compression.type', {
    type: 'string',
    default: 'none',
    values: codecs,
    importance: 'medium',
    group: 'Writes',
    doc: 'Compression of record batches.',
  }),
  ...producer('batch.size', {
    type: 'int',
    default: 1024 * 1024,
    min: 1,
    unit: 'bytes',
    importance: 'low',
    group: 'Writes',
    doc: "Largest record batch before compression; the topic's `max.message.bytes` wins where it is lower.",
  }),
  ...producer('linger.ms', {
    type: 'int',
    default: 0,
    min: 0,
    max: 60_000,
    unit: 'ms',
    importance: 'low',
    group: 'Writes',
    doc: 'How long a record batch waits for more. `batch.linger.ms` of the connector has gathered records already.',
  }),
  ...producer('max.in.flight.requests.per.connection', {
    type: 'int',
    default: 5,
    min: 1,
    max: 5,
    importance: 'low',
    group: 'Writes',
    doc: 'Requests under way to one node; order is kept.',
  }),
  ...producer('client.id', {
    type: 'string',
    importance: 'low',
    group: 'Target',
    doc: 'Name of this client in the logs and quotas of the cluster. Default: `millrace-sink-NAME`.',
  }),
  ...clientSecurityOptions,
});

/** Kafka's producer settings have their names with and without the prefixes that connectors and Flume put before them. */
function producer<const Name extends string, const Spec extends object>(name: Name, spec: Spec): Record<Name, Spec> {
  const aliases = ['producer.', 'producer.override.', 'kafka.producer.'].map((prefix) => prefix + name);
  return { [name]: { aliases, ...spec } } as Record<Name, Spec>;
}

export interface KafkaSinkSettings {
  readonly bootstrap: readonly string[];
  readonly clientId: string | null;
  readonly security: ClientSecurity;
  readonly requestTimeoutMs: number;
  readonly topics: TargetTopicOptions;
  readonly provenance: boolean;
  readonly exactlyOnce: boolean;
  readonly positionsTopic: string;
  readonly transactionalIdPrefix: string;
  readonly transactionTimeoutMs: number;
  readonly acks: -1 | 0 | 1;
  readonly writer: Omit<TopicWriterOptions, 'acks' | 'idempotent' | 'session'>;
}

type Options = Readonly<Record<string, string>>;
const what = 'Sink kafka';
/** A batch of the runner is written whole before the next comes. */
const bufferBytesMax = 64 * 1024 * 1024;

/** Throws where files of TLS or the login can not be used. */
export function kafkaSinkSettings(options: Options): KafkaSinkSettings {
  const values = requireOptions(what, kafkaSinkOptions, options);
  const positive = (value: number): number | null => (value > 0 ? value : null);
  return {
    bootstrap: parseBootstrap(values['bootstrap.servers']),
    clientId: values['client.id'],
    security: readClientSecurity(what, securityOf(options), process.env),
    requestTimeoutMs: values['request.timeout.ms'],
    topics: {
      template: values.topic,
      keepPartition: values.partitions === 'same',
      creation: values['topic.creation.enable']
        ? {
            partitions: positive(values['topic.creation.default.partitions']),
            replicationFactor: positive(values['topic.creation.default.replication.factor']),
          }
        : null,
    },
    provenance: values['provenance.header.enable'],
    exactlyOnce: isExactlyOnce(options),
    positionsTopic: values['positions.topic'],
    transactionalIdPrefix: values['transactional.id.prefix'],
    transactionTimeoutMs: values['transaction.timeout.ms'],
    acks: values.acks === '0' ? 0 : values.acks === '1' ? 1 : -1,
    writer: {
      bufferBytesMax,
      lingerMs: values['linger.ms'],
      batchBytesMax: values['batch.size'],
      inFlightMax: values['max.in.flight.requests.per.connection'],
      compression: values['compression.type'],
      deliveryTimeoutMs: values['delivery.timeout.ms'],
    },
  };
}

export function isExactlyOnce(options: Options): boolean {
  return options['exactly.once.support']?.trim().toLowerCase() !== 'disabled';
}

/** What does not go together, and what of the security settings can not be used. */
export function kafkaSinkProblems(options: Options): readonly OptionProblem[] {
  const problems: OptionProblem[] = [];
  const add = (name: string, message: string): void => {
    problems.push({ name, value: options[name] ?? null, message });
  };
  const values = requireOptions(what, kafkaSinkOptions, options);
  if (isExactlyOnce(options) && values.acks !== 'all' && values.acks !== '-1') {
    add('acks', `exactly.once.support=enabled needs acks=all, and not ${values.acks}`);
  }
  if (values.topic === values['positions.topic']) {
    add('positions.topic', 'records and positions can not be in one topic: name another');
  }
  try {
    readClientSecurity(what, securityOf(options), process.env);
  } catch (error) {
    // A secret that only the worker has is no mistake of the options.
    const isElsewhere = error instanceof MillraceError && error.kind === referenceErrors.unresolved;
    if (!isElsewhere) add('security.protocol', messageOf(error));
  }
  return problems;
}

/** Settings of security, also under the prefixes of a producer. */
function securityOf(options: Options): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(options)) {
    const plain = name.replace(/^(?:kafka\.)?producer\.(?:override\.)?/, '');
    if (plain in clientSecurityOptions && (plain === name || options[plain] === undefined)) own[plain] = value;
  }
  return own;
}

function bootstrapCheck(text: string): string | null {
  try {
    return parseBootstrap(text).every((address) => /^(?:\[.+\]|[^:]+)(?::\d{1,5})?$/.test(address))
      ? null
      : 'must be host:port, or several of these separated by commas';
  } catch (error) {
    return messageOf(error);
  }
}

function templateCheck(template: string): string | null {
  const rest = template.replaceAll('${topic}', 'a');
  return /^[a-zA-Z0-9._-]{1,249}$/.test(rest)
    ? null
    : 'must be the name of a topic (letters, digits, dots, dashes, underscores); ${topic} is the only variable';
}
