import { parseOptions } from '#config/options';
import type { Topic } from '#log/engine';
import { topicConfigs } from '#log/topic-configs';
import type { Codec } from '#wire/kafka/record-batch';
import type { ConfigRecords, ConfigTexts } from './config-records.js';

/** What a topic's settings say about records that are produced, as far as the log does not see to it. */
export interface TopicPolicy {
  /** Records need a key. */
  readonly isCompacted: boolean;
  /** Whoever may delete can move the log's start. */
  readonly isDeletable: boolean;
  /** How batches are to be compressed; null where that is left to the producer. */
  readonly codec: Codec | null;
  /** As of the codec's own scale; null for its default. */
  readonly level: number | null;
  readonly maxMessageBytes: number;
}

/** Policies by topic, worked out once for each change of its settings or of their defaults. */
export class TopicPolicies {
  private kept = new WeakMap<Topic, TopicPolicy>();
  private defaults: ConfigTexts;

  constructor(private readonly records: ConfigRecords) {
    this.defaults = records.topicDefaults;
  }

  of(topic: Topic): TopicPolicy {
    const { topicDefaults } = this.records;
    if (topicDefaults !== this.defaults) {
      this.defaults = topicDefaults;
      this.kept = new WeakMap();
    }
    const known = this.kept.get(topic);
    if (known !== undefined) return known;
    const policy = policyOf({ ...topicDefaults, ...topic.configs });
    this.kept.set(topic, policy);
    return policy;
  }
}

function policyOf(configs: ConfigTexts): TopicPolicy {
  const { values } = parseOptions(topicConfigs, configs);
  const type = values['compression.type'];
  const codec = type === 'producer' ? null : type === 'uncompressed' ? 'none' : type;
  return {
    isCompacted: values['cleanup.policy'].includes('compact'),
    isDeletable: values['cleanup.policy'].includes('delete'),
    codec,
    level: levelOf(codec, values),
    maxMessageBytes: values['max.message.bytes'],
  };
}

function levelOf(
  codec: Codec | null,
  values: { 'compression.gzip.level': number; 'compression.zstd.level': number },
): number | null {
  if (codec === 'zstd') return values['compression.zstd.level'];
  const level = values['compression.gzip.level'];
  return codec === 'gzip' && level > 0 ? level : null;
}
