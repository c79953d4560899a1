import { LeaseWorker, type WorkerOptions } from '#control/lease-worker';
import type { PipelineTracer } from '#pipeline/tracer';
import type { ClientSecurity } from '#topics/client-security';
import { RunningTask } from './running-task.js';

export interface SinkWorkerOptions extends WorkerOptions {
  /** Addresses of topics: `127.0.0.1:9092`. */
  readonly bootstrap: string;
  /** How topics are reached there. Default: without TLS and login. */
  readonly security?: ClientSecurity;
  /** For spools of the tasks. */
  readonly dataDirectory: string;
  /** What `${env:NAME}` in a connector's config refers to. Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Follows single records to their stores. Default: none is followed. */
  readonly tracer?: PipelineTracer;
}

/** Runs the sink tasks that the control store leases to this worker. */
export class SinkWorker extends LeaseWorker {
  constructor(options: SinkWorkerOptions) {
    const { environment = process.env } = options;
    super({ ...options, kind: 'sink', run: (lease) => new RunningTask(lease, { ...options, environment }) });
  }
}
