import { engineOptions } from '#log/engine-options';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ResponseInput } from '#wire/kafka/schema';
import type { DescribeConfigsRequest } from '#wire/kafka/schemas/describe-configs';
import { brokerOptions } from '../broker-options.js';
import type { Broker } from '../broker.js';
import { configResource, configSource, describeOptions, type ConfigEntry } from '../config-entries.js';
import { defineHandler } from '../handler.js';
import { describeTopicConfigs } from '../topic-config-entries.js';
import { topicNameProblem } from '../topic-names.js';

/**
 * DescribeConfigs, versions 1 to 4, of topics and of this node. Null keys mean all. Groups, loggers and client metrics have
 * no settings here, so those lists are empty. The node named "" is the default of all nodes, which sets nothing.
 */
export const describeConfigs = defineHandler(apis.describeConfigs, (context, _version, request) => ({
  results: request.resources.map((resource) => {
    const { resourceType, resourceName } = resource;
    const described = describeResource(context.broker, resource);
    if ('code' in described) {
      return { errorCode: described.code, errorMessage: described.message, resourceType, resourceName, configs: [] };
    }
    const keys = resource.configurationKeys;
    const configs = described.entries
      .filter((entry) => keys === null || keys.includes(entry.name))
      .map((entry) => shown(entry, request.includeSynonyms, request.includeDocumentation));
    return { errorCode: kafkaError.NONE, errorMessage: null, resourceType, resourceName, configs };
  }),
}));

type Described = { readonly entries: readonly ConfigEntry[] } | { readonly code: number; readonly message: string };
type ShownConfig = NonNullable<
  NonNullable<ResponseInput<typeof apis.describeConfigs>['results']>[number]['configs']
>[number];

function describeResource(broker: Broker, resource: DescribeConfigsRequest['resources'][number]): Described {
  const { resourceType, resourceName } = resource;
  switch (resourceType) {
    case configResource.topic: {
      const topic = broker.engine.topics.byName(resourceName);
      if (topic !== null) return { entries: describeTopicConfigs(topic.configs) };
      const problem = topicNameProblem(resourceName);
      return problem === null
        ? { code: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, message: `There is no topic "${resourceName}".` }
        : { code: kafkaError.INVALID_TOPIC_EXCEPTION, message: problem };
    }
    case configResource.broker:
      if (resourceName === '') return { entries: [] };
      if (resourceName !== String(broker.nodeId)) return unknownNode(broker, resourceName);
      return {
        entries: describeOptions(
          { ...brokerOptions, ...engineOptions },
          {
            set: broker.configSet,
            source: configSource.staticBroker,
            readOnly: true,
          },
        ),
      };
    case configResource.brokerLogger:
      return resourceName === String(broker.nodeId) ? { entries: [] } : unknownNode(broker, resourceName);
    case configResource.clientMetrics:
    case configResource.group:
      return { entries: [] };
    default:
      return { code: kafkaError.INVALID_REQUEST, message: `Resource type ${resourceType} is not known.` };
  }
}

function unknownNode(broker: Broker, name: string): Described {
  return {
    code: kafkaError.INVALID_REQUEST,
    message: `Unexpected broker id, expected ${broker.nodeId}, but received "${name}".`,
  };
}

function shown(entry: ConfigEntry, synonyms: boolean, documentation: boolean): ShownConfig {
  return {
    ...entry,
    synonyms: synonyms ? entry.synonyms : [],
    documentation: documentation ? entry.documentation : null,
  };
}
