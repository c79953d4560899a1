import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ConsumerGroupHeartbeatRequest } from '#wire/kafka/schemas/consumer-group-heartbeat';
import type { HeartbeatAnswer, Refusal } from '../groups/consumer-group.js';
import { joinEpoch, staticLeaveEpoch } from '../groups/consumer-member.js';
import { fromRows, toRows } from '../groups/partitions.js';
import { TopicPattern } from '../groups/topic-pattern.js';
import { defineHandler, type HandlerContext } from '../handler.js';

/**
 * ConsumerGroupHeartbeat, versions 0 and 1 (KIP-848): the one call by which a member joins (epoch 0), stays, leaves (-1) and, static,
 * leaves for a moment (-2). Null fields are as they were. Version 0 may join without a member id and is given one; from 1 on the
 * client makes it, and may subscribe to a pattern. Needs read on the group and describe on the topics that are named; a pattern
 * matches only topics that the member may describe.
 */
export const consumerGroupHeartbeat = defineHandler(apis.consumerGroupHeartbeat, async (context, version, request) => {
  const refusal = refusalOf(context, version, request);
  if (refusal !== null) return { errorCode: refusal.errorCode, errorMessage: refusal.message };
  const memberId = request.memberId === '' ? context.broker.groups.newConsumerMemberId() : request.memberId;
  const { topicPartitions: owned, rebalanceTimeoutMs } = request;
  const answer = await context.broker.groups.consumerHeartbeat(request.groupId, {
    memberId,
    memberEpoch: request.memberEpoch,
    news: {
      instanceId: request.instanceId,
      rackId: request.rackId,
      clientId: context.clientId ?? '',
      clientHost: `/${context.connection.clientHost}`,
      rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? null : rebalanceTimeoutMs,
      topics: request.subscribedTopicNames,
      pattern: request.subscribedTopicRegex,
      assignor: request.serverAssignor,
      classic: null,
    },
    owned: owned === null ? null : fromRows(owned.map(({ topicId, partitions }) => [topicId, partitions])),
    mayDescribe: (topic) => context.may('describe', 'topic', topic),
  });
  return { ...answer, assignment: assignmentOf(answer) };
});

function assignmentOf({ assignment }: HeartbeatAnswer) {
  if (assignment === null) return null;
  return { topicPartitions: toRows(assignment).map(([topicId, partitions]) => ({ topicId, partitions })) };
}

function refusalOf(context: HandlerContext, version: number, request: ConsumerGroupHeartbeatRequest): Refusal | null {
  if (!context.may('read', 'group', request.groupId)) {
    const message = `Not allowed to read with the group ${request.groupId}.`;
    return { errorCode: kafkaError.GROUP_AUTHORIZATION_FAILED, message };
  }
  const hidden = request.subscribedTopicNames?.some((name) => !context.may('describe', 'topic', name)) === true;
  if (hidden) {
    const message = 'Not allowed to describe all topics that are subscribed to.';
    return { errorCode: kafkaError.TOPIC_AUTHORIZATION_FAILED, message };
  }
  const malformed = malformedPart(version, request);
  if (malformed !== null) return { errorCode: kafkaError.INVALID_REQUEST, message: malformed };
  const { serverAssignor, subscribedTopicRegex } = request;
  const assignorNames = context.broker.config['group.consumer.assignors'];
  if (serverAssignor !== null && !assignorNames.includes(serverAssignor)) {
    const message = `The assignor ${serverAssignor} is not one of those that are allowed: ${assignorNames.join(', ')}.`;
    return { errorCode: kafkaError.UNSUPPORTED_ASSIGNOR, message };
  }
  if (
    subscribedTopicRegex !== null &&
    subscribedTopicRegex !== '' &&
    TopicPattern.parse(subscribedTopicRegex) === null
  ) {
    const message = `${subscribedTopicRegex} is not a regular expression of RE2.`;
    return { errorCode: kafkaError.INVALID_REGULAR_EXPRESSION, message };
  }
  return null;
}

/** What is wrong with the request itself, as Kafka tells it. */
function malformedPart(version: number, request: ConsumerGroupHeartbeatRequest): string | null {
  const { memberEpoch, subscribedTopicNames, subscribedTopicRegex } = request;
  if (version >= 1 && request.memberId === '') return "MemberId can't be empty.";
  if (request.groupId === '') return "GroupId can't be empty.";
  if (request.instanceId === '') return "InstanceId can't be empty.";
  if (request.rackId === '') return "RackId can't be empty.";
  if (memberEpoch < staticLeaveEpoch) return `MemberEpoch is ${memberEpoch}, but must be greater than or equal to -2.`;
  if (memberEpoch === joinEpoch) {
    if (request.rebalanceTimeoutMs === -1) return 'RebalanceTimeoutMs must be provided in first request.';
    if (request.topicPartitions === null || request.topicPartitions.length > 0) {
      return 'TopicPartitions must be empty when (re-)joining.';
    }
    if (subscribedTopicNames === null && subscribedTopicRegex === null) {
      return 'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.';
    }
    return null;
  }
  if (request.memberId === '') return "MemberId can't be empty.";
  if (memberEpoch === staticLeaveEpoch && request.instanceId === null) return "InstanceId can't be null.";
  return null;
}
