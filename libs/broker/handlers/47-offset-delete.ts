import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * OffsetDelete, version 0: committed offsets of single partitions; those of a topic that a live member reads stay. Needs delete on the
 * group and read on each topic.
 */
export const offsetDelete = defineHandler(apis.offsetDelete, async (context, _version, request) => {
  if (!context.may('delete', 'group', request.groupId)) return { errorCode: kafkaError.GROUP_AUTHORIZATION_FAILED };
  const topics = request.topics.map((topic) => ({ ...topic, isAllowed: context.may('read', 'topic', topic.name) }));
  const partitions = topics
    .filter(({ isAllowed }) => isAllowed)
    .flatMap(({ name, partitions: some }) =>
      some.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
    );
  // As in Kafka, the group is not looked at where none of the topics may be read.
  const { errorCode, partitionErrors } =
    partitions.length === 0 && topics.length > 0
      ? { errorCode: kafkaError.NONE, partitionErrors: [] }
      : await context.broker.groups.offsets.delete(request.groupId, partitions);
  if (errorCode !== kafkaError.NONE) return { errorCode, topics: [] };
  let index = 0;
  return {
    errorCode,
    topics: topics.map(({ name, partitions: some, isAllowed }) => ({
      name,
      partitions: some.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: isAllowed
          ? (partitionErrors[index++] ?? kafkaError.UNKNOWN_SERVER_ERROR)
          : kafkaError.TOPIC_AUTHORIZATION_FAILED,
      })),
    })),
  };
});
