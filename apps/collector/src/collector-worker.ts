import { LeaseWorker } from '#control/lease-worker';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import { RunningAgent } from './running-agent.js';

export interface CollectorWorkerOptions {
  readonly databaseUrl: string;
  /** Addresses of topics: `127.0.0.1:9092`. */
  readonly bootstrap: string;
  /** Positions and channels of the agents; to be kept, and not shared with another worker. */
  readonly dataDirectory: string;
  /** Unique among the living workers; the same after a restart, so that agents come back to their files. */
  readonly workerId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What `${env:NAME}` in a flume.conf refers to. Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default 10,000; the same for all workers. */
  readonly leaseMs?: number;
}

/** Runs the collectors that the control store leases to this worker. */
export class CollectorWorker extends LeaseWorker {
  constructor(options: CollectorWorkerOptions) {
    const { environment = process.env } = options;
    super({ ...options, kind: 'source', run: (lease) => new RunningAgent(lease, { ...options, environment }) });
  }
}
