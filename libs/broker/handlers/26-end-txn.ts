import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';
import { fencedError } from '../transactions/transaction-errors.js';

/**
 * EndTxn, versions 0 to 5. Answered when the outcome is durable, and so certain; the markers follow. Version 5 ends by KIP-890's second
 * protocol: the epoch rises, and the answer has the session of the next transaction. Fenced producers get PRODUCER_FENCED from version
 * 2 on, INVALID_PRODUCER_EPOCH below.
 */
export const endTxn = defineHandler(apis.endTxn, async (context, version, request) => {
  const { transactionalId, producerId, producerEpoch: epoch, committed } = request;
  if (!context.may('write', 'transactional_id', transactionalId)) {
    return { errorCode: kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED };
  }
  const protocol = version >= 5 ? 2 : 1;
  const outcome = committed ? 'commit' : 'abort';
  const answer = await context.broker.transactions.end(transactionalId, { producerId, epoch }, outcome, protocol);
  return {
    errorCode: fencedError(answer.errorCode, version >= 2),
    producerId: answer.producerId,
    producerEpoch: answer.epoch,
  };
});
