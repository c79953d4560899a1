import { LeaseWorker } from '#control/lease-worker';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import { RunningTask } from './running-task.js';

export interface SinkWorkerOptions {
  readonly databaseUrl: string;
  /** Addresses of topics: `127.0.0.1:9092`. */
  readonly bootstrap: string;
  /** For spools of the tasks. */
  readonly dataDirectory: string;
  /** Unique among the living workers; the same after a restart. */
  readonly workerId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What `${env:NAME}` in a connector's config refers to. Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default 10,000; the same for all workers. */
  readonly leaseMs?: number;
}

/** Runs the sink tasks that the control store leases to this worker. */
export class SinkWorker extends LeaseWorker {
  constructor(options: SinkWorkerOptions) {
    const { environment = process.env } = options;
    super({ ...options, kind: 'sink', run: (lease) => new RunningTask(lease, { ...options, environment }) });
  }
}
