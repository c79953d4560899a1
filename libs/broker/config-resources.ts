import { parseOptions, type OptionSpecs } from '#config/options';
import { topicConfigs } from '#log/topic-configs';
import { clusterName, type AclResourceType } from '#security/acl';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Broker } from './broker.js';
import { clientMetricsConfigs, clientMetricsProblem } from './config-client-metrics.js';
import { configResource, defaultText } from './config-entries.js';
import { groupConfigProblem, groupConfigs } from './config-group.js';
import { isDynamic, nodeOptions } from './config-node.js';
import type { ConfigKind, ConfigTexts } from './config-records.js';
import type { HandlerContext } from './handler.js';
import { problemOf, type TopicProblem } from './topic-admin.js';
import { spellingProblem, topicConfigProblem } from './topic-config-entries.js';
import { topicNameProblem } from './topic-names.js';

export interface ResourceName {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** Something whose settings can be altered. */
export interface ConfigHolder {
  readonly values: ConfigTexts;
  readonly specs: OptionSpecs;
  /** Why `next` cannot be its settings; `changed` are the names that the request gives. */
  problem(next: ConfigTexts, changed: readonly string[]): TopicProblem | null;
  save(next: ConfigTexts): Promise<void>;
}

/** What `operation` on a resource needs a right for, as Kafka has it; null where it may. */
export function configRightProblem(
  context: HandlerContext,
  operation: 'describe_configs' | 'alter_configs',
  { resourceType, resourceName }: ResourceName,
): TopicProblem | null {
  const denied = (type: AclResourceType, name: string, code: number): TopicProblem | null =>
    context.may(operation, type, name) ? null : { code, message: null };
  switch (resourceType) {
    case configResource.topic:
      return denied('topic', resourceName, kafkaError.TOPIC_AUTHORIZATION_FAILED);
    case configResource.group:
      return denied('group', resourceName, kafkaError.GROUP_AUTHORIZATION_FAILED);
    default:
      return denied('cluster', clusterName, kafkaError.CLUSTER_AUTHORIZATION_FAILED);
  }
}

/** The resource whose settings are to be altered, or why they cannot be. */
export function holderOf(broker: Broker, { resourceType, resourceName }: ResourceName): ConfigHolder | TopicProblem {
  switch (resourceType) {
    case configResource.topic:
      return topicHolder(broker, resourceName);
    case configResource.broker:
      return nodeHolder(broker, resourceName);
    case configResource.group:
      if (resourceName === '') return refused('Default group resources are not allowed.');
      return recordHolder(broker, 'group-config', resourceName, groupConfigs, (next) => groupProblem(broker, next));
    case configResource.clientMetrics:
      if (resourceName === '') return refused("Subscription name can't be empty");
      return recordHolder(broker, 'client-metrics', resourceName, clientMetricsConfigs, subscriptionProblem);
    default:
      return refused(`Unknown resource type ${resourceType}`);
  }
}

/** Saves `next`, or only says whether it would do. */
export async function alterTo(
  holder: ConfigHolder,
  next: ConfigTexts,
  { changed, validateOnly }: { changed: readonly string[]; validateOnly: boolean },
): Promise<TopicProblem> {
  const problem = holder.problem(next, changed);
  if (problem !== null) return problem;
  try {
    if (!validateOnly) await holder.save(next);
    return { code: kafkaError.NONE, message: null };
  } catch (error) {
    return problemOf(error);
  }
}

/** The text of a list's declared default, to which values are added. */
export function defaultListOf(specs: OptionSpecs, name: string): string {
  const spec = specs[name];
  return spec === undefined ? '' : (defaultText(spec) ?? '');
}

export function unknownNode(broker: Broker, name: string): TopicProblem {
  return /^-?\d+$/.test(name)
    ? refused(`Unexpected broker id, expected ${broker.nodeId}, but received ${name}`)
    : refused(`Node id must be an integer, but it is: ${name}`);
}

function topicHolder(broker: Broker, name: string): ConfigHolder | TopicProblem {
  if (name === '') return refused('Default topic resources are not allowed.');
  const problem = topicNameProblem(name);
  if (problem !== null) return { code: kafkaError.INVALID_TOPIC_EXCEPTION, message: problem };
  const topic = broker.engine.topics.byName(name);
  if (topic === null) {
    return { code: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, message: `The topic '${name}' does not exist.` };
  }
  return {
    values: topic.configs,
    specs: topicConfigs,
    problem: (next) => invalid(topicConfigProblem(next)),
    async save(next) {
      await broker.engine.topics.alterConfigs(name, next);
    },
  };
}

function nodeHolder(broker: Broker, name: string): ConfigHolder | TopicProblem {
  if (name !== '' && name !== String(broker.nodeId)) return unknownNode(broker, name);
  return recordHolder(broker, 'broker-config', name, nodeOptions, (next, changed) => {
    const fixed = changed.filter((candidate) => isDynamic(candidate) === false);
    if (fixed.length > 0) return refused(`Cannot update these configs dynamically: [${fixed.join(', ')}]`);
    const known = Object.fromEntries(Object.entries(next).filter(([key]) => isDynamic(key) === true));
    const message = parseOptions(nodeOptions, known).problems[0]?.message ?? spellingProblem(nodeOptions, known);
    return message === null ? null : refused(message);
  });
}

function recordHolder(
  broker: Broker,
  kind: ConfigKind,
  key: string,
  specs: OptionSpecs,
  problem: ConfigHolder['problem'],
): ConfigHolder {
  const { configs } = broker;
  return { values: configs.of(kind, key), specs, problem, save: (next) => configs.save(kind, key, next) };
}

function groupProblem(broker: Broker, next: ConfigTexts): TopicProblem | null {
  const message = parseOptions(groupConfigs, next).problems[0]?.message;
  return invalid(message ?? groupConfigProblem(broker.configs, next));
}

function subscriptionProblem(next: ConfigTexts): TopicProblem | null {
  const problem = clientMetricsProblem(next);
  if (problem === null) return null;
  return problem.isSelector ? invalid(problem.message) : refused(problem.message);
}

function refused(message: string): TopicProblem {
  return { code: kafkaError.INVALID_REQUEST, message };
}

function invalid(message: string | null): TopicProblem | null {
  return message === null ? null : { code: kafkaError.INVALID_CONFIG, message };
}
