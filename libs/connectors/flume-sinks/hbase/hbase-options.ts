/** Options of Flume's HBase sinks. */
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { compileJavaRegex } from '#std/java-regex';
import { messageOf } from '#std/errors';
import { readHadoopConf } from '../hadoop-conf.js';
import type { RegexOptions, SimpleOptions } from './event-rows.js';
import { charsetNames } from './row-text.js';

const serializers: Readonly<Record<string, 'simple' | 'regex'>> = {
  'org.apache.flume.sink.hbase.simplehbaseeventserializer': 'simple',
  'org.apache.flume.sink.hbase.simpleasynchbaseeventserializer': 'simple',
  'org.apache.flume.sink.hbase2.simplehbase2eventserializer': 'simple',
  'org.apache.flume.sink.hbase.regexhbaseeventserializer': 'regex',
  'org.apache.flume.sink.hbase2.regexhbase2eventserializer': 'regex',
  simple: 'simple',
  regex: 'regex',
};

const rowKeyColumn = 'ROW_KEY';
const noKerberosDoc = "Flume's Kerberos login, which this sink does not have.";
const noKerberos = (): string =>
  'cannot be used: this sink has no Kerberos login, only clusters with simple authentication can be written to';

export const hbaseOptions = defineOptions({
  table: {
    type: 'string',
    required: true,
    doc: 'Table, with its namespace where it has one: `ns:events`. It has to be there.',
  },
  columnFamily: { type: 'string', required: true, doc: 'Column family. It has to be there.' },
  zookeeperQuorum: {
    type: 'list',
    doc:
      'ZooKeepers, `host:port,host:port`; the servers of HBase are found through them and spoken to directly. Absent: by hbase-site.xml, ' +
      'else 127.0.0.1:2181.',
    check: (value: readonly string[]) =>
      value.every((server) => /^[^:]+(?::\d+)?$/.test(server)) ? null : 'must be a list of host:port',
  },
  znodeParent: { type: 'string', doc: 'Node of the cluster in ZooKeeper. Absent: by hbase-site.xml, else `/hbase`.' },
  confDir: {
    type: 'string',
    doc: 'Folder of hbase-site.xml. Absent: the environment variable HBASE_CONF_DIR.',
  },
  user: { type: 'string', doc: 'User name. Absent: HADOOP_USER_NAME, else the user of this process.' },
  batchSize: { type: 'int', default: 100, min: 1, unit: 'events', doc: 'Events written at once, at most.' },
  coalesceIncrements: {
    type: 'boolean',
    default: false,
    doc: 'One increment for each counter of a batch, in place of one for each event.',
  },
  enableWal: {
    type: 'boolean',
    default: true,
    doc: 'false: rows are not in the write-ahead log, and are lost when their server crashes.',
  },
  serializer: {
    type: 'string',
    default: 'simple',
    doc: "`simple` (the body in one column) or `regex` (its groups in columns), or the class names of Flume's Simple and Regex serializers.",
    check: (value: string) =>
      serializers[value.toLowerCase()] === undefined
        ? 'must be simple or regex, or the class of one of those; Java classes of your own cannot be run here'
        : null,
  },
  'serializer.rowPrefix': { type: 'string', default: 'default', doc: 'Simple: start of row keys.' },
  'serializer.suffix': {
    type: 'string',
    default: 'uuid',
    doc: 'Simple: `uuid`, `random`, `timestamp` (ms) or `nano`; what follows the prefix, without anything between. Something else is `uuid`.',
  },
  'serializer.payloadColumn': { type: 'string', default: 'pCol', doc: 'Simple: column of the body.' },
  'serializer.incrementColumn': { type: 'string', default: 'iCol', doc: 'Simple: column that counts events.' },
  'serializer.incrementRow': { type: 'string', default: 'incRow', doc: 'Simple: row of that column.' },
  'serializer.regex': {
    type: 'string',
    default: '(.*)',
    doc: 'Regex: pattern of the whole body, in the language of Java.',
    check: (value: string) => regexProblem(value),
  },
  'serializer.regexIgnoreCase': { type: 'boolean', default: false, doc: 'Regex: the case of letters does not count.' },
  'serializer.colNames': {
    type: 'string',
    default: 'payload',
    doc: 'Regex: columns of its groups, in their order, commas between.',
  },
  'serializer.rowKeyIndex': {
    type: 'int',
    default: -1,
    min: -1,
    doc: `Regex: which column is the row key, from 0; it has to be named \`${rowKeyColumn}\`. -1: a key is made.`,
  },
  'serializer.depositHeaders': { type: 'boolean', default: false, doc: 'Regex: headers are columns too.' },
  'serializer.charset': {
    type: 'string',
    default: 'UTF-8',
    values: charsetNames,
    doc: 'Regex: charset of bodies, names and values.',
  },
  kerberosPrincipal: { type: 'string', doc: noKerberosDoc, check: noKerberos },
  kerberosKeytab: { type: 'string', doc: noKerberosDoc, check: noKerberos },
  timeout: { type: 'int', default: 60_000, min: 1000, unit: 'ms', doc: 'Time for the answer to a call.' },
  maxConsecutiveFails: { type: 'int', doc: "Read for the sake of asynchbase's files; has no effect here." },
  async: { type: 'map', doc: "Read for the sake of asynchbase's files; has no effect here." },
  'errors.deadletterqueue.topic.name': {
    type: 'string',
    doc: 'With a topic as channel: where events go whose row HBase refuses. The sink then runs as a sink task.',
  },
});

export type HBaseValues = OptionValues<typeof hbaseOptions>;

export function hbaseValues(name: string, options: Readonly<Record<string, string>>): HBaseValues {
  return requireOptions(`sink ${name}`, hbaseOptions, options);
}

export function serializerOf(values: HBaseValues): 'simple' | 'regex' {
  return serializers[values.serializer.toLowerCase()] ?? 'simple';
}

export function simpleOptions(values: HBaseValues): SimpleOptions {
  const suffix = values['serializer.suffix'].toLowerCase();
  return {
    rowPrefix: values['serializer.rowPrefix'],
    suffix: suffix === 'random' || suffix === 'timestamp' || suffix === 'nano' ? suffix : 'uuid',
    payloadColumn: values['serializer.payloadColumn'],
    incrementColumn: values['serializer.incrementColumn'],
    incrementRow: values['serializer.incrementRow'],
  };
}

export function regexOptions(values: HBaseValues): RegexOptions {
  const rowKeyIndex = values['serializer.rowKeyIndex'];
  const flags = values['serializer.regexIgnoreCase'] ? 'si' : 's';
  return {
    pattern: compileJavaRegex(`\\A(?:${values['serializer.regex']})\\z`, flags),
    columns: values['serializer.colNames'].split(',').map((name) => name.trim()),
    rowKeyIndex: rowKeyIndex < 0 ? null : rowKeyIndex,
    depositHeaders: values['serializer.depositHeaders'],
    charset: values['serializer.charset'],
  };
}

export function checkHBase(values: HBaseValues): ComponentRemark[] {
  if (serializerOf(values) !== 'regex') return [];
  const { columns, rowKeyIndex } = regexOptions(values);
  if (rowKeyIndex === null) return [];
  if (columns[rowKeyIndex] === rowKeyColumn) return [];
  const message =
    rowKeyIndex >= columns.length
      ? `serializer.rowKeyIndex ${rowKeyIndex} is past the last of the ${columns.length} columns.`
      : `the column at serializer.rowKeyIndex ${rowKeyIndex} has to be named ${rowKeyColumn}, it is ${columns[rowKeyIndex] ?? ''}.`;
  return [{ severity: 'error', option: 'serializer.rowKeyIndex', message }];
}

export interface HBasePlace {
  readonly zooKeepers: readonly string[];
  readonly znodeParent: string;
}

export function hbasePlace(values: HBaseValues, environment: Readonly<Record<string, string | undefined>>): HBasePlace {
  const conf = readHadoopConf(values.confDir ?? environment['HBASE_CONF_DIR'] ?? null, ['hbase-site.xml']);
  const port = conf.get('hbase.zookeeper.property.clientPort') ?? '2181';
  const quorum = values.zookeeperQuorum ?? (conf.get('hbase.zookeeper.quorum') ?? '127.0.0.1').split(/[\s,]+/);
  return {
    zooKeepers: quorum.map((server) => (server.includes(':') ? server : `${server}:${port}`)),
    znodeParent: values.znodeParent ?? conf.get('zookeeper.znode.parent') ?? '/hbase',
  };
}

function regexProblem(pattern: string): string | null {
  try {
    compileJavaRegex(pattern);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
