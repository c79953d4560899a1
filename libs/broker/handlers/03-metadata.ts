import type { Topic } from '#log/engine';
import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid, type ResponseInput } from '#wire/kafka/schema';
import type { MetadataRequest } from '#wire/kafka/schemas/metadata';
import { authorizedClusterOperations, authorizedTopicOperations } from '../authorized-operations.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import { topicRow } from '../partition-rows.js';
import { topicNameProblem } from '../topic-names.js';

/**
 * Metadata, versions 0 to 13. Null topics mean all, and in version 0 an empty list does too. A name that is unknown is
 * created when the settings, the request (from version 4) and the asker's rights allow it, and answered with its partitions at once.
 * From version 12 a topic may be asked for by id, which never creates. Topics that the asker may not describe are left out of a list
 * of all, and of others nothing but the refusal is told. From version 8 the asker's rights are told where they are asked for.
 */
export const metadata = defineHandler(apis.metadata, async (context, version, request) => {
  const { broker } = context;
  const asked = request.topics;
  const all = asked === null || (version === 0 && asked.length === 0);
  const showsRights = request.includeTopicAuthorizedOperations;
  const topics: MetadataTopic[] = [];
  if (all) {
    for (const topic of broker.engine.topics.list()) {
      if (context.may('describe', 'topic', topic.name)) topics.push(describe(context, topic, showsRights));
    }
  } else {
    for (const wanted of asked) topics.push(await find(context, version, wanted, request));
  }
  return {
    brokers: broker.nodesFor(context.connection),
    clusterId: broker.engine.topics.clusterId,
    controllerId: broker.nodes.idOf(0),
    topics,
    ...(request.includeClusterAuthorizedOperations && {
      clusterAuthorizedOperations: authorizedClusterOperations(context),
    }),
  };
});

/** The first one in which a topic may be asked for by its id. */
const versionOfIds = 12;

type MetadataTopic = NonNullable<ResponseInput<typeof apis.metadata>['topics']>[number];
type WantedTopic = NonNullable<MetadataRequest['topics']>[number];

async function find(
  context: HandlerContext,
  version: number,
  wanted: WantedTopic,
  request: MetadataRequest,
): Promise<MetadataTopic> {
  const { broker } = context;
  const { name, topicId } = wanted;
  const showsRights = request.includeTopicAuthorizedOperations;
  // Versions 10 and 11 have the field, and no meaning for it.
  if (version < versionOfIds && (name === null || topicId !== zeroUuid)) {
    return { errorCode: kafkaError.INVALID_REQUEST, name: name ?? '', topicId };
  }
  if (topicId !== zeroUuid) {
    const topic = broker.engine.topics.byId(topicId);
    if (topic === null) return { errorCode: kafkaError.UNKNOWN_TOPIC_ID, name: null, topicId };
    // An id is no secret, a name is.
    return context.may('describe', 'topic', topic.name)
      ? describe(context, topic, showsRights)
      : { errorCode: kafkaError.TOPIC_AUTHORIZATION_FAILED, name: null, topicId };
  }
  if (name === null) return { errorCode: kafkaError.INVALID_REQUEST, name: '', topicId };
  if (!context.may('describe', 'topic', name)) {
    return { errorCode: kafkaError.TOPIC_AUTHORIZATION_FAILED, name, topicId };
  }
  const known = broker.engine.topics.byName(name);
  if (known !== null) return describe(context, known, showsRights);
  return topicNameProblem(name) === null
    ? create(context, name, request)
    : { errorCode: kafkaError.INVALID_TOPIC_EXCEPTION, name, topicId };
}

/** Makes a topic that somebody asked for, where that is allowed. */
async function create(context: HandlerContext, name: string, request: MetadataRequest): Promise<MetadataTopic> {
  const { broker } = context;
  const refusal = (errorCode: number): MetadataTopic => ({ errorCode, name, topicId: zeroUuid });
  if (!request.allowAutoTopicCreation || !broker.config['auto.create.topics.enable']) {
    return refusal(kafkaError.UNKNOWN_TOPIC_OR_PARTITION);
  }
  if (!context.may('create', 'cluster', clusterName) && !context.may('create', 'topic', name)) {
    return refusal(kafkaError.TOPIC_AUTHORIZATION_FAILED);
  }
  const partitions = broker.config['num.partitions'];
  const created = await broker.topicAdmin.create({ name, partitions, configs: {} });
  // Another connection may have created it meanwhile.
  const topic = created.topic ?? broker.engine.topics.byName(name);
  return topic === null ? refusal(created.code) : describe(context, topic, request.includeTopicAuthorizedOperations);
}

function describe(context: HandlerContext, topic: Topic, showsRights: boolean): MetadataTopic {
  return {
    ...topicRow(context.broker, topic, { from: 0, to: topic.partitions }),
    ...(showsRights && { topicAuthorizedOperations: authorizedTopicOperations(context, topic.name) }),
  };
}
