import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid, type ResponseInput } from '#wire/kafka/schema';
import type { CreateTopicsRequest } from '#wire/kafka/schemas/create-topics';
import type { Broker } from '../broker.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import { MutationQuota } from '../quotas/mutation-quota.js';
import { describeTopicConfigs } from '../topic-config-entries.js';
import type { TopicProblem } from '../topic-admin.js';

/**
 * CreateTopics, versions 2 to 7. Counts of -1 take the defaults; assignments by hand exclude counts and must name this node
 * alone. A topic can be produced to when the answer says that it is there. Names given twice in one request are refused.
 */
export const createTopics = defineHandler(apis.createTopics, async (context, version, request) => {
  const quota = new MutationQuota(context, version >= 6);
  const topics: CreatedTopic[] = [];
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of request.topics) (seen.has(name) ? twice : seen).add(name);
  const answered = new Set<string>();
  for (const wanted of request.topics) {
    if (answered.has(wanted.name)) continue;
    answered.add(wanted.name);
    topics.push(
      twice.has(wanted.name)
        ? refusal(wanted.name, {
            code: kafkaError.INVALID_REQUEST,
            message: `The request names topic "${wanted.name}" more than once.`,
          })
        : await create(context, wanted, { quota, validateOnly: request.validateOnly }),
    );
  }
  return { topics, throttleTimeMs: quota.waitMs };
});

/** Where a real Kafka keeps its own metadata. */
const metadataTopic = '__cluster_metadata';

type WantedTopic = CreateTopicsRequest['topics'][number];
type CreatedTopic = NonNullable<ResponseInput<typeof apis.createTopics>['topics']>[number];

interface Manner {
  readonly quota: MutationQuota;
  readonly validateOnly: boolean;
}

async function create(
  context: HandlerContext,
  wanted: WantedTopic,
  { quota, validateOnly }: Manner,
): Promise<CreatedTopic> {
  const { broker } = context;
  if (!context.may('create', 'cluster', clusterName) && !context.may('create', 'topic', wanted.name)) {
    return refusal(wanted.name, { code: kafkaError.TOPIC_AUTHORIZATION_FAILED, message: 'Authorization failed.' });
  }
  if (wanted.name === metadataTopic) {
    const message = `Creation of internal topic ${metadataTopic} is prohibited.`;
    return refusal(wanted.name, { code: kafkaError.INVALID_REQUEST, message });
  }
  const partitions = partitionCount(broker, wanted);
  if (typeof partitions !== 'number') return refusal(wanted.name, partitions);
  const configs: Record<string, string> = {};
  for (const { name, value } of wanted.configs) {
    if (value === null) {
      return refusal(wanted.name, {
        code: kafkaError.INVALID_CONFIG,
        message: `The configuration "${name}" has a null value.`,
      });
    }
    configs[name] = value;
  }
  const spec = { name: wanted.name, partitions, configs, leaders: leadersOf(broker, wanted) };
  const checked = broker.topicAdmin.check(spec);
  const problem = checked.code === kafkaError.NONE ? quota.take(partitions) : checked;
  if (problem !== null) return refusal(wanted.name, problem);
  const outcome = validateOnly ? checked : await broker.topicAdmin.create(spec);
  if (outcome.code !== kafkaError.NONE) return refusal(wanted.name, outcome);
  const created = {
    name: wanted.name,
    topicId: outcome.topic?.id ?? zeroUuid,
    errorCode: kafkaError.NONE,
    errorMessage: null,
  };
  if (!context.may('describe_configs', 'topic', wanted.name)) {
    return { ...created, configs: [], topicConfigErrorCode: kafkaError.TOPIC_AUTHORIZATION_FAILED };
  }
  return {
    ...created,
    numPartitions: partitions,
    replicationFactor: 1,
    configs: describeTopicConfigs(configs, broker.configs).map(
      ({ name, value, readOnly, configSource, isSensitive }) => ({
        name,
        value,
        readOnly,
        configSource,
        isSensitive,
      }),
    ),
  };
}

/** In the order of the partitions; null where they are not assigned by hand. */
function leadersOf(broker: Broker, { assignments }: WantedTopic): readonly number[] | null {
  if (assignments.length === 0) return null;
  return broker.nodes.leadersOf([...assignments].sort((a, b) => a.partitionIndex - b.partitionIndex));
}

/** The count by number, by default or by assignment; or what is wrong with it. */
function partitionCount(broker: Broker, wanted: WantedTopic): number | TopicProblem {
  const { config, nodes } = broker;
  const { numPartitions, replicationFactor, assignments } = wanted;
  if (assignments.length > 0) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      return {
        code: kafkaError.INVALID_REQUEST,
        message: 'Assignments and counts exclude each other: give -1 for both counts.',
      };
    }
    const indexes = new Set(assignments.map((assignment) => assignment.partitionIndex));
    const complete = assignments.every((_, index) => indexes.has(index)) && indexes.size === assignments.length;
    if (!complete || nodes.leadersOf(assignments) === null) {
      return {
        code: kafkaError.INVALID_REPLICA_ASSIGNMENT,
        message: `Assignments must number partitions from 0 without a gap and name ${nodes.inWords} alone.`,
      };
    }
    return assignments.length;
  }
  const relaxed = config['replication.factor.relaxed'] && replicationFactor > 0;
  if (replicationFactor !== -1 && replicationFactor !== 1 && !relaxed) {
    return {
      code: kafkaError.INVALID_REPLICATION_FACTOR,
      message: `Replication factor ${replicationFactor} is not possible: there is one copy of each partition.`,
    };
  }
  return numPartitions === -1 ? config['num.partitions'] : numPartitions;
}

function refusal(name: string, problem: TopicProblem): CreatedTopic {
  return { name, errorCode: problem.code, errorMessage: problem.message, configs: [] };
}
