import type { FetchResult, FetchSlice, Topic } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { epochProblem } from '../leader-epoch.js';
import { kafkaCodeOf } from '../log-error-codes.js';
import { defineHandler } from '../handler.js';

/**
 * Fetch, versions 4 to 17 (13 and later name topics by id). The long poll is the log's; the connection's signal ends it.
 *
 * Fetch sessions are never opened: every answer has session id 0, so clients send their whole list each time. A request
 * that goes on with a session gets FETCH_SESSION_ID_NOT_FOUND and then starts anew.
 */
export const fetch = defineHandler(apis.fetch, async (context, version, request) => {
  if (request.sessionId !== 0 && request.sessionEpoch > 0) {
    return { errorCode: kafkaError.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0, responses: [] };
  }
  const { engine, config } = context.broker;
  const slices: FetchSlice[] = [];
  const refusals: number[] = [];
  let refused = false;
  for (const asked of request.topics) {
    const topic = version >= 13 ? engine.topics.byId(asked.topicId) : engine.topics.byName(asked.topic);
    for (const partition of asked.partitions) {
      const code = refusal(topic, partition.partition, partition.currentLeaderEpoch, version);
      refusals.push(code);
      if (code !== kafkaError.NONE || topic === null) {
        refused = true;
        continue;
      }
      slices.push({
        topicId: topic.id,
        partition: partition.partition,
        offset: partition.fetchOffset,
        maxBytes: partition.partitionMaxBytes,
      });
    }
  }
  const results = await engine.fetch(slices, {
    minBytes: request.minBytes,
    maxBytes: Math.max(1, Math.min(request.maxBytes, config['fetch.max.bytes'])),
    // An error is news that the client should have at once; without slices there is only the wait itself.
    maxWaitMs: refused ? 0 : request.maxWaitMs,
    isolation: request.isolationLevel === 1 ? 'read_committed' : 'read_uncommitted',
    signal: context.signal,
  });
  let index = 0;
  let sliced = 0;
  return {
    responses: request.topics.map((asked) => ({
      topic: asked.topic,
      topicId: asked.topicId,
      partitions: asked.partitions.map(({ partition }) => {
        const code = refusals[index++] ?? kafkaError.NONE;
        if (code !== kafkaError.NONE) return unread(partition, code);
        const result = results[sliced++];
        return result === undefined
          ? unread(partition, kafkaError.UNKNOWN_SERVER_ERROR)
          : read(partition, result, version);
      }),
    })),
  };
});

function refusal(topic: Topic | null, partition: number, epoch: number, version: number): number {
  if (topic === null) return version >= 13 ? kafkaError.UNKNOWN_TOPIC_ID : kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
  if (partition < 0 || partition >= topic.partitions) return kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
  return epochProblem(epoch);
}

function read(partitionIndex: number, result: FetchResult, version: number) {
  return {
    partitionIndex,
    errorCode: codeOf(result, version),
    highWatermark: result.highWatermark,
    lastStableOffset: result.lastStableOffset,
    logStartOffset: result.logStartOffset,
    abortedTransactions: [],
    records: result.batches,
  };
}

/** A topic deleted while the fetch waited is unknown by the name it was asked for: its id from version 13 on. */
function codeOf(result: FetchResult, version: number): number {
  if (result.error === 'unknown_partition' && version >= 13) return kafkaError.UNKNOWN_TOPIC_ID;
  return kafkaCodeOf[result.error];
}

function unread(partitionIndex: number, errorCode: number) {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: [],
    records: [],
  };
}
