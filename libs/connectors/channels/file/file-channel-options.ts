import { defineOptions, requireOptions } from '#config/options';

const mebibyte = 1024 * 1024;
const ignored = (reason: string) => `Read for the sake of Flume's files; ${reason}`;

export const fileChannelOptions = defineOptions({
  dataDirs: {
    type: 'string',
    doc: 'Folder of the log, `queue` below it. Of a comma list the first is used. Default: a folder of the channel in the state directory.',
  },
  checkpointDir: { type: 'string', doc: ignored('positions are kept in the log itself, which needs no checkpoint.') },
  capacity: { type: 'int', default: 1_000_000, min: 1, unit: 'events', doc: 'Events held at most.' },
  transactionCapacity: {
    type: 'int',
    default: 10_000,
    min: 1,
    unit: 'events',
    doc: 'Events in one put or take at most.',
  },
  'keep-alive': {
    type: 'int',
    default: 3,
    min: 0,
    unit: 's',
    doc: 'How long a put waits for room before it is refused.',
  },
  maxFileSize: {
    type: 'long',
    default: 64 * mebibyte,
    min: mebibyte,
    max: 1_623_195_647,
    unit: 'bytes',
    doc: 'A log file is closed when it would grow past this; it is removed when all its events were taken.',
  },
  minimumRequiredSpace: {
    type: 'long',
    default: 500 * mebibyte,
    min: mebibyte,
    unit: 'bytes',
    doc: 'Puts are refused while the disk has less free space.',
  },
  checkpointInterval: { type: 'long', default: 30_000, unit: 'ms', doc: ignored('there is no checkpoint.') },
  checkpointOnClose: { type: 'boolean', default: true, doc: ignored('there is no checkpoint.') },
  useDualCheckpoints: { type: 'boolean', default: false, doc: ignored('there is no checkpoint.') },
  backupCheckpointDir: { type: 'string', doc: ignored('there is no checkpoint.') },
  compressBackupCheckpoint: { type: 'boolean', default: false, doc: ignored('there is no checkpoint.') },
  'use-log-replay-v1': { type: 'boolean', default: false, doc: ignored('a start needs no replay.') },
  'use-fast-replay': { type: 'boolean', default: false, doc: ignored('a start needs no replay.') },
  fsyncPerTransaction: {
    type: 'boolean',
    default: true,
    doc: 'Always on: puts that are under way at the same time share one fdatasync.',
  },
  fsyncInterval: { type: 'int', default: 5, unit: 's', doc: ignored('every put is synced.') },
});

export interface FileChannelSettings {
  /** Null: in the component's state directory. */
  readonly directory: string | null;
  readonly capacity: number;
  readonly transactionCapacity: number;
  readonly keepAliveMs: number;
  readonly segmentBytesMax: number;
  readonly freeBytesMin: number;
}

/** `options` were checked before; throws on a mistake all the same. */
export function readFileChannelOptions(what: string, options: Readonly<Record<string, string>>): FileChannelSettings {
  const values = requireOptions(what, fileChannelOptions, options);
  return {
    directory: dataDirectories(values.dataDirs)[0] ?? null,
    capacity: values.capacity,
    transactionCapacity: values.transactionCapacity,
    keepAliveMs: values['keep-alive'] * 1000,
    segmentBytesMax: values.maxFileSize,
    freeBytesMin: values.minimumRequiredSpace,
  };
}

export function dataDirectories(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((directory) => directory.trim())
    .filter((directory) => directory !== '');
}
