import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { IncrementalAlterConfigsRequest } from '#wire/kafka/schemas/incremental-alter-configs';
import type { Broker } from '../broker.js';
import { alterEach, changedNames, refusedChange } from '../config-changes.js';
import { configResource } from '../config-entries.js';
import {
  alterTo,
  configRightProblem,
  defaultListOf,
  holderOf,
  unknownNode,
  type ConfigHolder,
} from '../config-resources.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import { isLogLevel, logLevels, rootLogger } from '../log-levels.js';
import type { TopicProblem } from '../topic-admin.js';
import { splitList } from '../topic-config-entries.js';

/**
 * IncrementalAlterConfigs, versions 0 and 1, of topics, nodes, loggers, groups and client metrics: set, delete, append and subtract,
 * the latter two for lists. A resource is changed as a whole or not at all. Settings of a node that cannot change while it runs are
 * refused.
 */
export const incrementalAlterConfigs = defineHandler(
  apis.incrementalAlterConfigs,
  async (context, _version, request) => ({
    responses: await alterEach(request.resources, (resource) => alter(context, resource, request.validateOnly)),
  }),
);

type Resource = IncrementalAlterConfigsRequest['resources'][number];
type Change = Resource['configs'][number];

const operation = { set: 0, delete: 1, append: 2, subtract: 3 };
const operationName = ['set', 'delete', 'append', 'subtract'];

async function alter(context: HandlerContext, resource: Resource, validateOnly: boolean): Promise<TopicProblem> {
  const { broker } = context;
  const denied = configRightProblem(context, 'alter_configs', resource);
  if (denied !== null) return denied;
  const changed = changedNames(resource);
  if ('code' in changed) return changed;
  if (resource.resourceType === configResource.brokerLogger) return alterLoggers(broker, resource, validateOnly);
  const empty = resource.configs.filter(({ value, configOperation }) => {
    return value === null && configOperation !== operation.delete;
  });
  if (empty.length > 0)
    return refusedChange(`Null value not supported for : ${empty.map(({ name }) => name).join(',')}`);
  const holder = holderOf(broker, resource);
  if ('code' in holder) return holder;
  const next: Record<string, string> = { ...holder.values };
  for (const change of resource.configs) {
    const problem = apply(next, change, holder);
    if (problem !== null) return problem;
  }
  return alterTo(holder, next, { changed, validateOnly });
}

/** Makes one change in `next`, or says why not. */
function apply(next: Record<string, string>, change: Change, holder: ConfigHolder): TopicProblem | null {
  const { name, configOperation } = change;
  const value = change.value ?? '';
  switch (configOperation) {
    case operation.delete:
      delete next[name];
      return null;
    case operation.set:
      next[name] = value;
      return null;
    case operation.append:
    case operation.subtract:
      break;
    default:
      return refusedChange(`Operation ${configOperation} is not known.`);
  }
  if (holder.specs[name]?.type !== 'list') {
    const message = `Config value ${operationName[configOperation]} is not allowed for config key: ${name}`;
    return { code: kafkaError.INVALID_CONFIG, message };
  }
  const given = splitList(value);
  const current = splitList(next[name] ?? defaultListOf(holder.specs, name));
  const values =
    configOperation === operation.append
      ? [...current, ...given.filter((item) => !current.includes(item))]
      : current.filter((item) => !given.includes(item));
  next[name] = values.join(',');
  return null;
}

function alterLoggers(broker: Broker, { resourceName, configs }: Resource, validateOnly: boolean): TopicProblem {
  if (resourceName !== String(broker.nodeId)) return unknownNode(broker, resourceName);
  for (const { name, value, configOperation } of configs) {
    const problem = loggerProblem(name, value ?? '', configOperation);
    if (problem !== null) return problem;
  }
  for (const { value } of configs) {
    if (!validateOnly && value !== null && isLogLevel(value)) broker.logLevel.name = value;
  }
  return { code: kafkaError.NONE, message: null };
}

function loggerProblem(name: string, level: string, configOperation: number): TopicProblem | null {
  if (configOperation === operation.append || configOperation === operation.subtract) {
    const shown = operationName[configOperation]?.toUpperCase();
    return refusedChange(`${shown} operation is not allowed for the BROKER_LOGGER resource`);
  }
  if (name !== rootLogger) return { code: kafkaError.INVALID_CONFIG, message: `Logger ${name} does not exist!` };
  if (configOperation === operation.delete) {
    return refusedChange('Removing the log level of the root logger is not allowed');
  }
  if (isLogLevel(level)) return null;
  const message = `Cannot set the log level of ${name} to ${level} as it is not a supported log level. Valid log levels are ${logLevels.join(', ')}`;
  return { code: kafkaError.INVALID_CONFIG, message };
}
