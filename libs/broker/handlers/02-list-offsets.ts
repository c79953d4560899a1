import type { OffsetAnswer, OffsetQuery } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ListOffsetsRequest } from '#wire/kafka/schemas/list-offsets';
import { defineHandler, type HandlerContext } from '../handler.js';
import { epochProblem, leaderEpoch } from '../leader-epoch.js';
import { kafkaCodeOf } from '../log-error-codes.js';

/**
 * ListOffsets, versions 1 to 10. Besides a time: -1 latest, -2 earliest, -3 the record with the largest timestamp (7 and
 * later), -4 earliest on this node's disk (8), -5 latest in remote storage (9; there is none, so offset -1). Readers of committed
 * records (isolation 1) see the log end at the first open transaction. The time limit of version 10 is for remote storage only.
 */
export const listOffsets = defineHandler(apis.listOffsets, async (context, version, request) => {
  const { engine } = context.broker;
  const isolation = request.isolationLevel === 1 ? 'read_committed' : 'read_uncommitted';
  const queries: OffsetQuery[] = [];
  const plans: { code: number; asks: boolean }[] = [];
  for (const asked of request.topics) {
    const mayDescribe = context.may('describe', 'topic', asked.name);
    const topic = engine.topics.byName(asked.name);
    const twice = repeated(asked.partitions);
    for (const partition of once(asked.partitions)) {
      const code = mayDescribe
        ? twice.has(partition.partitionIndex)
          ? kafkaError.INVALID_REQUEST
          : problem(context, asked.name, partition, version)
        : kafkaError.TOPIC_AUTHORIZATION_FAILED;
      const asks = code === kafkaError.NONE && partition.timestamp !== latestTiered;
      plans.push({ code, asks });
      if (asks && topic !== null) {
        const timestamp = partition.timestamp === earliestLocal ? earliest : partition.timestamp;
        queries.push({ topicId: topic.id, partition: partition.partitionIndex, timestamp, isolation });
      }
    }
  }
  const answers = queries.length === 0 ? [] : await engine.listOffsets(queries);
  let index = 0;
  let answered = 0;
  return {
    topics: request.topics.map((asked) => ({
      name: asked.name,
      partitions: once(asked.partitions).map(({ partitionIndex }) => {
        const plan = plans[index++];
        const answer = plan?.asks === true ? answers[answered++] : undefined;
        return { partitionIndex, ...outcome(plan?.code ?? kafkaError.NONE, answer) };
      }),
    })),
  };
});

const earliest = -2;
const earliestLocal = -4;
const latestTiered = -5;
/** The first version that knows each special time, by its absolute value. */
const specialSince = [0, 1, 1, 7, 8, 9];

type AskedPartition = ListOffsetsRequest['topics'][number]['partitions'][number];

function problem({ broker }: HandlerContext, name: string, asked: AskedPartition, version: number): number {
  const topic = broker.engine.topics.byName(name);
  const { partitionIndex, timestamp, currentLeaderEpoch } = asked;
  if (topic === null || partitionIndex < 0 || partitionIndex >= topic.partitions) {
    return kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
  }
  const epoch = epochProblem(currentLeaderEpoch);
  if (epoch !== kafkaError.NONE || timestamp >= 0) return epoch;
  const since = specialSince[-timestamp];
  return since !== undefined && version >= since ? kafkaError.NONE : kafkaError.UNSUPPORTED_VERSION;
}

function once(partitions: readonly AskedPartition[]): AskedPartition[] {
  const seen = new Set<number>();
  return partitions.filter(({ partitionIndex }) => !seen.has(partitionIndex) && seen.add(partitionIndex));
}

/** Partitions that are asked for more than once: Kafka looks up none of them, and tells each only once. */
function repeated(partitions: readonly AskedPartition[]): ReadonlySet<number> {
  const seen = new Set<number>();
  const twice = new Set<number>();
  for (const { partitionIndex } of partitions) (seen.has(partitionIndex) ? twice : seen).add(partitionIndex);
  return twice;
}

function outcome(errorCode: number, answer: OffsetAnswer | undefined) {
  if (answer === undefined) return { errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 };
  const { error, timestamp, offset } = answer;
  return {
    errorCode: kafkaCodeOf[error],
    timestamp,
    offset,
    leaderEpoch: error === 'none' && offset >= 0 ? leaderEpoch : -1,
  };
}
