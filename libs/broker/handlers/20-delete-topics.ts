import type { Topic } from '#log/engine';
import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid, type ResponseInput } from '#wire/kafka/schema';
import type { Broker } from '../broker.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import { MutationQuota } from '../quotas/mutation-quota.js';
import { problemOf } from '../topic-admin.js';

/**
 * DeleteTopics, versions 1 to 6; from 6 on by name or by id. Waiting fetches of the topic end with an error, and the groups'
 * offsets of it go. When the answer says that it is gone, metadata no longer shows it.
 */
export const deleteTopics = defineHandler(apis.deleteTopics, async (context, version, request) => {
  const wanted: readonly WantedTopic[] =
    version >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: zeroUuid }));
  const responses: DeletedTopic[] = [];
  const quota = new MutationQuota(context, version >= 5);
  for (const { topic, isRepeated } of mentionsOf(context.broker, wanted)) {
    responses.push(
      isRepeated
        ? refusal(topic, kafkaError.INVALID_REQUEST, 'The topic is named more than once.')
        : await remove(context, topic, { version, quota }),
    );
  }
  return { responses, throttleTimeMs: quota.waitMs };
});

interface WantedTopic {
  readonly name: string | null;
  readonly topicId: string;
}
type DeletedTopic = NonNullable<ResponseInput<typeof apis.deleteTopics>['responses']>[number];

interface Manner {
  readonly version: number;
  readonly quota: MutationQuota;
}

async function remove(context: HandlerContext, wanted: WantedTopic, { version, quota }: Manner): Promise<DeletedTopic> {
  const { broker } = context;
  const { topics } = broker.engine;
  const byId = wanted.topicId !== zeroUuid;
  if (byId && wanted.name !== null) {
    return refusal(wanted, kafkaError.INVALID_REQUEST, 'A topic is named by name or by id, not by both.');
  }
  if (!byId && wanted.name === null) {
    return refusal(wanted, kafkaError.INVALID_REQUEST, 'Neither the name nor the id of the topic is given.');
  }
  const topic = byId ? topics.byId(wanted.topicId) : topics.byName(wanted.name ?? '');
  if (!broker.config['delete.topic.enable']) {
    // Clients before version 3 do not know the code of its own.
    const code = version < 3 ? kafkaError.INVALID_REQUEST : kafkaError.TOPIC_DELETION_DISABLED;
    return refusal(wanted, code, 'Topics cannot be deleted here: delete.topic.enable is false.');
  }
  const name = topic?.name ?? wanted.name;
  const maySee = name === null || mayDo(context, 'describe', name);
  if (!maySee || (topic !== null && !mayDo(context, 'delete', topic.name))) {
    // Whoever may not describe a topic is not told the name that goes with an id, nor whether a name is there.
    const shown = maySee ? name : wanted.name;
    return refusal({ ...wanted, name: shown }, kafkaError.TOPIC_AUTHORIZATION_FAILED, 'Topic authorization failed.');
  }
  if (topic === null) {
    const code = byId ? kafkaError.UNKNOWN_TOPIC_ID : kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
    return refusal(wanted, code, 'There is no such topic.');
  }
  const over = quota.take(topic.partitions);
  if (over !== null) return refusal(wanted, over.code, over.message);
  return removeKnown(broker, topic);
}

/** Who may delete in the whole cluster may see and delete every topic. */
function mayDo(context: HandlerContext, operation: 'delete' | 'describe', name: string): boolean {
  return context.may('delete', 'cluster', clusterName) || context.may(operation, 'topic', name);
}

interface Mention {
  readonly topic: WantedTopic;
  isRepeated: boolean;
}

/** Each topic once. One that is mentioned again, by name or by id, is not deleted: nobody knows what was meant. */
function mentionsOf(broker: Broker, wanted: readonly WantedTopic[]): Iterable<Mention> {
  const mentions = new Map<string, Mention>();
  for (const topic of wanted) {
    const key = broker.engine.topics.byName(topic.name ?? '')?.id ?? topic.name ?? topic.topicId;
    const before = mentions.get(key);
    if (before === undefined) mentions.set(key, { topic, isRepeated: false });
    else before.isRepeated = true;
  }
  return mentions.values();
}

async function removeKnown(broker: Broker, topic: Topic): Promise<DeletedTopic> {
  try {
    await broker.engine.topics.delete(topic.name);
    await broker.groups.forgetTopic(topic.name);
  } catch (error) {
    const { code, message } = problemOf(error);
    return { name: topic.name, topicId: topic.id, errorCode: code, errorMessage: message };
  }
  return { name: topic.name, topicId: topic.id, errorCode: kafkaError.NONE };
}

function refusal(wanted: WantedTopic, errorCode: number, errorMessage: string | null): DeletedTopic {
  return { name: wanted.name, topicId: wanted.topicId, errorCode, errorMessage };
}
