import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Cluster } from '#topics/cluster';
import { groupByTopic, type TopicPartition } from '#topics/consumer-protocol';
import { answerError, TopicsError, topicsErrors } from '#topics/errors';

export interface OffsetQuestion extends TopicPartition {
  /** A number is a time, ms: the first record at or after it. */
  readonly at: 'earliest' | 'latest' | number;
}

export interface OffsetFound extends TopicPartition {
  /** -1 where no record is that young. */
  readonly offset: number;
  /** -1 where it was not asked by time. */
  readonly timestamp: number;
}

const special = { earliest: -2, latest: -1 } as const;

/**
 * Asks each partition's leader. Rejects with a retriable TopicsError when one of them has none or another by now; ask again
 * then, the metadata are fetched anew.
 */
export async function listOffsets(
  cluster: Cluster,
  questions: readonly OffsetQuestion[],
  isolation: 'read_uncommitted' | 'read_committed' = 'read_uncommitted',
): Promise<OffsetFound[]> {
  const byLeader = new Map<number, OffsetQuestion[]>();
  for (const topic of new Set(questions.map((question) => question.topic))) await cluster.topic(topic);
  for (const question of questions) {
    const leader = cluster.metadata.topic(question.topic)?.partitions[question.partition]?.leader ?? -1;
    if (leader < 0) {
      cluster.metadata.forget(question.topic);
      throw new TopicsError(
        topicsErrors.refusedForNow,
        `Partition ${question.topic}-${question.partition} has no leader now.`,
      );
    }
    const asked = byLeader.get(leader);
    if (asked === undefined) byLeader.set(leader, [question]);
    else asked.push(question);
  }
  const found = [...byLeader].map(([leader, asked]) => askLeader(cluster, leader, asked, isolation));
  return (await Promise.all(found)).flat();
}

async function askLeader(
  cluster: Cluster,
  leader: number,
  questions: readonly OffsetQuestion[],
  isolation: 'read_uncommitted' | 'read_committed',
): Promise<OffsetFound[]> {
  const timestampOf = new Map(
    questions.map(({ topic, partition, at }) => [`${partition} ${topic}`, typeof at === 'number' ? at : special[at]]),
  );
  const answer = await cluster.request({ node: leader }, apis.listOffsets, {
    replicaId: -1,
    isolationLevel: isolation === 'read_committed' ? 1 : 0,
    topics: [...groupByTopic(questions)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        timestamp: timestampOf.get(`${partitionIndex} ${name}`) ?? special.latest,
      })),
    })),
    timeoutMs: 30_000,
  });
  return answer.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode, offset, timestamp }) => {
      if (errorCode !== kafkaError.NONE) {
        cluster.metadata.forget(name);
        throw answerError(errorCode, `Looking up an offset of ${name}-${partitionIndex}`);
      }
      return { topic: name, partition: partitionIndex, offset, timestamp };
    }),
  );
}
