/** What the options of rolling files mean together. */
import { CalendarZone } from '#std/calendar-zone';
import type { Format } from '#connectors/formats/format';
import { findCodec, type HadoopCodec } from '#connectors/formats/hadoop-codec';
import { machineHostNames } from '#connectors/formats/path-escapes';
import { PathTemplate } from '#connectors/formats/path-template';
import { SequenceBlocksFormat } from '#connectors/formats/sequence-file-blocks-format';
import { SequenceFileFormat } from '#connectors/formats/sequence-file';
import { findStreamCodec, type StreamCodec } from '#connectors/formats/stream-codec';
import { TimeRounding } from '#connectors/formats/time-rounding';
import { parseOptions, type OptionProblem, type OptionSpecs } from '#config/options';
import type { Guarantee } from '#pipeline/sink';
import type { RollLimits } from './file-group.js';
import { formatOf, isCompressible } from './format-options.js';
import type { RollingLayout } from './partition-writer.js';
import { isByWallclock, partitionFolders, roundedTo, timeFieldOf } from './partitioner-options.js';
import { RollingOptionsError } from './rolling-error.js';
import { rollingValues, type RollingValues } from './rolling-specs.js';
import type { SpoolLimits } from './spool.js';

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
  /** Names of files end with the last offset behind the first one; default true. */
  readonly nameWithLast?: boolean;
}

/** What the values mean together; throws where they contradict each other. */
export function rollingSetup(values: RollingValues, defaults: RollingDefaults, withFiles = true): RollingSetup {
  const zone = CalendarZone.find(values.timeZone);
  if (zone === null) throw new RollingOptionsError('timeZone', `time zone ${values.timeZone ?? ''} is not known`);
  if (values.roundValue > TimeRounding.valueMax(values.roundUnit))
    throw new RollingOptionsError('roundValue', `roundValue ${values.roundValue} is more than a day has hours`);
  const { format, compression } = chooseFormat(values, defaults, withFiles);
  const { directory, durationMs } = chooseDirectory(values, defaults);
  const rounding = values.round
    ? new TimeRounding(zone, values.roundUnit, values.roundValue)
    : durationMs > 0
      ? roundedTo(zone, durationMs)
      : null;
  const rotateMs = values['rotate.interval.ms'];
  return {
    layout: {
      template: new PathTemplate(`${directory}/${values.filePrefix}`, { zone, rounding, host: machineHostNames() }),
      format,
      compression,
      extension: values.fileSuffix ?? `${format.extension}${compression?.extension ?? ''}`,
      offsetPadWidth: values['filename.offset.zero.pad.width'],
      nameWithLast: defaults.nameWithLast ?? true,
      useLocalTime: values.useLocalTimeStamp || isByWallclock(values),
      timeField: timeFieldOf(values),
    },
    limits: {
      count: values.rollCount,
      bytes: values.rollSize,
      intervalMs: rotateMs === null ? values.rollInterval * 1000 : Math.max(0, rotateMs),
      idleMs: values.idleTimeout * 1000,
      recordSpanMs: values.rollRecordSpan,
      schedule: values.rollSchedule > 0 ? { everyMs: values.rollSchedule, zone } : null,
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
    rollingSetup(rollingValues(prefix, parseOptions(specs, options).values), defaults, false);
    return [];
  } catch (error) {
    if (!(error instanceof RollingOptionsError)) throw error;
    const declared = `${prefix}${error.option}` in specs ? `${prefix}${error.option}` : error.option;
    const name = [declared, ...(specs[declared]?.aliases ?? [])].find((key) => key in options) ?? declared;
    return [{ name, value: options[name] ?? null, message: error.message }];
  }
}

/**
 * Exactly-once, except where the clock decides on folders: then a record that is read again could go to another one. Clocks that only
 * cut files do no harm, see `partition-writer.ts`. `specs` are those of the sink, behind `prefix`.
 */
export function rollingGuarantee(
  specs: OptionSpecs,
  prefix: string,
  options: Readonly<Record<string, string>>,
): Guarantee {
  const values = rollingValues(prefix, parseOptions(specs, options).values);
  return values.useLocalTimeStamp || isByWallclock(values) ? 'effectively-once' : 'exactly-once';
}

interface ChosenDirectory {
  readonly directory: string;
  readonly durationMs: number;
}

function chooseDirectory(values: RollingValues, defaults: RollingDefaults): ChosenDirectory {
  if (values.path !== null) {
    if (values['partitioner.class'] !== null) {
      throw new RollingOptionsError(
        'partitioner.class',
        'path says where files go already: take topics.dir with a partitioner',
      );
    }
    // Flume's paths may name their file system; which one is written to is the sink's own address.
    const path = values.path.replace(/^[a-z0-9]+:\/\/[^/]*/i, '');
    if (!path.startsWith('/')) throw new RollingOptionsError('path', `path ${values.path} is not absolute`);
    return { directory: path, durationMs: 0 };
  }
  const top = values['topics.dir'] ?? defaults.topicsDirectory;
  if (top === null) throw new RollingOptionsError('path', 'neither path nor topics.dir says where files go');
  const { template, durationMs } = partitionFolders(values);
  return { directory: `${top.startsWith('/') ? '' : '/'}${top}/%{topic}/${template}`, durationMs };
}

interface ChosenFormat {
  readonly format: Format;
  readonly compression: StreamCodec | null;
}

function chooseFormat(values: RollingValues, defaults: RollingDefaults, withFile: boolean): ChosenFormat {
  const codec = values.codeC === null || /^none$/i.test(values.codeC) ? null : findCodec(values.codeC);
  const plain = codec === null ? 'DataStream' : 'CompressedStream';
  const isPlain = values.path === null || values.format !== null || values.serializer !== 'TEXT';
  const fileType = values.fileType ?? (!isPlain && defaults.fileType === 'SequenceFile' ? 'SequenceFile' : plain);
  if (fileType === 'SequenceFile') {
    if (values.format !== null)
      throw new RollingOptionsError('format', `a SequenceFile takes no format (${values.format})`);
    return { format: sequenceFormat(values, codec), compression: null };
  }
  if (fileType !== plain) {
    const problem = codec === null ? 'needs a codeC' : 'takes no codeC: take CompressedStream';
    throw new RollingOptionsError('fileType', `${fileType} ${problem}`);
  }
  const format = formatOf(values, withFile);
  if (codec !== null && !isCompressible(format)) {
    const option = format.name === 'avro' ? 'avro.codec' : 'parquet.codec';
    throw new RollingOptionsError(
      'codeC',
      `${format.name} files are compressed inside: set ${option} in place of codeC`,
    );
  }
  return { format, compression: codec === null ? null : findStreamCodec(codec.name) };
}

function sequenceFormat(values: RollingValues, codec: HadoopCodec | null): Format {
  if (codec === null) return new SequenceFileFormat(values.writeFormat);
  return values['sequencefile.compression.type'] === 'BLOCK'
    ? new SequenceBlocksFormat(values.writeFormat, codec)
    : new SequenceFileFormat(values.writeFormat, codec);
}
