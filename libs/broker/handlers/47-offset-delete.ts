import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/** OffsetDelete, version 0: committed offsets of single partitions; those of a topic that a live member reads stay. */
export const offsetDelete = defineHandler(apis.offsetDelete, async (context, _version, request) => {
  const partitions = request.topics.flatMap((topic) =>
    topic.partitions.map(({ partitionIndex }) => ({ topic: topic.name, partition: partitionIndex })),
  );
  const { errorCode, partitionErrors } = await context.broker.groups.deleteOffsets(request.groupId, partitions);
  if (errorCode !== kafkaError.NONE) return { errorCode, topics: [] };
  let index = 0;
  return {
    errorCode,
    topics: request.topics.map((topic) => ({
      name: topic.name,
      partitions: topic.partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: partitionErrors[index++] ?? kafkaError.UNKNOWN_SERVER_ERROR,
      })),
    })),
  };
});
