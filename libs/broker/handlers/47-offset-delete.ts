import { apis } from '#wire/kafka/apis';
import { defineHandler } from '../handler.js';

/**
 * OffsetDelete, version 0. Gone, durably, before the answer; offsets of a topic that a live member subscribes stay
 * (GROUP_SUBSCRIBED_TO_TOPIC).
 */
export const offsetDelete = defineHandler(apis.offsetDelete, async (context, _version, request) => {
  const partitions = request.topics.flatMap(({ name, partitions: asked }) =>
    asked.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
  );
  const { errorCode, partitionErrors } = await context.broker.groups.deleteOffsets(request.groupId, partitions);
  if (partitionErrors.length === 0) return { errorCode };
  let index = 0;
  return {
    errorCode,
    topics: request.topics.map(({ name, partitions: asked }) => ({
      name,
      partitions: asked.map(({ partitionIndex }) => ({ partitionIndex, errorCode: partitionErrors[index++] ?? 0 })),
    })),
  };
});
