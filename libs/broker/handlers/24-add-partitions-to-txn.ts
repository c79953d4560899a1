import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler, type HandlerContext } from '../handler.js';
import { fencedError } from '../transactions/transaction-errors.js';
import { partitionKey } from '../transactions/transaction.js';

/**
 * AddPartitionsToTxn, versions 0 to 5. Clients send one transaction (0 to 3); brokers send several, to add or only to ask whether the
 * partitions are in (4 and 5, KIP-890). Either all partitions of a transaction are added or none: where one is refused, the others
 * get OPERATION_NOT_ATTEMPTED. Fenced producers get PRODUCER_FENCED from version 2 on, INVALID_PRODUCER_EPOCH below.
 */
export const addPartitionsToTxn = defineHandler(apis.addPartitionsToTxn, async (context, version, request) => {
  if (version < 4) {
    const transaction: AskedTransaction = {
      transactionalId: request.v3AndBelowTransactionalId,
      producerId: request.v3AndBelowProducerId,
      producerEpoch: request.v3AndBelowProducerEpoch,
      verifyOnly: false,
      topics: request.v3AndBelowTopics,
    };
    const allowed = context.may('write', 'transactional_id', transaction.transactionalId);
    const codes = allowed
      ? await codesOf(context, version, transaction)
      : () => kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    return { resultsByTopicV3AndBelow: resultsOf(transaction, codes) };
  }
  if (!context.may('cluster_action', 'cluster', clusterName)) {
    return { errorCode: kafkaError.CLUSTER_AUTHORIZATION_FAILED };
  }
  const results = request.transactions.map(async (transaction) => ({
    transactionalId: transaction.transactionalId,
    topicResults: resultsOf(transaction, await codesOf(context, version, transaction)),
  }));
  return { errorCode: kafkaError.NONE, resultsByTransaction: await Promise.all(results) };
});

interface AskedTransaction {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly verifyOnly: boolean;
  readonly topics: readonly { readonly name: string; readonly partitions: readonly number[] }[];
}

type CodeOf = (topic: string, partition: number) => number;

async function codesOf(context: HandlerContext, version: number, transaction: AskedTransaction): Promise<CodeOf> {
  const { engine, transactions } = context.broker;
  const { transactionalId, producerId, producerEpoch: epoch, topics, verifyOnly } = transaction;
  if (transactionalId === '') return () => kafkaError.INVALID_REQUEST;
  const keyOf = (name: string, partition: number): string =>
    partitionKey(engine.topics.byName(name)?.id ?? '', partition);
  const problemOf: CodeOf = (name, partition) => {
    if (version < 4 && !context.may('write', 'topic', name)) return kafkaError.TOPIC_AUTHORIZATION_FAILED;
    const topic = engine.topics.byName(name);
    const isThere = topic !== null && partition >= 0 && partition < topic.partitions;
    return isThere ? kafkaError.NONE : kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
  };
  const asked = topics.flatMap(({ name, partitions }) => partitions.map((partition) => ({ name, partition })));
  if (asked.some(({ name, partition }) => problemOf(name, partition) !== kafkaError.NONE)) {
    return (name, partition) => problemOf(name, partition) || kafkaError.OPERATION_NOT_ATTEMPTED;
  }
  const session = { producerId, epoch };
  if (verifyOnly) {
    return (name, partition) => {
      const additions = { partitions: [keyOf(name, partition)], groups: [] };
      const code = transactions.verify(transactionalId, session, additions);
      return code === kafkaError.TRANSACTION_ABORTABLE && version < 5 ? kafkaError.INVALID_TXN_STATE : code;
    };
  }
  const partitions = asked.map(({ name, partition }) => keyOf(name, partition));
  const code = fencedError(await transactions.add(transactionalId, session, { partitions, groups: [] }), version >= 2);
  return () => code;
}

function resultsOf({ topics }: AskedTransaction, codeOf: CodeOf) {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: codeOf(name, partitionIndex),
    })),
  }));
}
