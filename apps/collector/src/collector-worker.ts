import { LeaseWorker, type WorkerOptions } from '#control/lease-worker';
import { TapServer } from '#control/tap-exchange';
import type { PipelineTracer } from '#pipeline/tracer';
import { systemRandom } from '#std/random';
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
  /** Follows single events from their sources. Default: none is followed. */
  readonly tracer?: PipelineTracer;
}

/** Runs the collectors that the control store leases to this worker, and lets their events be watched. */
export class CollectorWorker extends LeaseWorker {
  private readonly taps: TapServer;

  constructor(options: CollectorWorkerOptions) {
    const { environment = process.env, databaseUrl, clock, logger } = options;
    const agents = new Map<string, RunningAgent>();
    super({
      ...options,
      kind: 'source',
      run: (lease) => {
        for (const [name, { isStopping }] of agents) if (isStopping) agents.delete(name);
        const agent = new RunningAgent(lease, { ...options, environment });
        agents.set(lease.connector, agent);
        return agent;
      },
    });
    this.taps = new TapServer({
      databaseUrl,
      clock,
      random: systemRandom,
      logger,
      answer: (order, signal) => agents.get(order.connector)?.tap(order, signal) ?? null,
    });
  }

  override async start(): Promise<void> {
    await super.start();
    this.taps.start();
  }

  override async stop(): Promise<void> {
    await this.taps.stop();
    await super.stop();
  }
}
