/**
 * What `GET /api/v1/events?watch=topics&watch=groups` streams: for each watched table its rows by key, all at first and then, once a second,
 * those that changed. The console draws from it.
 */
export interface LiveTables {
  /** `node:…` and `edge:…`. */
  topology: TopologyNode | TopologyEdge;
  /** By name. */
  topics: LiveTopic;
  /** By group id. */
  groups: LiveGroup;
  /** Lag of each partition, by `group\ntopic\npartition`; only of groups named by `group=`. */
  'group-partitions': LiveGroupPartition;
  /** By name. */
  sinks: LiveConnector;
  collectors: LiveConnector;
  /** By id: those that are open or ended in the last minutes. */
  jobs: LiveJob;
  /** By sink. */
  'dead-letters': LiveDeadLetters;
  /** By `kind/id`. */
  workers: LiveWorker;
}
export type LiveTable = keyof LiveTables;

/** One `message` event of the stream. */
export interface LiveFrame<T extends LiveTable = LiveTable> {
  readonly table: T;
  /** Everything there is; what the reader had is void. */
  readonly full: boolean;
  readonly rows: Readonly<Record<string, LiveTables[T]>>;
  readonly gone: readonly string[];
  /** Milliseconds since 1970 at which it was looked. */
  readonly at: number;
}

export type FlowStage = 'source' | 'interceptor' | 'channel' | 'topic' | 'sink' | 'store' | 'client';
export type FlowState = 'running' | 'paused' | 'stopped' | 'failed' | 'waiting';

export interface TopologyNode {
  readonly kind: 'node';
  readonly stage: FlowStage;
  readonly name: string;
  /** Type of the component: `TAILDIR`, `file`, `postgres`. */
  readonly type: string;
  /** Collector or sink that it belongs to; null: a topic or a client of our own. */
  readonly connector: string | null;
  readonly state: FlowState;
  /** Why, in words; null while all is well. */
  readonly reason: string | null;
  readonly in_per_second: number | null;
  readonly out_per_second: number | null;
  /** How full its buffer is, 0 to 1; null: it has none. */
  readonly fill: number | null;
  /** In the last five minutes. */
  readonly errors: number;
}

export interface TopologyEdge {
  readonly kind: 'edge';
  /** Keys of nodes. */
  readonly from: string;
  readonly to: string;
  readonly state: FlowState;
  readonly records_per_second: number | null;
  readonly bytes_per_second: number | null;
  readonly lag_records: number | null;
  readonly lag_seconds: number | null;
  /** Whoever takes is slower than whoever gives, and the buffer between them is filling. */
  readonly back_pressure: boolean;
  /** Records left out on purpose, and lost, since the process began. */
  readonly dropped_intended: number;
  readonly dropped_lost: number;
}

export interface LiveTopic {
  readonly partitions: number;
  readonly internal: boolean;
  /** Between the first and the last offset. */
  readonly records: number;
  readonly size_bytes: number | null;
  readonly in_per_second: number;
  readonly in_bytes_per_second: number | null;
  readonly groups: readonly string[];
  /** Of the group furthest behind; null: nobody reads it in a group. */
  readonly lag_records: number | null;
}

export interface LiveGroup {
  readonly state: string;
  readonly type: string;
  readonly members: number;
  readonly topics: readonly string[];
  readonly lag_records: number;
  /** Age of the oldest record that waits; null: not known. */
  readonly lag_seconds: number | null;
  readonly out_per_second: number;
  /** Sink that this group belongs to. */
  readonly sink: string | null;
}

export interface LiveGroupPartition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly committed_offset: number | null;
  readonly latest_offset: number;
  readonly lag_records: number | null;
  readonly lag_seconds: number | null;
  readonly member: string | null;
}

export interface LiveConnector {
  readonly type: string;
  /** As wanted. */
  readonly target: 'RUNNING' | 'PAUSED' | 'STOPPED';
  readonly state: 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED';
  readonly tasks: Readonly<Record<string, number>>;
  readonly records_per_second: number | null;
  readonly bytes_per_second: number | null;
  readonly lag_records: number | null;
  readonly lag_seconds: number | null;
  /** Since the last commit of any task. */
  readonly commit_age_seconds: number | null;
  readonly batch_avg_seconds: number | null;
  readonly batch_max_seconds: number | null;
  readonly failures: number;
  readonly retries: number;
  readonly dead_letters: number;
  /** What it waits for or failed with, in words. */
  readonly reason: string | null;
}

export interface LiveJob {
  readonly type: string;
  readonly state: string;
  readonly done: number;
  readonly total: number | null;
  readonly unit: string;
  readonly rate: number | null;
  readonly eta_seconds: number | null;
}

export interface LiveDeadLetters {
  readonly topic: string;
  readonly records: number;
  readonly in_per_second: number;
}

export interface LiveWorker {
  readonly kind: string;
  readonly state: string;
  readonly tasks: number;
}
