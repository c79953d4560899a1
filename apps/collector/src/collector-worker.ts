import { LeaseWorker, type WorkerOptions } from '#control/lease-worker';
import type { ClientSecurity } from '#topics/client-security';
import { RunningAgent } from './running-agent.js';

export interface CollectorWorkerOptions extends WorkerOptions {
  /** Addresses of topics: `127.0.0.1:9092`. */
  readonly bootstrap: string;
  /** How topics are reached there. Default: without TLS and login. */
  readonly security?: ClientSecurity;
  /** Positions and channels of the agents; to be kept, and not shared with another worker. */
  readonly dataDirectory: string;
  /** What `${env:NAME}` in a flume.conf refers to. Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Runs the collectors that the control store leases to this worker. */
export class CollectorWorker extends LeaseWorker {
  constructor(options: CollectorWorkerOptions) {
    const { environment = process.env } = options;
    super({ ...options, kind: 'source', run: (lease) => new RunningAgent(lease, { ...options, environment }) });
  }
}
