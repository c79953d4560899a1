import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler, type HandlerContext } from '../handler.js';

/**
 * FindCoordinator, versions 0 to 6; a list of keys from 4. The node is told under the address that the client is told in
 * metadata. Key types: 0 group, 1 transaction; 2 (share group) is refused.
 * Needs describe on the group or the transactional id.
 */
export const findCoordinator = defineHandler(apis.findCoordinator, (context, version, request) => {
  if (version < 4) return coordinatorOf(context, request.keyType, request.key);
  return {
    coordinators: request.coordinatorKeys.map((key) => ({ key, ...coordinatorOf(context, request.keyType, key) })),
  };
});

const groupKey = 0;
const transactionKey = 1;

function coordinatorOf(context: HandlerContext, keyType: number, key: string) {
  if (keyType === groupKey && !context.may('describe', 'group', key)) {
    return refused(kafkaError.GROUP_AUTHORIZATION_FAILED, `Not allowed to describe the group ${key}.`);
  }
  if (keyType === transactionKey && !context.may('describe', 'transactional_id', key)) {
    const message = `Not allowed to describe the transactional id ${key}.`;
    return refused(kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, message);
  }
  if (keyType !== groupKey && keyType !== transactionKey) {
    return refused(kafkaError.INVALID_REQUEST, `Coordinators of key type ${keyType} are not served here.`);
  }
  return { errorCode: kafkaError.NONE, errorMessage: '', ...context.broker.coordinatorFor(key, context.connection) };
}

function refused(errorCode: number, errorMessage: string) {
  return { errorCode, errorMessage, nodeId: -1, host: '', port: -1 };
}
