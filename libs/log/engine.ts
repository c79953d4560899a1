/**
 * The seam between Kafka's semantics and where bytes and their order live. `local` (segment files, one process) is the
 * first engine; a shared one on an object store comes behind the same calls.
 *
 * Rules for every engine: an offset exists only once its bytes are durable; a fetch never steps over an offset it cannot
 * read; every background job is bounded, resumable and safe to run twice; bytes pass through untouched (the CRC checked,
 * base offset and leader epoch patched, both outside the CRC).
 *
 * Offsets, timestamps and producer ids are numbers, always safe integers.
 */
export interface LogEngine {
  open(): Promise<void>;
  /** Makes everything durable and writes the clean-stop mark. */
  close(): Promise<void>;
  health(): EngineHealth;

  /**
   * One result an entry, in order. Entries of one producer and partition keep their order, also between calls.
   * `acks` -1 resolves when durable, 1 when written, 0 when accepted. Never rejects for a bad batch or a full disk: that is
   * the entry's error.
   */
  append(entries: readonly AppendEntry[], options: AppendOptions): Promise<AppendResult[]>;

  /**
   * Waits until `minBytes` are there over all slices, `maxWaitMs` is over, a slice has an error, or `signal` aborts; then
   * answers slices in the order given. The first non-empty slice gives its first batch whole even if larger than the limits.
   */
  fetch(slices: readonly FetchSlice[], options: FetchOptions): Promise<FetchResult[]>;

  /**
   * Tells `watcher` when the partition's high watermark or log start moves, and when it goes, until `unwatch`. False where there is
   * no such partition. Fetch sessions look only at what moved.
   */
  watch(topicId: string, partition: number, watcher: PartitionWatcher): boolean;
  unwatch(topicId: string, partition: number, watcher: PartitionWatcher): void;

  listOffsets(queries: readonly OffsetQuery[]): Promise<OffsetAnswer[]>;

  /** Moves log starts forward (DeleteRecords, retention). An offset of -1 means the high watermark. */
  advanceStart(requests: readonly AdvanceStart[]): Promise<AdvanceStartResult[]>;

  /** What topics have where they set nothing themselves, by the names of `topicConfigs`; in force at once. Not kept. */
  setTopicDefaults(configs: Readonly<Record<string, string>>): void;

  readonly topics: EngineTopics;
  readonly groups: EngineGroups;

  /**
   * Ends a producer's transaction on partitions: one control batch each, all of them durable when the promise resolves. One result a
   * marker, in order. A marker for a partition where the producer has no open transaction is written all the same (Kafka does).
   */
  writeMarkers(markers: readonly TransactionMarker[]): Promise<LogErrorCode[]>;

  /** The producers a partition remembers, with their open transactions; null for an unknown partition. */
  describeProducers(topicId: string, partition: number): Promise<ActiveProducer[] | null>;

  /** A small table, durable and answered from memory: transactions, group metadata. The same object for the same name. */
  table(name: string): DurableTable;

  /** A fresh producer id, never handed out before, epoch 0. */
  allocateProducer(): Promise<{ producerId: number; producerEpoch: number }>;

  /**
   * Bytes, offsets and segments of every partition, for metrics and DescribeLogDirs. A partition that was not opened since the
   * start shows what was last marked durable, without bytes.
   */
  describePartitions(topicId?: string): PartitionDescription[];

  /** The data directories, the main one first, as they were measured last (each second). For DescribeLogDirs and metrics. */
  describeDirectories(): DirectoryDescription[];

  /** One bounded step of retention, deletion and compaction; true when work is left. */
  maintain(): Promise<boolean>;
}

export interface TransactionMarker {
  readonly topicId: string;
  readonly partition: number;
  readonly producerId: number;
  /** The log remembers it: batches of the producer with a lower epoch are refused from here on. */
  readonly producerEpoch: number;
  readonly outcome: 'commit' | 'abort';
  readonly coordinatorEpoch: number;
}

export interface ActiveProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1 where only a marker is known. */
  readonly lastSequence: number;
  readonly lastTimestamp: number;
  /** -1 before the first marker. */
  readonly coordinatorEpoch: number;
  /** First offset of the open transaction; -1 without one. */
  readonly transactionStartOffset: number;
}

/** Keys to values, each change durable before it is seen. Meant for thousands of small rows, not for millions. */
export interface DurableTable {
  get(key: string): Buffer | null;
  entries(): IterableIterator<[string, Buffer]>;
  /** All changes or none, in the order of the calls; null removes a key. Rejects with `log.storage` where the disk fails. */
  put(changes: readonly { readonly key: string; readonly value: Buffer | null }[]): Promise<void>;
}

export interface EngineHealth {
  readonly ok: boolean;
  readonly reason: string | null;
  /** What will need somebody soon, as a disk that is nearly full; missing where nothing does. */
  readonly warning?: string;
}

export interface AppendEntry {
  readonly topicId: string;
  readonly partition: number;
  /**
   * Exactly one record batch v2, as it came off the wire. The engine may patch its first 16 bytes in place and keep it. May be
   * transactional: that the partition belongs to the producer's open transaction was checked by the caller.
   */
  readonly batch: Buffer;
}

export interface AppendOptions {
  readonly acks: -1 | 0 | 1;
  /**
   * Whether a transactional batch of a producer that its partition does not know has to have sequence 0, because each transaction has
   * its own epoch (KIP-890). Default: false, as such a producer may only be forgotten.
   */
  readonly beginsAtZero?: boolean;
}

export interface AppendResult {
  readonly error: LogErrorCode;
  /** For people; null without an error. */
  readonly message: string | null;
  /** -1 on an error. A duplicate of an idempotent producer gives the offset of the first time. */
  readonly baseOffset: number;
  /** -1 unless the topic has message.timestamp.type=LogAppendTime. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
}

export type LogErrorCode =
  | 'none'
  | 'unknown_partition'
  /** The partition is there, and another node leads it. */
  | 'not_leader'
  | 'offset_out_of_range'
  | 'corrupt_batch'
  | 'batch_too_large'
  | 'invalid_record'
  | 'unsupported_magic'
  | 'invalid_timestamp'
  | 'out_of_order_sequence'
  | 'invalid_producer_epoch'
  | 'invalid_transaction_state'
  | 'coordinator_fenced'
  | 'storage_error';

export interface FetchSlice {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

export interface FetchOptions {
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly signal?: AbortSignal;
}

export interface FetchResult {
  readonly error: LogErrorCode;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /**
   * Whole batches, the first one containing the asked offset. Several pieces so that nothing has to be joined; a piece may
   * hold several batches back to back.
   */
  readonly batches: readonly Buffer[];
  /** Aborted transactions that overlap `batches`; null unless read_committed. */
  readonly aborted: readonly AbortedTransaction[] | null;
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** Called while the log changes: it only takes note. */
export interface PartitionWatcher {
  /**
   * So many bytes became visible; 0 where only the log start moved. `stableBytes` of them, or older ones, became visible to readers of
   * committed records: Infinity where a transaction ended and nobody counted.
   */
  grew(bytes: number, stableBytes: number): void;
  /** The partition is no more; it calls no further. */
  gone(): void;
}

export interface OffsetQuery {
  readonly topicId: string;
  readonly partition: number;
  /** -1 latest, -2 earliest, -3 the record with the largest timestamp, else ms: the first record at or after it. */
  readonly timestamp: number;
  /** With read_committed the latest offset is the last stable one. Default: read_uncommitted. */
  readonly isolation?: FetchOptions['isolation'];
}

export interface OffsetAnswer {
  readonly error: LogErrorCode;
  /** -1 where no record answers the query. */
  readonly offset: number;
  readonly timestamp: number;
}

export interface AdvanceStart {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
}

export interface AdvanceStartResult {
  readonly error: LogErrorCode;
  readonly logStartOffset: number;
}

export interface PartitionDescription {
  readonly topicId: string;
  readonly partition: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly sizeBytes: number;
  readonly segments: number;
  /** Absolute path of the data directory that it lies in: a `path` of `describeDirectories`. */
  readonly directory: string;
  /** Records that retention removed before a group with a committed offset had read them, since the start, summed over groups. */
  readonly lostUnread: number;
}

export interface DirectoryDescription {
  /** Absolute. */
  readonly path: string;
  /** `storage_error` once a sync in it has failed: it takes no further write until a restart. */
  readonly error: 'none' | 'storage_error';
  /** Why, for people; null without an error. */
  readonly reason: string | null;
  /** Of the file system; -1 where it is not known. */
  readonly totalBytes: number;
  /** What we may still write to the file system, reserve included; -1 where it is not known. */
  readonly usableBytes: number;
  /** Produce is refused until there is room again. */
  readonly isFull: boolean;
}

/** A topic as it is kept: linearizable, by name and by id. */
export interface Topic {
  /** 22 characters, URL-safe base64 of 16 bytes; never reused. */
  readonly id: string;
  readonly name: string;
  readonly partitions: number;
  /** Only what was set; defaults come from `topicConfigs`. */
  readonly configs: Readonly<Record<string, string>>;
  readonly internal: boolean;
  /** Index of the node that leads each partition, on a machine with several; where it is missing, the first one does. */
  readonly leaders?: readonly number[];
}

/** A change of a topic that the controller of several nodes has made durable, for each of them to follow. */
export interface TopicChange {
  readonly kind: 'added' | 'changed' | 'removed';
  readonly topic: Topic;
}

/** Makes changes of topics; who has several nodes has one of these for all. */
export type TopicDirector = Pick<EngineTopics, 'create' | 'delete' | 'addPartitions' | 'alterConfigs'>;

/** The part that one engine of several on a machine has. */
export interface EngineShare {
  /** It opens the partitions of which this is the leader. */
  readonly nodeIndex: number;
  /** Makes all changes of topics. What it has made comes back by `LocalEngine.follow`, before its promise resolves. */
  readonly director: TopicDirector;
  /** Offsets of groups that other nodes coordinate, as far as known, for retention that waits for them. */
  readonly offsetsElsewhere: (groupId: string, topic: string, partition: number) => number | null;
}

/** Where topics are kept: PostgreSQL in production, memory in tests. Each change is durable when its promise resolves. */
export interface TopicCatalog extends ClusterStore {
  /** The same id for the life of the data. */
  clusterId(): Promise<string>;
  load(): Promise<Topic[]>;
  insert(topic: Topic): Promise<void>;
  update(topic: Topic): Promise<void>;
  remove(topicId: string): Promise<void>;
}

/** All names are answered from memory at once; changes go through the catalog first. */
export interface EngineTopics {
  byName(name: string): Topic | null;
  byId(id: string): Topic | null;
  list(): Topic[];
  readonly clusterId: string;
  /** Throws `log.topic.exists`. The caller has validated name, counts and configs. */
  create(spec: {
    name: string;
    partitions: number;
    configs: Readonly<Record<string, string>>;
    internal?: boolean;
    /** As of `Topic`; default: nodes that lead the fewest. */
    leaders?: readonly number[] | null;
  }): Promise<Topic>;
  /** Throws `log.topic.unknown`. Waiting fetches of it are woken with unknown_partition. */
  delete(name: string): Promise<void>;
  addPartitions(name: string, total: number, leaders?: readonly number[] | null): Promise<Topic>;
  alterConfigs(name: string, configs: Readonly<Record<string, string>>): Promise<Topic>;
}

export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly committedAtMs: number;
}

/** Committed offsets of consumer groups. Membership is not kept: members join again after a restart. */
export interface EngineGroups {
  /** Resolves when durable. */
  commit(groupId: string, offsets: readonly Omit<CommittedOffset, 'committedAtMs'>[]): Promise<void>;
  /** Answered from memory. */
  committed(groupId: string): readonly CommittedOffset[];
  find(groupId: string, topic: string, partition: number): CommittedOffset | null;
  list(): string[];
  delete(groupId: string): Promise<void>;
  deleteOffsets(groupId: string, partitions: readonly { topic: string; partition: number }[]): Promise<void>;
  /** Keeps offsets of an open transaction aside, durably, until `endTransaction`. */
  commitPending(
    groupId: string,
    producerId: number,
    offsets: readonly Omit<CommittedOffset, 'committedAtMs'>[],
  ): Promise<void>;
  /** Makes the producer's pending offsets of the group the committed ones, or drops them; durable when it resolves. */
  endTransaction(groupId: string, producerId: number, outcome: TransactionMarker['outcome']): Promise<void>;
  /** Whether an open transaction holds an offset of the partition. */
  isPending(groupId: string, topic: string, partition: number): boolean;
}

/** What all brokers of a cluster share beside topics: ACLs, SCRAM verifiers, quotas, dynamic broker configs. */
export interface ClusterStore {
  loadRecords(): Promise<ClusterRecord[]>;
  /** All or none; durable when it resolves. A null value removes the record. */
  putRecords(changes: readonly ClusterChange[]): Promise<void>;
}

export interface ClusterChange {
  readonly kind: string;
  readonly key: string;
  readonly value: string | null;
}

export interface ClusterRecord {
  /** `acl`, `scram`, `quota`, `broker-config` … */
  readonly kind: string;
  readonly key: string;
  /** JSON, as the owner of the kind writes it. */
  readonly value: string;
}
