import { defineOptions, parseOptions, type OptionProblem, type OptionSpec } from '#config/options';

/** Kafka's 2^63-1, "never": the nearest number JavaScript has. */
const longMax = 2 ** 63;

/**
 * Settings of a topic, with Kafka's names and defaults. All are accepted, kept and shown; a doc that ends in "Kept and shown only."
 * says that nothing acts on it.
 */
export const topicConfigs = defineOptions({
  'cleanup.policy': {
    type: 'list',
    default: ['delete'],
    doc: 'delete: old segments are removed by retention. compact: of each key the last record stays; records without a key are refused. With both, both happen.',
    check: (value: readonly string[]) =>
      value.every((item) => item === 'delete' || item === 'compact') ? null : 'must be delete, compact or both',
  },
  'retention.ms': {
    type: 'long',
    default: 604_800_000,
    min: -1,
    unit: 'ms',
    doc: 'A closed segment is removed when its newest record is older. -1: never.',
  },
  'retention.bytes': {
    type: 'long',
    default: -1,
    min: -1,
    unit: 'bytes',
    doc: 'The oldest closed segments are removed while a partition is larger. -1: never.',
  },
  'retention.hold.groups': {
    type: 'list',
    default: [],
    doc: 'Groups whose unread records are kept: retention removes nothing that one of them has not committed, and nothing at all before each has committed once. Not a config of Kafka.',
  },
  'segment.bytes': {
    type: 'int',
    default: 1_073_741_824,
    min: 1_048_576,
    max: 2_147_483_647,
    unit: 'bytes',
    doc: 'A segment is closed before it grows larger.',
  },
  'segment.ms': {
    type: 'long',
    default: 604_800_000,
    min: 1,
    unit: 'ms',
    doc: 'A segment that is older is closed at the next append.',
  },
  'max.message.bytes': {
    type: 'int',
    default: 1_048_588,
    min: 0,
    unit: 'bytes',
    doc: 'The largest record batch that is accepted, as sent (compressed), with its 12-byte head.',
  },
  'message.timestamp.type': {
    type: 'string',
    default: 'CreateTime',
    values: ['CreateTime', 'LogAppendTime'],
    doc: 'Whether a record keeps the time its producer gave it or gets the time of its append.',
  },
  'message.timestamp.before.max.ms': {
    type: 'long',
    default: longMax,
    min: 0,
    unit: 'ms',
    doc: 'With CreateTime, a batch whose first record is older than now by more is refused.',
  },
  'message.timestamp.after.max.ms': {
    type: 'long',
    default: 3_600_000,
    min: 0,
    unit: 'ms',
    doc: 'With CreateTime, a batch whose newest record is ahead of now by more is refused.',
  },
  'index.interval.bytes': {
    type: 'int',
    default: 4096,
    min: 0,
    unit: 'bytes',
    doc: 'At most so many bytes lie between two rows of a segment index, and one batch.',
  },
  'file.delete.delay.ms': {
    type: 'long',
    default: 60_000,
    min: 0,
    unit: 'ms',
    doc: 'Kept and shown only. Files are removed as soon as the log start has passed them durably.',
  },
  'compression.type': {
    type: 'string',
    default: 'producer',
    values: ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'],
    doc: 'producer: batches stay as their producer compressed them. With another value, a batch in another form is compressed anew as it comes, which costs CPU time for each record.',
  },
  'compression.gzip.level': {
    type: 'int',
    default: -1,
    min: -1,
    max: 9,
    doc: 'How hard gzip tries where batches are compressed anew; -1 is its own default, 6.',
    check: (value: number) => (value === 0 ? 'Value must be between 1 and 9 or equal to -1' : null),
  },
  'compression.lz4.level': {
    type: 'int',
    default: 9,
    min: 1,
    max: 17,
    doc: 'Kept and shown only: lz4 is used at its fastest.',
  },
  'compression.zstd.level': {
    type: 'int',
    default: 3,
    min: -131_072,
    max: 22,
    doc: 'How hard zstd tries where batches are compressed anew.',
  },
  'min.insync.replicas': {
    type: 'int',
    default: 1,
    min: 1,
    doc: 'Accepted and shown. As in Kafka since 4.0, no more copies are asked for than the topic has: one.',
  },
  'min.compaction.lag.ms': {
    type: 'long',
    default: 0,
    min: 0,
    unit: 'ms',
    doc: 'Compaction leaves a segment as it is while its newest record is younger, and all segments behind it.',
  },
  'max.compaction.lag.ms': {
    type: 'long',
    default: longMax,
    min: 1,
    unit: 'ms',
    doc: 'A compacted topic is cleaned when a record that was not looked at is older, however little there is to clean. It bounds segment.ms too.',
  },
  'min.cleanable.dirty.ratio': {
    type: 'double',
    default: 0.5,
    min: 0,
    max: 1,
    doc: 'A partition is compacted when a larger share of its closed segments came since the last time.',
  },
  'delete.retention.ms': {
    type: 'long',
    default: 86_400_000,
    min: 0,
    unit: 'ms',
    doc: 'How long a tombstone stays after the first compaction that met it, so that readers behind it learn of the deletion.',
  },
  'flush.messages': {
    type: 'long',
    default: longMax,
    min: 1,
    unit: 'records',
    doc: 'What acks=1 and 0 wrote is synced as soon as it is so many records. acks=all always syncs before it answers.',
  },
  'flush.ms': {
    type: 'long',
    default: longMax,
    min: 0,
    unit: 'ms',
    doc: 'What acks=1 and 0 wrote is synced, and seen by readers, at most so much later; a value above the flush.ms of the service counts as that.',
  },
  'segment.index.bytes': { type: 'int', default: 10_485_760, min: 4, unit: 'bytes', doc: 'Kept and shown only.' },
  'segment.jitter.ms': { type: 'long', default: 0, min: 0, unit: 'ms', doc: 'Kept and shown only.' },
  preallocate: { type: 'boolean', default: false, doc: 'Kept and shown only.' },
  'unclean.leader.election.enable': { type: 'boolean', default: false, doc: 'Kept and shown only: there is one copy.' },
  'leader.replication.throttled.replicas': {
    type: 'list',
    default: [],
    doc: '`*` or pairs of partition and node. Kept and shown only.',
    check: throttledReplicasProblem,
  },
  'follower.replication.throttled.replicas': {
    type: 'list',
    default: [],
    doc: '`*` or pairs of partition and node. Kept and shown only.',
    check: throttledReplicasProblem,
  },
  'remote.storage.enable': {
    type: 'boolean',
    default: false,
    doc: 'Only false will do: there is no remote storage.',
    check: (value: boolean) =>
      value ? 'Tiered storage is not there, so a topic cannot have its segments in remote storage' : null,
  },
  'remote.log.copy.disable': { type: 'boolean', default: false, doc: 'Kept and shown only.' },
  'remote.log.delete.on.disable': { type: 'boolean', default: false, doc: 'Kept and shown only.' },
  'local.retention.ms': { type: 'long', default: -2, min: -2, unit: 'ms', doc: 'Kept and shown only.' },
  'local.retention.bytes': { type: 'long', default: -2, min: -2, unit: 'bytes', doc: 'Kept and shown only.' },
});

export type TopicConfigName = keyof typeof topicConfigs;

function throttledReplicasProblem(value: readonly string[]): string | null {
  const isAll = value.length === 1 && value[0] === '*';
  return isAll || value.every((item) => /^\d+:\d+$/.test(item)) ? null : "must be '*' or pairs as 0:1,1:1";
}

/** What the log itself acts on. */
export interface TopicSettings {
  readonly deletes: boolean;
  readonly compacts: boolean;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly deleteRetentionMs: number;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly retentionHoldGroups: readonly string[];
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly maxMessageBytes: number;
  readonly logAppendTime: boolean;
  readonly timestampBeforeMsMax: number;
  readonly timestampAfterMsMax: number;
  readonly indexIntervalBytes: number;
  readonly flushMessages: number;
  readonly flushMs: number;
}

/** A topic that is there already may have smaller segments than a new one may ask for. */
const keptConfigs = { ...topicConfigs, 'segment.bytes': { ...topicConfigs['segment.bytes'], min: 1 } };

/** Settings in force for a topic with these configs; a value that will not do counts as not set. */
export function topicSettings(configs: Readonly<Record<string, string>>): TopicSettings {
  const { values } = parseOptions(keptConfigs, configs);
  const compacts = values['cleanup.policy'].includes('compact');
  return {
    deletes: values['cleanup.policy'].includes('delete'),
    compacts,
    minCompactionLagMs: values['min.compaction.lag.ms'],
    maxCompactionLagMs: values['max.compaction.lag.ms'],
    minCleanableDirtyRatio: values['min.cleanable.dirty.ratio'],
    deleteRetentionMs: values['delete.retention.ms'],
    retentionMs: values['retention.ms'],
    retentionBytes: values['retention.bytes'],
    retentionHoldGroups: values['retention.hold.groups'],
    segmentBytes: values['segment.bytes'],
    segmentMs: compacts ? Math.min(values['segment.ms'], values['max.compaction.lag.ms']) : values['segment.ms'],
    maxMessageBytes: values['max.message.bytes'],
    logAppendTime: values['message.timestamp.type'] === 'LogAppendTime',
    timestampBeforeMsMax: values['message.timestamp.before.max.ms'],
    timestampAfterMsMax: values['message.timestamp.after.max.ms'],
    indexIntervalBytes: values['index.interval.bytes'],
    flushMessages: values['flush.messages'],
    flushMs: values['flush.ms'],
  };
}

/** What is wrong with `configs`, unknown keys included; empty when all will do. */
export function topicConfigProblems(configs: Readonly<Record<string, string>>): OptionProblem[] {
  const parsed = parseOptions(topicConfigs, configs);
  const unknown = parsed.unknown.map((name) => ({
    name,
    value: configs[name] ?? null,
    message: `Unknown topic config name: ${name}`,
  }));
  return [...parsed.problems, ...unknown];
}

/** A default as Kafka writes it: lists with commas, 2^63-1 in full. */
export function topicConfigDefault(name: TopicConfigName): string {
  const value: OptionSpec['default'] = topicConfigs[name].default;
  if (value === longMax) return '9223372036854775807';
  return Array.isArray(value) ? value.join(',') : String(value);
}
