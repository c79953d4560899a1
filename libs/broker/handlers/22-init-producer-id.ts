import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * InitProducerId, versions 0 to 5. Without a transactional id: a producer id that was never given before, epoch 0, whatever
 * id the request carries. With one: UNSUPPORTED_VERSION, which clients report at once, because there are no transactions here.
 */
export const initProducerId = defineHandler(apis.initProducerId, async (context, _version, request) => {
  const { transactionalId } = request;
  if (transactionalId === '') return refused(kafkaError.INVALID_REQUEST);
  if (transactionalId !== null) return refused(kafkaError.UNSUPPORTED_VERSION);
  const { producerId, producerEpoch } = await context.broker.engine.allocateProducer();
  return { errorCode: kafkaError.NONE, producerId, producerEpoch };
});

function refused(errorCode: number) {
  return { errorCode, producerId: -1, producerEpoch: -1 };
}
