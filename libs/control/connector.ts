/** What is wanted: a sink or a collector under one name, as Kafka Connect's REST knows connectors. */
import { EntitySchema } from 'typeorm';

/** `source` is a collector: an agent of a flume.conf. */
export type ConnectorKind = 'sink' | 'source';

/** PAUSED keeps the tasks and their resources; STOPPED has no tasks. */
export type TargetState = 'RUNNING' | 'PAUSED' | 'STOPPED';

export interface Connector {
  readonly name: string;
  readonly kind: ConnectorKind;
  /** As it was given; secrets in clear. */
  readonly config: Readonly<Record<string, string>>;
  readonly targetState: TargetState;
  /** Rises with each change of `config` or `labels`. */
  readonly revision: number;
  /** For people and their tools: whose it is, what it belongs to. */
  readonly labels: Readonly<Record<string, string>>;
  /** How many tasks are wanted while it is not stopped. */
  readonly tasksMax: number;
  /** Id of the only worker that may run it; null: any. */
  readonly pinnedWorker: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Who changed it last; empty where nobody said. */
  readonly updatedBy: string;
}

export interface ConnectorSpec {
  readonly name: string;
  readonly kind: ConnectorKind;
  readonly config: Readonly<Record<string, string>>;
  /** 1 to 1000. */
  readonly tasksMax: number;
  /** Default: any worker. */
  readonly pinnedWorker?: string | null;
  /** Of a new connector; an old one keeps its state. Default RUNNING. */
  readonly initialState?: TargetState;
  /** Default: as they are. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Who wants it. */
  readonly by?: string;
  /** What its history says: default `created` or `changed`. */
  readonly action?: string;
  /** The change holds for this revision only. Default: for any. */
  readonly expectedRevision?: number;
}

export const connectorEntity = new EntitySchema<Connector>({
  name: 'connector',
  tableName: 'connector',
  schema: 'millrace',
  columns: {
    name: { type: 'text', primary: true },
    kind: { type: 'text' },
    config: { type: 'json' },
    targetState: { type: 'text', name: 'target_state' },
    revision: { type: 'integer' },
    labels: { type: 'jsonb' },
    tasksMax: { type: 'integer', name: 'tasks_max' },
    pinnedWorker: { type: 'text', name: 'pinned_worker', nullable: true },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    updatedAt: { type: 'timestamptz', name: 'updated_at' },
    updatedBy: { type: 'text', name: 'updated_by' },
  },
});
