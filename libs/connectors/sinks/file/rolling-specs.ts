/**
 * Options that all sinks of rolling files share. Names are Flume's HDFS sink's behind the sink's own prefix (`hdfs.`, `file.`, `s3.`); names of
 * Kafka Connect's HDFS and S3 connectors are accepted where they mean the same. Where our default is not Flume's the text says so:
 * Flume's 30 s, 1,024 bytes and 10 events make very small files.
 */
import { CalendarZone } from '#std/calendar-zone';
import { codecNames, findCodec } from '#connectors/formats/hadoop-codec';
import { templateProblem } from '#connectors/formats/path-escapes';
import { defineOptions, type OptionSpec, type OptionSpecs, type OptionValues } from '#config/options';
import { formatSpecs } from './format-options.js';
import { partitionerSpecs } from './partitioner-options.js';

/** Options behind the sink's prefix. */
const prefixedSpecs = defineOptions({
  path: {
    type: 'string',
    group: 'Files',
    importance: 'high',
    doc: "Absolute folder, with Flume's escapes, and `%(field)` for a field of a JSON value: `/lake/%{topic}/country=%(country)/dt=%Y-%m-%d`. Without it files lie under `topics.dir`.",
    check: (value: string) =>
      value.includes('/') ? templateProblem(value) : 'must be an absolute path such as /flume/%{topic}',
  },
  filePrefix: {
    type: 'string',
    group: 'Files',
    default: '',
    doc: 'Start of file names, with escapes. Followed by `+topic+partition+first offset+last offset`. Flume has `FlumeData`.',
    check: (value: string) => (value.includes('/') ? 'must not contain /' : templateProblem(value)),
  },
  fileSuffix: {
    type: 'string',
    group: 'Files',
    doc: 'End of file names, its dot included, in place of the one that format and compression give (`.seq`, `.txt`, `.json.gz`).',
    check: (value: string) => (/^\d|[/+]/.test(value) ? 'must not start with a digit or contain / or +' : null),
  },
  fileType: {
    type: 'string',
    group: 'Format',
    values: ['SequenceFile', 'DataStream', 'CompressedStream'],
    doc:
      'SequenceFile: Hadoop key and value pairs. DataStream: plain. CompressedStream: with `codeC`. Default of `hdfs` as in Flume ' +
      'SequenceFile where `path` is set and `format` is not; else DataStream (with `codeC`: CompressedStream).',
  },
  writeFormat: {
    type: 'string',
    group: 'Format',
    values: ['Writable', 'Text'],
    default: 'Writable',
    doc: 'Value class of a SequenceFile: BytesWritable or Text.',
  },
  codeC: {
    type: 'string',
    group: 'Format',
    aliases: ['file.compression.type', 's3.compression.type'],
    doc:
      'Compression of text, JSON and CSV, and of a SequenceFile: `gzip`, `snappy`, `zstd`, `lz4`, `bzip2`, `deflate` (or Hadoop class names), ' +
      'as Hadoop itself reads them, or `none`. Avro and Parquet have `avro.codec` and `parquet.codec`.',
    check: (value: string) =>
      /^none$/i.test(value) || findCodec(value) !== null ? null : `must be one of ${codecNames.join(', ')} or none`,
  },
  timeZone: {
    type: 'string',
    group: 'Files',
    aliases: ['timezone'],
    doc: "Time zone of the escapes: `Europe/Berlin`, `UTC`, `GMT+02:00`. Default: this machine's, as in Flume.",
    check: (value: string) => (CalendarZone.find(value) === null ? 'is not a known time zone' : null),
  },
  round: { type: 'boolean', group: 'Files', default: false, doc: 'Round times down for the escapes (all but `%t`).' },
  roundValue: { type: 'int', group: 'Files', default: 1, min: 1, max: 60, doc: 'Multiple of `roundUnit` to round to.' },
  roundUnit: {
    type: 'string',
    group: 'Files',
    values: ['second', 'minute', 'hour'],
    default: 'second',
    doc: 'What is rounded.',
  },
  useLocalTimeStamp: {
    type: 'boolean',
    group: 'Files',
    default: false,
    doc:
      "Take the clock for the escapes in place of the record's time. Reading a topic again then gives other folders, so the " +
      'guarantee is stated as effectively-once.',
  },
  rollInterval: {
    type: 'int',
    group: 'Rolling',
    unit: 's',
    default: 300,
    min: 0,
    doc: "Files are finished this long after a partition's first record. 0 = never. Flume has 30.",
  },
  rollSize: {
    type: 'long',
    group: 'Rolling',
    unit: 'bytes',
    default: 32 * 1024 * 1024,
    min: 0,
    doc:
      'Files are finished at this size before compression; the last batch may go over it. 0 = no limit. Flume has 1024. Beyond half of ' +
      '`spoolBytes` raise that too.',
  },
  rollSchedule: {
    type: 'long',
    group: 'Rolling',
    unit: 'ms',
    default: 0,
    aliases: ['rotate.schedule.interval.ms'],
    doc: 'Files are finished at each multiple of this time of day, in `timeZone`: 3600000 = each full hour. 0 or less = never.',
  },
  rollCount: {
    type: 'long',
    group: 'Rolling',
    unit: 'records',
    default: 0,
    min: 0,
    aliases: ['flush.size'],
    doc: 'Files have at most so many records. 0 = no limit. Flume has 10.',
  },
  idleTimeout: {
    type: 'int',
    group: 'Rolling',
    unit: 's',
    default: 0,
    min: 0,
    doc: "Files are finished this long after a partition's last record. 0 = never.",
  },
  rollRecordSpan: {
    type: 'long',
    group: 'Rolling',
    unit: 'ms',
    default: 0,
    min: 0,
    doc: "Files are finished once the records' own times span so much. 0 = never.",
  },
  maxOpenFiles: {
    type: 'int',
    group: 'Rolling',
    unit: 'files',
    default: 500,
    min: 1,
    importance: 'low',
    doc: 'Files of a partition are finished when there are so many at once. Flume has 5000, over all.',
  },
  spoolBytes: {
    type: 'long',
    group: 'Memory',
    unit: 'bytes',
    default: 64 * 1024 * 1024,
    min: 1024 * 1024,
    doc:
      'What a task holds at most, in memory and on local disk, before it is in the store. From three quarters of it on the largest files are ' +
      'finished early; at it, with the store away, the task pauses.',
  },
  spoolMemoryBytes: {
    type: 'long',
    group: 'Memory',
    unit: 'bytes',
    default: 8 * 1024 * 1024,
    min: 0,
    importance: 'low',
    doc: 'The part of `spoolBytes` that may stay in memory.',
  },
});

/** Options without a prefix. */
const plainSpecs = defineOptions({
  'topics.dir': {
    type: 'string',
    group: 'Files',
    doc: "Kafka Connect's layout in place of `path`: `<topics.dir>/<topic>/partition=<n>/`, or as `partitioner.class` says.",
    check: (value: string) => templateProblem(value),
  },
  'sequencefile.compression.type': {
    type: 'string',
    group: 'Format',
    values: ['BLOCK', 'RECORD'],
    default: 'BLOCK',
    importance: 'low',
    doc: 'How `codeC` compresses a SequenceFile: blocks of about a million bytes, as Flume does, or each value.',
  },
  'rotate.interval.ms': {
    type: 'long',
    group: 'Rolling',
    unit: 'ms',
    min: -1,
    doc: 'As `rollInterval`, in milliseconds, and wins over it; 0 or less = never.',
  },
  'filename.offset.zero.pad.width': {
    type: 'int',
    group: 'Files',
    default: 10,
    min: 0,
    max: 20,
    doc: 'Digits to which offsets in file names are padded.',
  },
  ...formatSpecs,
  ...partitionerSpecs,
});

type Prefixed<P extends string, T extends OptionSpecs> = { readonly [K in keyof T & string as `${P}${K}`]: T[K] };

/** The declaration with each name behind `prefix`: `hdfs.`; behind `aliasPrefix` it is understood too. */
export function rollingSpecs<const P extends string>(
  prefix: P,
  aliasPrefix: string | null = null,
): Prefixed<P, typeof prefixedSpecs> & typeof plainSpecs {
  const named = Object.entries(prefixedSpecs).map(([name, spec]: [string, OptionSpec]) => {
    const aliases = [...(aliasPrefix === null ? [] : [`${aliasPrefix}${name}`]), ...(spec.aliases ?? [])];
    return [`${prefix}${name}`, { ...spec, aliases }];
  });
  return { ...(Object.fromEntries(named) as Prefixed<P, typeof prefixedSpecs>), ...plainSpecs };
}

export type RollingValues = OptionValues<typeof prefixedSpecs> & OptionValues<typeof plainSpecs>;

/** Values of `rollingSpecs(prefix)`, the prefix cut off. */
export function rollingValues(prefix: string, values: Readonly<Record<string, unknown>>): RollingValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, value]),
  ) as RollingValues;
}
