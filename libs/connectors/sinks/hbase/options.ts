import { defineOptions, requireOptions, type OptionProblem } from '#config/options';
import type { Guarantee } from '#pipeline/sink';
import { compileJavaRegex } from '#std/java-regex';
import { messageOf } from '#std/errors';
import { readHadoopConf } from '../../flume-sinks/hadoop-conf.js';
import { parseField, parseMapping, type FieldReference, type MappedColumn } from './mapping.js';

const rowKeyColumn = 'ROW_KEY';
const suffixes = ['offset', 'uuid', 'random', 'timestamp', 'nano'] as const;

export const hbaseSinkOptions = defineOptions({
  'zookeeper.quorum': {
    type: 'list',
    importance: 'high',
    group: 'Connection',
    aliases: ['hbase.zookeeper.quorum', 'zookeeperQuorum'],
    doc:
      'ZooKeepers, `host:port,host:port`; the servers of HBase are found through them and spoken to directly. Absent: by hbase-site.xml, ' +
      'else 127.0.0.1:2181.',
    check: (value: readonly string[]) =>
      value.every((server) => /^[^:]+(?::\d+)?$/.test(server)) ? null : 'must be a list of host:port',
  },
  'zookeeper.port': {
    type: 'int',
    min: 1,
    max: 65_535,
    importance: 'low',
    group: 'Connection',
    aliases: ['hbase.zookeeper.property.clientPort'],
    doc: 'Port of ZooKeepers that are named without one. Absent: by hbase-site.xml, else 2181.',
  },
  'zookeeper.znode.parent': {
    type: 'string',
    importance: 'low',
    group: 'Connection',
    aliases: ['znodeParent'],
    doc: 'Node of the cluster in ZooKeeper. Absent: by hbase-site.xml, else `/hbase`.',
  },
  'hbase.conf.dir': {
    type: 'string',
    importance: 'low',
    group: 'Connection',
    aliases: ['confDir', 'connect.hbase.conf.dir'],
    doc: 'Folder of hbase-site.xml. Absent: the environment variable HBASE_CONF_DIR.',
  },
  'hbase.user': {
    type: 'string',
    group: 'Connection',
    doc: 'User name of simple authentication. Absent: HADOOP_USER_NAME, else the user of this process.',
  },
  'timeout.ms': {
    type: 'int',
    default: 60_000,
    min: 1000,
    max: 3_600_000,
    unit: 'ms',
    importance: 'low',
    group: 'Connection',
    aliases: ['timeout', 'retry.timeout.ms'],
    doc: 'A call without an answer for so long has failed and is made again.',
  },
  'table.name.format': {
    type: 'string',
    default: '${topic}',
    importance: 'high',
    group: 'Table',
    aliases: ['table'],
    doc: 'Table, with its namespace where it has one: `ns:events`; `${topic}` is the topic. It has to be there.',
  },
  'column.family': {
    type: 'string',
    importance: 'high',
    group: 'Table',
    aliases: ['columnFamily', 'connect.hbase.column.family'],
    check: (name: string) => (/[:/]/.test(name) ? 'must not have a colon or slash' : null),
    doc:
      'Column family of everything that `column.mapping` does not place; `${topic}` is the topic. Absent: only mapped columns are written. It ' +
      'has to be there.',
  },
  serializer: {
    type: 'string',
    default: 'json',
    values: ['json', 'simple', 'regex'],
    importance: 'high',
    group: 'Columns',
    doc:
      '`json`: fields of a JSON object are columns. `simple`: the whole value is one column. `regex`: the groups of a pattern are columns. The ' +
      'last two are those of Flume.',
  },
  'column.mapping': {
    type: 'list',
    default: [],
    importance: 'high',
    group: 'Columns',
    check: (list: readonly string[]) => firstProblem(list, parseMapping),
    doc:
      'Columns and their fields, `family:qualifier=field`; with an encoding where it is not text: `d:amount=amount:double`. Fields of fields ' +
      'by dots. Encodings: `string`, `int`, `long`, `float`, `double`, `boolean` (those of HBase’s class `Bytes`), `bytes` (from base64).',
  },
  'nested.families': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: 'Columns',
    doc: 'A field that is an object is a column family of that name, its fields are the columns. Else it is JSON in one column.',
  },
  'row.key.mode': {
    type: 'string',
    values: ['record_key', 'record_value', 'kafka'],
    importance: 'high',
    group: 'Row keys',
    doc:
      'Where row keys come from: the record key (as it is, or the fields of a JSON key in `row.key.fields`), fields of the value, or topic, ' +
      'partition and offset. Absent: `record_key` for `json`, the serializer’s own for `simple` and `regex`.',
  },
  'row.key.fields': {
    type: 'list',
    default: [],
    importance: 'high',
    group: 'Row keys',
    aliases: ['row.key.definition'],
    check: (list: readonly string[]) => firstProblem(list, parseField),
    doc: 'Fields of the row key, in order; with an encoding where they are not text: `region,id:long`.',
  },
  'row.key.delimiter': {
    type: 'string',
    default: '|',
    importance: 'medium',
    group: 'Row keys',
    doc: 'Between the parts of a row key. An empty one is written as `none`.',
  },
  'cell.timestamp': {
    type: 'string',
    default: 'offset',
    values: ['offset', 'record', 'server'],
    importance: 'high',
    group: 'Writes',
    doc:
      'Version of cells. `offset`: the offset of the record, so that the last record of a key wins whatever is written again or late. `record`: its ' +
      'time, ms; needed where a family has a TTL or others write to it. `server`: the clock of HBase; what is written again is another version then.',
  },
  'delete.enabled': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Writes',
    doc: 'A record without value deletes its row up to the cell timestamp. Needs `row.key.mode` `record_key` or `kafka`.',
  },
  'cell.max.bytes': {
    type: 'long',
    default: 10 * 1024 * 1024,
    min: 1,
    max: 256 * 1024 * 1024,
    unit: 'bytes',
    importance: 'low',
    group: 'Writes',
    doc: 'A record with a larger cell is bad. As `hbase.server.keyvalue.maxsize` of the servers, which do not say which one it was.',
  },
  'serializer.rowPrefix': {
    type: 'string',
    default: '',
    group: 'Flume serializers',
    doc: 'Simple: start of row keys.',
  },
  'serializer.suffix': {
    type: 'string',
    default: 'offset',
    values: suffixes,
    group: 'Flume serializers',
    doc:
      'Simple: what follows the prefix: `offset` (topic, partition and offset, so that a record has one row however often it is written), or ' +
      'Flume’s `uuid`, `random`, `timestamp`, `nano`, with which a record that is written again is another row.',
  },
  'serializer.payloadColumn': {
    type: 'string',
    default: 'pCol',
    group: 'Flume serializers',
    doc: 'Simple: column of the value.',
  },
  'serializer.incrementColumn': {
    type: 'string',
    group: 'Flume serializers',
    doc: 'Simple: column that counts records. Only with `cell.timestamp=server`: what is written again is counted again. Absent: none.',
  },
  'serializer.incrementRow': {
    type: 'string',
    default: 'incRow',
    group: 'Flume serializers',
    doc: 'Simple: row of that column.',
  },
  'serializer.regex': {
    type: 'string',
    default: '(.*)',
    group: 'Flume serializers',
    doc: 'Regex: pattern of the whole value, in the language of Java. A record that does not match is bad.',
    check: regexProblem,
  },
  'serializer.regexIgnoreCase': {
    type: 'boolean',
    default: false,
    group: 'Flume serializers',
    doc: 'Regex: the case of letters does not count.',
  },
  'serializer.colNames': {
    type: 'list',
    default: ['payload'],
    group: 'Flume serializers',
    doc: 'Regex: columns of its groups, in their order.',
  },
  'serializer.rowKeyIndex': {
    type: 'int',
    default: -1,
    min: -1,
    group: 'Flume serializers',
    doc: `Regex: which column is the row key, from 0; it has to be named \`${rowKeyColumn}\`. -1: topic, partition and offset.`,
  },
  'serializer.depositHeaders': {
    type: 'boolean',
    default: false,
    group: 'Flume serializers',
    doc: 'Regex: headers are columns too.',
  },
  kerberosPrincipal: {
    type: 'string',
    importance: 'low',
    group: 'Connection',
    aliases: ['kerberosKeytab', 'hbase.kerberos.principal', 'hbase.kerberos.keytab'],
    doc: 'A Kerberos login, which this sink does not have.',
    check: () => 'cannot be used: HBase is spoken to with simple authentication only',
  },
});

type Options = Readonly<Record<string, string>>;

export interface HBaseSettings {
  readonly zooKeepers: readonly string[];
  readonly znodeParent: string;
  /** Null = that of this process. */
  readonly user: string | null;
  readonly timeoutMs: number;
  readonly tableFormat: string;
  /** Null = only mapped columns. */
  readonly familyFormat: string | null;
  readonly serializer: 'json' | 'simple' | 'regex';
  readonly mapping: readonly MappedColumn[];
  readonly nestedFamilies: boolean;
  /** `serializer`: as the serializer makes it. */
  readonly keyMode: 'record_key' | 'record_value' | 'kafka' | 'serializer';
  readonly keyFields: readonly FieldReference[];
  readonly delimiter: Buffer;
  readonly timestamp: 'offset' | 'record' | 'server';
  readonly deleteEnabled: boolean;
  readonly cellBytesMax: number;
  readonly simple: {
    readonly rowPrefix: string;
    readonly suffix: (typeof suffixes)[number];
    readonly payloadColumn: string;
    readonly incrementColumn: string | null;
    readonly incrementRow: string;
  };
  readonly regex: {
    readonly pattern: string;
    readonly ignoreCase: boolean;
    readonly columns: readonly string[];
    readonly rowKeyIndex: number | null;
    readonly depositHeaders: boolean;
  };
}

export function hbaseSettings(
  options: Options,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): HBaseSettings {
  const values = requireOptions('Sink hbase', hbaseSinkOptions, options);
  const conf = readHadoopConf(values['hbase.conf.dir'] ?? environment['HBASE_CONF_DIR'] ?? null, ['hbase-site.xml']);
  const port = values['zookeeper.port'] ?? conf.get('hbase.zookeeper.property.clientPort') ?? '2181';
  const quorum = values['zookeeper.quorum'] ?? (conf.get('hbase.zookeeper.quorum') ?? '127.0.0.1').split(/[\s,]+/);
  const { serializer } = values;
  const rowKeyIndex = values['serializer.rowKeyIndex'];
  const delimiter = values['row.key.delimiter'];
  return {
    zooKeepers: quorum.map((server) => (server.includes(':') ? server : `${server}:${port}`)),
    znodeParent: values['zookeeper.znode.parent'] ?? conf.get('zookeeper.znode.parent') ?? '/hbase',
    user: values['hbase.user'] ?? environment['HADOOP_USER_NAME'] ?? null,
    timeoutMs: values['timeout.ms'],
    tableFormat: values['table.name.format'],
    familyFormat: values['column.family'],
    serializer,
    mapping: values['column.mapping'].map(parseMapping).filter((column) => typeof column !== 'string'),
    nestedFamilies: values['nested.families'],
    keyMode: values['row.key.mode'] ?? (serializer === 'json' ? 'record_key' : 'serializer'),
    keyFields: values['row.key.fields'].map(parseField).filter((field) => typeof field !== 'string'),
    delimiter: Buffer.from(delimiter === 'none' ? '' : delimiter),
    timestamp: values['cell.timestamp'],
    deleteEnabled: values['delete.enabled'],
    cellBytesMax: values['cell.max.bytes'],
    simple: {
      rowPrefix: values['serializer.rowPrefix'],
      suffix: values['serializer.suffix'],
      payloadColumn: values['serializer.payloadColumn'],
      incrementColumn: values['serializer.incrementColumn'],
      incrementRow: values['serializer.incrementRow'],
    },
    regex: {
      pattern: values['serializer.regex'],
      ignoreCase: values['serializer.regexIgnoreCase'],
      columns: values['serializer.colNames'],
      rowKeyIndex: rowKeyIndex < 0 ? null : rowKeyIndex,
      depositHeaders: values['serializer.depositHeaders'],
    },
  };
}

/** What does not go together. */
export function hbaseProblems(options: Options): readonly OptionProblem[] {
  const settings = hbaseSettings(options);
  const problems: OptionProblem[] = [];
  const add = (name: string, message: string): void => {
    problems.push({ name, value: options[name] ?? null, message });
  };
  const { serializer, keyMode, keyFields, familyFormat, mapping, simple, regex } = settings;
  if (familyFormat === null && serializer !== 'json')
    add('column.family', `serializer=${serializer} needs a column family`);
  if (familyFormat === null && serializer === 'json' && mapping.length === 0 && !settings.nestedFamilies)
    add('column.family', 'give a column family for all fields, or columns in column.mapping');
  if (mapping.length > 0 && serializer !== 'json') add('column.mapping', 'goes with serializer=json only');
  if (keyMode === 'record_value' && keyFields.length === 0)
    add('row.key.fields', 'row.key.mode=record_value needs row.key.fields');
  if (keyMode === 'record_value' && serializer !== 'json')
    add('row.key.mode', 'record_value goes with serializer=json only');
  if ((keyMode === 'kafka' || keyMode === 'serializer') && keyFields.length > 0)
    add('row.key.fields', 'goes with row.key.mode record_key or record_value only');
  if (settings.deleteEnabled && keyMode !== 'record_key' && keyMode !== 'kafka')
    add('delete.enabled', 'needs row.key.mode record_key or kafka: a record without value has no other key');
  if (simple.incrementColumn !== null && settings.timestamp !== 'server')
    add(
      'serializer.incrementColumn',
      'counts records that are written again a second time: leave it out, or set cell.timestamp=server and get at-least-once',
    );
  if (simple.incrementColumn !== null && serializer !== 'simple')
    add('serializer.incrementColumn', 'goes with serializer=simple only');
  if (serializer === 'regex' && regex.rowKeyIndex !== null) {
    if (regex.columns[regex.rowKeyIndex] !== rowKeyColumn)
      add('serializer.rowKeyIndex', `the column at ${regex.rowKeyIndex} has to be named ${rowKeyColumn}`);
    if (keyMode !== 'serializer') add('row.key.mode', 'serializer.rowKeyIndex says another row key');
  }
  return problems;
}

/** What is written again must be the same row and the same version of its cells. */
export function hbaseGuarantee(options: Options): Guarantee {
  const { timestamp, serializer, keyMode, simple } = hbaseSettings(options);
  if (timestamp === 'server') return 'at-least-once';
  const isOtherRow = serializer === 'simple' && keyMode === 'serializer' && simple.suffix !== 'offset';
  return isOtherRow ? 'at-least-once' : 'effectively-once';
}

function firstProblem(list: readonly string[], parse: (text: string) => unknown): string | null {
  const problem = list.map(parse).find((parsed) => typeof parsed === 'string');
  return typeof problem === 'string' ? problem : null;
}

function regexProblem(pattern: string): string | null {
  try {
    compileJavaRegex(pattern);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
