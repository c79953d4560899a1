import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { authorizedClusterOperations } from '../authorized-operations.js';
import { defineHandler } from '../handler.js';

const endpoint = { brokers: 1, controllers: 2 };

/** DescribeCluster, versions 0 to 2. Only brokers are told of: controllers, endpoint type 2, are asked elsewhere. */
export const describeCluster = defineHandler(apis.describeCluster, (context, version, request) => {
  const { broker } = context;
  if (version >= 1 && request.endpointType !== endpoint.brokers) {
    const mismatch = request.endpointType === endpoint.controllers;
    return {
      errorCode: mismatch ? kafkaError.MISMATCHED_ENDPOINT_TYPE : kafkaError.UNSUPPORTED_ENDPOINT_TYPE,
      errorMessage: 'This is a broker endpoint: ask with endpoint type 1.',
      endpointType: endpoint.brokers,
      clusterId: '',
    };
  }
  return {
    errorCode: kafkaError.NONE,
    endpointType: endpoint.brokers,
    clusterId: broker.engine.topics.clusterId,
    controllerId: broker.nodes.idOf(0),
    brokers: broker.nodesFor(context.connection).map(({ nodeId: brokerId, host, port }) => ({ brokerId, host, port })),
    ...(request.includeClusterAuthorizedOperations && {
      clusterAuthorizedOperations: authorizedClusterOperations(context),
    }),
  };
});
