import type { CommittedOffset } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler, type HandlerContext } from '../handler.js';

/**
 * OffsetFetch, versions 1 to 10; several groups at once from 8, with the member's epoch from 9, topics by id in 10. Null topics mean
 * everything committed, as far as the topics may be described. A partition without a commit, of an unknown topic or group too, is
 * offset -1 without an error. With `requireStable` (7) an offset that an open transaction holds is UNSTABLE_OFFSET_COMMIT. Needs
 * describe on the group and on each topic.
 */
export const offsetFetch = defineHandler(apis.offsetFetch, async (context, version, request) => {
  const { requireStable } = request;
  if (version >= 8) {
    const byId = version >= 10;
    const answers = request.groups.map((group) => answerGroup(context, { ...group, requireStable, byId }));
    return { groups: await Promise.all(answers) };
  }
  const { groupId, topics } = request;
  const asked = { groupId, memberId: null, memberEpoch: -1, requireStable, byId: false };
  const answer = await answerGroup(context, {
    ...asked,
    topics: topics?.map((topic) => ({ ...topic, topicId: '' })) ?? null,
  });
  // Version 1 has no place for an error of the group but its partitions.
  if (version >= 2 || answer.errorCode === kafkaError.NONE) return answer;
  const { errorCode } = answer;
  return {
    topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partition) => ({ ...notCommitted(partition), errorCode })),
    })),
  };
});

interface AskedGroup {
  readonly groupId: string;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly requireStable: boolean;
  readonly byId: boolean;
  readonly topics: readonly AskedTopic[] | null;
}

interface AskedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitionIndexes: readonly number[];
}

async function answerGroup(context: HandlerContext, asked: AskedGroup) {
  const { groupId, memberId, memberEpoch } = asked;
  const { offsets } = context.broker.groups;
  const errorCode = context.may('describe', 'group', groupId)
    ? offsets.admitFetch(groupId, memberId, memberEpoch)
    : kafkaError.GROUP_AUTHORIZATION_FAILED;
  if (errorCode !== kafkaError.NONE) return { groupId, topics: [], errorCode };
  const all = await offsets.committed(groupId);
  const topics = asked.topics === null ? everything(context, asked, all) : asked.topics;
  return { groupId, topics: topics.map((topic) => answerTopic(context, asked, topic)), errorCode };
}

/** What is committed, as if it had been asked for; of topics that may not be described nothing is shown. */
function everything(context: HandlerContext, asked: AskedGroup, all: readonly CommittedOffset[]): AskedTopic[] {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of all) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
  return [...byTopic].flatMap(([name, partitionIndexes]) => {
    const topicId = context.broker.engine.topics.byName(name)?.id ?? null;
    const isShown = context.may('describe', 'topic', name) && (!asked.byId || topicId !== null);
    return isShown ? [{ name, topicId: topicId ?? '', partitionIndexes }] : [];
  });
}

function answerTopic(context: HandlerContext, asked: AskedGroup, { name, topicId, partitionIndexes }: AskedTopic) {
  const { offsets } = context.broker.groups;
  const topic = asked.byId ? (context.broker.engine.topics.byId(topicId)?.name ?? null) : name;
  let problem: number = kafkaError.NONE;
  if (topic === null) problem = kafkaError.UNKNOWN_TOPIC_ID;
  else if (!context.may('describe', 'topic', topic)) problem = kafkaError.TOPIC_AUTHORIZATION_FAILED;
  return {
    name,
    topicId,
    partitions: partitionIndexes.map((partition) => {
      if (topic === null || problem !== kafkaError.NONE) return { ...notCommitted(partition), errorCode: problem };
      if (asked.requireStable && offsets.isPending(asked.groupId, topic, partition)) {
        return { ...notCommitted(partition), errorCode: kafkaError.UNSTABLE_OFFSET_COMMIT };
      }
      const found = offsets.find(asked.groupId, topic, partition);
      if (found === null) return notCommitted(partition);
      return {
        partitionIndex: partition,
        committedOffset: found.offset,
        committedLeaderEpoch: found.leaderEpoch,
        metadata: found.metadata,
        errorCode: kafkaError.NONE,
      };
    }),
  };
}

function notCommitted(partitionIndex: number) {
  return {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode: kafkaError.NONE as number,
  };
}
