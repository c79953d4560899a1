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

  listOffsets(queries: readonly OffsetQuery[]): Promise<OffsetAnswer[]>;

  /** Moves log starts forward (DeleteRecords, retention). An offset of -1 means the high watermark. */
  advanceStart(requests: readonly AdvanceStart[]): Promise<AdvanceStartResult[]>;

  readonly topics: EngineTopics;
  readonly groups: EngineGroups;

  /** A fresh producer id, never handed out before, epoch 0. */
  allocateProducer(): Promise<{ producerId: number; producerEpoch: number }>;

  /**
   * Bytes, offsets and segments of every partition, for metrics and DescribeLogDirs. A partition that was not opened since the
   * start shows what was last marked durable, without bytes.
   */
  describePartitions(topicId?: string): PartitionDescription[];

  /** One bounded step of retention and deletion; true when work is left. */
  maintain(): Promise<boolean>;
}

export interface EngineHealth {
  readonly ok: boolean;
  readonly reason: string | null;
}

export interface AppendEntry {
  readonly topicId: string;
  readonly partition: number;
  /** Exactly one record batch v2, as it came off the wire. The engine may patch its first 16 bytes in place and keep it. */
  readonly batch: Buffer;
}

export interface AppendOptions {
  readonly acks: -1 | 0 | 1;
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
  | 'offset_out_of_range'
  | 'corrupt_batch'
  | 'batch_too_large'
  | 'invalid_record'
  | 'unsupported_magic'
  | 'invalid_timestamp'
  | 'out_of_order_sequence'
  | 'invalid_producer_epoch'
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
}

export interface OffsetQuery {
  readonly topicId: string;
  readonly partition: number;
  /** -1 latest, -2 earliest, -3 the record with the largest timestamp, else ms: the first record at or after it. */
  readonly timestamp: number;
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
}

/** Where topics are kept: PostgreSQL in production, memory in tests. Each change is durable when its promise resolves. */
export interface TopicCatalog {
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
  }): Promise<Topic>;
  /** Throws `log.topic.unknown`. Waiting fetches of it are woken with unknown_partition. */
  delete(name: string): Promise<void>;
  addPartitions(name: string, total: number): Promise<Topic>;
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
}
