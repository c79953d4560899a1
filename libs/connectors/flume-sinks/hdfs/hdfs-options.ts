/** Every option of Flume's HDFS sink with Flume's default, and those that WebHDFS needs. */
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { CalendarZone } from '#std/calendar-zone';
import { codecNames, findCodec, type HadoopCodec } from '../../formats/hadoop-codec.js';
import { templateProblem } from '../../formats/path-escapes.js';
import { TimeRounding } from '../../formats/time-rounding.js';
import { serializerSpecs } from '../serializers/serializer-options.js';
import { findFileSystem, type FileSystemPlace } from './file-system.js';
import { readHadoopConf } from '../hadoop-conf.js';

const noEffect = "Read for the sake of Flume's files; has no effect here";

export const hdfsOptions = defineOptions({
  'hdfs.path': {
    type: 'string',
    required: true,
    doc:
      'Folder with escapes: `hdfs://namenode:8020/flume/%Y-%m-%d/%{host}`. The HTTP address of the NameNode is found from it: see `hdfs.url`. ' +
      '`webhdfs://host:9870/…` and `file:///…` are taken too.',
  },
  'hdfs.url': {
    type: 'list',
    aliases: ['hdfs.webhdfs'],
    doc:
      "Addresses of WebHDFS: `http://nn1:9870, http://nn2:9870`. Absent: by Hadoop's configuration, else port 9870 or 50070 of the host in " +
      '`hdfs.path`, whose own port is that of another protocol.',
  },
  'hdfs.confDir': {
    type: 'string',
    doc: 'Folder of core-site.xml and hdfs-site.xml. Absent: the environment variable HADOOP_CONF_DIR.',
  },
  'hdfs.filePrefix': { type: 'string', default: 'FlumeData', doc: 'Start of file names, with escapes.' },
  'hdfs.fileSuffix': {
    type: 'string',
    doc: 'End of file names, its dot included. Absent: the extension of the codec.',
  },
  'hdfs.inUsePrefix': { type: 'string', default: '', doc: 'Before the name of a file that is being written.' },
  'hdfs.inUseSuffix': { type: 'string', default: '.tmp', doc: 'After it.' },
  'hdfs.emptyInUseSuffix': { type: 'boolean', default: false, doc: 'No `hdfs.inUseSuffix` at all.' },
  'hdfs.rollInterval': {
    type: 'int',
    default: 30,
    unit: 's',
    doc: 'Age at which a file is finished; 0 or less is never.',
  },
  'hdfs.rollSize': {
    type: 'long',
    default: 1024,
    unit: 'bytes',
    doc: 'Bytes of bodies, before compression, at which a file is finished; 0 or less is never.',
  },
  'hdfs.rollCount': { type: 'long', default: 10, unit: 'events', doc: 'Events of a file; 0 or less is no limit.' },
  'hdfs.idleTimeout': {
    type: 'int',
    default: 0,
    unit: 's',
    doc: 'Time without an event after which a file is finished; 0 or less is never.',
  },
  'hdfs.batchSize': {
    type: 'int',
    default: 100,
    min: 1,
    unit: 'events',
    doc: 'Events taken and flushed at once, at most.',
  },
  'hdfs.codeC': {
    type: 'string',
    doc: `Compression: ${codecNames.join(', ')}, or Hadoop's class names, or \`none\`.`,
    check: (value: string) => (isNone(value) || findCodec(value) !== null ? null : codecProblem(value)),
  },
  'hdfs.fileType': {
    type: 'string',
    default: 'SequenceFile',
    values: ['SequenceFile', 'DataStream', 'CompressedStream'],
    doc: '`SequenceFile` (with `hdfs.codeC`: in compressed blocks), `DataStream` (plain) or `CompressedStream` (by `hdfs.codeC`).',
  },
  'hdfs.writeFormat': {
    type: 'string',
    default: 'Writable',
    values: ['Writable', 'Text'],
    doc: 'Values of a SequenceFile: BytesWritable or Text.',
  },
  'hdfs.maxOpenFiles': {
    type: 'int',
    default: 5000,
    min: 1,
    unit: 'files',
    doc: 'Open files; beyond it the least recently used one is finished.',
  },
  'hdfs.threadsPoolSize': { type: 'int', default: 10, min: 1, unit: 'files', doc: 'Files written at once.' },
  'hdfs.rollTimerPoolSize': { type: 'int', default: 1, doc: `${noEffect}.` },
  'hdfs.minBlockReplicas': { type: 'int', doc: `${noEffect}: each append begins a new pipeline.` },
  'hdfs.callTimeout': {
    type: 'int',
    default: 30_000,
    unit: 'ms',
    doc: 'A call in which no byte moves for so long has failed; 0 or less is ten minutes.',
  },
  'hdfs.closeTries': {
    type: 'int',
    default: 0,
    unit: 'tries',
    doc: 'Tries to give a finished file its name; 0 or less is for ever.',
  },
  'hdfs.retryInterval': {
    type: 'int',
    default: 180,
    unit: 's',
    doc: 'Between those tries; 0 or less: only one. With unlimited tries the first ones come sooner.',
  },
  'hdfs.round': { type: 'boolean', default: false, doc: 'Round times down for the escapes, all but `%t`.' },
  'hdfs.roundValue': {
    type: 'int',
    default: 1,
    min: 1,
    max: 60,
    doc: 'Multiple of `hdfs.roundUnit`; of hours at most 24.',
  },
  'hdfs.roundUnit': {
    type: 'string',
    default: 'second',
    values: ['second', 'minute', 'hour'],
    doc: 'What is rounded.',
  },
  'hdfs.timeZone': {
    type: 'string',
    doc: 'Time zone of the escapes: `Europe/Berlin`. Absent: that of this machine.',
    check: (value: string) => (CalendarZone.find(value) === null ? 'is not a known time zone' : null),
  },
  'hdfs.useLocalTimeStamp': {
    type: 'boolean',
    default: false,
    doc: 'Take the clock for the escapes in place of the header `timestamp`.',
  },
  'hdfs.user': {
    type: 'string',
    doc: 'User name of simple authentication. Absent: HADOOP_USER_NAME, else the user of this process.',
  },
  'hdfs.proxyUser': { type: 'string', doc: 'Write as this user, by the rights of `hdfs.user`.' },
  'hdfs.delegationToken': { type: 'password', doc: 'Delegation token of a secured HDFS, in place of `hdfs.user`.' },
  'hdfs.kerberosPrincipal': {
    type: 'string',
    doc: 'Kerberos principal of this sink, `flume/host.example.org@EXAMPLE.ORG`; `_HOST` in it is the name of this machine.',
  },
  'hdfs.kerberosKeytab': { type: 'string', doc: 'Keytab file with the key of that principal (AES).' },
  'hdfs.krb5Conf': {
    type: 'string',
    doc: 'Kerberos configuration. Absent: the environment variable KRB5_CONFIG, else /etc/krb5.conf.',
  },
  'hdfs.dataNodes': {
    type: 'list',
    doc: 'DataNodes that are reached under another name from here: `dn1.inner:9864=dn1.outer:9864`, or without ports.',
    check: (value: readonly string[]) =>
      value.every((pair) => /^[^=]+=[^=]+$/.test(pair)) ? null : 'must be pairs such as dn1.inner=dn1.outer',
  },
  'hdfs.useRawLocalFileSystem': {
    type: 'boolean',
    default: false,
    doc: `${noEffect}: no checksum files are written beside local files.`,
  },
  'errors.deadletterqueue.topic.name': {
    type: 'string',
    doc: 'With a topic as channel: where events go that cannot be written. Absent: the sink stops at such an event and tries again.',
  },
  ...serializerSpecs('serializer'),
});

export type HdfsValues = OptionValues<typeof hdfsOptions>;

export function hdfsValues(name: string, options: Readonly<Record<string, string>>): HdfsValues {
  return requireOptions(`sink ${name}`, hdfsOptions, options);
}

/** What the values mean together. */
export interface HdfsMeaning {
  readonly place: FileSystemPlace;
  readonly codec: HadoopCodec | null;
}

export function meaningOf(values: HdfsValues, environment: Readonly<Record<string, string | undefined>>): HdfsMeaning {
  const conf = readHadoopConf(values['hdfs.confDir'] ?? environment['HADOOP_CONF_DIR'] ?? null);
  const codeC = values['hdfs.codeC'];
  return {
    place: findFileSystem(values['hdfs.path'], values['hdfs.url'], conf),
    codec: codeC === null || isNone(codeC) ? null : findCodec(codeC),
  };
}

export function checkHdfs(
  values: HdfsValues,
  environment: Readonly<Record<string, string | undefined>>,
): ComponentRemark[] {
  const remarks: ComponentRemark[] = [];
  const error = (option: string, message: string): void => {
    remarks.push({ severity: 'error', option, message });
  };
  const { place, codec } = meaningOf(values, environment);
  if (place.kind === 'unknown') error('hdfs.path', `hdfs.path: ${place.problem}.`);
  for (const option of ['hdfs.path', 'hdfs.filePrefix'] as const) {
    const problem = templateProblem(values[option]);
    if (problem !== null) error(option, `${option} ${problem}.`);
  }
  if ((values['hdfs.kerberosPrincipal'] === null) !== (values['hdfs.kerberosKeytab'] === null))
    error('hdfs.kerberosKeytab', 'hdfs.kerberosPrincipal and hdfs.kerberosKeytab go together.');
  const fileType = values['hdfs.fileType'];
  if (fileType === 'DataStream' && codec !== null)
    error('hdfs.codeC', 'hdfs.fileType DataStream takes no hdfs.codeC: take CompressedStream.');
  if (fileType === 'CompressedStream' && codec === null)
    error('hdfs.fileType', 'hdfs.fileType CompressedStream needs hdfs.codeC.');
  if (values['hdfs.round'] && values['hdfs.roundValue'] > TimeRounding.valueMax(values['hdfs.roundUnit']))
    error('hdfs.roundValue', `hdfs.roundValue ${values['hdfs.roundValue']} is more than a day has hours.`);
  if (fileType === 'SequenceFile' && values.serializer.toLowerCase() !== 'text') {
    remarks.push({
      severity: 'warning',
      option: 'serializer',
      message: 'a SequenceFile ignores the serializer, as in Flume; set hdfs.fileType=DataStream to use it.',
    });
  }
  return remarks;
}

function isNone(codec: string): boolean {
  return codec.trim().toLowerCase() === 'none';
}

function codecProblem(codec: string): string {
  const isKnown = /bzip2|lzo|lz4|snappy/i.test(codec);
  return `must be one of ${codecNames.join(', ')} or none${isKnown ? `; ${codec} cannot be written here` : ''}`;
}
