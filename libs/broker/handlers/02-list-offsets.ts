import type { OffsetQuery } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';
import { epochProblem, leaderEpoch } from '../leader-epoch.js';
import { kafkaCodeOf } from '../log-error-codes.js';

/**
 * ListOffsets, versions 1 to 10. Besides a time: -1 latest, -2 earliest, -3 the record with the largest timestamp (7 and
 * later), -4 earliest on this node's disk (8), -5 latest in remote storage (9; there is none, so offset -1).
 */
export const listOffsets = defineHandler(apis.listOffsets, async (context, version, request) => {
  const { engine } = context.broker;
  const queries: OffsetQuery[] = [];
  const plans: { code: number; asks: boolean }[] = [];
  for (const asked of request.topics) {
    const topic = engine.topics.byName(asked.name);
    for (const partition of asked.partitions) {
      const known = topic !== null && partition.partitionIndex >= 0 && partition.partitionIndex < topic.partitions;
      const code = !known
        ? kafkaError.UNKNOWN_TOPIC_OR_PARTITION
        : epochProblem(partition.currentLeaderEpoch) || timestampProblem(partition.timestamp, version);
      const asks = code === kafkaError.NONE && partition.timestamp !== latestTiered;
      plans.push({ code, asks });
      if (asks && topic !== null) {
        const timestamp = partition.timestamp === earliestLocal ? earliest : partition.timestamp;
        queries.push({ topicId: topic.id, partition: partition.partitionIndex, timestamp });
      }
    }
  }
  const answers = queries.length === 0 ? [] : await engine.listOffsets(queries);
  let index = 0;
  let answered = 0;
  return {
    topics: request.topics.map((asked) => ({
      name: asked.name,
      partitions: asked.partitions.map(({ partitionIndex }) => {
        const plan = plans[index++];
        const answer = plan?.asks === true ? answers[answered++] : undefined;
        if (answer === undefined) {
          return {
            partitionIndex,
            errorCode: plan?.code ?? kafkaError.NONE,
            timestamp: -1,
            offset: -1,
            leaderEpoch: -1,
          };
        }
        return {
          partitionIndex,
          errorCode: kafkaCodeOf[answer.error],
          timestamp: answer.timestamp,
          offset: answer.offset,
          leaderEpoch: answer.error === 'none' && answer.offset >= 0 ? leaderEpoch : -1,
        };
      }),
    })),
  };
});

const earliest = -2;
const earliestLocal = -4;
const latestTiered = -5;
/** The first version that knows each special time, by its absolute value. */
const specialSince = [0, 1, 1, 7, 8, 9];

function timestampProblem(timestamp: number, version: number): number {
  if (timestamp >= 0) return kafkaError.NONE;
  const since = specialSince[-timestamp];
  return since !== undefined && version >= since ? kafkaError.NONE : kafkaError.UNSUPPORTED_VERSION;
}
