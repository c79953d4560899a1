import type { Topic } from '#log/engine';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { zeroUuid, type ResponseInput } from '#wire/kafka/schema';
import type { DescribeTopicPartitionsRequest } from '#wire/kafka/schemas/describe-topic-partitions';
import { authorizedTopicOperations } from '../authorized-operations.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import { topicRow } from '../partition-rows.js';
import { topicNameProblem } from '../topic-names.js';

/** Most partitions in one answer, whatever is asked for; Kafka's `max.request.partition.size.limit`. */
const partitionsMax = 2_000;

/**
 * DescribeTopicPartitions, version 0: topics in the order of their names, cut after so many partitions; the cursor says where the next
 * request goes on. No names mean all topics that the asker may describe.
 */
export const describeTopicPartitions = defineHandler(apis.describeTopicPartitions, (context, _version, request) => {
  const { cursor } = request;
  const all = request.topics.length === 0;
  if (cursor !== null && !isCursor(cursor, request)) {
    return { topics: request.topics.map(({ name }) => refusal(name, kafkaError.INVALID_REQUEST)) };
  }
  const room = Math.max(1, Math.min(partitionsMax, request.responsePartitionLimit));
  const page = new Page(context, room, cursor);
  const first = cursor?.topicName ?? '';
  for (const name of namesFrom(first, all ? namesOfAll(context) : request.topics.map((topic) => topic.name))) {
    if (!page.add(name, all)) break;
  }
  return { topics: [...page.topics, ...page.denied], nextCursor: page.nextCursor };
});

type Described = NonNullable<ResponseInput<typeof apis.describeTopicPartitions>['topics']>[number];
type Cursor = NonNullable<DescribeTopicPartitionsRequest['cursor']>;

/** Fills one answer. */
class Page {
  readonly topics: Described[] = [];
  readonly denied: Described[] = [];
  nextCursor: Cursor | null = null;

  constructor(
    private readonly context: HandlerContext,
    private room: number,
    private readonly cursor: Cursor | null,
  ) {}

  /** False when the answer is full. */
  add(name: string, isOfAll: boolean): boolean {
    if (!this.context.may('describe', 'topic', name)) {
      // Names of topics that may not be described are not told.
      if (!isOfAll) this.denied.push(refusal(name, kafkaError.TOPIC_AUTHORIZATION_FAILED));
      return true;
    }
    if (this.room === 0) {
      this.nextCursor = { topicName: name, partitionIndex: 0 };
      return false;
    }
    const topic = this.context.broker.engine.topics.byName(name);
    if (topic === null) {
      const isName = topicNameProblem(name) === null;
      const code = isName ? kafkaError.UNKNOWN_TOPIC_OR_PARTITION : kafkaError.INVALID_TOPIC_EXCEPTION;
      const topicAuthorizedOperations = authorizedTopicOperations(this.context, name);
      if (!isOfAll) this.topics.push({ ...refusal(name, code), topicAuthorizedOperations });
      return true;
    }
    const from = this.cursor?.topicName === name ? this.cursor.partitionIndex : 0;
    const to = Math.min(topic.partitions, from + this.room);
    this.topics.push(this.describe(topic, from, to));
    if (to < topic.partitions) {
      this.nextCursor = { topicName: name, partitionIndex: to };
      return false;
    }
    this.room -= Math.max(0, to - from);
    return true;
  }

  private describe(topic: Topic, from: number, to: number): Described {
    const row = topicRow(this.context.broker, topic, { from, to });
    return {
      ...row,
      partitions: row.partitions.map((each) => ({ ...each, eligibleLeaderReplicas: [], lastKnownElr: [] })),
      topicAuthorizedOperations: authorizedTopicOperations(this.context, topic.name),
    };
  }
}

/** A cursor names a partition of a topic that is asked for. */
function isCursor(cursor: Cursor, request: DescribeTopicPartitionsRequest): boolean {
  const isAsked = request.topics.length === 0 || request.topics.some(({ name }) => name === cursor.topicName);
  return isAsked && cursor.partitionIndex >= 0;
}

function namesOfAll({ broker }: HandlerContext): string[] {
  return broker.engine.topics.list().map(({ name }) => name);
}

function namesFrom(first: string, names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name >= first).sort((left, right) => (left < right ? -1 : 1));
}

function refusal(name: string, errorCode: number): Described {
  return { errorCode, name, topicId: zeroUuid, isInternal: false, partitions: [] };
}
