import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { authorizedGroupOperations } from '../authorized-operations.js';
import { byTopicName } from '../groups/classic-members.js';
import type { ConsumerGroup } from '../groups/consumer-group.js';
import type { Partitions } from '../groups/partitions.js';
import { defineHandler, type HandlerContext } from '../handler.js';

/**
 * ConsumerGroupDescribe, versions 0 and 1 (KIP-848): groups of the consumer protocol; others are GROUP_ID_NOT_FOUND. Version 1 tells
 * which protocol a member speaks. Needs describe on the group and on every topic that it reads.
 */
export const consumerGroupDescribe = defineHandler(apis.consumerGroupDescribe, (context, _version, request) => ({
  groups: request.groupIds.map((groupId) => {
    if (!context.may('describe', 'group', groupId)) return refused(groupId, kafkaError.GROUP_AUTHORIZATION_FAILED);
    const group = context.broker.groups.consumerGroup(groupId);
    if (group === null) {
      return refused(groupId, kafkaError.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a consumer group.`);
    }
    const members = [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      rackId: member.rackId,
      memberEpoch: member.epoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: member.topics,
      subscribedTopicRegex: member.pattern,
      assignment: assignmentOf(group, member.assigned),
      targetAssignment: assignmentOf(group, member.target),
      memberType: member.classic === null ? consumerMember : classicMember,
    }));
    if (readsHidden(context, members)) {
      const message = 'The group reads topics that the client is not allowed to describe.';
      return refused(groupId, kafkaError.TOPIC_AUTHORIZATION_FAILED, message);
    }
    return {
      errorCode: kafkaError.NONE,
      groupId,
      groupState: group.state,
      groupEpoch: group.epoch,
      assignmentEpoch: group.epoch,
      assignorName: group.assignorName,
      members,
      ...(request.includeAuthorizedOperations
        ? { authorizedOperations: authorizedGroupOperations(context, groupId) }
        : {}),
    };
  }),
}));

const classicMember = 0;
const consumerMember = 1;

interface ShownAssignment {
  readonly topicPartitions: readonly {
    readonly topicId: string;
    readonly topicName: string;
    readonly partitions: readonly number[];
  }[];
}

function assignmentOf(group: ConsumerGroup, partitions: Partitions): ShownAssignment {
  const { source } = group.environment.view;
  return {
    topicPartitions: byTopicName(partitions, source).map(([topicName, numbers]) => ({
      topicId: source.byName(topicName)?.id ?? '',
      topicName,
      partitions: numbers,
    })),
  };
}

function readsHidden(
  context: HandlerContext,
  members: readonly { readonly assignment: ShownAssignment; readonly targetAssignment: ShownAssignment }[],
): boolean {
  const names = new Set(
    members.flatMap(({ assignment, targetAssignment }) =>
      [...assignment.topicPartitions, ...targetAssignment.topicPartitions].map(({ topicName }) => topicName),
    ),
  );
  return [...names].some((name) => !context.may('describe', 'topic', name));
}

function refused(groupId: string, errorCode: number, errorMessage: string | null = null) {
  return { groupId, errorCode, errorMessage, groupState: '', assignorName: '', members: [] };
}
