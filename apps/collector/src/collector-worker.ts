import { ControlStore } from '#control/control-store';
import { controlErrors } from '#control/errors';
import type { TaskLease } from '#control/task';
import type { WorkerSession } from '#control/worker';
import { Backoff } from '#std/backoff';
import type { Clock, Timer } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import { systemRandom } from '#std/random';
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

const reportIntervalMs = 1000;

/**
 * Runs the collectors that the control store leases to this worker, and makes what runs equal to what is wanted: at each notice of a
 * change, and every two seconds. A worker that cannot reach the store stops its agents when its leases are over.
 */
export class CollectorWorker {
  private readonly store: ControlStore;
  private readonly leaseMs: number;
  private readonly running = new Map<string, RunningAgent>();
  private session: WorkerSession | null = null;
  private watch: { stop(): Promise<void> } | null = null;
  private timer: Timer | null = null;
  private turn: Promise<void> = Promise.resolve();
  private isTurnWaiting = false;
  private leasesSeenAt = 0;
  private isStopping = false;

  constructor(private readonly options: CollectorWorkerOptions) {
    const { databaseUrl, clock, logger } = options;
    this.leaseMs = options.leaseMs ?? 10_000;
    this.store = new ControlStore({ databaseUrl, clock, logger, leaseMs: this.leaseMs });
  }

  /** Resolves when the worker is registered; waits for a database that is not there yet. */
  async start(): Promise<void> {
    await this.openStore();
    if (this.isStopping) return;
    this.session = await this.store.registerWorker({ id: this.options.workerId, kind: 'source' });
    this.leasesSeenAt = this.options.clock.monotonic();
    this.watch = this.store.watch(() => this.reconcileSoon());
    this.reconcileSoon();
    this.reportLater();
  }

  /** Stops all agents while their leases are kept alive, then gives the leases up. */
  async stop(): Promise<void> {
    if (this.isStopping) return;
    this.isStopping = true;
    this.timer?.cancel();
    await this.watch?.stop();
    await this.turn;
    if (this.session !== null) await this.stopAgents(this.session);
    await this.store.stop();
  }

  /** Agents that run or are about to stop, for status and tests. */
  get agentCount(): number {
    return this.running.size;
  }

  private async openStore(): Promise<void> {
    const backoff = new Backoff({ initialMs: 200, maxMs: 5000 }, systemRandom);
    while (!this.isStopping) {
      try {
        await this.store.start();
        return;
      } catch (error) {
        if (!(error instanceof MillraceError) || !error.retriable) throw error;
        if (backoff.attempt === 0) this.options.logger.warn(`Waiting for the database: ${messageOf(error)}`);
        await this.options.clock.sleep(backoff.nextMs());
      }
    }
  }

  private async stopAgents(session: WorkerSession): Promise<void> {
    const renewing = new AbortController();
    const renewal = this.renewUntil(renewing.signal, session);
    const stops = [...this.running.values()].map((agent) =>
      this.quietly('A collector did not stop cleanly', agent.stop()),
    );
    await Promise.all(stops);
    renewing.abort();
    await renewal;
    await this.quietly('The leases were not given up and will run out', this.store.unregisterWorker(session));
  }

  private async renewUntil(signal: AbortSignal, session: WorkerSession): Promise<void> {
    for (;;) {
      await this.options.clock.sleep(this.leaseMs / 4, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.quietly('Leases were not renewed while stopping', this.store.renew(session));
    }
  }

  /** One reconciliation at a time, and one more when something changed meanwhile. */
  private reconcileSoon(): void {
    if (this.isStopping || this.isTurnWaiting) return;
    this.isTurnWaiting = true;
    this.turn = this.turn.then(async () => {
      this.isTurnWaiting = false;
      await this.reconcile();
    });
  }

  /** Never rejects. */
  private async reconcile(): Promise<void> {
    const { session } = this;
    if (session === null || this.isStopping) return;
    const askedAt = this.options.clock.monotonic();
    try {
      const leases = await this.store.claimTasks(session);
      this.leasesSeenAt = askedAt;
      this.makeAsWanted(leases);
    } catch (error) {
      this.goOnWithoutStore(error);
    }
  }

  private makeAsWanted(leases: readonly TaskLease[]): void {
    const wanted = new Map(leases.map((lease) => [keyOf(lease), lease]));
    for (const [key, agent] of this.running) {
      const lease = wanted.get(key);
      if (lease === undefined || !agent.runs(lease)) this.endLater(key, agent, lease === undefined);
      else agent.setPaused(lease.targetState === 'PAUSED');
    }
    for (const [key, lease] of wanted) {
      if (!this.running.has(key)) this.running.set(key, new RunningAgent(lease, this.agentOptions()));
    }
  }

  /** The next turn after the end starts what takes its place. */
  private endLater(key: string, agent: RunningAgent, release: boolean): void {
    if (agent.isStopping) return;
    void this.end(key, agent, release);
  }

  private async end(key: string, agent: RunningAgent, release: boolean): Promise<void> {
    await this.quietly('A collector did not stop cleanly', agent.stop());
    this.running.delete(key);
    if (release) await this.quietly('A lease was not given up and will run out', this.store.release(agent.lease));
    this.reconcileSoon();
  }

  /** Agents go on as long as their leases last. */
  private goOnWithoutStore(error: unknown): void {
    const isSilentTooLong = this.options.clock.monotonic() - this.leasesSeenAt >= this.leaseMs;
    if (!isLeaseLost(error) && !isSilentTooLong) return;
    if (this.running.size > 0) {
      this.options.logger.error(`The leases of this worker are over, its collectors stop: ${messageOf(error)}`);
    }
    for (const [key, agent] of this.running) this.endLater(key, agent, false);
  }

  private reportLater(): void {
    if (this.isStopping) return;
    this.timer = this.options.clock.after(reportIntervalMs, () => {
      this.turn = this.turn.then(() => this.reportAll());
      void this.turn.then(() => this.reportLater());
    });
  }

  /** Never rejects: anything but a lost lease is the database being away, which the reconciliation deals with. */
  private async reportAll(): Promise<void> {
    for (const [key, agent] of this.running) {
      if (agent.isStopping) continue;
      try {
        await this.store.reportStatus(agent.lease, agent.report());
      } catch (error) {
        if (!isLeaseLost(error)) return;
        this.endLater(key, agent, false);
      }
    }
  }

  private async quietly(what: string, work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.options.logger.warn(`${what}: ${messageOf(error)}`);
    }
  }

  private agentOptions(): ConstructorParameters<typeof RunningAgent>[1] {
    const { bootstrap, dataDirectory, clock, logger } = this.options;
    return { bootstrap, dataDirectory, clock, logger, environment: this.options.environment ?? process.env };
  }
}

function keyOf(lease: TaskLease): string {
  return `${lease.connector}-${lease.task}`;
}

function isLeaseLost(error: unknown): boolean {
  return error instanceof MillraceError && error.code === controlErrors.leaseLost.code;
}
