import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/** Heartbeat, versions 0 to 4. REBALANCE_IN_PROGRESS tells the member to join again. Needs read on the group. */
export const heartbeat = defineHandler(apis.heartbeat, (context, _version, request) => ({
  errorCode: context.may('read', 'group', request.groupId)
    ? context.broker.groups.heartbeat(request.groupId, request)
    : kafkaError.GROUP_AUTHORIZATION_FAILED,
}));
