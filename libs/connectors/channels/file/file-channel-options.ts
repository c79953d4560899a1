import { defineOptions, requireOptions } from '#config/options';
import { encryptionOptions, readEncryption, type EncryptionSettings } from './encryption-options.js';

const mebibyte = 1024 * 1024;
/** Flume's upper bound: Integer.MAX_VALUE less 500 MiB. */
const fileBytesMax = 1_623_195_647;
const ignored = (reason: string) => `Read for the sake of Flume's files; ${reason}`;

export const fileChannelOptions = defineOptions({
  dataDirs: {
    type: 'string',
    doc: 'Folders of the log, a comma list, `queue` below each. Log files go into them in turn, so that several disks share the load; a disk with too little room is left out. Default: a folder of the channel in the state directory.',
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
    unit: 'bytes',
    doc: 'A log file is closed when it would grow past this; it is removed when all its events were taken. Held between 1 MiB and 1,623,195,647.',
  },
  minimumRequiredSpace: {
    type: 'long',
    default: 500 * mebibyte,
    unit: 'bytes',
    doc: 'Puts are refused while no disk of `dataDirs` has that much free space; at least 1 MiB. Takes go on: they make room.',
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
    doc: 'A put is answered when it is synced; puts that are under way at the same time share one fdatasync. False: it is answered when it is written, which a kill survives and a power cut may not.',
  },
  fsyncInterval: {
    type: 'int',
    default: 5,
    min: 1,
    unit: 's',
    doc: 'How often files are synced where `fsyncPerTransaction` is false.',
  },
  ...encryptionOptions,
});

export interface FileChannelSettings {
  /** Empty: in the component's state directory. */
  readonly directories: readonly string[];
  readonly capacity: number;
  readonly transactionCapacity: number;
  readonly keepAliveMs: number;
  readonly segmentBytesMax: number;
  readonly freeBytesMin: number;
  /** Null: every put is synced. */
  readonly syncIntervalMs: number | null;
  readonly encryption: EncryptionSettings | null;
}

/** `options` were checked before; throws on a mistake all the same. */
export function readFileChannelOptions(what: string, options: Readonly<Record<string, string>>): FileChannelSettings {
  const values = requireOptions(what, fileChannelOptions, options);
  return {
    directories: dataDirectories(values.dataDirs),
    capacity: values.capacity,
    transactionCapacity: values.transactionCapacity,
    keepAliveMs: values['keep-alive'] * 1000,
    segmentBytesMax: Math.min(Math.max(values.maxFileSize, mebibyte), fileBytesMax),
    freeBytesMin: Math.max(values.minimumRequiredSpace, mebibyte),
    syncIntervalMs: values.fsyncPerTransaction ? null : values.fsyncInterval * 1000,
    encryption: readEncryption(values),
  };
}

export function dataDirectories(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((directory) => directory.trim())
    .filter((directory) => directory !== '');
}
