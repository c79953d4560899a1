import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ResponseInput } from '#wire/kafka/schema';
import { describeClientMetrics } from '../config-client-metrics.js';
import { configResource, type ConfigEntry } from '../config-entries.js';
import { describeGroup } from '../config-group.js';
import { describeAllNodes, describeNode } from '../config-node.js';
import { configRightProblem, unknownNode, type ResourceName } from '../config-resources.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import { describeLoggers } from '../log-levels.js';
import type { TopicProblem } from '../topic-admin.js';
import { describeTopicConfigs } from '../topic-config-entries.js';
import { topicNameProblem } from '../topic-names.js';

/**
 * DescribeConfigs, versions 1 to 4, of topics, nodes, loggers, groups and client metrics. Null keys mean all. The node named "" shows
 * what was altered for all nodes. Types and documentation come with version 3.
 */
export const describeConfigs = defineHandler(apis.describeConfigs, (context, _version, request) => ({
  results: request.resources.map((resource) => {
    const { resourceType, resourceName, configurationKeys: keys } = resource;
    const described = configRightProblem(context, 'describe_configs', resource) ?? describeResource(context, resource);
    if ('code' in described) {
      return { errorCode: described.code, errorMessage: described.message, resourceType, resourceName, configs: [] };
    }
    const configs = described.entries
      .filter((entry) => keys === null || keys.includes(entry.name))
      .map((entry) => shown(entry, request.includeSynonyms, request.includeDocumentation));
    return { errorCode: kafkaError.NONE, errorMessage: null, resourceType, resourceName, configs };
  }),
}));

type Described = { readonly entries: readonly ConfigEntry[] } | TopicProblem;
type ShownConfig = NonNullable<
  NonNullable<ResponseInput<typeof apis.describeConfigs>['results']>[number]['configs']
>[number];

function describeResource({ broker }: HandlerContext, { resourceType, resourceName: name }: ResourceName): Described {
  const { configs, nodeId } = broker;
  switch (resourceType) {
    case configResource.topic: {
      const topic = broker.engine.topics.byName(name);
      if (topic !== null) return { entries: describeTopicConfigs(topic.configs, configs) };
      const problem = topicNameProblem(name);
      return problem === null
        ? { code: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, message: `There is no topic "${name}".` }
        : { code: kafkaError.INVALID_TOPIC_EXCEPTION, message: problem };
    }
    case configResource.broker:
      if (name === '') return { entries: describeAllNodes(configs) };
      return name === String(nodeId) ? { entries: describeNode(configs, nodeId) } : unknownNode(broker, name);
    case configResource.brokerLogger:
      if (name === '') return refused('Broker id must not be empty');
      return name === String(nodeId) ? { entries: describeLoggers(broker.logLevel) } : unknownNode(broker, name);
    case configResource.clientMetrics:
      if (name === '') return refused('Client metrics subscription name must not be empty');
      return { entries: describeClientMetrics(configs.of('client-metrics', name)) };
    case configResource.group:
      if (name === '') return refused('Group name must not be empty');
      return { entries: describeGroup(configs, name) };
    default:
      return refused(`Resource type ${resourceType} is not known.`);
  }
}

function refused(message: string): TopicProblem {
  return { code: kafkaError.INVALID_REQUEST, message };
}

function shown(entry: ConfigEntry, synonyms: boolean, documentation: boolean): ShownConfig {
  return {
    ...entry,
    synonyms: synonyms ? entry.synonyms : [],
    documentation: documentation ? entry.documentation : null,
  };
}
