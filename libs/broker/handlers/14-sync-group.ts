import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { refusedSync } from '../groups/group-member.js';
import { defineHandler } from '../handler.js';

/** SyncGroup, versions 0 to 5. Followers are held open until the leader's assignments come. Needs read on the group. */
export const syncGroup = defineHandler(apis.syncGroup, (context, _version, request) => {
  if (!context.may('read', 'group', request.groupId)) return refusedSync(kafkaError.GROUP_AUTHORIZATION_FAILED);
  return context.broker.groups.sync(request.groupId, {
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    generationId: request.generationId,
    protocolType: request.protocolType,
    protocolName: request.protocolName,
    assignments: request.assignments,
    signal: context.signal,
  });
});
