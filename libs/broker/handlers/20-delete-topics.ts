import type { Topic } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid, type ResponseInput } from '#wire/kafka/schema';
import type { Broker } from '../broker.js';
import { defineHandler } from '../handler.js';
import { problemOf } from '../topic-admin.js';

/**
 * DeleteTopics, versions 1 to 6; from 6 on by name or by id. Waiting fetches of the topic end with an error, and the groups'
 * offsets of it go. When the answer says that it is gone, metadata no longer shows it.
 */
export const deleteTopics = defineHandler(apis.deleteTopics, async (context, version, request) => {
  const wanted: readonly WantedTopic[] =
    version >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: zeroUuid }));
  const responses: DeletedTopic[] = [];
  for (const topic of wanted) responses.push(await remove(context.broker, topic, version));
  return { responses };
});

interface WantedTopic {
  readonly name: string | null;
  readonly topicId: string;
}
type DeletedTopic = NonNullable<ResponseInput<typeof apis.deleteTopics>['responses']>[number];

async function remove(broker: Broker, wanted: WantedTopic, version: number): Promise<DeletedTopic> {
  const { topics } = broker.engine;
  const byId = wanted.topicId !== zeroUuid;
  if (byId && wanted.name !== null) {
    return refusal(wanted, kafkaError.INVALID_REQUEST, 'A topic is named by name or by id, not by both.');
  }
  const topic = byId ? topics.byId(wanted.topicId) : topics.byName(wanted.name ?? '');
  if (!broker.config['delete.topic.enable']) {
    // Clients before version 3 do not know the code of its own.
    const code = version < 3 ? kafkaError.INVALID_REQUEST : kafkaError.TOPIC_DELETION_DISABLED;
    return refusal(wanted, code, 'Topics cannot be deleted here: delete.topic.enable is false.');
  }
  if (topic === null) {
    const code = byId ? kafkaError.UNKNOWN_TOPIC_ID : kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
    return refusal(wanted, code, 'There is no such topic.');
  }
  return removeKnown(broker, topic);
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

function refusal(wanted: WantedTopic, errorCode: number, errorMessage: string): DeletedTopic {
  return { name: wanted.name, topicId: wanted.topicId, errorCode, errorMessage };
}
