/** Two names of one channel: `topic`, ours, and Flume's Kafka channel with Flume's options and defaults. */
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { Channel, ComponentInput, ComponentRemark, ComponentType } from '#pipeline/collector';
import type { TopicReaderOptions } from '#topics/topic-reader';
import { checkProducerProperties, readProducerProperties, unknownProperty } from './producer-properties.js';
import { openChannelTopic } from './channel-task.js';
import { accessTopics, placeOf } from './topic-access.js';
import { TopicChannel } from './topic-channel.js';

const shared = defineOptions({
  partitionIdHeader: {
    type: 'string',
    doc: 'Header that holds the partition. Something else than a number fails the put.',
  },
  defaultPartitionId: { type: 'int', min: 0, doc: 'Partition of events without that header. Absent: by key.' },
  'kafka.consumer.auto.offset.reset': {
    type: 'string',
    values: ['earliest', 'latest'],
    default: 'earliest',
    doc: 'Where a group begins that has no offset.',
  },
  'kafka.consumer.session.timeout.ms': {
    type: 'int',
    default: 10_000,
    min: 1000,
    unit: 'ms',
    doc: 'Silence after which a member is replaced.',
  },
  'kafka.producer': {
    type: 'map',
    doc: "Kafka's producer properties: acks, compression.type, linger.ms, batch.size and others.",
  },
  'kafka.consumer': { type: 'map', doc: "Kafka's other consumer properties; they have no effect here." },
});

const topicChannelOptions = defineOptions({
  topic: {
    type: 'string',
    aliases: ['kafka.topic'],
    doc: 'Topic that holds the events. Default: `<agent>-<channel>`.',
  },
  groupId: {
    type: 'string',
    aliases: ['kafka.consumer.group.id'],
    doc: 'Consumer group of the takes. Default: `collector-<agent>-<channel>`.',
  },
  bootstrap: {
    type: 'string',
    aliases: ['kafka.bootstrap.servers'],
    doc: 'Addresses of topics, `host:port,host:port`. Absent: the topics of this installation.',
  },
  parseAsFlumeEvent: {
    type: 'boolean',
    default: false,
    doc: 'Keeps events as AvroFlumeEvent; else the body is the value and headers are record headers.',
  },
  ...shared,
});

const kafkaChannelOptions = defineOptions({
  'kafka.topic': { type: 'string', default: 'flume-channel', aliases: ['topic'], doc: 'Topic that holds the events.' },
  'kafka.consumer.group.id': {
    type: 'string',
    default: 'flume',
    aliases: ['groupId'],
    doc: 'Consumer group of the takes.',
  },
  'kafka.bootstrap.servers': {
    type: 'string',
    aliases: ['brokerList'],
    doc: 'Addresses of the cluster. Absent (Flume demands it): the topics of this installation.',
  },
  parseAsFlumeEvent: {
    type: 'boolean',
    default: true,
    doc: 'Keeps events as AvroFlumeEvent, which agents of Flume share. False: the body is the value, readable by others, and headers are record headers.',
  },
  'kafka.pollTimeout': {
    type: 'int',
    default: 500,
    unit: 'ms',
    aliases: ['pollTimeout'],
    doc: "Read for the sake of Flume's files; a take waits by itself.",
  },
  readSmallestOffset: {
    type: 'boolean',
    doc: 'Old name: true is `kafka.consumer.auto.offset.reset` earliest, false latest, where that is not set.',
  },
  zookeeperConnect: { type: 'string', doc: "Read for the sake of Flume's files; offsets are in Kafka since 0.9." },
  migrateZookeeperOffsets: {
    type: 'boolean',
    doc: "Read for the sake of Flume's files; there are no offsets in ZooKeeper any more.",
  },
  ...shared,
});

type TopicOptions = OptionValues<typeof topicChannelOptions>;
type SharedOptions = Pick<
  TopicOptions,
  | 'partitionIdHeader'
  | 'defaultPartitionId'
  | 'kafka.consumer.auto.offset.reset'
  | 'kafka.consumer.session.timeout.ms'
  | 'kafka.producer'
  | 'kafka.consumer'
>;

interface Place {
  readonly topic: string;
  readonly groupId: string;
  readonly bootstrap: string | null;
  readonly parseAsFlumeEvent: boolean;
}

export const topicChannel: ComponentType<Channel> = {
  name: 'topic',
  classNames: [],
  joinsTransactions: true,
  doc: 'A topic as a channel: durable, and readable by others while and after the sinks of this agent read it.',
  options: topicChannelOptions,
  check: (options) => check(requireOptions('topic channel', topicChannelOptions, options)),
  runsTasks: () => true,
  create(input) {
    const values = requireOptions(`channel ${input.name}`, topicChannelOptions, input.options);
    return create(input, values, {
      topic: values.topic ?? `${input.agent}-${input.name}`,
      groupId: values.groupId ?? `collector-${input.agent}-${input.name}`,
      bootstrap: values.bootstrap,
      parseAsFlumeEvent: values.parseAsFlumeEvent,
    });
  },
};

export const kafkaChannel: ComponentType<Channel> = {
  name: 'kafka',
  classNames: ['org.apache.flume.channel.kafka.KafkaChannel'],
  joinsTransactions: true,
  doc: "Flume's Kafka channel: a topic as a channel, under Flume's option names.",
  options: kafkaChannelOptions,
  check: (options) => check(requireOptions('kafka channel', kafkaChannelOptions, options)),
  runsTasks: () => true,
  create(input) {
    const values = requireOptions(`channel ${input.name}`, kafkaChannelOptions, input.options);
    return create(input, withOldStart(values, input.options), {
      topic: values['kafka.topic'],
      groupId: values['kafka.consumer.group.id'],
      bootstrap: values['kafka.bootstrap.servers'],
      parseAsFlumeEvent: values.parseAsFlumeEvent,
    });
  },
};

function withOldStart(
  values: OptionValues<typeof kafkaChannelOptions>,
  options: Readonly<Record<string, string>>,
): SharedOptions {
  const name = 'kafka.consumer.auto.offset.reset';
  if (values.readSmallestOffset === null || options[name] !== undefined) return values;
  return { ...values, [name]: values.readSmallestOffset ? 'earliest' : 'latest' };
}

function create(input: ComponentInput, values: SharedOptions, place: Place): TopicChannel {
  const producer = readProducerProperties(values['kafka.producer']);
  const reader: TopicReaderOptions = {
    groupId: place.groupId,
    topics: [place.topic],
    start: values['kafka.consumer.auto.offset.reset'],
    sessionTimeoutMs: values['kafka.consumer.session.timeout.ms'],
  };
  const access = accessTopics({ input, bootstrap: place.bootstrap, clientId: producer.clientId });
  const topicPlace = placeOf(input, place.bootstrap);
  const { clock, logger } = input.services;
  const { parseAsFlumeEvent } = place;
  const task = {
    place: topicPlace,
    reader,
    parseAsFlumeEvent,
    clientId: `${input.agent}-${input.name}`,
    clock,
    logger,
  };
  return new TopicChannel(
    input.name,
    {
      topic: place.topic,
      parseAsFlumeEvent,
      partitionIdHeader: values.partitionIdHeader,
      defaultPartitionId: values.defaultPartitionId,
      producer,
      reader,
      place: topicPlace,
      openTopic: (deadLetterTopic) => openChannelTopic(task, deadLetterTopic),
    },
    access,
  );
}

const consumerNames = ['group.id', 'auto.offset.reset', 'session.timeout.ms'];
const consumerIgnored = [
  'enable.auto.commit',
  'max.poll.records',
  'client.id',
  'heartbeat.interval.ms',
  'max.poll.interval.ms',
];

function check(values: SharedOptions): ComponentRemark[] {
  const remarks = checkProducerProperties(values['kafka.producer'], 'kafka.producer.');
  for (const name of Object.keys(values['kafka.consumer'])) {
    if (consumerNames.includes(name) || consumerIgnored.includes(name)) continue;
    const remark = unknownProperty(name, 'kafka.consumer.', consumerNames);
    if (remark !== null) remarks.push(remark);
  }
  return remarks;
}
