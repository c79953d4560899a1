import type { Cluster } from '#topics/cluster';
import type { TopicPartition } from '#topics/consumer-protocol';
import type { RecordColumns } from '#wire/kafka/record-columns';

export type { TopicPartition } from '#topics/consumer-protocol';

export interface PartitionPosition extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number;
}

export interface PartitionRecords extends TopicPartition {
  readonly records: RecordColumns;
  /** Offset after the last record handed out with this; commit this one when all were processed. */
  readonly nextOffset: number;
  readonly highWatermark: number;
}

/** Where a partition without a committed offset starts. */
export type StartPosition = 'earliest' | 'latest' | { readonly timestampMs: number };

export interface TopicReaderOptions {
  /** Absent: no group; reads exactly `partitions`. */
  readonly groupId?: string;
  /** What to read: one of the three. */
  readonly topics?: readonly string[];
  readonly pattern?: RegExp;
  /** Groupless only; `offset` absent = by `start`. */
  readonly partitions?: readonly (TopicPartition & { readonly offset?: number })[];
  /** Default 'earliest'. */
  readonly start?: StartPosition;
  /** What to do when the position lies outside the log: go on at its start, its end, or fail the poll. Default 'earliest'. */
  readonly outOfRange?: 'earliest' | 'latest' | 'fail';
  readonly isolation?: 'read_uncommitted' | 'read_committed';
  /** Bytes fetched and not yet handed out, all partitions together. Default 16 MiB. */
  readonly bytesMax?: number;
  /** Bytes of one partition in one fetch. Default 1 MiB. */
  readonly partitionBytesMax?: number;
  /** How long the cluster holds a fetch without data, ms. Default 500. */
  readonly fetchWaitMs?: number;
  /** A member that is silent for so long is replaced, ms. Default 10000. */
  readonly sessionTimeoutMs?: number;
  /** Default 1000. */
  readonly heartbeatMs?: number;
  /** How long onRevoked may take, ms. Default 60000. */
  readonly rebalanceTimeoutMs?: number;
  /** Static membership. */
  readonly groupInstanceId?: string;
  /** In order of preference. Default ['range', 'roundrobin']. */
  readonly assignors?: readonly ('range' | 'roundrobin')[];
  /** How often topics and partition counts are looked at, ms. Default 10000. */
  readonly topicRefreshMs?: number;
}

/**
 * Called by the reader's own loop, one at a time, also while a poll is waiting. From the call of `onRevoked` or `onLost` on,
 * polls give nothing of those partitions.
 */
export interface AssignmentListener {
  /** Gives the next offset for partitions whose position is kept elsewhere; the others start where the group committed. */
  onAssigned(partitions: readonly TopicPartition[]): Promise<readonly PartitionPosition[]>;
  /** Awaited, at most rebalanceTimeoutMs. Commits of these partitions are still taken until it resolves. */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>;
  /** The group has given them to others already: nothing can be committed any more. */
  onLost(partitions: readonly TopicPartition[]): Promise<void>;
}

/** Reads topics as a member of a consumer group, or given partitions without one. */
export class TopicReader {
  constructor(
    readonly cluster: Cluster,
    readonly options: TopicReaderOptions,
  ) {}

  /** Starts joining and fetching; resolves at once. A groupless reader may leave the listener out. */
  start(listener?: AssignmentListener): Promise<void> {
    return Promise.resolve(listener === undefined ? undefined : undefined);
  }

  /**
   * Records that are there, at least one partition's, waiting at most `waitMs` for the first; empty when there was nothing.
   * Rejects with a TopicsError when the reader can not go on by itself.
   */
  poll(waitMs: number): Promise<readonly PartitionRecords[]> {
    return Promise.reject(new Error(String(waitMs)));
  }

  /** Polls give nothing of these until `resume`; what was fetched is kept. Partitions not assigned are ignored. */
  pause(partitions: readonly TopicPartition[]): void {
    void partitions;
  }

  resume(partitions: readonly TopicPartition[]): void {
    void partitions;
  }

  /** The next poll goes on at `offset`. */
  seek(position: PartitionPosition): void {
    void position;
  }

  /** The offset after the last record handed out, null where not assigned or not yet known. */
  position(partition: TopicPartition): number | null {
    void partition;
    return null;
  }

  /** Partitions assigned now. */
  assignment(): readonly TopicPartition[] {
    return [];
  }

  /**
   * Resolves when durable. Rejects with `topics.group.fenced` when a partition is no longer ours, with
   * `topics.group.rebalancing` (retriable) while the group forms anew.
   */
  commit(positions: readonly PartitionPosition[]): Promise<void> {
    return Promise.reject(new Error(String(positions.length)));
  }

  /** Calls onRevoked for what is assigned, leaves the group, stops fetching. Waiting polls give an empty answer. */
  stop(): Promise<void> {
    return Promise.resolve();
  }
}
