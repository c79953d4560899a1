import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Broker } from '../broker.js';
import { configResource } from '../config-entries.js';
import { defineHandler } from '../handler.js';

/**
 * ListConfigResources, versions 0 and 1 (KIP-1142). Version 0 lists client metrics only, 1 the types asked for, all where none is
 * named: groups and client metrics with settings of their own, nodes, their loggers, and topics.
 */
export const listConfigResources = defineHandler(apis.listConfigResources, (context, version, request) => {
  const { broker } = context;
  if (!context.may('describe_configs', 'cluster', clusterName)) {
    return { errorCode: kafkaError.CLUSTER_AUTHORIZATION_FAILED, configResources: [] };
  }
  const asked = version === 0 ? [configResource.clientMetrics] : request.resourceTypes;
  const types: readonly number[] = asked.length === 0 ? listed : asked;
  if (types.some((type) => !listed.includes(type))) {
    return { errorCode: kafkaError.UNSUPPORTED_VERSION, configResources: [] };
  }
  return {
    errorCode: kafkaError.NONE,
    configResources: types.flatMap((resourceType) =>
      namesOf(broker, resourceType).map((resourceName) => ({ resourceName, resourceType })),
    ),
  };
});

const { topic, broker: node, brokerLogger, clientMetrics, group } = configResource;
const listed: readonly number[] = [group, clientMetrics, brokerLogger, node, topic];

function namesOf(broker: Broker, type: number): string[] {
  switch (type) {
    case group:
      return broker.configs.keys('group-config');
    case clientMetrics:
      return broker.configs.keys('client-metrics');
    case topic:
      return broker.engine.topics.list().map(({ name }) => name);
    default:
      return Array.from({ length: broker.nodes.count }, (_, index) => String(broker.nodes.idOf(index)));
  }
}
