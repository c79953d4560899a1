import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { IncrementalAlterConfigsRequest } from '#wire/kafka/schemas/incremental-alter-configs';
import type { Broker } from '../broker.js';
import { configResource } from '../config-entries.js';
import { defineHandler } from '../handler.js';
import { problemOf, type TopicProblem } from '../topic-admin.js';
import { defaultListOf, isListConfig, splitList, topicConfigProblem } from '../topic-config-entries.js';
import { topicNameProblem } from '../topic-names.js';

/**
 * IncrementalAlterConfigs, versions 0 and 1, of topics: set, delete, append and subtract, the latter two for lists. The node's
 * own settings are read at its start and cannot be altered. A resource is changed as a whole or not at all.
 */
export const incrementalAlterConfigs = defineHandler(
  apis.incrementalAlterConfigs,
  async (context, _version, request) => {
    const responses: { errorCode: number; errorMessage: string | null; resourceType: number; resourceName: string }[] =
      [];
    for (const resource of request.resources) {
      const { resourceType, resourceName } = resource;
      const twice = request.resources.some(
        (other) => other !== resource && other.resourceType === resourceType && other.resourceName === resourceName,
      );
      const { code, message } = twice
        ? { code: kafkaError.INVALID_REQUEST, message: 'The request names this resource more than once.' }
        : await alter(context.broker, resource, request.validateOnly);
      responses.push({ errorCode: code, errorMessage: message, resourceType, resourceName });
    }
    return { responses };
  },
);

type Resource = IncrementalAlterConfigsRequest['resources'][number];
type Change = Resource['configs'][number];

const operation = { set: 0, delete: 1, append: 2, subtract: 3 };

async function alter(broker: Broker, resource: Resource, validateOnly: boolean): Promise<TopicProblem> {
  const { resourceType, resourceName } = resource;
  if (resourceType !== configResource.topic) {
    return {
      code: kafkaError.INVALID_REQUEST,
      message: 'Only settings of topics can be altered; those of the node are read when it starts.',
    };
  }
  const name = topicNameProblem(resourceName);
  if (name !== null) return { code: kafkaError.INVALID_TOPIC_EXCEPTION, message: name };
  const topic = broker.engine.topics.byName(resourceName);
  if (topic === null) {
    return { code: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, message: `There is no topic "${resourceName}".` };
  }
  const configs: Record<string, string> = { ...topic.configs };
  const names = resource.configs.map((change) => change.name);
  const twice = names.find((key, index) => names.indexOf(key) !== index);
  if (twice !== undefined) {
    return { code: kafkaError.INVALID_REQUEST, message: `The request changes "${twice}" more than once.` };
  }
  for (const change of resource.configs) {
    const problem = apply(configs, change);
    if (problem !== null) return problem;
  }
  const problem = topicConfigProblem(configs);
  if (problem !== null) return { code: kafkaError.INVALID_CONFIG, message: problem };
  try {
    if (!validateOnly) await broker.engine.topics.alterConfigs(resourceName, configs);
    return { code: kafkaError.NONE, message: null };
  } catch (error) {
    return problemOf(error);
  }
}

/** Makes one change in `configs`, or says why not. */
function apply(configs: Record<string, string>, change: Change): TopicProblem | null {
  const { name, value, configOperation } = change;
  if (configOperation === operation.delete) {
    delete configs[name];
    return null;
  }
  if (value === null) {
    return { code: kafkaError.INVALID_REQUEST, message: `The setting "${name}" has a null value.` };
  }
  if (configOperation === operation.set) {
    configs[name] = value;
    return null;
  }
  if (configOperation !== operation.append && configOperation !== operation.subtract) {
    return { code: kafkaError.INVALID_REQUEST, message: `Operation ${configOperation} is not known.` };
  }
  const isList = isListConfig(name);
  if (isList !== true) {
    return {
      code: kafkaError.INVALID_CONFIG,
      message:
        isList === null
          ? `Unknown topic config name: ${name}`
          : `"${name}" is not a list, so nothing can be added to it or taken away.`,
    };
  }
  const given = splitList(value);
  const current = configs[name] === undefined ? defaultListOf(name) : splitList(configs[name]);
  const next =
    configOperation === operation.append
      ? [...current, ...given.filter((item) => !current.includes(item))]
      : current.filter((item) => !given.includes(item));
  configs[name] = next.join(',');
  return null;
}
