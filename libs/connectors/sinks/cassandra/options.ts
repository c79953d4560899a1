import { defineOptions, parseOptions, requireOptions, type OptionProblem, type OptionValues } from '#config/options';
import { clientTlsOptions } from '../client-tls/client-tls-options.js';
import {
  consistencies,
  consistencyOf,
  mappingOrProblem,
  tableRules,
  type RuleDefaults,
  type TableRule,
} from './table-rules.js';

/** Options of the `cassandra` sink, under the names of the DataStax Apache Cassandra connector for Kafka where it has them. */
export const cassandraOptions = defineOptions({
  contactPoints: {
    type: 'list',
    required: true,
    importance: 'high',
    group: 'Connection',
    check: (points: readonly string[]) => (points.length === 0 ? 'must name a node' : null),
    doc: 'Nodes to begin with, `host` or `host:port`; the others are learned from them.',
  },
  port: {
    type: 'int',
    default: 9042,
    min: 1,
    max: 65_535,
    importance: 'medium',
    group: 'Connection',
    doc: 'Port of nodes that are named without one.',
  },
  'loadBalancing.localDc': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Connection',
    doc: 'The data center that is near; requests go to its nodes only, each to one that has the row.',
  },
  'auth.provider': {
    type: 'string',
    values: ['None', 'PLAIN'],
    importance: 'medium',
    group: 'Connection',
    doc: '`PLAIN` logs in with `auth.username` and `auth.password`. Absent: `PLAIN` where there is a user name.',
  },
  'auth.username': { type: 'string', importance: 'high', group: 'Connection', doc: 'User to log in as.' },
  'auth.password': { type: 'password', importance: 'high', group: 'Connection', doc: 'Password of the user.' },
  connectionPoolLocalSize: {
    type: 'int',
    default: 1,
    min: 1,
    max: 64,
    unit: 'connections',
    importance: 'low',
    group: 'Connection',
    doc: 'Connections to each node of the data center. One carries 2048 requests at a time.',
  },
  queryExecutionTimeout: {
    type: 'int',
    default: 30,
    min: 1,
    max: 3600,
    unit: 's',
    importance: 'low',
    group: 'Connection',
    doc: 'A request without an answer for so long is given up, and the batch tried again.',
  },
  'ssl.provider': {
    type: 'string',
    default: 'None',
    values: ['None', 'JDK'],
    importance: 'high',
    group: 'TLS',
    doc: '`JDK` speaks TLS with the settings below. So does any setting of a trust store or a key store.',
  },
  ...clientTlsOptions(),
  keyspace: {
    type: 'string',
    importance: 'high',
    group: 'Tables',
    doc: 'Keyspace of the tables of topics that no `topic.…mapping` names.',
  },
  table: {
    type: 'string',
    default: '${topic}',
    importance: 'high',
    group: 'Tables',
    doc: 'Their table; `${topic}` is the topic, its dots and dashes as underscores. It has to be there.',
  },
  columns: {
    type: 'string',
    importance: 'medium',
    group: 'Tables',
    doc:
      'What goes into which column: `id=key, name=value.name, origin=header.host`. Absent: each column gets the field of its name; ' +
      'a column of the primary key that the value does not have gets it from the record key.',
  },
  topic: {
    type: 'map',
    importance: 'high',
    group: 'Tables',
    doc:
      'The same per table, as the DataStax connector has it: `topic.<topic>.<keyspace>.<table>.mapping`, and with that ending ' +
      '`consistencyLevel`, `ttl`, `ttlTimeUnit`, `timestampTimeUnit`, `nullToUnset`, `deletesEnabled`, `query`; `topic.<topic>.codec.unit`. ' +
      'A topic may have several tables.',
  },
  consistencyLevel: {
    type: 'string',
    default: 'LOCAL_QUORUM',
    values: consistencies,
    importance: 'medium',
    group: 'Writes',
    doc: 'How many replicas must have a row before its record counts as delivered. `ANY` and `ONE` can lose rows with a node.',
  },
  ttl: {
    type: 'int',
    default: -1,
    min: -1,
    max: 630_720_000,
    unit: 's',
    importance: 'medium',
    group: 'Writes',
    doc: 'How long rows live. -1 = as the table says.',
  },
  'timestamp.source': {
    type: 'string',
    default: 'record',
    values: ['record', 'offset'],
    importance: 'medium',
    group: 'Writes',
    doc:
      'The write timestamp, by which Cassandra tells the newer of two values. `record`: the record’s time in µs, the last three digits from its ' +
      'offset; the row of the latest time wins. `offset`: the offset itself; the last record of the partition wins even where times go back, but ' +
      'every other writer of the table wins over the sink, and a topic that is made anew has to go into another table.',
  },
  nullToUnset: {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Writes',
    doc: 'A field that is null or missing leaves its column as it is. `false` writes a null, which costs Cassandra a tombstone.',
  },
  deletesEnabled: {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Writes',
    doc: 'A record without value deletes the row of its key; with a mapping, so does one that has nothing but the primary key.',
  },
  maxConcurrentRequests: {
    type: 'int',
    default: 500,
    min: 1,
    max: 10_000,
    unit: 'requests',
    importance: 'medium',
    group: 'Writes',
    doc: 'Requests of a task that are under way at a time.',
  },
  maxNumberOfRecordsInBatch: {
    type: 'int',
    default: 32,
    min: 1,
    max: 1000,
    unit: 'records',
    importance: 'medium',
    group: 'Writes',
    doc: 'Most rows in one request; they are of one partition of the table. 1 = no batches.',
  },
  'batch.bytes.max': {
    type: 'int',
    default: 65_536,
    min: 1024,
    max: 8_388_608,
    unit: 'bytes',
    importance: 'low',
    group: 'Writes',
    doc: 'Most bytes of values in one such request.',
  },
});

export interface CassandraSettings {
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  readonly connectionsPerHost: number;
  readonly requestTimeoutMs: number;
  readonly tls: boolean;
  /** As they came, for the TLS block. */
  readonly options: Readonly<Record<string, string>>;
  readonly rules: readonly TableRule[];
  readonly keyIsJson: boolean;
  readonly timestampSource: 'record' | 'offset';
  readonly requestsMax: number;
  readonly batchRecordsMax: number;
  readonly batchBytesMax: number;
}

type Options = Readonly<Record<string, string>>;
type Values = OptionValues<typeof cassandraOptions>;

export function cassandraSettings(options: Options): CassandraSettings {
  const values = requireOptions('Sink cassandra', cassandraOptions, options);
  const { 'auth.username': username, port } = values;
  return {
    contactPoints: values.contactPoints.map((point) => (hasPort(point) ? point : `${point}:${port}`)),
    localDataCenter: values['loadBalancing.localDc'],
    credentials:
      username === null || values['auth.provider'] === 'None'
        ? null
        : { username, password: values['auth.password'] ?? '' },
    connectionsPerHost: values.connectionPoolLocalSize,
    requestTimeoutMs: values.queryExecutionTimeout * 1000,
    tls:
      values['ssl.provider'] === 'JDK' ||
      Object.keys(options).some((name) => /^ssl\.(truststore|keystore)\.(location|cert|key)/.test(name)),
    options,
    rules: rulesOf(values).rules,
    keyIsJson: /json/i.test(options['key.converter'] ?? ''),
    timestampSource: values['timestamp.source'],
    requestsMax: values.maxConcurrentRequests,
    batchRecordsMax: values.maxNumberOfRecordsInBatch,
    batchBytesMax: values['batch.bytes.max'],
  };
}

/** `host:port`, also `[::1]:9042`; an address of IPv6 alone has no port. */
function hasPort(point: string): boolean {
  return /^[^:]+:\d+$/.test(point) || /^\[.+\]:\d+$/.test(point);
}

/** What does not go together. */
export function cassandraProblems(options: Options): readonly OptionProblem[] {
  const { values } = parseOptions(cassandraOptions, options);
  const { rules, problems } = rulesOf(values);
  const found = [...problems];
  const add = (name: string, message: string): void => {
    found.push({ name, value: options[name] ?? null, message: `Invalid value for configuration ${name}: ${message}` });
  };
  if (values.keyspace === null && Object.keys(values.topic).length === 0) {
    add('keyspace', 'is missing: set it, or topic.<topic>.<keyspace>.<table>.mapping');
  }
  if (values.columns !== null) mappingOrProblem(values.columns, (message) => add('columns', message));
  if (values['auth.provider'] === 'PLAIN' && values['auth.username'] === null) {
    add('auth.username', 'is missing: auth.provider=PLAIN logs in with it');
  }
  if (values['timestamp.source'] === 'offset' && rules.some(({ mapping }) => mapping?.timestamp)) {
    add('timestamp.source', 'is offset, and a mapping sets __timestamp: keep one');
  }
  return found;
}

/** Whether a record that is written twice leaves the same row. */
export function repeatsAreHarmless(options: Options): boolean {
  const { values } = parseOptions(cassandraOptions, options);
  return rulesOf(values).rules.every(
    ({ mapping, query }) =>
      mapping?.columns.every(({ source }) => source.kind !== 'now') !== false &&
      !/\b(now|uuid)\s*\(/i.test(query ?? ''),
  );
}

function rulesOf(values: Values): { rules: readonly TableRule[]; problems: readonly OptionProblem[] } {
  const defaults: RuleDefaults = {
    consistency: consistencyOf(values.consistencyLevel) ?? 6,
    ttlSeconds: values.ttl < 0 ? null : values.ttl,
    ttlUnit: 'SECONDS',
    timestampUnit: 'MICROSECONDS',
    codecUnit: 'MILLISECONDS',
    nullToUnset: values.nullToUnset,
    deletesEnabled: values.deletesEnabled,
  };
  const { rules, problems } = tableRules(values.topic, defaults);
  if (values.keyspace === null) return { rules, problems };
  const mapping = values.columns === null ? null : mappingOrProblem(values.columns, () => undefined);
  const { keyspace, table } = values;
  const own: TableRule = { option: 'table', topic: null, keyspace, table, mapping, query: null, ...defaults };
  return { rules: [...rules, own], problems };
}
