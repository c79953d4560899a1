import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler, type HandlerContext } from '../handler.js';

/**
 * ElectLeaders, versions 0 to 2. Each partition has one copy, which leads it, so no election is ever needed: partitions that are named
 * are told so; where none is named (null), topics come without partitions, as Kafka leaves out what needs no election.
 */
export const electLeaders = defineHandler(apis.electLeaders, (context, _version, request) => {
  const { topics } = context.broker.engine;
  const refusal = refusalOf(context, request.electionType);
  const named = request.topicPartitions ?? topics.list().map(({ name }) => ({ topic: name, partitions: [] }));
  return {
    errorCode: refusal?.errorCode ?? kafkaError.NONE,
    replicaElectionResults: named.map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => {
        const count = topics.byName(topic)?.partitions ?? 0;
        const outcome = partitionId >= 0 && partitionId < count ? notNeeded : unknown;
        return { partitionId, ...(refusal ?? outcome) };
      }),
    })),
  };
});

interface Outcome {
  readonly errorCode: number;
  readonly errorMessage: string;
}

/** Of the preferred copy, and of one that is behind. */
const electionTypes = [0, 1];

const notNeeded: Outcome = {
  errorCode: kafkaError.ELECTION_NOT_NEEDED,
  errorMessage: 'Leader election not needed for topic partition.',
};
const unknown: Outcome = {
  errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION,
  errorMessage: 'There is no such partition.',
};

function refusalOf(context: HandlerContext, electionType: number): Outcome | null {
  if (!context.may('alter', 'cluster', clusterName)) {
    return { errorCode: kafkaError.CLUSTER_AUTHORIZATION_FAILED, errorMessage: 'Cluster authorization failed.' };
  }
  if (electionTypes.includes(electionType)) return null;
  return { errorCode: kafkaError.INVALID_REQUEST, errorMessage: `Unknown election type ${electionType}` };
}
