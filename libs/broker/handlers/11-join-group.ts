import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { refusedJoin } from '../groups/group-member.js';
import { defineHandler } from '../handler.js';

/**
 * JoinGroup, versions 0 to 9. Held open until the group has its next generation. From 4 on a new dynamic member is first
 * sent back with an id of ours (MEMBER_ID_REQUIRED); static members from 5; skipAssignment from 9. Version 0 has no
 * rebalance timeout: the session's stands in. Needs read on the group.
 */
export const joinGroup = defineHandler(apis.joinGroup, async (context, version, request) => {
  if (!context.may('read', 'group', request.groupId)) {
    const refused = refusedJoin(kafkaError.GROUP_AUTHORIZATION_FAILED, request.memberId);
    return { ...refused, protocolName: version >= 7 ? null : '' };
  }
  const answer = await context.broker.groups.join({
    groupId: request.groupId,
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: context.clientId ?? '',
    clientHost: `/${context.connection.clientHost}`,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
    protocolType: request.protocolType,
    // Decoded bytes share the frame, and a member outlives it.
    protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
    requireKnownMemberId: version >= 4,
    supportsSkippingAssignment: version >= 9,
    signal: context.signal,
  });
  return { ...answer, protocolName: version >= 7 ? answer.protocolName : (answer.protocolName ?? '') };
});
