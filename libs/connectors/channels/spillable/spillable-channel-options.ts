import { defineOptions, requireOptions } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { byteCapacityOptions, byteLimitOf } from '../byte-capacity.js';
import { checkEncryption } from '../file/encryption-options.js';
import { fileChannelOptions, readFileChannelOptions, type FileChannelSettings } from '../file/file-channel-options.js';

const defaultOverflow = 100_000_000;

const { capacity: _capacity, 'keep-alive': _keepAlive, ...ofFileChannel } = fileChannelOptions;

export const spillableChannelOptions = defineOptions({
  memoryCapacity: {
    type: 'int',
    default: 10_000,
    min: 0,
    unit: 'events',
    doc: 'Events held in memory at most; 0: all of them go to the files.',
  },
  overflowCapacity: {
    type: 'int',
    default: defaultOverflow,
    min: 0,
    unit: 'events',
    doc: 'Events held in files at most; 0: there are no files, and the channel is one in memory.',
  },
  overflowTimeout: {
    type: 'int',
    default: 3,
    min: 0,
    unit: 's',
    doc: 'How long a put waits for room in memory before the channel begins to overflow; 0: not at all.',
  },
  overflowDeactivationThreshold: {
    type: 'int',
    default: 5,
    min: 0,
    max: 100,
    doc: 'Free part of the memory, in percent, from which on puts go there again and wait for room.',
  },
  ...byteCapacityOptions,
  avgEventSize: {
    type: 'int',
    default: 500,
    min: 1,
    unit: 'bytes',
    doc: 'Every body counts as a multiple of this against `byteCapacity`, at least one.',
  },
  capacity: { type: 'int', doc: "Read for the sake of Flume's files; it is `overflowCapacity` here." },
  'keep-alive': {
    type: 'int',
    unit: 's',
    doc: "Read for the sake of Flume's files; the files do not make a put wait.",
  },
  ...ofFileChannel,
});

export interface SpillableChannelSettings {
  /** 0: all events go to the files. */
  readonly memoryCapacity: number;
  readonly memoryBytes: number;
  readonly slotBytes: number;
  readonly overflowTimeoutMs: number;
  /** Free events in memory from which on the channel does not overflow any more. */
  readonly freeToRecover: number;
  readonly transactionCapacity: number;
  /** Null: there is no overflow. */
  readonly overflow: FileChannelSettings | null;
}

export function readSpillableOptions(
  what: string,
  options: Readonly<Record<string, string>>,
): SpillableChannelSettings {
  const values = requireOptions(what, spillableChannelOptions, options);
  // Neither memory nor files: Flume takes the default for the files.
  const overflowCapacity =
    values.memoryCapacity === 0 && values.overflowCapacity === 0 ? defaultOverflow : values.overflowCapacity;
  const fileOptions = Object.fromEntries(Object.entries(options).filter(([name]) => isOfFileChannel(name)));
  const overflow = readFileChannelOptions(what, { ...fileOptions, capacity: String(Math.max(1, overflowCapacity)) });
  return {
    memoryCapacity: values.memoryCapacity,
    memoryBytes: byteLimitOf(values, values.avgEventSize),
    slotBytes: values.avgEventSize,
    overflowTimeoutMs: values.overflowTimeout * 1000,
    freeToRecover: Math.ceil((values.memoryCapacity * values.overflowDeactivationThreshold) / 100),
    transactionCapacity: values.transactionCapacity,
    overflow: overflowCapacity === 0 ? null : { ...overflow, keepAliveMs: 0 },
  };
}

function isOfFileChannel(name: string): boolean {
  return name in ofFileChannel || name.startsWith('encryption.');
}

export function checkSpillableChannel(options: Readonly<Record<string, string>>): ComponentRemark[] {
  const values = requireOptions('spillable memory channel', spillableChannelOptions, options);
  const remarks = checkEncryption(values);
  for (const option of ['capacity', 'keep-alive'] as const) {
    if (values[option] === null) continue;
    const instead = option === 'capacity' ? 'memoryCapacity and overflowCapacity' : 'overflowTimeout';
    remarks.push({ severity: 'warning', option, message: `${option} has no effect here; set ${instead}.` });
  }
  return remarks;
}
