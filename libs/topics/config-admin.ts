/** Settings of topics, brokers and the cluster (the default of all brokers), with where each comes from. */
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Cluster, Target } from './cluster.js';
import { answerError } from './errors.js';

export interface ConfigResource {
  readonly kind: 'topic' | 'broker';
  /** Of a topic, or the id of a broker; empty: the default of all brokers. */
  readonly name: string;
}

export interface SourcedConfig {
  readonly name: string;
  /** Null where it is secret or unset. */
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  /** `STRING` where the node does not say. */
  readonly type: ConfigType;
  /** Null where the node has none. */
  readonly documentation: string | null;
  /** The value in force first, then those that it hides. */
  readonly synonyms: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly source: ConfigSource;
  }[];
}

export interface ConfigChange {
  readonly name: string;
  /** Null: back to the default. */
  readonly value: string | null;
}

const sources = [
  'UNKNOWN',
  'DYNAMIC_TOPIC_CONFIG',
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
  'DEFAULT_CONFIG',
  'DYNAMIC_BROKER_LOGGER_CONFIG',
] as const;
export type ConfigSource = (typeof sources)[number];

/** By Kafka's numbers, from 1 on. */
const types = ['BOOLEAN', 'STRING', 'INT', 'SHORT', 'LONG', 'DOUBLE', 'LIST', 'CLASS', 'PASSWORD'] as const;
export type ConfigType = (typeof types)[number];

const resourceTypes = { topic: 2, broker: 4 } as const;
const operations = { set: 0, delete: 1 } as const;
const patienceMs = 15_000;

/** Every error is a TopicsError with Kafka's code. */
export class ConfigAdmin {
  constructor(private readonly cluster: Cluster) {}

  /** One list a resource, in their order. The resources are of one kind, and of one broker where they are brokers. */
  async describe(
    resources: readonly ConfigResource[],
  ): Promise<readonly { readonly resource: ConfigResource; readonly configs: readonly SourcedConfig[] }[]> {
    const [first] = resources;
    if (first === undefined) return [];
    const answer = await this.cluster.attempt(patienceMs, () =>
      this.cluster.request(targetOf(first), apis.describeConfigs, {
        resources: resources.map(({ kind, name }) => ({
          resourceType: resourceTypes[kind],
          resourceName: name,
          configurationKeys: null,
        })),
        includeSynonyms: true,
        includeDocumentation: true,
      }),
    );
    const byName = new Map(answer.results.map((result) => [result.resourceName, result]));
    return resources.map((resource) => {
      const result = byName.get(resource.name);
      check(result?.errorCode, `Asking for the settings of ${nameOf(resource)}`, result?.errorMessage);
      const configs = (result?.configs ?? []).map((config) => ({
        name: config.name,
        value: config.isSensitive ? null : config.value,
        source: sources[config.configSource] ?? 'UNKNOWN',
        readOnly: config.readOnly,
        sensitive: config.isSensitive,
        type: types[config.configType - 1] ?? 'STRING',
        documentation: config.documentation === '' ? null : config.documentation,
        synonyms: config.synonyms.map(({ name, value, source }) => ({
          name,
          value: config.isSensitive ? null : value,
          source: sources[source] ?? 'UNKNOWN',
        })),
      }));
      return { resource, configs };
    });
  }

  /** All of the changes or none; what is not named stays. Kafka code 40 for a bad setting. */
  async alter(
    resource: ConfigResource,
    changes: readonly ConfigChange[],
    options: { readonly validateOnly?: boolean } = {},
  ): Promise<void> {
    const answer = await this.cluster.attempt(patienceMs, () =>
      this.cluster.request(targetOf(resource), apis.incrementalAlterConfigs, {
        resources: [
          {
            resourceType: resourceTypes[resource.kind],
            resourceName: resource.name,
            configs: changes.map(({ name, value }) => ({
              name,
              configOperation: value === null ? operations.delete : operations.set,
              value,
            })),
          },
        ],
        validateOnly: options.validateOnly ?? false,
      }),
    );
    const result = answer.responses[0];
    check(result?.errorCode, `Changing the settings of ${nameOf(resource)}`, result?.errorMessage);
  }
}

function targetOf({ kind, name }: ConfigResource): Target {
  return kind === 'broker' && name !== '' ? { node: Number(name) } : 'any';
}

function nameOf({ kind, name }: ConfigResource): string {
  if (kind === 'topic') return `topic ${name}`;
  return name === '' ? 'all brokers' : `broker ${name}`;
}

function check(code: number | undefined, doing: string, message?: string | null): void {
  if (code !== kafkaError.NONE) throw answerError(code ?? kafkaError.UNKNOWN_SERVER_ERROR, doing, message);
}
