import type { Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { RecordColumns } from '#wire/kafka/record-columns';
import type { Cluster } from '#topics/cluster';
import { groupByTopic, type TopicPartition } from '#topics/consumer-protocol';
import { answerError, asTopicsError, TopicsError, topicsErrors } from '#topics/errors';
import { GroupMembership } from '#topics/group-membership';
import { listOffsets } from '#topics/offset-lookup';
import { PartitionFetcher } from '#topics/partition-fetcher';

export type { TopicPartition } from '#topics/consumer-protocol';
import { offsetVersionMax } from '#topics/offset-versions';

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

/** How long passing errors are waited out while positions are looked up, ms: until the group moves on, in fact. */
const lookupPatienceMs = 24 * 60 * 60 * 1000;

/** Reads topics as a member of a consumer group, or given partitions without one. */
export class TopicReader {
  private readonly fetcher: PartitionFetcher;
  private readonly lanes: { readonly fetch: string; readonly group: string };
  private membership: GroupMembership | null = null;
  private listener: AssignmentListener | null = null;
  private reviewTimer: Timer | null = null;
  private readonly stopping = new AbortController();

  constructor(
    readonly cluster: Cluster,
    readonly options: TopicReaderOptions,
  ) {
    // Fetches and joins are held open by the node: each reader has connections of its own for them.
    const number = Math.floor(cluster.random.next() * 2 ** 40).toString(36);
    this.lanes = { fetch: `fetch-${number}`, group: `group-${number}` };
    this.fetcher = new PartitionFetcher(cluster, {
      lane: this.lanes.fetch,
      isolation: options.isolation ?? 'read_uncommitted',
      outOfRange: options.outOfRange ?? 'earliest',
      bytesMax: options.bytesMax ?? 16 * 1024 * 1024,
      partitionBytesMax: options.partitionBytesMax ?? 1024 * 1024,
      fetchWaitMs: options.fetchWaitMs ?? 500,
    });
  }

  /** Starts joining and fetching; resolves at once. A groupless reader may leave the listener out. */
  start(listener?: AssignmentListener): Promise<void> {
    const { groupId } = this.options;
    this.listener = listener ?? null;
    if (groupId === undefined) {
      this.readAlone().catch((error: unknown) => this.failWith(error));
      return Promise.resolve();
    }
    this.membership = new GroupMembership(
      this.cluster,
      {
        groupId,
        groupInstanceId: this.options.groupInstanceId ?? null,
        lane: this.lanes.group,
        sessionTimeoutMs: this.options.sessionTimeoutMs ?? 10_000,
        heartbeatMs: this.options.heartbeatMs ?? 1000,
        rebalanceTimeoutMs: this.options.rebalanceTimeoutMs ?? 60_000,
        assignors: this.options.assignors ?? ['range', 'roundrobin'],
      },
      {
        topics: () => this.topics(),
        assigned: (partitions, signal) => this.assigned(groupId, partitions, signal),
        revoked: (partitions) => this.released(partitions, (listening) => listening.onRevoked(partitions)),
        lost: (partitions) => this.released(partitions, (listening) => listening.onLost(partitions)),
        failed: (error) => this.fetcher.fail(error),
      },
    );
    this.membership.start();
    this.armReview();
    return Promise.resolve();
  }

  /**
   * Records that are there, at least one partition's, waiting at most `waitMs` for the first; empty when there was nothing.
   * Rejects with a TopicsError when the reader cannot go on by itself.
   */
  poll(waitMs: number): Promise<readonly PartitionRecords[]> {
    return this.fetcher.poll(waitMs);
  }

  /**
   * Polls give nothing of these until `resume`. What was fetched is kept, or fetched again where its room was needed; either way
   * nothing is lost or repeated. Partitions not assigned are ignored; from the call of onAssigned on they are, and begin unpaused.
   */
  pause(partitions: readonly TopicPartition[]): void {
    this.fetcher.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.fetcher.resume(partitions);
  }

  /** The next poll goes on at `offset`. Ignored where the partition is not assigned. */
  seek(position: PartitionPosition): void {
    this.fetcher.seek(position, position.offset);
  }

  /** The offset after the last record handed out, null where not assigned or not yet known. */
  position(partition: TopicPartition): number | null {
    return this.fetcher.position(partition);
  }

  /** Partitions assigned now. */
  assignment(): readonly TopicPartition[] {
    return this.fetcher.assigned;
  }

  /**
   * Resolves when durable. Rejects with `topics.group.fenced` when a partition is no longer ours, with
   * `topics.group.rebalancing` (retriable) while the group forms anew.
   */
  commit(positions: readonly PartitionPosition[]): Promise<void> {
    if (positions.length === 0) return Promise.resolve();
    if (this.membership === null) {
      const reason = 'A reader without a group has no offsets to commit.';
      return Promise.reject(new TopicsError(topicsErrors.refused, reason));
    }
    return this.membership.commit(positions);
  }

  /** Calls onRevoked for what is assigned, leaves the group, stops fetching. Waiting polls give an empty answer. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.reviewTimer?.cancel();
    await this.membership?.stop();
    this.fetcher.stop();
    this.cluster.closeLane(this.lanes.fetch);
    this.cluster.closeLane(this.lanes.group);
  }

  /** Names, sorted: what was asked for, or what the pattern matches now. */
  private async topics(): Promise<readonly string[]> {
    const { topics, pattern } = this.options;
    if (pattern === undefined) return [...(topics ?? [])].sort();
    const all = await this.cluster.refresh(null);
    const matching = all.topics.filter((topic) => !topic.internal && pattern.test(topic.name));
    return matching.map((topic) => topic.name).sort();
  }

  private async assigned(groupId: string, partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    this.fetcher.assign(partitions);
    const kept = (await this.listener?.onAssigned(partitions)) ?? [];
    if (signal.aborted) return;
    this.fetcher.place(kept);
    const { unplaced } = this.fetcher;
    const found = await this.cluster.attempt(lookupPatienceMs, () => this.startingPoints(groupId, unplaced), signal);
    if (!signal.aborted) this.fetcher.place(found);
  }

  private async released(
    partitions: readonly TopicPartition[],
    tell: (listener: AssignmentListener) => Promise<void>,
  ): Promise<void> {
    this.fetcher.suspend();
    try {
      if (this.listener !== null && partitions.length > 0) await tell(this.listener);
    } catch (error) {
      this.cluster.logger.warn('Giving back partitions failed.', { reason: messageOf(error) });
    }
    this.fetcher.unassignAll();
  }

  /** What the group has committed; where there is nothing, by `start`. */
  private async startingPoints(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<readonly PartitionPosition[]> {
    if (partitions.length === 0) return [];
    const topics = [...groupByTopic(partitions)].map(([name, partitionIndexes]) => ({ name, partitionIndexes }));
    const answer = await this.cluster.request(
      { group: groupId },
      apis.offsetFetch,
      { groupId, topics, groups: [{ groupId, topics }], requireStable: true },
      { lane: 'main', versionMax: offsetVersionMax },
    );
    const group = answer.groups[0] ?? answer;
    if (group.errorCode !== kafkaError.NONE) {
      this.cluster.forgetCoordinator(groupId);
      throw answerError(group.errorCode, `Asking for the offsets of group ${groupId}`);
    }
    const committed: PartitionPosition[] = [];
    const fresh: TopicPartition[] = [];
    for (const { name: topic, partitions: found } of group.topics) {
      for (const { partitionIndex: partition, committedOffset: offset, errorCode } of found) {
        if (errorCode !== kafkaError.NONE)
          throw answerError(errorCode, `Asking for the offset of ${topic}-${partition}`);
        if (offset >= 0) committed.push({ topic, partition, offset });
        else fresh.push({ topic, partition });
      }
    }
    return [...committed, ...(await this.startOf(fresh))];
  }

  private async startOf(partitions: readonly TopicPartition[]): Promise<readonly PartitionPosition[]> {
    if (partitions.length === 0) return [];
    const { start = 'earliest', isolation } = this.options;
    const at = typeof start === 'object' ? start.timestampMs : start;
    const found = await listOffsets(
      this.cluster,
      partitions.map((partition) => ({ ...partition, at })),
      isolation,
    );
    const none = found.filter(({ offset }) => offset < 0);
    if (none.length === 0) return found;
    // No record is that young: begin with the next one.
    const ends = await listOffsets(
      this.cluster,
      none.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const })),
      isolation,
    );
    return [...found.filter(({ offset }) => offset >= 0), ...ends];
  }

  private async readAlone(): Promise<void> {
    const { partitions, topics, pattern } = this.options;
    const { signal } = this.stopping;
    const found = await this.cluster.attempt(
      lookupPatienceMs,
      async () => {
        const isWhole = topics !== undefined || pattern !== undefined;
        const wanted: TopicReaderOptions['partitions'] = partitions ?? (isWhole ? await this.allPartitions() : []);
        const placed: PartitionPosition[] = [];
        const rest: TopicPartition[] = [];
        for (const { topic, partition, offset } of wanted) {
          if (offset === undefined) rest.push({ topic, partition });
          else placed.push({ topic, partition, offset });
        }
        return [...placed, ...(await this.startOf(rest))];
      },
      signal,
    );
    if (signal.aborted) return;
    this.fetcher.assign(found);
    const kept = (await this.listener?.onAssigned(found)) ?? [];
    if (signal.aborted) return;
    this.fetcher.place([...kept, ...found]);
  }

  private async allPartitions(): Promise<readonly TopicPartition[]> {
    const names = await this.topics();
    const known = await Promise.all(names.map((name) => this.cluster.topic(name)));
    return known.flatMap(({ name, partitions }) => partitions.map(({ partition }) => ({ topic: name, partition })));
  }

  private armReview(): void {
    this.reviewTimer = this.cluster.clock.after(this.options.topicRefreshMs ?? 10_000, () => {
      // What fails now is looked at again the next time.
      const review = this.membership?.review() ?? Promise.resolve();
      void review
        .catch(() => undefined)
        .then(() => {
          if (!this.stopping.signal.aborted) this.armReview();
        });
    });
  }

  private failWith(error: unknown): void {
    if (!this.stopping.signal.aborted) this.fetcher.fail(asTopicsError(error, 'The reader could not begin.'));
  }
}
