import type { Topic } from '#log/engine';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Broker } from './broker.js';
import { leaderEpoch } from './leader-epoch.js';

interface PartitionRow {
  readonly errorCode: number;
  readonly partitionIndex: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
}

/** Who leads and keeps partitions `from` to below `to` of a topic, as metadata tell it: one copy each, in sync by definition. */
function partitionRows(
  broker: Broker,
  topic: Topic,
  { from, to }: { readonly from: number; readonly to: number },
): PartitionRow[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => {
    const leaderId = broker.leaderOf(topic, from + index);
    const nodes = [leaderId];
    return {
      errorCode: kafkaError.NONE,
      partitionIndex: from + index,
      leaderId,
      leaderEpoch,
      replicaNodes: nodes,
      isrNodes: nodes,
    };
  });
}

/** A topic with partitions `from` to below `to`, as metadata tell it. */
export function topicRow(broker: Broker, topic: Topic, range: { readonly from: number; readonly to: number }) {
  return {
    errorCode: kafkaError.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: partitionRows(broker, topic, range),
  };
}
