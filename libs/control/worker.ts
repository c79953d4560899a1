/** A process or thread that runs tasks of one kind. It is alive as long as it was seen within the lease time. */
import { EntitySchema } from 'typeorm';
import type { ConnectorKind } from './connector.js';

export interface Worker {
  /** `host:port` by Connect's habit, but any text that is unique and survives a restart of the worker. */
  readonly id: string;
  readonly kind: ConnectorKind;
  /** Rises with each registration: of two processes under one id the older one has lost. */
  readonly session: number;
  /** `name=value`: only connectors whose `worker.labels` are among them run here; none: those without. */
  readonly labels: readonly string[];
  readonly startedAt: Date;
  readonly seenAt: Date;
}

export const workerEntity = new EntitySchema<Worker>({
  name: 'worker',
  tableName: 'worker',
  schema: 'millrace',
  columns: {
    id: { type: 'text', primary: true },
    kind: { type: 'text', primary: true },
    session: { type: 'integer' },
    labels: { type: 'text', array: true },
    startedAt: { type: 'timestamptz', name: 'started_at' },
    seenAt: { type: 'timestamptz', name: 'seen_at' },
  },
});

/** Who registers; without labels where none are said. */
export type WorkerIdentity = Pick<Worker, 'id' | 'kind'> & Partial<Pick<Worker, 'labels'>>;

/** What `registerWorker` gives and the calls of a worker take. */
export type WorkerSession = Pick<Worker, 'id' | 'kind' | 'session' | 'labels'>;
