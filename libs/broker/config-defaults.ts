import type { OptionSpec, OptionSpecs } from '#config/options';
import { topicConfigs, type TopicConfigName } from '#log/topic-configs';

/** The node's setting that a topic has where it sets nothing itself, by Kafka's names. Settings without one have none in Kafka. */
export const brokerNameOf: Readonly<Partial<Record<TopicConfigName, string>>> = {
  'cleanup.policy': 'log.cleanup.policy',
  'retention.ms': 'log.retention.ms',
  'retention.bytes': 'log.retention.bytes',
  'segment.bytes': 'log.segment.bytes',
  'segment.ms': 'log.roll.ms',
  'segment.jitter.ms': 'log.roll.jitter.ms',
  'segment.index.bytes': 'log.index.size.max.bytes',
  'index.interval.bytes': 'log.index.interval.bytes',
  'max.message.bytes': 'message.max.bytes',
  'message.timestamp.type': 'log.message.timestamp.type',
  'message.timestamp.before.max.ms': 'log.message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms': 'log.message.timestamp.after.max.ms',
  'compression.type': 'compression.type',
  'compression.gzip.level': 'compression.gzip.level',
  'compression.lz4.level': 'compression.lz4.level',
  'compression.zstd.level': 'compression.zstd.level',
  'min.insync.replicas': 'min.insync.replicas',
  'unclean.leader.election.enable': 'unclean.leader.election.enable',
  'min.compaction.lag.ms': 'log.cleaner.min.compaction.lag.ms',
  'max.compaction.lag.ms': 'log.cleaner.max.compaction.lag.ms',
  'min.cleanable.dirty.ratio': 'log.cleaner.min.cleanable.ratio',
  'delete.retention.ms': 'log.cleaner.delete.retention.ms',
  'file.delete.delay.ms': 'log.segment.delete.delay.ms',
  'flush.messages': 'log.flush.interval.messages',
  'flush.ms': 'log.flush.interval.ms',
  preallocate: 'log.preallocate',
  'local.retention.ms': 'log.local.retention.ms',
  'local.retention.bytes': 'log.local.retention.bytes',
};

interface Coarse {
  readonly topicConfig: TopicConfigName;
  readonly unitMs: number;
  /** In the setting's own unit; null where a finer setting has the default. */
  readonly default: number | null;
}

/** Older settings in coarser units. They are read at the start, and the finer one wins. */
export const coarseDefaults: Readonly<Record<string, Coarse>> = {
  'log.retention.minutes': { topicConfig: 'retention.ms', unitMs: 60_000, default: null },
  'log.retention.hours': { topicConfig: 'retention.ms', unitMs: 3_600_000, default: 168 },
  'log.roll.hours': { topicConfig: 'segment.ms', unitMs: 3_600_000, default: 168 },
  'log.roll.jitter.hours': { topicConfig: 'segment.jitter.ms', unitMs: 3_600_000, default: 0 },
};

/** Settings of the node that are defaults of its topics. All can be altered while it runs, and then hold at once. */
export const topicDefaultOptions: OptionSpecs = Object.fromEntries(
  Object.entries(brokerNameOf).map(([name, brokerName]) => [brokerName, defaultSpec(name as TopicConfigName)]),
);

/** Settings of the node in coarser units; read at the start only. */
export const coarseDefaultOptions: OptionSpecs = Object.fromEntries(
  Object.entries(coarseDefaults).map(([name, { topicConfig, default: value }]) => [
    name,
    coarseSpec(topicConfig, value),
  ]),
);

function defaultSpec(name: TopicConfigName): OptionSpec {
  const spec: OptionSpec = topicConfigs[name];
  const hasCoarse = Object.values(coarseDefaults).some((coarse) => coarse.topicConfig === name);
  const { default: value, ...rest } = spec;
  const kept = { ...rest, doc: `Where a topic does not set \`${name}\`.`, group: 'Defaults of topics' };
  return hasCoarse || value === undefined ? kept : { ...kept, default: value };
}

function coarseSpec(name: TopicConfigName, value: number | null): OptionSpec {
  const doc = `Where neither a topic sets \`${name}\` nor the node \`${brokerNameOf[name] ?? name}\`.`;
  const spec: OptionSpec = { type: 'int', doc, group: 'Defaults of topics' };
  return value === null ? spec : { ...spec, default: value };
}
