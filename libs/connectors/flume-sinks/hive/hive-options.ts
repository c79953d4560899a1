import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import { CalendarZone } from '#std/calendar-zone';

const noMetastore = "Read for the sake of Flume's files; has no effect here, as no Hive is spoken to.";

export const hiveOptions = defineOptions({
  'hive.metastore': { type: 'string', doc: noMetastore },
  'hive.database': { type: 'string', required: true, doc: 'Database.' },
  'hive.table': { type: 'string', required: true, doc: 'Table.' },
  'hive.partition': {
    type: 'string',
    doc: 'Values of the partition columns, with escapes, commas between: `asia,%{country},%Y-%m-%d`.',
  },
  'hive.partitionNames': {
    type: 'string',
    doc: 'Names of those columns, commas between. Flume asks the metastore for them.',
  },
  'hive.path': {
    type: 'string',
    doc: 'Folder of the table: `hdfs://namenode:8020/lake/events`. Absent: `/user/hive/warehouse/<database>.db/<table>`.',
  },
  'hive.confDir': {
    type: 'string',
    doc: 'Folder of core-site.xml and hdfs-site.xml. Absent: the environment variable HADOOP_CONF_DIR.',
  },
  'hdfs.url': { type: 'list', doc: 'Addresses of WebHDFS; absent: found as the hdfs sink finds them.' },
  'hdfs.user': { type: 'string', doc: 'User name. Absent: HADOOP_USER_NAME, else the user of this process.' },
  'hive.rollInterval': {
    type: 'int',
    default: 300,
    min: 1,
    unit: 's',
    doc: 'Age at which a file is finished, and seen by Hive.',
  },
  'hive.rollSize': {
    type: 'long',
    default: 128 * 1024 * 1024,
    min: 0,
    unit: 'bytes',
    doc: 'Bytes of bodies at which a file is finished; 0 is no limit.',
  },
  'hive.txnsPerBatchAsk': { type: 'int', default: 100, doc: noMetastore },
  heartBeatInterval: { type: 'int', default: 240, doc: noMetastore },
  autoCreatePartitions: {
    type: 'boolean',
    default: true,
    doc: 'Folders of partitions are made as they are needed, always.',
  },
  batchSize: { type: 'int', default: 15_000, min: 1, unit: 'events', doc: 'Events written at once, at most.' },
  maxOpenConnections: {
    type: 'int',
    default: 500,
    min: 1,
    unit: 'files',
    doc: 'Open files; beyond it the least recently used one is finished.',
  },
  idleTimeout: {
    type: 'int',
    default: 0,
    min: 0,
    unit: 'ms',
    doc: 'Time without an event after which a file is finished; 0 is never.',
  },
  callTimeout: {
    type: 'int',
    default: 10_000,
    min: 100,
    unit: 'ms',
    doc: 'A call in which no byte moves for so long has failed.',
  },
  serializer: {
    type: 'string',
    required: true,
    values: ['DELIMITED', 'JSON'],
    doc: '`DELIMITED` (bodies are fields with a delimiter between) or `JSON` (bodies are documents, written as they are).',
  },
  'serializer.delimiter': {
    type: 'string',
    default: ',',
    doc: 'DELIMITED: between the fields of a body; `"\\t"` in quotes for special characters.',
  },
  'serializer.fieldnames': {
    type: 'string',
    doc: 'DELIMITED: names of those fields, commas between; one without a name is left out. Columns are written in this order.',
  },
  'serializer.serdeSeparator': {
    type: 'string',
    default: "'\u0001'",
    doc: "DELIMITED: between the fields of the table's files. Ctrl-A is Hive's default.",
  },
  round: { type: 'boolean', default: false, doc: 'Round times down for the escapes.' },
  roundUnit: { type: 'string', default: 'minute', values: ['second', 'minute', 'hour'], doc: 'What is rounded.' },
  roundValue: { type: 'int', default: 1, min: 1, max: 60, doc: 'Multiple of it.' },
  timeZone: {
    type: 'string',
    doc: 'Time zone of the escapes. Absent: that of this machine.',
    check: (value: string) => (CalendarZone.find(value) === null ? 'is not a known time zone' : null),
  },
  useLocalTimeStamp: {
    type: 'boolean',
    default: false,
    doc: 'Take the clock for the escapes in place of the header `timestamp`.',
  },
});

export type HiveValues = OptionValues<typeof hiveOptions>;

export function hiveValues(name: string, options: Readonly<Record<string, string>>): HiveValues {
  return requireOptions(`sink ${name}`, hiveOptions, options);
}

/** `continent=asia/country=%{country}`, empty without partitions; null where names and values are not as many. */
export function partitionPath(values: HiveValues): string | null {
  const list = (text: string | null): string[] => (text === null ? [] : text.split(',').map((part) => part.trim()));
  const parts = list(values['hive.partition']);
  const names = list(values['hive.partitionNames']);
  if (parts.length !== names.length) return null;
  return parts.map((part, at) => `${names[at] ?? ''}=${part}`).join('/');
}
