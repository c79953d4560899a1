import type { AdvanceStart, Topic } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler, type HandlerContext } from '../handler.js';
import { kafkaCodeOf } from '../log-error-codes.js';

/**
 * DeleteRecords, versions 0 to 2: moves log starts forward. Offset -1 means the high watermark; beyond that is out of range. Of a topic
 * whose cleanup.policy does not say delete nothing is deleted: Kafka calls that a violated policy.
 */
export const deleteRecords = defineHandler(apis.deleteRecords, async (context, _version, request) => {
  const { engine } = context.broker;
  const moves: AdvanceStart[] = [];
  const codes: number[] = [];
  for (const asked of request.topics) {
    const mayDelete = context.may('delete', 'topic', asked.name);
    const topic = engine.topics.byName(asked.name);
    for (const { partitionIndex, offset } of asked.partitions) {
      const code = mayDelete ? problemOf(context, topic, partitionIndex) : kafkaError.TOPIC_AUTHORIZATION_FAILED;
      codes.push(code);
      if (topic !== null && code === kafkaError.NONE) {
        moves.push({ topicId: topic.id, partition: partitionIndex, offset });
      }
    }
  }
  const results = moves.length === 0 ? [] : await engine.advanceStart(moves);
  let index = 0;
  let moved = 0;
  return {
    topics: request.topics.map((asked) => ({
      name: asked.name,
      partitions: asked.partitions.map(({ partitionIndex }) => {
        const code = codes[index++] ?? unknown;
        const result = code === kafkaError.NONE ? results[moved++] : undefined;
        if (result === undefined) return { partitionIndex, lowWatermark: -1, errorCode: code };
        const lowWatermark = result.error === 'none' ? result.logStartOffset : -1;
        return { partitionIndex, lowWatermark, errorCode: kafkaCodeOf[result.error] };
      }),
    })),
  };
});

const unknown = kafkaError.UNKNOWN_TOPIC_OR_PARTITION;

function problemOf({ broker }: HandlerContext, topic: Topic | null, partition: number): number {
  if (topic === null || partition < 0 || partition >= topic.partitions) return unknown;
  return broker.topicPolicies.of(topic).isDeletable ? kafkaError.NONE : kafkaError.POLICY_VIOLATION;
}
