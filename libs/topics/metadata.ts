import type { MetadataResponse } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';

export interface ClusterNode {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionMetadata {
  readonly partition: number;
  /** -1 while there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
}

export interface TopicMetadata {
  readonly name: string;
  readonly id: string;
  readonly internal: boolean;
  /** By number, without gaps. */
  readonly partitions: readonly PartitionMetadata[];
}

/** What the cluster said last about its nodes and topics. */
export class MetadataCache {
  clusterId: string | null = null;
  controllerId = -1;
  private nodesById = new Map<number, ClusterNode>();
  private readonly topics = new Map<string, { readonly metadata: TopicMetadata; readonly atMs: number }>();

  get nodes(): readonly ClusterNode[] {
    return [...this.nodesById.values()];
  }

  node(nodeId: number): ClusterNode | null {
    return this.nodesById.get(nodeId) ?? null;
  }

  topic(name: string): TopicMetadata | null {
    return this.topics.get(name)?.metadata ?? null;
  }

  /** Milliseconds since the topic was asked for; Infinity where it is not known. */
  ageMs(name: string, nowMs: number): number {
    const known = this.topics.get(name);
    return known === undefined ? Infinity : nowMs - known.atMs;
  }

  /** The leader is gone or another: not to be used before the next refresh. */
  forget(name: string): void {
    this.topics.delete(name);
  }

  /** Takes in an answer; gives the topics in it that could be read, and the error code of each that could not. */
  absorb(
    answer: MetadataResponse,
    nowMs: number,
  ): { readonly topics: TopicMetadata[]; readonly errors: Map<string, number> } {
    this.clusterId = answer.clusterId;
    this.controllerId = answer.controllerId;
    if (answer.brokers.length > 0) this.nodesById = new Map(answer.brokers.map((broker) => [broker.nodeId, broker]));
    const topics: TopicMetadata[] = [];
    const errors = new Map<string, number>();
    for (const topic of answer.topics) {
      const name = topic.name ?? '';
      if (topic.errorCode !== kafkaError.NONE) {
        errors.set(name, topic.errorCode);
        this.topics.delete(name);
        continue;
      }
      const metadata: TopicMetadata = {
        name,
        id: topic.topicId,
        internal: topic.isInternal,
        partitions: topic.partitions
          .map((partition) => ({
            partition: partition.partitionIndex,
            leader: partition.leaderId,
            leaderEpoch: partition.leaderEpoch,
            replicas: partition.replicaNodes,
            inSyncReplicas: partition.isrNodes,
          }))
          .sort((left, right) => left.partition - right.partition),
      };
      this.topics.set(name, { metadata, atMs: nowMs });
      topics.push(metadata);
    }
    return { topics, errors };
  }
}
