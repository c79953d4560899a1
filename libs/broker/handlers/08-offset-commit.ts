import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * OffsetCommit, versions 2 to 10; topics by id in 10. Answered when durable. Without a generation (-1) only while the group has no
 * members; members of the consumer protocol come with their epoch, from version 9 on. `retentionTimeMs` (2 to 4) is ignored, as
 * Kafka does: offsets are kept by `offsets.retention.minutes`. Needs read on the group and on each topic.
 */
export const offsetCommit = defineHandler(apis.offsetCommit, async (context, version, request) => {
  const { broker } = context;
  const mayCommit = context.may('read', 'group', request.groupId);
  const topics = request.topics.map(({ name, topicId, partitions }) => {
    const topic = version < 10 ? name : (broker.engine.topics.byId(topicId)?.name ?? null);
    let problem: number = mayCommit ? kafkaError.NONE : kafkaError.GROUP_AUTHORIZATION_FAILED;
    if (mayCommit && topic === null) problem = kafkaError.UNKNOWN_TOPIC_ID;
    else if (mayCommit && !context.may('read', 'topic', topic ?? '')) problem = kafkaError.TOPIC_AUTHORIZATION_FAILED;
    return { name, topicId, partitions, topic: topic ?? '', problem };
  });
  const entries = topics
    .filter(({ problem }) => problem === kafkaError.NONE)
    .flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({
        topic,
        partition: partition.partitionIndex,
        offset: partition.committedOffset,
        leaderEpoch: partition.committedLeaderEpoch,
        metadata: partition.committedMetadata ?? '',
      })),
    );
  const identity = {
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    generationId: request.generationIdOrMemberEpoch,
  };
  const codes = await broker.groups.offsets.commit(request.groupId, identity, entries, version);
  let index = 0;
  return {
    topics: topics.map(({ name, topicId, partitions, problem }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: problem === kafkaError.NONE ? (codes[index++] ?? kafkaError.UNKNOWN_SERVER_ERROR) : problem,
      })),
    })),
  };
});
