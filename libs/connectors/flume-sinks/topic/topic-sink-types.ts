/** Two names of one sink: `topic`, ours, with defaults for speed; and Flume's Kafka sink, with Flume's options and defaults. */
import { defineOptions, requireOptions } from '#config/options';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type {
  ChannelSink,
  ComponentContext,
  ComponentInput,
  ComponentRemark,
  ComponentType,
  SinkTaskPlan,
} from '#pipeline/collector';
import { checkProducerProperties, readProducerProperties } from '../../channels/topic/producer-properties.js';
import { accessTopics } from '../../channels/topic/topic-access.js';
import { templateProblem } from '../../formats/path-escapes.js';
import { TopicSink, type TopicSinkSettings } from './topic-sink.js';

function checkTopicName(name: string): string | null {
  if (name.includes('%')) return templateProblem(name) ?? (name.includes('/') ? 'must not contain /' : null);
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(name)) return null;
  return 'must be 1 to 249 of the characters a-z A-Z 0-9 . _ -';
}

const shared = defineOptions({
  allowTopicOverride: { type: 'boolean', default: true, doc: "Lets an event's header name another topic." },
  topicHeader: { type: 'string', default: 'topic', doc: 'That header.' },
  partitionIdHeader: {
    type: 'string',
    doc: 'Header that holds the partition. Something else than a number fails the batch.',
  },
  defaultPartitionId: { type: 'int', min: 0, doc: 'Partition of events without that header. Absent: by key.' },
  useFlumeEventFormat: { type: 'boolean', default: false, doc: 'Writes headers and body as an AvroFlumeEvent.' },
  'errors.deadletterqueue.topic.name': {
    type: 'string',
    doc: 'Topic for events that can never be written: too large, a partition or topic that cannot be. Absent: they are tried for ever, as in Flume. With a topic as channel it lies beside that one, else where the sink writes to.',
  },
  'kafka.producer': {
    type: 'map',
    doc: "Kafka's producer properties: acks, compression.type, linger.ms, batch.size and others.",
  },
});

const topicSinkOptions = defineOptions({
  topic: {
    type: 'string',
    required: true,
    aliases: ['kafka.topic'],
    check: checkTopicName,
    doc: 'Topic to write to; escapes (`%{host}`, `%Y`) name another one for each event.',
  },
  bootstrap: {
    type: 'string',
    aliases: ['kafka.bootstrap.servers'],
    doc: 'Addresses of topics, `host:port,host:port`. Absent: the topics of this installation.',
  },
  batchSize: {
    type: 'int',
    default: 1000,
    min: 1,
    unit: 'events',
    aliases: ['flumeBatchSize'],
    doc: "Events taken from the channel at once, at most; the channel's transactionCapacity bounds it too.",
  },
  timestampHeader: {
    type: 'string',
    default: 'timestamp',
    doc: 'Header that becomes the timestamp of the record, ms.',
  },
  ...shared,
});

const kafkaSinkOptions = defineOptions({
  'kafka.topic': {
    type: 'string',
    default: 'default-flume-topic',
    aliases: ['topic'],
    check: checkTopicName,
    doc: 'Topic; with `allowTopicOverride` escapes (`%{host}`, `%Y`) name another one for each event.',
  },
  'kafka.bootstrap.servers': {
    type: 'string',
    aliases: ['brokerList'],
    doc: 'Addresses of the cluster. Absent (Flume demands it): the topics of this installation.',
  },
  flumeBatchSize: {
    type: 'int',
    default: 100,
    min: 1,
    unit: 'events',
    aliases: ['batchSize', 'kafka.flumeBatchSize'],
    doc: 'Events taken from the channel at once, at most.',
  },
  timestampHeader: {
    type: 'string',
    doc: 'Header that becomes the timestamp of the record, ms. Absent: the time of the write.',
  },
  header: { type: 'map', doc: '`header.<event header> = <record header>`: which headers go along.' },
  requiredAcks: { type: 'string', values: ['-1', '1', '0'], doc: 'Old name of kafka.producer.acks.' },
  ...shared,
});

export const topicSink: ComponentType<ChannelSink> = {
  name: 'topic',
  classNames: [],
  doc: 'Writes events to a topic: the body is the value, the header `key` the key, all other headers go along.',
  options: topicSinkOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const values = requireOptions('topic sink', topicSinkOptions, options);
    return [...check(values['kafka.producer']), ...checkEscapes('topic', values.topic, values.allowTopicOverride)];
  },
  create: (input) => createTopicSink(input),
  createTask: (input, context) => topicTask(input, context, createTopicSink),
};

function createTopicSink(input: ComponentInput, task: TaskSettings = {}): TopicSink {
  const values = requireOptions(`sink ${input.name}`, topicSinkOptions, input.options);
  const producer = readProducerProperties(values['kafka.producer']);
  const access = accessTopics({ input, bootstrap: values.bootstrap, clientId: producer.clientId });
  return new TopicSink(
    {
      ...sharedSettings(values),
      topic: values.topic,
      batchSize: values.batchSize,
      producer,
      timestampHeader: values.timestampHeader,
      headers: 'all',
      ...task,
    },
    access,
  );
}

export const kafkaSink: ComponentType<ChannelSink> = {
  name: 'kafka',
  classNames: ['org.apache.flume.sink.kafka.KafkaSink'],
  doc: "Flume's Kafka sink: the body is the value, the header `key` the key; of the headers only those that `header.*` names go along.",
  options: kafkaSinkOptions,
  batchSizeOption: 'flumeBatchSize',
  check(options) {
    const values = requireOptions('kafka sink', kafkaSinkOptions, options);
    const topic = values['kafka.topic'];
    return [...check(values['kafka.producer']), ...checkEscapes('kafka.topic', topic, values.allowTopicOverride)];
  },
  create: (input) => createKafkaSink(input),
  createTask: (input, context) => topicTask(input, context, createKafkaSink),
};

function createKafkaSink(input: ComponentInput, task: TaskSettings = {}): TopicSink {
  const values = requireOptions(`sink ${input.name}`, kafkaSinkOptions, input.options);
  // Flume's own default is acks=1, with which an acknowledged event can still be lost; ours is the cluster's full answer.
  const acks: Record<string, string> = values.requiredAcks === null ? {} : { acks: values.requiredAcks };
  const producer = readProducerProperties({ ...acks, ...values['kafka.producer'] });
  const access = accessTopics({ input, bootstrap: values['kafka.bootstrap.servers'], clientId: producer.clientId });
  return new TopicSink(
    {
      ...sharedSettings(values),
      topic: values['kafka.topic'],
      batchSize: values.flumeBatchSize,
      producer,
      timestampHeader: values.timestampHeader,
      headers: values.header,
      ...task,
    },
    access,
  );
}

/** What a sink task has otherwise: the task writes the dead letters, beside those of other tasks. */
type TaskSettings = Partial<Pick<TopicSinkSettings, 'deadLetterTopic' | 'failures'>>;

/** At least once, as over any channel; what can never be written is a dead letter where a topic is named for it. */
function topicTask(
  input: ComponentInput,
  context: ComponentContext | undefined,
  create: (input: ComponentInput, task: TaskSettings) => TopicSink,
): SinkTaskPlan {
  const deadLetterTopic = input.options['errors.deadletterqueue.topic.name'] ?? null;
  const failures = deadLetterTopic === null ? 'again' : 'poison';
  return { sink: channelSinkAsTask(create(input, { deadLetterTopic: null, failures }), context), deadLetterTopic };
}

interface SharedValues {
  readonly allowTopicOverride: boolean;
  readonly topicHeader: string;
  readonly partitionIdHeader: string | null;
  readonly defaultPartitionId: number | null;
  readonly useFlumeEventFormat: boolean;
  readonly 'errors.deadletterqueue.topic.name': string | null;
}

function sharedSettings(values: SharedValues) {
  return {
    flumeEventFormat: values.useFlumeEventFormat,
    topicHeader: values.allowTopicOverride ? values.topicHeader : null,
    partitionIdHeader: values.partitionIdHeader,
    defaultPartitionId: values.defaultPartitionId,
    deadLetterTopic: values['errors.deadletterqueue.topic.name'],
  };
}

/** Flume resolves escapes only where events may name their topic; a topic of that very name there cannot be. */
function checkEscapes(option: string, topic: string, allowed: boolean): ComponentRemark[] {
  if (allowed || !topic.includes('%')) return [];
  return [{ severity: 'error', option, message: `${option}: escapes need allowTopicOverride=true.` }];
}

function check(producer: Readonly<Record<string, string>>): ComponentRemark[] {
  return checkProducerProperties(producer, 'kafka.producer.');
}
