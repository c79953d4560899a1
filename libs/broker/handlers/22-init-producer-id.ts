import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * InitProducerId, versions 0 to 5. Without a transactional id: a producer id that was never given before, epoch 0, whatever id the
 * request carries. With one: the next epoch of the id's producer, after what an earlier session has open is aborted (KIP-98). From
 * version 3 on a client says which session it had, and is fenced where another one came since (KIP-360). The error of that is
 * PRODUCER_FENCED from version 4 on, INVALID_PRODUCER_EPOCH below.
 */
export const initProducerId = defineHandler(apis.initProducerId, async (context, version, request) => {
  const { transactionalId, transactionTimeoutMs: timeoutMs, producerId, producerEpoch: epoch } = request;
  if (transactionalId !== null) {
    if (!context.may('write', 'transactional_id', transactionalId)) {
      return refused(kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
  } else if (!context.may('idempotent_write', 'cluster', clusterName) && !context.mayAny('write', 'topic')) {
    return refused(kafkaError.CLUSTER_AUTHORIZATION_FAILED);
  }
  if ((producerId === -1) !== (epoch === -1)) return refused(kafkaError.INVALID_REQUEST);
  if (transactionalId === null)
    return { errorCode: kafkaError.NONE, ...(await context.broker.engine.allocateProducer()) };
  const expected = producerId === -1 ? null : { producerId, epoch };
  const session = await context.broker.transactions.initProducer(transactionalId, { timeoutMs, expected });
  const isFenced = session.errorCode === kafkaError.PRODUCER_FENCED && version < 4;
  return {
    errorCode: isFenced ? kafkaError.INVALID_PRODUCER_EPOCH : session.errorCode,
    producerId: session.producerId,
    producerEpoch: session.epoch,
  };
});

function refused(errorCode: number) {
  return { errorCode, producerId: -1, producerEpoch: -1 };
}
