/**
 * Flume's Hive sink, as far as it goes without Hive: Flume writes through Hive's streaming transactions into bucketed ORC tables, which only
 * Hive's own libraries can. This one writes text files into the folders of a table's partitions, as an external table of delimited text or
 * JSON has them. Files are hidden from Hive (`_` before their names) until they are finished. Nothing is said to the metastore: new
 * partitions are seen by Hive after `MSCK REPAIR TABLE`, or with a table whose partitions are discovered.
 */
import { userInfo } from 'node:os';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentInput, ComponentRemark, ComponentType } from '#pipeline/collector';
import { FatalSinkError } from '#pipeline/errors';
import { CalendarZone } from '#std/calendar-zone';
import { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import { machineHostNames } from '../../formats/path-escapes.js';
import { PathTemplate } from '../../formats/path-template.js';
import { TimeRounding } from '../../formats/time-rounding.js';
import { HdfsAppendStore, LocalAppendStore, type AppendStore } from '../hdfs/append-store.js';
import { BucketSink } from '../hdfs/bucket-sink.js';
import { findFileSystem, type FileSystemPlace } from '../hdfs/file-system.js';
import { readHadoopConf } from '../hadoop-conf.js';
import { TextSerializer } from '../serializers/text-serializer.js';
import { DelimitedSerializer } from './delimited-serializer.js';
import { hiveOptions, hiveValues, partitionPath, type HiveValues } from './hive-options.js';

export const hiveSink: ComponentType<ChannelSink> = {
  name: 'hive',
  classNames: ['org.apache.flume.sink.hive.HiveSink'],
  doc:
    'Writes events as delimited text or JSON into the partition folders of a Hive table. Unlike in Flume no Hive is spoken to: the table has to ' +
    'be an external one of text or JSON, not a transactional one of ORC.',
  options: hiveOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const values = hiveValues('hive', options);
    const place = placeOf(values);
    const remarks: ComponentRemark[] = [
      {
        severity: 'warning',
        option: 'serializer',
        message:
          `the table ${values['hive.database']}.${values['hive.table']} has to be an external one of delimited text or JSON, with its files in ` +
          `${place.kind === 'unknown' ? values['hive.path'] : place.path}; Flume writes transactional ORC tables through Hive's libraries.`,
      },
    ];
    const error = (option: string, message: string): void => {
      remarks.push({ severity: 'error', option, message });
    };
    if (place.kind === 'unknown') error('hive.path', `hive.path: ${place.problem}.`);
    const folders = partitionPath(values);
    if (folders === null)
      error(
        'hive.partition',
        'hive.partitionNames has to name as many columns as hive.partition has values; Flume asks the metastore for them.',
      );
    if (values.serializer === 'DELIMITED' && values['serializer.fieldnames'] === null)
      error('serializer', 'serializer.fieldnames is missing: the fields of a line, in their order.');
    return remarks;
  },
  create,
  createTask: (input, context) => ({ sink: channelSinkAsTask(create(input), context), deadLetterTopic: null }),
};

function create(input: ComponentInput): ChannelSink {
  const values = hiveValues(input.name, input.options);
  const place = placeOf(values);
  const folders = partitionPath(values);
  const zone = CalendarZone.find(values.timeZone);
  if (place.kind === 'unknown' || folders === null || zone === null)
    throw new FatalSinkError(`sink ${input.name}: hive.path, hive.partition or timeZone will not do.`);
  const rounding = values.round ? new TimeRounding(zone, values.roundUnit, values.roundValue) : null;
  const serializer =
    values.serializer === 'JSON'
      ? new TextSerializer({ headers: false, appendNewline: true })
      : new DelimitedSerializer({
          delimiter: values['serializer.delimiter'],
          fields: (values['serializer.fieldnames'] ?? '').split(',').map((name) => name.trim()),
          separator: values['serializer.serdeSeparator'],
        });
  const options = { zone, rounding, host: machineHostNames(), asFlume: true };
  return new BucketSink(
    {
      batchSize: values.batchSize,
      template: new PathTemplate(`${place.path}/${folders}/events`, options),
      useLocalTime: values.useLocalTimeStamp,
      suffix: values.serializer === 'JSON' ? '.json' : '.txt',
      inUsePrefix: '_',
      inUseSuffix: '',
      rollMs: values['hive.rollInterval'] * 1000,
      rollBytes: values['hive.rollSize'],
      rollEvents: 0,
      idleMs: values.idleTimeout,
      openFilesMax: values.maxOpenConnections,
      flushesAtOnce: 8,
      finisher: { triesMax: 0, retryMs: 60_000 },
    },
    serializer,
    () => openStore(place, values),
  );
}

type KnownPlace = Exclude<FileSystemPlace, { kind: 'unknown' }>;

function placeOf(values: HiveValues): FileSystemPlace {
  const table = `${values['hive.database'] === 'default' ? '' : `${values['hive.database']}.db/`}${values['hive.table']}`;
  const conf = readHadoopConf(values['hive.confDir'] ?? process.env['HADOOP_CONF_DIR'] ?? null);
  return findFileSystem(values['hive.path'] ?? `/user/hive/warehouse/${table}`, values['hdfs.url'], conf);
}

function openStore(place: KnownPlace, values: HiveValues): AppendStore {
  if (place.kind === 'local') return new LocalAppendStore();
  const user = values['hdfs.user'] ?? process.env['HADOOP_USER_NAME'] ?? userInfo().username;
  return new HdfsAppendStore(new WebHdfsClient({ urls: place.urls, user, idleTimeoutMs: values.callTimeout }));
}
