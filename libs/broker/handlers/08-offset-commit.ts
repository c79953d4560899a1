import { apis } from '#wire/kafka/apis';
import { defineHandler } from '../handler.js';

/**
 * OffsetCommit, versions 2 to 9. Answered when durable. Without a generation (-1) only while the group has no members.
 * `retentionTimeMs` (2 to 4) is ignored, as Kafka does: offsets are kept by `offsets.retention.minutes`.
 */
export const offsetCommit = defineHandler(apis.offsetCommit, async (context, _version, request) => {
  const entries = request.topics.flatMap((topic) =>
    topic.partitions.map((partition) => ({
      topic: topic.name,
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
  const codes = await context.broker.groups.commit(request.groupId, identity, entries);
  let index = 0;
  return {
    topics: request.topics.map((topic) => ({
      name: topic.name,
      partitions: topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: codes[index++] ?? 0 })),
    })),
  };
});
