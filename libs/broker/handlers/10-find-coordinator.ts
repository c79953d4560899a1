import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * FindCoordinator, versions 0 to 6; a list of keys from 4. One node coordinates everything, so the answer is always this
 * one, under the address that the client is told in metadata. Key types: 0 group, 1 transaction; 2 (share group) is refused.
 */
export const findCoordinator = defineHandler(apis.findCoordinator, (context, version, request) => {
  const { broker, connection } = context;
  const known = request.keyType === groupKey || request.keyType === transactionKey;
  const { host, port } = broker.advertised(connection);
  const node = known
    ? { errorCode: kafkaError.NONE, errorMessage: '', nodeId: broker.nodeId, host, port }
    : {
        errorCode: kafkaError.INVALID_REQUEST,
        errorMessage: `Coordinators of key type ${request.keyType} are not served here.`,
        nodeId: -1,
        host: '',
        port: -1,
      };
  if (version < 4) return node;
  return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...node })) };
});

const groupKey = 0;
const transactionKey = 1;
