import type { CommittedOffset } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { GroupCoordinator } from '../groups/group-coordinator.js';
import { defineHandler } from '../handler.js';

/**
 * OffsetFetch, versions 1 to 9; several groups at once from 8. Null topics mean everything committed. A partition without
 * a commit, of an unknown topic or group too, is offset -1 without an error.
 */
export const offsetFetch = defineHandler(apis.offsetFetch, async (context, version, request) => {
  const { groups } = context.broker;
  if (version < 8)
    return { topics: await offsetsOf(groups, request.groupId, request.topics), errorCode: kafkaError.NONE };
  const answers = request.groups.map(async ({ groupId, topics }) => ({
    groupId,
    topics: await offsetsOf(groups, groupId, topics),
    errorCode: kafkaError.NONE,
  }));
  return { groups: await Promise.all(answers) };
});

type AskedTopics = readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null;

async function offsetsOf(groups: GroupCoordinator, groupId: string, topics: AskedTopics) {
  const all = await groups.committed(groupId);
  if (topics !== null) {
    return topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partition) => answerOf(partition, groups.find(groupId, name, partition))),
    }));
  }
  const byTopic = new Map<string, CommittedOffset[]>();
  for (const offset of all) {
    const offsets = byTopic.get(offset.topic);
    if (offsets === undefined) byTopic.set(offset.topic, [offset]);
    else offsets.push(offset);
  }
  return [...byTopic].map(([name, offsets]) => ({
    name,
    partitions: offsets.map((offset) => answerOf(offset.partition, offset)),
  }));
}

function answerOf(partitionIndex: number, found: CommittedOffset | null) {
  return {
    partitionIndex,
    committedOffset: found?.offset ?? -1,
    committedLeaderEpoch: found?.leaderEpoch ?? -1,
    metadata: found?.metadata ?? '',
    errorCode: kafkaError.NONE,
  };
}
