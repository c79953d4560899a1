import { z } from 'zod';
import { DetailedHttpError } from '#nest/error-answer';
import type { ConfigChange, ConfigResource, SourcedConfig } from '#topics/config-admin';
import type { Fields, Resources } from './resource.js';

const name = z.string().min(1).max(300);

export const ConfigValue = z.strictObject({ value: z.string().nullable() }).meta({ id: 'ConfigValue' });
export const AlterConfigs = z
  .strictObject({
    data: z
      .array(
        z.strictObject({
          name,
          value: z.string().nullish(),
          operation: z.enum(['SET', 'DELETE']).nullish().describe('Default SET.'),
        }),
      )
      .min(1)
      .max(1000),
    validate_only: z.boolean().nullish(),
  })
  .meta({ id: 'AlterConfigs' });

/** Throws 400 for a setting that is to be set to nothing, or named twice. */
export function changesOf(body: z.infer<typeof AlterConfigs>): ConfigChange[] {
  const names = new Set(body.data.map((change) => change.name));
  if (names.size < body.data.length) throw new DetailedHttpError(400, 'A setting is named twice.');
  return body.data.map((change) => {
    if (change.operation === 'DELETE') return { name: change.name, value: null };
    if (change.value == null) {
      throw new DetailedHttpError(400, `${change.name} has no value; give one, or the operation DELETE.`);
    }
    return { name: change.name, value: change.value };
  });
}

const kinds = { topic: 'KafkaTopicConfig', broker: 'KafkaBrokerConfig', cluster: 'KafkaClusterConfig' } as const;

export function kindOf({ kind, name: of }: ConfigResource): (typeof kinds)[keyof typeof kinds] {
  if (kind === 'topic') return kinds.topic;
  return of === '' ? kinds.cluster : kinds.broker;
}

/** The path under which the settings of a resource are. */
export function configsPath(cluster: string, { kind, name: of }: ConfigResource): string[] {
  if (kind === 'topic') return ['clusters', cluster, 'topics', of, 'configs'];
  return of === '' ? ['clusters', cluster, 'broker-configs'] : ['clusters', cluster, 'brokers', of, 'configs'];
}

export function sourcedConfig(
  resources: Resources,
  place: { readonly cluster: string; readonly of: ConfigResource },
  config: SourcedConfig,
): Fields {
  const { cluster, of } = place;
  return resources.one(kindOf(of), [...configsPath(cluster, of), config.name], {
    cluster_id: cluster,
    ...ownerFields(of),
    name: config.name,
    value: config.value,
    is_default: config.source === 'DEFAULT_CONFIG',
    is_read_only: config.readOnly,
    is_sensitive: config.sensitive,
    source: config.source,
    synonyms: config.synonyms,
  });
}

function ownerFields({ kind, name: of }: ConfigResource): Fields {
  if (kind === 'topic') return { topic_name: of };
  return of === '' ? { config_type: 'BROKER' } : { broker_id: Number(of) };
}
