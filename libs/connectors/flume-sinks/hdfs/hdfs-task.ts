/**
 * Flume's HDFS sink as a sink task, for channels that are topics: folders, formats and limits of its options, but the files of the sink workers'
 * `hdfs`, each complete when its name appears, each event in exactly one, whatever crashes. Their names hold offsets in place of a counter.
 */
import type { SinkTaskPlan } from '#pipeline/collector';
import { PathTemplate } from '../../formats/path-template.js';
import type { HadoopCodec } from '../../formats/hadoop-codec.js';
import { SequenceBlocksFormat } from '../../formats/sequence-file-blocks-format.js';
import { SequenceFileFormat } from '../../formats/sequence-file.js';
import { findStreamCodec } from '../../formats/stream-codec.js';
import { TextFormat } from '../../formats/text-format.js';
import type { Format } from '../../formats/format.js';
import type { FileStore } from '../../sinks/file/file-store.js';
import { RollingSink } from '../../sinks/file/rolling-sink.js';
import { serializerKind } from '../serializers/serializer-options.js';
import type { HdfsMeaning, HdfsValues } from './hdfs-options.js';

export interface HdfsTaskParts {
  readonly values: HdfsValues;
  readonly meaning: HdfsMeaning;
  readonly template: PathTemplate;
  readonly connect: () => FileStore;
}

const spool = { bytesMax: 64 * 1024 * 1024, memoryBytesMax: 8 * 1024 * 1024 };
const offsetDigits = 10;

export function runsAsTask(values: HdfsValues, { codec }: HdfsMeaning): boolean {
  return formatOf(values, codec) !== null;
}

/** Null where the sink workers have no such format: Avro, headers as text. */
export function hdfsTask({ values, meaning, template, connect }: HdfsTaskParts): SinkTaskPlan | null {
  const { codec } = meaning;
  const format = formatOf(values, codec);
  if (format === null) return null;
  const isStream = codec !== null && values['hdfs.fileType'] !== 'SequenceFile';
  const compression = isStream ? findStreamCodec(codec.name) : null;
  const sink = new RollingSink({
    connect,
    layout: {
      template,
      format,
      compression,
      extension: values['hdfs.fileSuffix'] ?? `${format.extension}${compression?.extension ?? ''}`,
      offsetPadWidth: offsetDigits,
      nameWithLast: true,
      useLocalTime: values['hdfs.useLocalTimeStamp'],
      timeField: null,
    },
    limits: {
      count: Math.max(0, values['hdfs.rollCount']),
      bytes: Math.max(0, values['hdfs.rollSize']),
      intervalMs: Math.max(0, values['hdfs.rollInterval']) * 1000,
      idleMs: Math.max(0, values['hdfs.idleTimeout']) * 1000,
      recordSpanMs: 0,
      schedule: null,
      files: values['hdfs.maxOpenFiles'],
    },
    spool,
  });
  return { sink, deadLetterTopic: values['errors.deadletterqueue.topic.name'] };
}

function formatOf(values: HdfsValues, codec: HadoopCodec | null): Format | null {
  if (values['hdfs.fileType'] === 'SequenceFile') {
    const value = values['hdfs.writeFormat'];
    return codec === null ? new SequenceFileFormat(value) : new SequenceBlocksFormat(value, codec);
  }
  if (serializerKind(values.serializer) !== 'text') return null;
  return new TextFormat({ separator: values['serializer.appendNewline'] ? '\n' : '', extension: '.txt' });
}
