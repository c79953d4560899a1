import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { TopicPattern } from '../groups/topic-pattern.js';
import { defineHandler } from '../handler.js';
import { transactionStates } from '../transactions/transaction.js';

/**
 * ListTransactions, versions 0 to 2: ids that the principal may describe, by states and producer ids, from version 1 on by how long
 * the transaction is open, from 2 on by an expression for the whole id. Empty filters let everything through.
 */
export const listTransactions = defineHandler(apis.listTransactions, (context, _version, request) => {
  const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request;
  const isAny = transactionalIdPattern === null || transactionalIdPattern === '';
  const pattern = isAny ? null : TopicPattern.parse(transactionalIdPattern);
  if (!isAny && pattern === null) {
    return { errorCode: kafkaError.INVALID_REGULAR_EXPRESSION, unknownStateFilters: [], transactionStates: [] };
  }
  const known: ReadonlySet<string> = new Set(transactionStates);
  const states = new Set(stateFilters);
  const producerIds = new Set(producerIdFilters);
  const nowMs = context.broker.clock.now();
  const found = [...context.broker.transactions.list()].filter(([transactionalId, transaction]) => {
    if (states.size > 0 && !states.has(transaction.state)) return false;
    if (producerIds.size > 0 && !producerIds.has(transaction.producerId)) return false;
    if (durationFilter >= 0 && nowMs - transaction.startedAtMs <= durationFilter) return false;
    if (pattern !== null && !pattern.matches(transactionalId)) return false;
    return context.may('describe', 'transactional_id', transactionalId);
  });
  return {
    errorCode: kafkaError.NONE,
    unknownStateFilters: stateFilters.filter((state) => !known.has(state)),
    transactionStates: found.map(([transactionalId, { producerId, state }]) => ({
      transactionalId,
      producerId,
      transactionState: state,
    })),
  };
});
