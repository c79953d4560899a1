import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler, type HandlerContext } from '../handler.js';
import { partitionOf } from '../transactions/transaction.js';

/**
 * DescribeTransactions, version 0. Topics that the principal may not describe are left out. Groups whose offsets are in the transaction
 * are not shown: Kafka names the partition of its internal topic for them, and there is none here.
 */
export const describeTransactions = defineHandler(apis.describeTransactions, (context, _version, request) => ({
  transactionStates: request.transactionalIds.map((transactionalId) => describe(context, transactionalId)),
}));

function describe(context: HandlerContext, transactionalId: string) {
  const { transactions } = context.broker;
  if (!context.may('describe', 'transactional_id', transactionalId)) {
    return refused(transactionalId, kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  }
  if (transactionalId === '') return refused(transactionalId, kafkaError.INVALID_REQUEST);
  const transaction = transactions.find(transactionalId);
  if (transaction === null) return refused(transactionalId, kafkaError.TRANSACTIONAL_ID_NOT_FOUND);
  return {
    errorCode: kafkaError.NONE,
    transactionalId,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: transaction.startedAtMs,
    producerId: transaction.producerId,
    producerEpoch: transaction.epoch,
    topics: topicsOf(context, transaction.partitions),
  };
}

function topicsOf(context: HandlerContext, keys: ReadonlySet<string>) {
  const partitionsOf = new Map<string, number[]>();
  for (const key of keys) {
    const { topicId, partition } = partitionOf(key);
    const topic = context.broker.engine.topics.byId(topicId);
    if (topic === null || !context.may('describe', 'topic', topic.name)) continue;
    partitionsOf.set(topic.name, [...(partitionsOf.get(topic.name) ?? []), partition]);
  }
  return [...partitionsOf].map(([topic, partitions]) => ({ topic, partitions }));
}

function refused(transactionalId: string, errorCode: number) {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}
