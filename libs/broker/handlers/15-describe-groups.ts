import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * DescribeGroups, versions 0 to 6. An unknown group is Dead without an error up to 5, GROUP_ID_NOT_FOUND from 6. Metadata
 * and assignments are shown while the group is stable.
 */
export const describeGroups = defineHandler(apis.describeGroups, (context, version, request) => ({
  groups: request.groups.map((groupId) => {
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
    };
  }),
}));
