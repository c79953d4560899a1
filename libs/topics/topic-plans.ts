/** What the cluster would do with a topic, asked of it without doing it. Every error is a TopicsError with Kafka's code. */
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Cluster } from './cluster.js';
import { answerError } from './errors.js';
import type { TopicSpec } from './topic-admin.js';

export interface TopicPlan {
  /** With the cluster's defaults; null where it does not say (before Kafka 2.4, or without the right to read settings). */
  readonly partitions: number | null;
  readonly replicationFactor: number | null;
  /** All settings as they would be; empty where the cluster does not say. */
  readonly configs: readonly {
    readonly name: string;
    /** Null where it is secret or unset. */
    readonly value: string | null;
    readonly isGiven: boolean;
  }[];
}

const patienceMs = 15_000;
const topicSource = 1;

/** The topic as it would be created. Rejects with Kafka code 36 where it exists. */
export async function planTopic(cluster: Cluster, spec: TopicSpec): Promise<TopicPlan> {
  const answer = await cluster.attempt(patienceMs, () =>
    cluster.request('controller', apis.createTopics, {
      topics: [
        {
          name: spec.name,
          numPartitions: spec.partitions ?? -1,
          replicationFactor: spec.replicationFactor ?? -1,
          configs: Object.entries(spec.configs ?? {}).map(([name, value]) => ({ name, value })),
        },
      ],
      timeoutMs: patienceMs,
      validateOnly: true,
    }),
  );
  const [topic] = answer.topics;
  const code = topic?.errorCode ?? kafkaError.UNKNOWN_SERVER_ERROR;
  if (topic === undefined || code !== kafkaError.NONE) {
    throw answerError(code, `Creating topic ${spec.name}`, topic?.errorMessage);
  }
  return {
    partitions: countOf(topic.numPartitions),
    replicationFactor: countOf(topic.replicationFactor),
    configs: (topic.configs ?? []).map(({ name, value, configSource, isSensitive }) => {
      return { name, value: isSensitive ? null : value, isGiven: configSource === topicSource };
    }),
  };
}

/** Whether the topic could have `total` partitions: rejects with Kafka code 37 where it could not. */
export async function checkPartitions(cluster: Cluster, name: string, total: number): Promise<void> {
  const answer = await cluster.attempt(patienceMs, () =>
    cluster.request('controller', apis.createPartitions, {
      topics: [{ name, count: total, assignments: null }],
      timeoutMs: patienceMs,
      validateOnly: true,
    }),
  );
  const [result] = answer.results;
  const code = result?.errorCode ?? kafkaError.UNKNOWN_SERVER_ERROR;
  if (code !== kafkaError.NONE) throw answerError(code, `Adding partitions to topic ${name}`, result?.errorMessage);
}

function countOf(count: number): number | null {
  return count < 0 ? null : count;
}
