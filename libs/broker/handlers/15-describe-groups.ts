import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { authorizedGroupOperations } from '../authorized-operations.js';
import { defineHandler } from '../handler.js';

/**
 * DescribeGroups, versions 0 to 6. An unknown group, and one of the consumer protocol, is Dead without an error up to 5,
 * GROUP_ID_NOT_FOUND from 6. Metadata and assignments are shown while the group is stable. Needs describe on the group; tells from 3
 * on what else the asker may.
 */
export const describeGroups = defineHandler(apis.describeGroups, (context, version, request) => ({
  groups: request.groups.map((groupId) => {
    if (!context.may('describe', 'group', groupId)) {
      return {
        errorCode: kafkaError.GROUP_AUTHORIZATION_FAILED,
        groupId,
        groupState: '',
        protocolType: '',
        members: [],
      };
    }
    const group = context.broker.groups.describe(groupId);
    const isMissing = group.errorCode === kafkaError.GROUP_ID_NOT_FOUND && version >= 6;
    return {
      errorCode: isMissing ? group.errorCode : kafkaError.NONE,
      errorMessage: isMissing ? `Group ${groupId} not found.` : null,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType,
      protocolData: group.protocol,
      members: group.members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        memberMetadata: member.metadata,
        memberAssignment: member.assignment,
      })),
      ...(request.includeAuthorizedOperations && !isMissing
        ? { authorizedOperations: authorizedGroupOperations(context, groupId) }
        : {}),
    };
  }),
}));
