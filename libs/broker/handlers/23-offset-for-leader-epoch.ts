import type { OffsetQuery } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';
import { epochProblem, leaderEpoch } from '../leader-epoch.js';
import { kafkaCodeOf } from '../log-error-codes.js';

const latest = -1;

/**
 * OffsetForLeaderEpoch, versions 2 to 4. There is one epoch, so it ends where the log ends. An epoch that never was
 * is answered with -1 and -1; the client then falls back to its reset policy.
 */
export const offsetForLeaderEpoch = defineHandler(apis.offsetForLeaderEpoch, async (context, _version, request) => {
  const { engine } = context.broker;
  const queries: OffsetQuery[] = [];
  const codes: number[] = [];
  for (const asked of request.topics) {
    const mayDescribe = context.may('describe', 'topic', asked.topic);
    const topic = engine.topics.byName(asked.topic);
    for (const { partition, currentLeaderEpoch } of asked.partitions) {
      const known = topic !== null && partition >= 0 && partition < topic.partitions;
      const found = known ? epochProblem(currentLeaderEpoch) : kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
      const code = mayDescribe ? found : kafkaError.TOPIC_AUTHORIZATION_FAILED;
      codes.push(code);
      if (known && code === kafkaError.NONE) queries.push({ topicId: topic.id, partition, timestamp: latest });
    }
  }
  const answers = queries.length === 0 ? [] : await engine.listOffsets(queries);
  let index = 0;
  let answered = 0;
  return {
    topics: request.topics.map((asked) => ({
      topic: asked.topic,
      partitions: asked.partitions.map((wanted) => {
        const { partition } = wanted;
        const code = codes[index++] ?? kafkaError.UNKNOWN_SERVER_ERROR;
        const end = code === kafkaError.NONE ? answers[answered++] : undefined;
        if (end === undefined) return { partition, errorCode: code, leaderEpoch: -1, endOffset: -1 };
        const errorCode = kafkaCodeOf[end.error];
        return wanted.leaderEpoch === leaderEpoch && end.error === 'none'
          ? { partition, errorCode, leaderEpoch, endOffset: end.offset }
          : { partition, errorCode, leaderEpoch: -1, endOffset: -1 };
      }),
    })),
  };
});
