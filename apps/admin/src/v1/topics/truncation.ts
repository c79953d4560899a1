import { ConflictException } from '@nestjs/common';
import { FieldProblems } from '#nest/field-problems';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Cluster } from '#topics/cluster';
import { answerError } from '#topics/errors';
import type { TopicAdmin } from '#topics/topic-admin';
import type { TruncateBody } from './topic-schemas.js';

export interface PartitionCut {
  readonly partition: number;
  /** First offset that there is. */
  readonly old: number;
  /** First offset that stays. */
  readonly next: number;
}

const patienceMs = 15_000;

/** Brokers refuse to cut a topic that is compacted only (POLICY_VIOLATION): said before anything is done. */
export async function requireDeletable(topics: TopicAdmin, topic: string): Promise<void> {
  const policy = (await topics.describeConfigs(topic)).find(({ name }) => name === 'cleanup.policy')?.value ?? 'delete';
  if (policy.split(',').some((word) => word.trim() === 'delete')) return;
  throw new ConflictException(
    `Topic ${topic} is compacted (cleanup.policy=${policy}): its records cannot be cut off. Set cleanup.policy=compact,delete first.`,
  );
}

/** Which records would go; those at the places asked for stay. */
export async function planTruncation(
  topics: TopicAdmin,
  topic: string,
  body: TruncateBody,
): Promise<readonly PartitionCut[]> {
  const [starts, ends] = await Promise.all([topics.offsets(topic, 'earliest'), topics.offsets(topic, 'latest')]);
  const wanted = 'before_ts' in body ? await placesAt(topics, topic, body.before_ts) : placesGiven(topic, body, ends);
  return starts.flatMap(({ partition, offset: old }) => {
    const end = ends.find((each) => each.partition === partition)?.offset ?? old;
    const place = wanted.get(partition);
    if (place === undefined) return [];
    // No record is as late: none stays.
    return [{ partition, old, next: Math.max(old, place < 0 ? end : place) }];
  });
}

/** Asks the leader of each partition; what is cut off is gone for good. */
export async function truncate(cluster: Cluster, topic: string, cuts: readonly PartitionCut[]): Promise<void> {
  await Promise.all(
    cuts
      .filter(({ old, next }) => next > old)
      .map(({ partition, next }) =>
        cluster.attempt(patienceMs, () => cut(cluster, { topic, partition, offset: next })),
      ),
  );
}

async function cut(
  cluster: Cluster,
  { topic, partition, offset }: { topic: string; partition: number; offset: number },
): Promise<void> {
  const { partitions } = await cluster.topic(topic);
  const leader = partitions.find((each) => each.partition === partition)?.leader ?? -1;
  const doing = `Truncating ${topic}-${partition}`;
  if (leader < 0) throw refused(cluster, topic, { code: kafkaError.LEADER_NOT_AVAILABLE, doing });
  const answer = await cluster.request({ node: leader }, apis.deleteRecords, {
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }],
    timeoutMs: patienceMs,
  });
  const code = answer.topics[0]?.partitions[0]?.errorCode ?? kafkaError.UNKNOWN_SERVER_ERROR;
  if (code !== kafkaError.NONE) throw refused(cluster, topic, { code, doing });
}

/** Leaders may be others by now: they are asked for again. */
function refused(cluster: Cluster, topic: string, { code, doing }: { code: number; doing: string }): Error {
  cluster.metadata.forget(topic);
  return answerError(code, doing);
}

async function placesAt(topics: TopicAdmin, topic: string, time: string): Promise<ReadonlyMap<number, number>> {
  const found = await topics.offsets(topic, Date.parse(time));
  return new Map(found.map(({ partition, offset }) => [partition, offset]));
}

function placesGiven(
  topic: string,
  body: Exclude<TruncateBody, { before_ts: string }>,
  ends: readonly { readonly partition: number; readonly offset: number }[],
): ReadonlyMap<number, number> {
  const problems = body.partitions.flatMap(({ partition, before_offset: offset }, index) => {
    const end = ends.find((each) => each.partition === partition)?.offset;
    const pointer = `/partitions/${index}`;
    if (end === undefined) {
      return [
        { pointer: `${pointer}/partition`, code: 'unknown', message: `Topic ${topic} has no partition ${partition}` },
      ];
    }
    if (offset <= end) return [];
    const message = `Partition ${partition} ends at offset ${end}: give that or less`;
    return [{ pointer: `${pointer}/before_offset`, code: 'out_of_range', message }];
  });
  const [first] = problems;
  if (first !== undefined) throw new FieldProblems(first.message, problems);
  return new Map(body.partitions.map(({ partition, before_offset: offset }) => [partition, offset]));
}
