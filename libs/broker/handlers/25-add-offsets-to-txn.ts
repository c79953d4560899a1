import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';
import { fencedError } from '../transactions/transaction-errors.js';

/**
 * AddOffsetsToTxn, versions 0 to 4: the group's offsets that the producer is about to send belong to its transaction. Fenced producers
 * get PRODUCER_FENCED from version 2 on, INVALID_PRODUCER_EPOCH below.
 */
export const addOffsetsToTxn = defineHandler(apis.addOffsetsToTxn, async (context, version, request) => {
  const { transactionalId, groupId, producerId, producerEpoch: epoch } = request;
  if (!context.may('write', 'transactional_id', transactionalId)) {
    return { errorCode: kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED };
  }
  if (!context.may('read', 'group', groupId)) return { errorCode: kafkaError.GROUP_AUTHORIZATION_FAILED };
  const additions = { partitions: [], groups: [groupId] };
  const code = await context.broker.transactions.add(transactionalId, { producerId, epoch }, additions);
  return { errorCode: fencedError(code, version >= 2) };
});
