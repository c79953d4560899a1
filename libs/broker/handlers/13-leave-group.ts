import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * LeaveGroup, versions 0 to 5; several members at once from 3, static ones also by instance id with an empty member id. Needs read
 * on the group.
 */
export const leaveGroup = defineHandler(apis.leaveGroup, (context, version, request) => {
  const { groups } = context.broker;
  if (!context.may('read', 'group', request.groupId)) return { errorCode: kafkaError.GROUP_AUTHORIZATION_FAILED };
  if (request.groupId === '') return { errorCode: kafkaError.INVALID_GROUP_ID };
  if (version < 3) {
    const [errorCode] = groups.leave(request.groupId, [{ memberId: request.memberId, groupInstanceId: null }]);
    return { errorCode };
  }
  const codes = groups.leave(request.groupId, request.members);
  return {
    errorCode: kafkaError.NONE,
    members: request.members.map(({ memberId, groupInstanceId }, index) => ({
      memberId,
      groupInstanceId,
      errorCode: codes[index] ?? kafkaError.NONE,
    })),
  };
});
