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
  /** `host:port` where it answers calls of the administration; null: nowhere. */
  readonly address: string | null;
  /** It has been told to give its tasks to others, and takes none. Holds until it is told otherwise, or registers again. */
  readonly isDrained: boolean;
  /** Since when it takes part. */
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
    address: { type: 'text', nullable: true },
    isDrained: { type: 'boolean', name: 'is_drained' },
    startedAt: { type: 'timestamptz', name: 'started_at' },
    seenAt: { type: 'timestamptz', name: 'seen_at' },
  },
});

/** Who registers; without labels and an address where none are said. */
export type WorkerIdentity = Pick<Worker, 'id' | 'kind'> & Partial<Pick<Worker, 'labels' | 'address'>>;

/** What `registerWorker` gives and the calls of a worker take. */
export type WorkerSession = Pick<Worker, 'id' | 'kind' | 'session' | 'labels' | 'address'>;

/** How long a lease lives without renewal, ms: another worker has the tasks of a dead one within 15 s. */
export const leaseMsDefault = 8000;
