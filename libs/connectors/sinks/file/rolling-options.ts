/**
 * Options that all sinks of rolling files share. Names are Flume's HDFS sink's behind the sink's own prefix (`hdfs.`, `file.`); names of
 * Kafka Connect's HDFS connector are accepted where they mean the same. Where our default is not Flume's the text says so:
 * Flume's 30 s, 1,024 bytes and 10 events make very small files.
 */
import { CalendarZone } from '#std/calendar-zone';
import type { Format } from '#connectors/formats/format';
import { JsonFormat } from '#connectors/formats/json-format';
import { machineHostNames, templateProblem } from '#connectors/formats/path-escapes';
import { PathTemplate } from '#connectors/formats/path-template';
import { SequenceFileFormat } from '#connectors/formats/sequence-file';
import { TextFormat } from '#connectors/formats/text-format';
import { TimeRounding } from '#connectors/formats/time-rounding';
import {
  defineOptions,
  optionErrors,
  parseOptions,
  type OptionProblem,
  type OptionSpec,
  type OptionSpecs,
  type OptionValues,
} from '#config/options';
import { MillraceError } from '#std/errors';
import type { Guarantee } from '#pipeline/sink';
import type { RollLimits } from './file-group.js';
import type { RollingLayout } from './partition-writer.js';
import type { SpoolLimits } from './spool.js';

/** Options behind the sink's prefix. */
const prefixedSpecs = defineOptions({
  path: {
    type: 'string',
    group: 'Files',
    importance: 'high',
    doc: "Absolute folder, with Flume's escapes: `/flume/%{topic}/%Y-%m-%d/%H`. Without it files lie under `topics.dir`.",
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
    doc: 'Compression of a CompressedStream: `gzip` (or its Hadoop class name), or `none`.',
    check: (value: string) =>
      /^(none|([\w.]*\.)?gzip(codec)?)$/i.test(value) ? null : 'must be gzip or none; other codecs cannot be written',
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
    doc: "Kafka Connect's layout in place of `path`: `<topics.dir>/<topic>/partition=<n>/`.",
    check: (value: string) => templateProblem(value),
  },
  format: {
    type: 'string',
    group: 'Format',
    importance: 'high',
    aliases: ['format.class'],
    doc: 'What a DataStream or CompressedStream holds: `text` (value and newline) or `json` (one document a line).',
    check: (value: string) => (formatOf(value) === null ? unknownFormat : null),
  },
  'json.envelope': {
    type: 'boolean',
    group: 'Format',
    default: false,
    doc: 'Write `{topic, partition, offset, timestamp, key, headers, value}` a line in place of the value alone.',
  },
  serializer: {
    type: 'string',
    group: 'Format',
    default: 'TEXT',
    importance: 'low',
    doc: "Flume's name for the text format; only `TEXT`.",
    check: (value: string) => (value.toLowerCase() === 'text' ? null : 'must be TEXT; for JSON set format=json'),
  },
  'serializer.appendNewline': {
    type: 'boolean',
    group: 'Format',
    default: true,
    importance: 'low',
    doc: 'Text: a newline after each value.',
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

type RollingValues = OptionValues<typeof prefixedSpecs> & OptionValues<typeof plainSpecs>;

/** Values of `rollingSpecs(prefix)`, the prefix cut off. */
export function rollingValues(prefix: string, values: Readonly<Record<string, unknown>>): RollingValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, value]),
  ) as RollingValues;
}

export interface RollingSetup {
  readonly layout: RollingLayout;
  readonly limits: RollLimits;
  readonly spool: SpoolLimits;
}

export interface RollingDefaults {
  /** `topics.dir` where neither it nor a path is configured. */
  readonly topicsDirectory: string | null;
  /** Of files under `path` when nothing is said of their format. */
  readonly fileType: 'SequenceFile' | 'DataStream';
}

/** What the values mean together; throws where they contradict each other. */
export function rollingSetup(values: RollingValues, defaults: RollingDefaults): RollingSetup {
  const zone = CalendarZone.find(values.timeZone);
  if (zone === null) throw invalid('timeZone', `time zone ${values.timeZone ?? ''} is not known`);
  if (values.roundValue > TimeRounding.valueMax(values.roundUnit))
    throw invalid('roundValue', `roundValue ${values.roundValue} is more than a day has hours`);
  const { format, gzip } = chooseFormat(values, defaults);
  const directory = chooseDirectory(values, defaults);
  const rounding = values.round ? new TimeRounding(zone, values.roundUnit, values.roundValue) : null;
  const rotateMs = values['rotate.interval.ms'];
  return {
    layout: {
      template: new PathTemplate(`${directory}/${values.filePrefix}`, { zone, rounding, host: machineHostNames() }),
      format,
      gzip,
      extension: values.fileSuffix ?? `${format.extension}${gzip ? '.gz' : ''}`,
      offsetPadWidth: values['filename.offset.zero.pad.width'],
      useLocalTime: values.useLocalTimeStamp,
    },
    limits: {
      count: values.rollCount,
      bytes: values.rollSize,
      intervalMs: rotateMs === null ? values.rollInterval * 1000 : Math.max(0, rotateMs),
      idleMs: values.idleTimeout * 1000,
      recordSpanMs: values.rollRecordSpan,
      files: values.maxOpenFiles,
    },
    spool: { bytesMax: values.spoolBytes, memoryBytesMax: values.spoolMemoryBytes },
  };
}

/** What does not go together in options that each are right by themselves. */
export function rollingProblems(
  specs: OptionSpecs,
  prefix: string,
  options: Readonly<Record<string, string>>,
  defaults: RollingDefaults,
): readonly OptionProblem[] {
  try {
    rollingSetup(rollingValues(prefix, parseOptions(specs, options).values), defaults);
    return [];
  } catch (error) {
    if (!(error instanceof RollingOptionsError)) throw error;
    const declared = `${prefix}${error.option}` in specs ? `${prefix}${error.option}` : error.option;
    const name = [declared, ...(specs[declared]?.aliases ?? [])].find((key) => key in options) ?? declared;
    return [{ name, value: options[name] ?? null, message: error.message }];
  }
}

/** Exactly-once, except where the clock decides on folders. `specs` are those of the sink, behind `prefix`. */
export function rollingGuarantee(
  specs: OptionSpecs,
  prefix: string,
  options: Readonly<Record<string, string>>,
): Guarantee {
  const { useLocalTimeStamp } = rollingValues(prefix, parseOptions(specs, options).values);
  return useLocalTimeStamp ? 'effectively-once' : 'exactly-once';
}

function chooseDirectory(values: RollingValues, defaults: RollingDefaults): string {
  if (values.path !== null) {
    // Flume's paths may name their file system; which one is written to is the sink's own address.
    const path = values.path.replace(/^[a-z0-9]+:\/\/[^/]*/i, '');
    if (!path.startsWith('/')) throw invalid('path', `path ${values.path} is not absolute`);
    return path;
  }
  const top = values['topics.dir'] ?? defaults.topicsDirectory;
  if (top === null) throw invalid('path', 'neither path nor topics.dir says where files go');
  return `${top.startsWith('/') ? '' : '/'}${top}/%{topic}/partition=%{partition}`;
}

function chooseFormat(
  values: RollingValues,
  defaults: RollingDefaults,
): { readonly format: Format; readonly gzip: boolean } {
  const codec = values.codeC !== null && !/^none$/i.test(values.codeC);
  const plain = codec ? 'CompressedStream' : 'DataStream';
  const byPath = values.path !== null && values.format === null && defaults.fileType === 'SequenceFile';
  const fileType = values.fileType ?? (byPath ? 'SequenceFile' : plain);
  if (fileType === 'SequenceFile') {
    if (codec)
      throw invalid('codeC', 'compressed SequenceFiles cannot be written: leave codeC out, or take CompressedStream');
    if (values.format !== null) throw invalid('format', `a SequenceFile takes no format (${values.format})`);
    return { format: new SequenceFileFormat(values.writeFormat), gzip: false };
  }
  if (fileType !== plain) {
    throw invalid('fileType', `${fileType} ${codec ? 'takes no codeC: take CompressedStream' : 'needs codeC=gzip'}`);
  }
  const json = formatOf(values.format ?? 'text') === 'json';
  const format = json
    ? new JsonFormat({ envelope: values['json.envelope'] })
    : new TextFormat({ appendNewline: values['serializer.appendNewline'] });
  return { format, gzip: codec };
}

const unknownFormat =
  'must be text or json (or the class name of JsonFormat or StringFormat); others cannot be written';

function formatOf(name: string): 'text' | 'json' | null {
  if (/^json$|\.json\.JsonFormat$/i.test(name)) return 'json';
  return /^text$|\.string\.StringFormat$/i.test(name) ? 'text' : null;
}

/** `option` is the one to change, without its prefix. */
class RollingOptionsError extends MillraceError {
  constructor(
    readonly option: string,
    sentence: string,
  ) {
    super(optionErrors.invalid, `These options do not go together: ${sentence}.`);
  }
}

function invalid(option: keyof RollingValues, sentence: string): RollingOptionsError {
  return new RollingOptionsError(option, sentence);
}
