import { defineOptions, type OptionValues } from '#config/options';

const mebibyte = 1024 * 1024;

/**
 * Settings of the topic service, under Kafka's names. What is not a name of Kafka's says so. Defaults of single topics are
 * declared with the log (`topicConfigs`).
 */
export const brokerOptions = defineOptions({
  'node.id': {
    type: 'int',
    default: 1,
    min: 0,
    doc: 'Number of this node. Clients keep it, so it must not change over the life of the data.',
    aliases: ['broker.id'],
    group: 'Node',
  },
  'advertised.listeners': {
    type: 'string',
    doc: 'Address that clients are told to connect to, `PLAINTEXT://host:port` or `host:port`. Without it each client is told the address that it connected to, which is wrong only behind a port mapping or a proxy.',
    group: 'Network',
    check: (value: string) => (parseAdvertised(value) === null ? 'must be host:port or PLAINTEXT://host:port' : null),
  },
  insecure: {
    type: 'boolean',
    default: false,
    doc: 'Allows listening on an address that other machines can reach although nothing asks for a login. Not a setting of Kafka.',
    group: 'Network',
  },
  'socket.request.max.bytes': {
    type: 'int',
    default: 16 * mebibyte,
    min: 1024,
    max: 1024 * mebibyte,
    unit: 'bytes',
    doc: 'Largest request. A connection that announces a larger one is closed. Kafka allows 104857600.',
    aliases: ['max.request.bytes'],
    group: 'Network',
  },
  'queued.max.request.bytes': {
    type: 'long',
    default: 256 * mebibyte,
    min: mebibyte,
    unit: 'bytes',
    doc: 'Bytes of requests that may wait over all connections. At the limit no further request is read. Kafka has no limit by default.',
    group: 'Network',
  },
  'connection.budget.bytes': {
    type: 'int',
    default: 32 * mebibyte,
    min: 64 * 1024,
    unit: 'bytes',
    doc: 'Bytes that one connection may hold in requests without answer and answers not taken by the client; then it is read no further. Not a setting of Kafka.',
    group: 'Network',
  },
  'connection.requests.max': {
    type: 'int',
    default: 128,
    min: 1,
    unit: 'requests',
    doc: 'Requests of one connection that may wait for their answers; then it is read no further. Not a setting of Kafka.',
    group: 'Network',
  },
  'max.connections': {
    type: 'int',
    default: 20_000,
    min: 1,
    unit: 'connections',
    doc: 'Connections open at once; more are closed as they come.',
    group: 'Network',
  },
  'max.connections.per.ip': {
    type: 'int',
    default: 2_147_483_647,
    min: 1,
    unit: 'connections',
    doc: 'Connections open at once from one address.',
    group: 'Network',
  },
  'connections.max.idle.ms': {
    type: 'long',
    default: 600_000,
    min: 100,
    unit: 'ms',
    doc: 'A connection on which nothing moves for this long is closed. Clients connect again silently.',
    group: 'Network',
  },
  'fetch.max.bytes': {
    type: 'int',
    default: 55 * mebibyte,
    min: 1024,
    unit: 'bytes',
    doc: 'Most bytes of records in one fetch answer, whatever the client asks for. A single larger batch is still given whole.',
    group: 'Topics',
  },
  'max.incremental.fetch.session.cache.slots': {
    type: 'int',
    default: 1_000,
    min: 0,
    unit: 'sessions',
    doc: 'Most fetch sessions that are kept. A client without one sends its whole list of partitions each time.',
    group: 'Topics',
  },
  'auto.create.topics.enable': {
    type: 'boolean',
    default: true,
    doc: 'Creates a topic when a client asks for its metadata and allows it.',
    group: 'Topics',
  },
  'delete.topic.enable': {
    type: 'boolean',
    default: true,
    doc: 'Whether clients may delete topics.',
    group: 'Topics',
  },
  'num.partitions': {
    type: 'int',
    default: 1,
    min: 1,
    max: 10_000,
    unit: 'partitions',
    doc: 'Partitions of a topic that is created without a count.',
    group: 'Topics',
  },
  'topic.partitions.max': {
    type: 'int',
    default: 10_000,
    min: 1,
    unit: 'partitions',
    doc: 'Most partitions of one topic. Not a setting of Kafka.',
    group: 'Topics',
  },
  'default.replication.factor': {
    type: 'int',
    default: 1,
    min: 1,
    max: 1,
    doc: 'Copies of a topic that is created without a number. One node holds one.',
    group: 'Topics',
  },
  'replication.factor.relaxed': {
    type: 'boolean',
    default: false,
    doc: 'Takes any replication factor and keeps one copy, so that tools that ask for three run against one node. Not a setting of Kafka, which refuses.',
    group: 'Topics',
  },
  'log.retention.check.interval.ms': {
    type: 'long',
    default: 10_000,
    min: 1,
    unit: 'ms',
    doc: 'How often segments past their retention and files of deleted topics are looked for. Kafka looks every 300000.',
    group: 'Topics',
  },
  'group.initial.rebalance.delay.ms': {
    type: 'int',
    default: 3_000,
    min: 0,
    unit: 'ms',
    doc: 'How long a group that was empty waits for more members before its first assignment.',
    group: 'Groups',
  },
  'group.min.session.timeout.ms': {
    type: 'int',
    default: 6_000,
    min: 1,
    unit: 'ms',
    doc: 'Shortest session timeout that a member may ask for.',
    group: 'Groups',
  },
  'group.max.session.timeout.ms': {
    type: 'int',
    default: 1_800_000,
    min: 1,
    unit: 'ms',
    doc: 'Longest session timeout that a member may ask for.',
    group: 'Groups',
  },
  'group.max.size': {
    type: 'int',
    default: 2_147_483_647,
    min: 1,
    unit: 'members',
    doc: 'Most members of one group.',
    group: 'Groups',
  },
  'offset.metadata.max.bytes': {
    type: 'int',
    default: 4_096,
    min: 0,
    unit: 'bytes',
    doc: 'Longest text that may go with a committed offset.',
    group: 'Groups',
  },
  'offsets.retention.minutes': {
    type: 'int',
    default: 10_080,
    min: 1,
    unit: 'minutes',
    doc: 'Committed offsets of a group without members are kept this long.',
    group: 'Groups',
  },
  'offsets.retention.check.interval.ms': {
    type: 'long',
    default: 600_000,
    min: 1,
    unit: 'ms',
    doc: 'How often expired offsets are looked for.',
    group: 'Groups',
  },
  'transaction.max.timeout.ms': {
    type: 'int',
    default: 900_000,
    min: 1,
    unit: 'ms',
    doc: 'Longest transaction timeout that a producer may ask for. A transaction that is open for longer than its timeout is aborted, and its producer fenced.',
    group: 'Transactions',
  },
  'transactional.id.expiration.ms': {
    type: 'int',
    default: 604_800_000,
    min: 1,
    unit: 'ms',
    doc: 'A transactional id that nobody used for this long, and that has no open transaction, is forgotten.',
    group: 'Transactions',
  },
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': {
    type: 'int',
    default: 1_000,
    min: 1,
    unit: 'ms',
    doc: 'How often open transactions past their timeout are looked for. Kafka looks every 10000.',
    group: 'Transactions',
  },
  'transaction.remove.expired.transaction.cleanup.interval.ms': {
    type: 'int',
    default: 3_600_000,
    min: 1,
    unit: 'ms',
    doc: 'How often transactional ids past their expiration are looked for.',
    group: 'Transactions',
  },
  'add.partitions.to.txn.retry.backoff.max.ms': {
    type: 'int',
    default: 100,
    min: 0,
    unit: 'ms',
    doc: 'How long a request waits for the end of the transaction before it; then it is told CONCURRENT_TRANSACTIONS, and the client tries again.',
    group: 'Transactions',
  },
});

export type BrokerConfig = OptionValues<typeof brokerOptions>;

/** `host:port` with or without a scheme before it; null where it is neither. */
export function parseAdvertised(text: string): { host: string; port: number } | null {
  const match = /^(?:[A-Za-z_]+:\/\/)?(\[[0-9A-Fa-f:.]+\]|[^\s:/]+):(\d{1,5})$/.exec(text.trim());
  const host = match?.[1];
  const port = Number(match?.[2]);
  if (host === undefined || port < 1 || port > 65_535) return null;
  return { host: host.replace(/^\[|\]$/g, ''), port };
}
