import { apis } from '#wire/kafka/apis';
import { defineHandler } from '../handler.js';

/** Heartbeat, versions 0 to 4. REBALANCE_IN_PROGRESS tells the member to join again. */
export const heartbeat = defineHandler(apis.heartbeat, (context, _version, request) => ({
  errorCode: context.broker.groups.heartbeat(request.groupId, request),
}));
