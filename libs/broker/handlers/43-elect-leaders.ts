import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { clusterName } from '../authorized-operations.js';
import { defineHandler } from '../handler.js';

/**
 * ElectLeaders, versions 0 to 2. Each partition has one copy, which leads it, so no election is ever needed: partitions that are named
 * are told so, and where none is named (null) there is nothing to tell.
 */
export const electLeaders = defineHandler(apis.electLeaders, (context, _version, request) => {
  const mayAlter = context.may('alter', 'cluster', clusterName);
  const denied = { errorCode: kafkaError.CLUSTER_AUTHORIZATION_FAILED, errorMessage: 'Cluster authorization failed.' };
  const { topics } = context.broker.engine;
  return {
    errorCode: mayAlter ? kafkaError.NONE : denied.errorCode,
    replicaElectionResults: (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => {
        const count = topics.byName(topic)?.partitions ?? 0;
        const outcome = partitionId >= 0 && partitionId < count ? notNeeded : unknown;
        return { partitionId, ...(mayAlter ? outcome : denied) };
      }),
    })),
  };
});

const notNeeded = {
  errorCode: kafkaError.ELECTION_NOT_NEEDED,
  errorMessage: 'Leader election not needed for topic partition.',
};
const unknown = { errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: 'There is no such partition.' };
