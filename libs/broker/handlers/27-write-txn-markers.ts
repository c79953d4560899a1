import type { TransactionMarker } from '#log/engine';
import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';
import { kafkaCodeOf } from '../log-error-codes.js';

/**
 * WriteTxnMarkers, versions 1 and 2. Brokers send it to each other; here it comes from `kafka-transactions abort`, which ends a
 * transaction of a partition whose coordinator forgot it.
 */
export const writeTxnMarkers = defineHandler(apis.writeTxnMarkers, async (context, _version, request) => {
  const { engine } = context.broker;
  const isAllowed =
    context.may('alter', 'cluster', clusterName) || context.may('cluster_action', 'cluster', clusterName);
  const markers: TransactionMarker[] = [];
  for (const { producerId, producerEpoch, transactionResult, topics, coordinatorEpoch } of request.markers) {
    const outcome = transactionResult ? 'commit' : 'abort';
    for (const { name, partitionIndexes } of topics) {
      const topicId = engine.topics.byName(name)?.id ?? '';
      for (const partition of partitionIndexes) {
        markers.push({ topicId, partition, producerId, producerEpoch, outcome, coordinatorEpoch });
      }
    }
  }
  const results = isAllowed ? await engine.writeMarkers(markers) : [];
  let index = 0;
  const next = (): number => {
    const result = results[index++];
    return result === undefined ? kafkaError.CLUSTER_AUTHORIZATION_FAILED : kafkaCodeOf[result];
  };
  return {
    markers: request.markers.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: next() })),
      })),
    })),
  };
});
