import { MillraceError } from '#std/errors';

/** Connect's task states. */
export type TaskState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'FAILED' | 'RESTARTING';

/** What a running task says of itself; plain data, for the control store, REST and metrics. */
export interface TaskStatus {
  readonly state: TaskState;
  /** Why the task failed, with stack and causes; null unless FAILED. */
  readonly trace: string | null;
  /** The store does not take records now and the task waits to try again; the state stays RUNNING. */
  readonly degraded: boolean;
  readonly lastError: TaskError | null;
  /** What it does, for people, where that is not plain work: `SLEEPING until …`; null else. */
  readonly activity: string | null;
  /** Of the task's store: open while it is spared, half-open while one small batch is tried. */
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** The limits in records and bytes a second, and how long the next batch waits for them, ms; null without limits. */
  readonly rateLimit: Readonly<Record<string, number>> | null;
  /** Of a sink that works at times: whether it sleeps, until when, and its last run; null of others. */
  readonly batchMode: Readonly<Record<string, unknown>> | null;
  readonly partitions: readonly PartitionStatus[];
  /** By Connect's metric names. */
  readonly metrics: Readonly<Record<string, number>>;
}

export interface TaskError {
  readonly message: string;
  /** Wall time, ms. */
  readonly at: number;
  /** Failures in a row until now. */
  readonly attempts: number;
}

export interface PartitionStatus {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to deliver; null before the first record. */
  readonly position: number | null;
  /** Next offset that the group has; null before the first commit of this task. */
  readonly committed: number | null;
  /** Records between the committed offset and the end of the partition; null while unknown. */
  readonly lag: number | null;
  /** Wall time of the last put that the store took, ms. */
  readonly lastSuccessAt: number | null;
  /** Timestamp of the last record that is through, ms since the epoch; null before the first. */
  readonly lastTimestamp: number | null;
  readonly bufferedBytes: number;
  /** Why nothing is read now: `task` paused, `store` stalled, `buffer` full, not its time by the `schedule`; null while reading. */
  readonly pausedBy: 'task' | 'store' | 'buffer' | 'schedule' | null;
}

/** The stack of an error and of its causes, as Connect's `trace`. */
export function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error instanceof MillraceError ? `${error.code}: ${error.stack ?? error.message}` : error.stack;
  const text = own ?? error.message;
  return error.cause === undefined ? text : `${text}\nCaused by: ${traceOf(error.cause)}`;
}
