import type { z } from 'zod';
import type { ConfigAdmin, SourcedConfig } from '#topics/config-admin';
import type { TopicConfigsView } from './topic-schemas.js';

type ConfigView = z.input<typeof TopicConfigsView>['configs'][number];

export function configsView(
  topic: string,
  described: Awaited<ReturnType<ConfigAdmin['describe']>>,
): z.input<typeof TopicConfigsView> {
  const configs = described.flatMap((each) => each.configs).map(configView);
  return { kind: 'TopicConfigs', topic, configs };
}

function configView(config: SourcedConfig): ConfigView {
  return {
    name: config.name,
    value: config.value,
    source: sourceOf(config),
    default_value: defaultOf(config),
    type: config.type,
    documentation: config.documentation,
    read_only: config.readOnly,
    sensitive: config.sensitive,
  };
}

function sourceOf({ source }: SourcedConfig): ConfigView['source'] {
  if (source === 'DYNAMIC_TOPIC_CONFIG') return 'topic';
  return source === 'DEFAULT_CONFIG' ? 'default' : 'broker';
}

/** Units of a node's setting that a topic has in milliseconds: `log.retention.hours` is the default of `retention.ms`. */
const millisOf: Readonly<Record<string, number>> = { hours: 3_600_000, minutes: 60_000 };

/** Kafka's defaults that a node has under a name of another unit, and that it may leave out of its answer. */
const defaultsInOtherUnits: Readonly<Record<string, string>> = {
  'retention.ms': '604800000',
  'segment.ms': '604800000',
  'segment.jitter.ms': '0',
  'flush.ms': '9223372036854775807',
};

/** What the topic's own value hides. */
function defaultOf({ name, value, source, synonyms }: SourcedConfig): string | null {
  if (source !== 'DYNAMIC_TOPIC_CONFIG') return value;
  const hidden = synonyms.find((synonym) => synonym.source !== 'DYNAMIC_TOPIC_CONFIG');
  if (hidden === undefined || hidden.value === null) return defaultsInOtherUnits[name] ?? null;
  const factor = name.endsWith('.ms') ? millisOf[hidden.name.split('.').at(-1) ?? ''] : undefined;
  return factor === undefined ? hidden.value : String(Number(hidden.value) * factor);
}
