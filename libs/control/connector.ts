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
  /** Rises with each change of `config`. */
  readonly revision: number;
  /** How many tasks are wanted while it is not stopped. */
  readonly tasksMax: number;
  /** Id of the only worker that may run it; null: any. */
  readonly pinnedWorker: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
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
    tasksMax: { type: 'integer', name: 'tasks_max' },
    pinnedWorker: { type: 'text', name: 'pinned_worker', nullable: true },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    updatedAt: { type: 'timestamptz', name: 'updated_at' },
  },
});
