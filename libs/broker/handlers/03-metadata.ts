import type { Topic } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid, type ResponseInput } from '#wire/kafka/schema';
import type { MetadataRequest } from '#wire/kafka/schemas/metadata';
import type { Broker } from '../broker.js';
import { defineHandler } from '../handler.js';
import { leaderEpoch } from '../leader-epoch.js';
import { topicNameProblem } from '../topic-names.js';

/**
 * Metadata, versions 0 to 13. Null topics mean all, and in version 0 an empty list does too. A name that is unknown is
 * created when the settings and (from version 4) the request allow it, and answered with its partitions at once. From
 * version 12 a topic may be asked for by id, which never creates.
 */
export const metadata = defineHandler(apis.metadata, async (context, version, request) => {
  const { broker } = context;
  const { host, port } = broker.advertised(context.connection);
  const asked = request.topics;
  const all = asked === null || (version === 0 && asked.length === 0);
  const topics: MetadataTopic[] = [];
  if (all) {
    for (const topic of broker.engine.topics.list()) topics.push(describe(topic, broker.nodeId));
  } else {
    for (const wanted of asked) topics.push(await find(broker, wanted, request.allowAutoTopicCreation));
  }
  return {
    brokers: [{ nodeId: broker.nodeId, host, port }],
    clusterId: broker.engine.topics.clusterId,
    controllerId: broker.nodeId,
    topics,
  };
});

type MetadataTopic = NonNullable<ResponseInput<typeof apis.metadata>['topics']>[number];
type WantedTopic = NonNullable<MetadataRequest['topics']>[number];

async function find(broker: Broker, wanted: WantedTopic, mayCreate: boolean): Promise<MetadataTopic> {
  const { name, topicId } = wanted;
  if (topicId !== zeroUuid) {
    const topic = broker.engine.topics.byId(topicId);
    if (topic === null) return { errorCode: kafkaError.UNKNOWN_TOPIC_ID, name: null, topicId };
    return describe(topic, broker.nodeId);
  }
  if (name === null) return { errorCode: kafkaError.INVALID_REQUEST, name: '', topicId };
  const known = broker.engine.topics.byName(name);
  if (known !== null) return describe(known, broker.nodeId);
  if (topicNameProblem(name) !== null) return { errorCode: kafkaError.INVALID_TOPIC_EXCEPTION, name, topicId };
  if (!mayCreate || !broker.config['auto.create.topics.enable']) {
    return { errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION, name, topicId };
  }
  const created = await broker.topicAdmin.create({
    name,
    partitions: broker.config['num.partitions'],
    configs: {},
  });
  if (created.topic !== null) return describe(created.topic, broker.nodeId);
  // Another connection may have created it meanwhile.
  const present = broker.engine.topics.byName(name);
  if (present !== null) return describe(present, broker.nodeId);
  return { errorCode: created.code, name, topicId };
}

function describe(topic: Topic, nodeId: number): MetadataTopic {
  const nodes = [nodeId];
  return {
    errorCode: kafkaError.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: Array.from({ length: topic.partitions }, (_, partitionIndex) => ({
      errorCode: kafkaError.NONE,
      partitionIndex,
      leaderId: nodeId,
      leaderEpoch,
      replicaNodes: nodes,
      isrNodes: nodes,
    })),
  };
}
