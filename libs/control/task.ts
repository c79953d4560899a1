/** A part of a connector that one worker runs under a lease, and what that worker says of it. */
import { EntitySchema } from 'typeorm';
import type { ConnectorKind, TargetState } from './connector.js';

/** Kafka Connect's states of a task; a stopped connector has none. */
export type TaskState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'FAILED' | 'RESTARTING';

export interface Task {
  readonly connector: string;
  readonly task: number;
  readonly kind: ConnectorKind;
  /** False: its worker is to stop it and release it; nobody may claim it. */
  readonly isWanted: boolean;
  readonly workerId: string | null;
  /** Rises with each new owner, also over deletion and creation under the same name; 0 before the first. */
  readonly epoch: number;
  readonly leaseUntil: Date | null;
  /** Who had it last: it goes there again if it can, because files may be waiting there. */
  readonly lastWorkerId: string | null;
  /** Counts the restarts asked for: a worker that sees it rise stops and starts the task. */
  readonly restarts: number;
  readonly state: TaskState;
  /** Why it failed; null otherwise. */
  readonly trace: string | null;
  /** What the worker adds: counters, positions, lag. */
  readonly details: TaskDetails;
  readonly reportedAt: Date | null;
}

/** Numbers become metrics `millrace_task_<name>`; the rest is shown as it is. Keep it under 16 KiB. */
export type TaskDetails = Readonly<Record<string, unknown>>;

export const taskEntity = new EntitySchema<Task>({
  name: 'task',
  tableName: 'task',
  schema: 'millrace',
  columns: {
    connector: { type: 'text', primary: true },
    task: { type: 'integer', primary: true },
    kind: { type: 'text' },
    isWanted: { type: 'boolean', name: 'is_wanted' },
    workerId: { type: 'text', name: 'worker_id', nullable: true },
    epoch: { type: 'integer' },
    leaseUntil: { type: 'timestamptz', name: 'lease_until', nullable: true },
    lastWorkerId: { type: 'text', name: 'last_worker_id', nullable: true },
    restarts: { type: 'integer' },
    state: { type: 'text' },
    trace: { type: 'text', nullable: true },
    details: { type: 'jsonb' },
    reportedAt: { type: 'timestamptz', name: 'reported_at', nullable: true },
  },
});

/** The right to run a task, and all that is needed to run it. */
export interface TaskLease {
  readonly connector: string;
  readonly task: number;
  readonly kind: ConnectorKind;
  readonly workerId: string;
  /** Fencing token: the higher one is the owner. */
  readonly epoch: number;
  /** How many tasks the connector has in all. */
  readonly taskCount: number;
  readonly config: Readonly<Record<string, string>>;
  /** Another revision than the running one: stop, start with the new config. */
  readonly revision: number;
  /** Another number than the running one: stop and start. */
  readonly restarts: number;
  readonly targetState: Exclude<TargetState, 'STOPPED'>;
}

/** What names a lease in calls about it; a `TaskLease` is one. */
export type LeaseKey = Pick<TaskLease, 'connector' | 'task' | 'workerId' | 'epoch'>;

export interface TaskReport {
  /** RESTARTING: it failed, and its worker begins it again after a while. */
  readonly state: 'RUNNING' | 'PAUSED' | 'FAILED' | 'RESTARTING';
  readonly trace?: string | null;
  readonly details?: TaskDetails;
}

export interface TaskStatus {
  readonly task: number;
  readonly state: TaskState;
  /** Null while no worker has it. */
  readonly workerId: string | null;
  readonly trace: string | null;
  readonly details: TaskDetails;
  readonly reportedAt: Date | null;
}

export interface ConnectorStatus {
  readonly name: string;
  readonly kind: ConnectorKind;
  readonly state: 'UNASSIGNED' | TargetState;
  readonly workerId: string | null;
  readonly tasks: readonly TaskStatus[];
}
