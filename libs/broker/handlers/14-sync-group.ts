import { apis } from '#wire/kafka/apis';
import { defineHandler } from '../handler.js';

/** SyncGroup, versions 0 to 5. Followers are held open until the leader's assignments come. */
export const syncGroup = defineHandler(apis.syncGroup, (context, _version, request) =>
  context.broker.groups.sync(request.groupId, {
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    generationId: request.generationId,
    protocolType: request.protocolType,
    protocolName: request.protocolName,
    assignments: request.assignments,
    signal: context.signal,
  }),
);
