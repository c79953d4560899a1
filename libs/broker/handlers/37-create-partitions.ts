import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { CreatePartitionsRequest } from '#wire/kafka/schemas/create-partitions';
import type { Broker } from '../broker.js';
import { defineHandler } from '../handler.js';
import { MutationQuota } from '../quotas/mutation-quota.js';
import { problemOf, type TopicProblem } from '../topic-admin.js';

/** CreatePartitions, versions 0 to 3: the count must grow; assignments, where given, must name one node each. */
export const createPartitions = defineHandler(apis.createPartitions, async (context, version, request) => {
  const quota = new MutationQuota(context, version >= 3);
  const results: { name: string; errorCode: number; errorMessage: string | null }[] = [];
  const names = request.topics.map((topic) => topic.name);
  for (const [index, wanted] of request.topics.entries()) {
    if (names.indexOf(wanted.name) < index) continue;
    const twice = names.lastIndexOf(wanted.name) > index;
    const { code, message } = twice
      ? { code: kafkaError.INVALID_REQUEST, message: `The request names topic "${wanted.name}" more than once.` }
      : !context.may('alter', 'topic', wanted.name)
        ? { code: kafkaError.TOPIC_AUTHORIZATION_FAILED, message: null }
        : await grow(context.broker, wanted, { quota, validateOnly: request.validateOnly });
    results.push({ name: wanted.name, errorCode: code, errorMessage: message });
  }
  return { results, throttleTimeMs: quota.waitMs };
});

type WantedTopic = CreatePartitionsRequest['topics'][number];

interface Manner {
  readonly quota: MutationQuota;
  readonly validateOnly: boolean;
}

async function grow(broker: Broker, wanted: WantedTopic, { quota, validateOnly }: Manner): Promise<TopicProblem> {
  const { name, count, assignments } = wanted;
  const topic = broker.engine.topics.byName(name);
  if (topic === null) return { code: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, message: 'There is no such topic.' };
  if (count <= topic.partitions) {
    return {
      code: kafkaError.INVALID_PARTITIONS,
      message: `Topic "${name}" has ${topic.partitions} partition(s) already; ${count} would not be more.`,
    };
  }
  const problem = broker.topicAdmin.partitionsProblem(count);
  if (problem !== null) return { code: kafkaError.INVALID_PARTITIONS, message: problem };
  const leaders = assignments === null ? null : broker.nodes.leadersOf(assignments);
  if (assignments !== null) {
    if (leaders === null || assignments.length !== count - topic.partitions) {
      return {
        code: kafkaError.INVALID_REPLICA_ASSIGNMENT,
        message: `Assignments must be one for each of the ${count - topic.partitions} new partition(s) and name ${broker.nodes.inWords} alone.`,
      };
    }
  }
  const over = quota.take(count - topic.partitions);
  if (over !== null) return over;
  try {
    if (!validateOnly) await broker.engine.topics.addPartitions(name, count, leaders);
    return { code: kafkaError.NONE, message: null };
  } catch (error) {
    return problemOf(error);
  }
}
