/** What a sink worker runs. A kind of sink is one folder in `libs/connectors/sinks` and one line in the registry. */
import type { OptionProblem, OptionSpecs } from '#config/options';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { StoreReading, VerifiedRange } from '#pipeline/store-reading';
import type { StoredFiles } from '#pipeline/stored-files';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * One task of a sink. Life: `start → open(partitions) → (put | flush)* → close(partitions) → stop`. The runner calls one
 * method at a time.
 */
export interface Sink {
  start(context: SinkContext): Promise<void>;
  /**
   * Partitions were assigned. Gives the next offset for each partition whose position the store itself keeps; the runner
   * seeks there and ignores the group's offset. An exactly-once sink fences older owners here by `ownerEpoch`.
   */
  open(partitions: readonly TopicPartition[]): Promise<readonly StoredOffset[]>;
  /**
   * Records of one partition, in order. Resolves when the sink has taken them over, durable or not. Throws
   * RetriableSinkError (the same records again later, perhaps fewer at a time), PoisonRecordError (bad data, nothing kept), RefusedRecordsError (bad data, the
   * rest kept), FatalSinkError (task fails).
   */
  put(batch: SinkBatch): Promise<void>;
  /** Whether `put` and `skip` may be called for several partitions at once; never two for one. Optional; false where absent. */
  readonly parallelPartitions?: boolean;
  /**
   * Makes durable what is due (all of it where `all` is set: pause, rebalance, stop) and gives, per partition, the next offset below
   * which everything is durable in the store. Called after puts and at least each second, so that interval rolls happen.
   */
  flush(all: boolean): Promise<readonly StoredOffset[]>;
  /**
   * The records below `next.offset` that were not put are dead letters now, durably. A sink that keeps positions moves the one of
   * this partition, so that a restart does not read and refuse them again. Optional.
   */
  skip?(next: StoredOffset): Promise<void>;
  /** Partitions were taken away; what was not flushed is dropped, its offsets were not committed. */
  close(partitions: readonly TopicPartition[]): Promise<void>;
  stop(): Promise<void>;
}

export interface StoredOffset extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number;
}

export interface SinkContext {
  /** Connector name: `lake`. */
  readonly name: string;
  readonly task: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Rises with each new owner of the task; the lower one has lost. */
  readonly ownerEpoch: number;
  /** A folder of this task's own, for spools; may be lost between runs. */
  readonly stateDirectory: string;
}

export type Guarantee = 'exactly-once' | 'effectively-once' | 'at-least-once';

/** Registration of a sink: what the registry holds, `connector-plugins` lists and forms are made from. */
export interface SinkType {
  /** Short name, also accepted as `connector.class`: `hdfs`. */
  readonly name: string;
  /** Java class names of well-known connectors that it stands in for. */
  readonly classNames: readonly string[];
  /** Of several types that stand in for one class, whether these options are meant for this one. Absent = no class is shared. */
  claims?(options: Readonly<Record<string, string>>): boolean;
  readonly version: string;
  readonly doc: string;
  readonly options: OptionSpecs;
  /** Problems between options that each are right by themselves. Optional. */
  check?(options: Readonly<Record<string, string>>): readonly OptionProblem[];
  /**
   * Goes to the store and looks whether the sink could work there: address, login, rights, table. Changes nothing. Gives problems under the
   * options that they come from. Called with options that have no other problem; the caller waits 10 s at most. Optional.
   */
  verify?(options: Readonly<Record<string, string>>): Promise<readonly OptionProblem[]>;
  /**
   * Options of a well-known connector in this sink's own words, for those of `classNames` that call things otherwise than by the options'
   * aliases. What has no meaning here is left out. Optional.
   */
  translate?(className: string, options: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /** The guarantee that these options give. */
  guarantee(options: Readonly<Record<string, string>>): Guarantee;
  /**
   * Moves positions that the store itself keeps for the connector `name`, and that would win over the group's; null forgets one.
   * Called while no task of the connector runs, after the group's offsets were changed. Absent where the store keeps none, or where
   * what was written is itself the position. Optional.
   */
  alterOffsets?(
    name: string,
    options: Readonly<Record<string, string>>,
    positions: readonly (TopicPartition & { readonly offset: number | null })[],
  ): Promise<void>;
  /**
   * Begins a comparison of what the store holds with the records of `scope`, all of which the sink has written. Absent where the store can
   * not be read back. Throws FatalSinkError where these options can not be compared. Optional.
   */
  readBack?(options: Readonly<Record<string, string>>, scope: readonly VerifiedRange[]): StoreReading;
  /** What it wrote, as files to look into. Absent where it writes none. Throws FatalSinkError where these options name no place. Optional. */
  files?(options: Readonly<Record<string, string>>): StoredFiles;
  /** `options` were already checked against the declaration. */
  create(options: Readonly<Record<string, string>>): Sink;
}
