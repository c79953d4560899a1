/** Flume's options of its Kafka source, and what Kafka's consumer properties among them mean to our reader. */
import { defineOptions, parseOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { messageOf } from '#std/errors';
import { checkJavaRegex, compileJavaRegex } from '#std/java-regex';
import { suggest } from '#std/suggestion';
import { clientSecurityOptions, readClientSecurity, type ClientSecurity } from '#topics/client-security';
import { parseBootstrap } from '#topics/cluster';
import type { TopicReaderOptions } from '#topics/topic-reader';

const bootstrapCheck = (text: string): string | null => {
  try {
    parseBootstrap(text);
    return null;
  } catch (error) {
    return messageOf(error);
  }
};

export const kafkaSourceOptions = defineOptions({
  'kafka.bootstrap.servers': {
    type: 'string',
    importance: 'high',
    check: bootstrapCheck,
    doc: 'Addresses of the cluster, `host:port,host:port`. Absent (Flume demands it): the topics of this installation.',
  },
  'kafka.topics': {
    type: 'list',
    default: [],
    aliases: ['topic'],
    importance: 'high',
    doc: 'Topics to read, separated by commas. Either this or `kafka.topics.regex`, which wins.',
  },
  'kafka.topics.regex': {
    type: 'string',
    importance: 'high',
    check: checkJavaRegex,
    doc: "A regular expression (Java's) over whole topic names. Topics that match and appear later are taken up too.",
  },
  'kafka.consumer.group.id': {
    type: 'string',
    default: 'flume',
    aliases: ['groupId'],
    doc: 'Consumer group: sources with one group share the partitions.',
  },
  batchSize: {
    type: 'int',
    default: 1000,
    min: 1,
    unit: 'events',
    doc: 'Events handed to the channels at once, at most; eight times as many where the channels keep the positions.',
  },
  batchDurationMillis: {
    type: 'long',
    default: 1000,
    min: 1,
    unit: 'ms',
    doc: 'How long one look for records waits. What is there is handed on at once, so no event waits for a batch to fill.',
  },
  backoffSleepIncrement: {
    type: 'long',
    default: 1000,
    min: 1,
    unit: 'ms',
    doc: 'Wait after a channel has refused, longer by as much each time.',
  },
  maxBackoffSleep: { type: 'long', default: 5000, min: 1, unit: 'ms', doc: 'Longest such wait.' },
  useFlumeEventFormat: {
    type: 'boolean',
    default: false,
    doc: 'Values are AvroFlumeEvent (as the sink writes them with the same option): body and headers come from inside.',
  },
  setTopicHeader: { type: 'boolean', default: true, doc: 'Adds a header with the name of the topic.' },
  topicHeader: { type: 'string', default: 'topic', doc: 'Name of that header.' },
  timestampHeader: {
    type: 'string',
    default: 'timestamp',
    doc: 'Header that gets the timestamp of the record, ms. Flume documents it, and always writes `timestamp`.',
  },
  header: {
    type: 'map',
    doc: '`header.<name>`: the record header (its last value) that becomes the header `<name>`.',
  },
  'kafka.consumer': {
    type: 'map',
    doc: "Kafka's consumer properties: auto.offset.reset (default `latest`, as in Kafka), isolation.level, session.timeout.ms, security.protocol and others.",
  },
  zookeeperConnect: {
    type: 'string',
    doc: 'Where older releases of Flume found the cluster. No effect: set `kafka.bootstrap.servers`.',
  },
  migrateZookeeperOffsets: {
    type: 'boolean',
    default: true,
    doc: 'No effect: offsets of before Kafka 0.9 are not taken over from ZooKeeper.',
  },
});

export type KafkaSourceValues = OptionValues<typeof kafkaSourceOptions>;

const assignorNames = /^(?:org\.apache\.kafka\.clients\.consumer\.)?(range|roundrobin)(?:assignor)?$/i;

/** Kafka's consumer properties that mean something to our reader. */
const consumerOptions = defineOptions({
  'auto.offset.reset': {
    type: 'string',
    values: ['earliest', 'latest', 'none'],
    default: 'latest',
    doc: 'Where a partition begins for which the group has no offset, and where reading goes on when its offset is gone.',
  },
  'isolation.level': {
    type: 'string',
    values: ['read_uncommitted', 'read_committed'],
    default: 'read_uncommitted',
    doc: 'Whether records of transactions that were aborted, or are open, are left out.',
  },
  'session.timeout.ms': {
    type: 'int',
    default: 45_000,
    min: 1000,
    unit: 'ms',
    doc: 'Silence after which a member is replaced.',
  },
  'heartbeat.interval.ms': { type: 'int', default: 3000, min: 1, unit: 'ms', doc: 'Between two signs of life.' },
  'max.poll.interval.ms': {
    type: 'int',
    default: 300_000,
    min: 1000,
    unit: 'ms',
    doc: 'How long the group waits for a member to join again.',
  },
  'fetch.max.bytes': {
    type: 'int',
    default: 16 * 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    doc: 'Fetched ahead, all partitions together.',
  },
  'max.partition.fetch.bytes': {
    type: 'int',
    default: 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    doc: 'Fetched of one partition at once.',
  },
  'fetch.max.wait.ms': {
    type: 'int',
    default: 500,
    min: 0,
    unit: 'ms',
    doc: 'How long the cluster holds a fetch without data.',
  },
  'metadata.max.age.ms': {
    type: 'int',
    default: 10_000,
    min: 100,
    unit: 'ms',
    doc: 'How often topics and their partitions are looked at. Kafka: 300000.',
  },
  'group.instance.id': { type: 'string', doc: 'Static membership: a restart within the session keeps the partitions.' },
  'client.id': { type: 'string', doc: 'Name of this client in the cluster.' },
  'partition.assignment.strategy': {
    type: 'list',
    default: ['range', 'roundrobin'],
    doc: 'Assignors in order of preference: range, roundrobin, or their class names.',
  },
  'ssl.disableTLSHostnameVerification': {
    type: 'boolean',
    default: false,
    doc: "Flume's: true takes certificates that name another host.",
  },
});

/** Properties that Flume's users set, and that are done otherwise or not needed here. */
const withoutEffect: readonly string[] = [
  'group.id',
  'bootstrap.servers',
  'enable.auto.commit',
  'auto.commit.interval.ms',
  'key.deserializer',
  'value.deserializer',
  'max.poll.records',
  'fetch.min.bytes',
  'request.timeout.ms',
  'receive.buffer.bytes',
  'send.buffer.bytes',
  'reconnect.backoff.ms',
  'reconnect.backoff.max.ms',
  'retry.backoff.ms',
  'connections.max.idle.ms',
  'check.crcs',
];
const securitySetting = /^(?:security\.|sasl\.|ssl\.)/;

export interface ConsumerProperties {
  readonly clientId: string | null;
  readonly reader: TopicReaderOptions;
  /** Null: none is set. */
  readonly security: ClientSecurity | null;
}

/** Throws where a security setting, or a file that it names, will not do. */
export function readConsumerProperties(name: string, values: KafkaSourceValues): ConsumerProperties {
  const properties = values['kafka.consumer'];
  const consumer = parseOptions(consumerOptions, properties).values;
  const reset = consumer['auto.offset.reset'];
  const pattern = values['kafka.topics.regex'];
  const instance = consumer['group.instance.id'];
  return {
    clientId: consumer['client.id'],
    security: readSecurity(name, properties, consumer['ssl.disableTLSHostnameVerification']),
    reader: {
      groupId: values['kafka.consumer.group.id'],
      ...(pattern === null ? { topics: values['kafka.topics'] } : { pattern: compileJavaRegex(`^(?:${pattern})$`) }),
      start: reset === 'none' ? 'latest' : reset,
      outOfRange: reset === 'none' ? 'fail' : reset,
      isolation: consumer['isolation.level'],
      sessionTimeoutMs: consumer['session.timeout.ms'],
      heartbeatMs: Math.min(consumer['heartbeat.interval.ms'], Math.floor(consumer['session.timeout.ms'] / 3)),
      rebalanceTimeoutMs: consumer['max.poll.interval.ms'],
      bytesMax: consumer['fetch.max.bytes'],
      partitionBytesMax: consumer['max.partition.fetch.bytes'],
      fetchWaitMs: consumer['fetch.max.wait.ms'],
      topicRefreshMs: consumer['metadata.max.age.ms'],
      assignors: consumer['partition.assignment.strategy'].flatMap(assignorOf),
      ...(instance === null ? {} : { groupInstanceId: instance }),
    },
  };
}

function assignorOf(name: string): ('range' | 'roundrobin')[] {
  const found = assignorNames.exec(name)?.[1]?.toLowerCase();
  return found === 'range' || found === 'roundrobin' ? [found] : [];
}

function readSecurity(
  name: string,
  properties: Readonly<Record<string, string>>,
  anyHost: boolean,
): ClientSecurity | null {
  const own = Object.fromEntries(
    Object.entries(properties).filter(([key]) => securitySetting.test(key) && !Object.hasOwn(consumerOptions, key)),
  );
  if (Object.keys(own).length === 0) return null;
  if (anyHost) own['ssl.endpoint.identification.algorithm'] = '';
  return readClientSecurity(`source ${name}, kafka.consumer`, own, {});
}

export function checkKafkaSource(options: Readonly<Record<string, string>>): ComponentRemark[] {
  const values = requireOptions('source', kafkaSourceOptions, options);
  const remarks: ComponentRemark[] = [];
  const report = (severity: ComponentRemark['severity'], option: string, message: string): void => {
    remarks.push({ severity, option, message });
  };
  if (values['kafka.topics'].length === 0 && values['kafka.topics.regex'] === null)
    report('error', 'kafka.topics', 'nothing to read: set kafka.topics or kafka.topics.regex');
  if (values.zookeeperConnect !== null && values['kafka.bootstrap.servers'] === null) {
    const message = 'the cluster is not looked up in ZooKeeper: set kafka.bootstrap.servers';
    report('error', 'zookeeperConnect', message);
  }
  const properties = values['kafka.consumer'];
  const parsed = parseOptions(consumerOptions, properties);
  for (const { name, message } of parsed.problems) report('error', `kafka.consumer.${name}`, message);
  for (const name of parsed.unknown) checkOther(name, report);
  const assignors = parsed.values['partition.assignment.strategy'];
  const foreign = assignors.filter((name) => assignorOf(name).length === 0);
  if (foreign.length > 0) {
    const severity = foreign.length === assignors.length ? 'error' : 'warning';
    const message = `there is no assignor ${foreign.join(', ')} here: range and roundrobin are known`;
    report(severity, 'kafka.consumer.partition.assignment.strategy', message);
  }
  return remarks;
}

function checkOther(
  name: string,
  report: (severity: ComponentRemark['severity'], option: string, message: string) => void,
): void {
  const option = `kafka.consumer.${name}`;
  if (withoutEffect.includes(name)) return;
  const known = [...Object.keys(consumerOptions), ...Object.keys(clientSecurityOptions)];
  if (known.includes(name)) return;
  const near = suggest(name, known);
  const hint = near === null ? '' : ` Did you mean kafka.consumer.${near}?`;
  if (securitySetting.test(name)) report('error', option, `${option} is not supported here.${hint}`);
  else report('warning', option, `${option} has no effect here.${hint}`);
}
