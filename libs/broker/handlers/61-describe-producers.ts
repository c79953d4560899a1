import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler, type HandlerContext } from '../handler.js';

/** DescribeProducers, version 0: the producers that a partition remembers, with their open transactions. */
export const describeProducers = defineHandler(apis.describeProducers, async (context, _version, request) => {
  const topics = request.topics.map(async ({ name, partitionIndexes }) => ({
    name,
    partitions: await Promise.all(partitionIndexes.map((partition) => describe(context, name, partition))),
  }));
  return { topics: await Promise.all(topics) };
});

async function describe(context: HandlerContext, name: string, partitionIndex: number) {
  if (!context.may('read', 'topic', name)) {
    return { partitionIndex, errorCode: kafkaError.TOPIC_AUTHORIZATION_FAILED, activeProducers: [] };
  }
  const { broker } = context;
  const { engine } = broker;
  const topic = engine.topics.byName(name);
  const producers = topic === null ? null : await engine.describeProducers(topic.id, partitionIndex);
  if (topic === null || producers === null) {
    const isElsewhere =
      topic !== null && partitionIndex < topic.partitions && broker.leaderOf(topic, partitionIndex) !== broker.nodeId;
    const errorCode = isElsewhere ? kafkaError.NOT_LEADER_OR_FOLLOWER : kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
    return { partitionIndex, errorCode, activeProducers: [] };
  }
  const activeProducers = producers.map(({ transactionStartOffset, ...producer }) => ({
    ...producer,
    currentTxnStartOffset: transactionStartOffset,
  }));
  return { partitionIndex, errorCode: kafkaError.NONE, activeProducers };
}
