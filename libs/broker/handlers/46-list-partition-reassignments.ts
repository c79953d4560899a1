import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/** ListPartitionReassignments, version 0: partitions stay where they are, so none is ever under way. */
export const listPartitionReassignments = defineHandler(apis.listPartitionReassignments, (context) => {
  const mayDescribe = context.may('describe', 'cluster', clusterName);
  return {
    errorCode: mayDescribe ? kafkaError.NONE : kafkaError.CLUSTER_AUTHORIZATION_FAILED,
    errorMessage: mayDescribe ? null : 'Cluster authorization failed.',
    topics: [],
  };
});
