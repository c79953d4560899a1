import { hostname, userInfo } from 'node:os';
import { FatalSinkError } from '#pipeline/errors';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentInput, ComponentType } from '#pipeline/collector';
import { KerberosHdfsLogin } from '#wire/hdfs/kerberos-hdfs-login';
import { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import { CalendarZone } from '#std/calendar-zone';
import { machineHostNames } from '../../formats/path-escapes.js';
import { PathTemplate } from '../../formats/path-template.js';
import { TimeRounding } from '../../formats/time-rounding.js';
import { compressed } from '../serializers/compressed-serializer.js';
import type { EventSerializer } from '../serializers/event-encoder.js';
import { SequenceFileSerializer } from '../serializers/sequence-file-encoder.js';
import { createSerializer } from '../serializers/serializer-options.js';
import { HdfsAppendStore, LocalAppendStore, type AppendStore } from './append-store.js';
import { BucketSink, type BucketSettings } from './bucket-sink.js';
import type { FileSystemPlace } from './file-system.js';
import { hdfsTask, runsAsTask } from './hdfs-task.js';
import { checkHdfs, hdfsOptions, hdfsValues, meaningOf, type HdfsMeaning, type HdfsValues } from './hdfs-options.js';

/** Flume's HDFS sink over WebHDFS: the same options, names and files. */
export const hdfsChannelSink: ComponentType<ChannelSink> = {
  name: 'hdfs',
  classNames: ['org.apache.flume.sink.hdfs.HDFSEventSink'],
  doc:
    'Writes events to files in HDFS (over WebHDFS) or on a local disk, in folders and under names made of their headers and their time. ' +
    'A batch that failed half-way is not in the files twice, and files that a crash left open get their names at the next start.',
  options: hdfsOptions,
  batchSizeOption: 'hdfs.batchSize',
  check: (options) => checkHdfs(hdfsValues('hdfs', options), process.env),
  create: createTaking,
  taskRemark(options) {
    const values = hdfsValues('hdfs', options);
    if (!runsAsTask(values, meaningOf(values, process.env))) return null;
    return (
      'its channel is a topic, so it runs as a sink task: each event is in exactly one file, file names hold topic, partition and offsets in ' +
      'place of a counter, and files are not seen before they are finished.'
    );
  },
  createTask(input, context) {
    const values = hdfsValues(input.name, input.options);
    const meaning = meaningOf(values, process.env);
    const place = placeOf(meaning);
    const template = templateOf(values, place.path);
    const exactTask = hdfsTask({ values, meaning, template, connect: () => openStore(place, values) });
    if (exactTask !== null) return exactTask;
    // Flume's own formats: at least once, into the files that it would write; a write is in HDFS when it resolves.
    const deadLetterTopic = values['errors.deadletterqueue.topic.name'];
    return { sink: channelSinkAsTask(createTaking(input), context), deadLetterTopic };
  },
};

function createTaking(input: ComponentInput): ChannelSink {
  const values = hdfsValues(input.name, input.options);
  const meaning = meaningOf(values, process.env);
  const place = placeOf(meaning);
  const connect = (): AppendStore => openStore(place, values);
  return new BucketSink(settingsOf(values, place.path, meaning), serializerOf(values, meaning, connect), connect);
}

function placeOf(meaning: HdfsMeaning): KnownPlace {
  if (meaning.place.kind === 'unknown') throw new FatalSinkError(`hdfs.path: ${meaning.place.problem}.`);
  return meaning.place;
}

/** Where `hdfs.callTimeout` sets no limit. */
const callMsMax = 600_000;

type KnownPlace = Exclude<FileSystemPlace, { kind: 'unknown' }>;

function openStore(place: KnownPlace, values: HdfsValues): HdfsAppendStore | LocalAppendStore {
  if (place.kind === 'local') return new LocalAppendStore();
  return new HdfsAppendStore(
    new WebHdfsClient({
      urls: place.urls,
      user: values['hdfs.user'] ?? process.env['HADOOP_USER_NAME'] ?? userInfo().username,
      doAs: values['hdfs.proxyUser'],
      delegationToken: values['hdfs.delegationToken'],
      login: loginOf(values),
      dataNodes: new Map(
        (values['hdfs.dataNodes'] ?? []).map((pair) => {
          const at = pair.indexOf('=');
          return [pair.slice(0, at), pair.slice(at + 1)];
        }),
      ),
      idleTimeoutMs: values['hdfs.callTimeout'] > 0 ? values['hdfs.callTimeout'] : callMsMax,
      connectionsMax: values['hdfs.threadsPoolSize'],
    }),
  );
}

function loginOf(values: HdfsValues): KerberosHdfsLogin | null {
  const principal = values['hdfs.kerberosPrincipal'];
  if (principal === null) return null;
  return new KerberosHdfsLogin({
    principal: principal.replace('/_HOST', `/${hostname().toLowerCase()}`),
    keytabPath: values['hdfs.kerberosKeytab'] ?? '',
    krb5ConfPath: values['hdfs.krb5Conf'],
  });
}

function templateOf(values: HdfsValues, path: string): PathTemplate {
  const zone = CalendarZone.find(values['hdfs.timeZone']);
  if (zone === null) throw new FatalSinkError(`hdfs.timeZone ${values['hdfs.timeZone'] ?? ''} is not known.`);
  const rounding = values['hdfs.round']
    ? new TimeRounding(zone, values['hdfs.roundUnit'], values['hdfs.roundValue'])
    : null;
  const prefix = values['hdfs.filePrefix'];
  return new PathTemplate(`${path}/${prefix}`, { zone, rounding, host: machineHostNames(), asFlume: true });
}

function settingsOf(values: HdfsValues, path: string, { codec }: HdfsMeaning): BucketSettings {
  const retryMs = values['hdfs.retryInterval'] * 1000;
  return {
    batchSize: values['hdfs.batchSize'],
    template: templateOf(values, path),
    useLocalTime: values['hdfs.useLocalTimeStamp'],
    suffix: values['hdfs.fileSuffix'] ?? codec?.extension ?? '',
    inUsePrefix: values['hdfs.inUsePrefix'],
    inUseSuffix: values['hdfs.emptyInUseSuffix'] ? '' : values['hdfs.inUseSuffix'],
    rollMs: Math.max(0, values['hdfs.rollInterval']) * 1000,
    rollBytes: Math.max(0, values['hdfs.rollSize']),
    rollEvents: Math.max(0, values['hdfs.rollCount']),
    idleMs: Math.max(0, values['hdfs.idleTimeout']) * 1000,
    openFilesMax: values['hdfs.maxOpenFiles'],
    flushesAtOnce: values['hdfs.threadsPoolSize'],
    finisher: { triesMax: retryMs <= 0 ? 1 : Math.max(0, values['hdfs.closeTries']), retryMs },
  };
}

function serializerOf(values: HdfsValues, { codec }: HdfsMeaning, connect: () => AppendStore): EventSerializer {
  if (values['hdfs.fileType'] === 'SequenceFile') return new SequenceFileSerializer(values['hdfs.writeFormat'], codec);
  const serializer = createSerializer('serializer', values, async (url) => {
    const store = connect();
    try {
      return await store.read(url.replace(/^[a-z]+:\/\/[^/]*/i, ''));
    } finally {
      await store.close();
    }
  });
  return codec === null ? serializer : compressed(serializer, codec);
}
