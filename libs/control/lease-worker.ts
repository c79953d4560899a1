import type { Clock, Timer } from '#std/clock';
import { Backoff } from '#std/backoff';
import { messageOf, MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import { systemRandom } from '#std/random';
import type { ConnectorKind } from './connector.js';
import { ControlStore } from './control-store.js';
import { controlErrors } from './errors.js';
import type { TaskLease, TaskReport } from './task.js';
import { leaseMsDefault, type WorkerSession } from './worker.js';

/** What a worker runs under one lease: an agent, a sink task. Starts by itself when it is made. */
export interface LeasedWork {
  readonly lease: TaskLease;
  /** True from the call of `stop` on. */
  readonly isStopping: boolean;
  setPaused(isPaused: boolean): void;
  /** Takes over another config under the same lease, which is `lease` from then on; false, or no such method: it has to begin anew. */
  change?(lease: TaskLease): boolean;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
  report(): TaskReport;
}

/** What a worker of any kind is told. */
export interface WorkerOptions {
  readonly databaseUrl: string;
  /** Unique among the living workers of a kind; the same after a restart, so that work comes back to its files. */
  readonly workerId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `name=value`: connectors that ask for them by `worker.labels` run here, and only those. Default: none. */
  readonly labels?: readonly string[];
  /** `host:port` where the administration calls it; default: nowhere. */
  readonly address?: string | null;
  /** Default 8,000; the same for all workers. */
  readonly leaseMs?: number;
}

export interface LeaseWorkerOptions extends WorkerOptions {
  readonly kind: ConnectorKind;
  /** Makes the work of a lease; must not throw: what cannot start is FAILED in its report. */
  readonly run: (lease: TaskLease) => LeasedWork;
}

const reportIntervalMs = 1000;

/**
 * Runs what the control store leases to this worker, and makes what runs equal to what is wanted: at each notice of a change, and
 * every two seconds.
 *
 * A worker that cannot reach the store lets its work go on, however long, so that data flows while the database is away. Mostly nobody
 * else reaches it either. Where only this worker is cut off, another one takes its tasks over when their leases end, and both run for a
 * while: a sink's partitions have one owner by its group's generation and its store refuses the older epoch; a collector's transactional
 * positions are fenced by the younger producer, and sources that wait for senders get each event once. The older one stops as soon as it
 * hears that it has lost the lease.
 */
export class LeaseWorker {
  private readonly store: ControlStore;
  private readonly leaseMs: number;
  private readonly running = new Map<string, LeasedWork>();
  private session: WorkerSession | null = null;
  private watch: { stop(): Promise<void> } | null = null;
  private timer: Timer | null = null;
  private turn: Promise<void> = Promise.resolve();
  private isTurnWaiting = false;
  private seenAt: number | null = null;
  private isStoreAway = false;
  private isStopping = false;

  constructor(private readonly options: LeaseWorkerOptions) {
    const { databaseUrl, clock, logger } = options;
    this.leaseMs = options.leaseMs ?? leaseMsDefault;
    this.store = new ControlStore({ databaseUrl, clock, logger, leaseMs: this.leaseMs });
  }

  /** Resolves when the worker is registered; waits for a database that is not there yet. */
  async start(): Promise<void> {
    await this.openStore();
    if (this.isStopping) return;
    const { workerId: id, kind, labels = [], address = null } = this.options;
    this.session = await this.store.registerWorker({ id, kind, labels, address });
    this.seenAt = this.options.clock.monotonic();
    this.watch = this.store.watch(() => this.reconcileSoon());
    this.reconcileSoon();
    this.reportLater();
  }

  /** Drains: all work stops while its leases are kept alive, then the leases are given up for others. */
  async stop(): Promise<void> {
    if (this.isStopping) return;
    this.isStopping = true;
    this.timer?.cancel();
    await this.watch?.stop();
    await this.turn;
    if (this.session !== null) await this.stopAll(this.session);
    await this.store.stop();
  }

  /** What runs or is about to stop. */
  get workCount(): number {
    return this.running.size;
  }

  /** What runs here. */
  get works(): Iterable<LeasedWork> {
    return this.running.values();
  }

  /** Since the control store has answered last, ms; null before its first answer. */
  get silentMs(): number | null {
    return this.seenAt === null ? null : this.options.clock.monotonic() - this.seenAt;
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

  private async stopAll(session: WorkerSession): Promise<void> {
    const renewing = new AbortController();
    const renewal = this.renewUntil(renewing.signal, session);
    await Promise.all([...this.running.values()].map((work) => this.stopQuietly(work)));
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
    try {
      const leases = await this.store.claimTasks(session);
      if (this.isStoreAway) this.options.logger.info('The database answers again.', { worker: session.id });
      this.isStoreAway = false;
      this.seenAt = this.options.clock.monotonic();
      this.makeAsWanted(leases);
    } catch (error) {
      this.goOnWithoutStore(error);
    }
  }

  private makeAsWanted(leases: readonly TaskLease[]): void {
    const wanted = new Map(leases.map((lease) => [keyOf(lease), lease]));
    for (const [key, work] of this.running) {
      const lease = wanted.get(key);
      if (lease === undefined || !(isSameRun(work.lease, lease) || isChangeTaken(work, lease)))
        this.endLater(key, work, lease === undefined);
      else work.setPaused(lease.targetState === 'PAUSED');
    }
    for (const [key, lease] of wanted) {
      if (!this.running.has(key)) this.running.set(key, this.options.run(lease));
    }
  }

  /** The next turn after the end starts what takes its place. */
  private endLater(key: string, work: LeasedWork, release: boolean): void {
    if (work.isStopping) return;
    void this.end(key, work, release);
  }

  private async end(key: string, work: LeasedWork, release: boolean): Promise<void> {
    await this.stopQuietly(work);
    this.running.delete(key);
    if (release) await this.quietly('A lease was not given up and will run out', this.store.release(work.lease));
    this.reconcileSoon();
  }

  private goOnWithoutStore(error: unknown): void {
    if (isLeaseLost(error)) {
      if (this.running.size > 0) {
        this.options.logger.error(`The leases of this worker are lost, what they let run stops: ${messageOf(error)}`);
      }
      for (const [key, work] of this.running) this.endLater(key, work, false);
      return;
    }
    if (!this.isStoreAway) {
      this.options.logger.warn(`What runs goes on, and changes wait for the database: ${messageOf(error)}`);
    }
    this.isStoreAway = true;
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
    for (const [key, work] of this.running) {
      if (work.isStopping) continue;
      try {
        await this.store.reportStatus(work.lease, work.report());
      } catch (error) {
        if (!isLeaseLost(error)) return;
        this.endLater(key, work, false);
      }
    }
  }

  private stopQuietly(work: LeasedWork): Promise<void> {
    return this.quietly(`${keyOf(work.lease)} did not stop cleanly`, work.stop());
  }

  private async quietly(what: string, attempt: Promise<unknown>): Promise<void> {
    try {
      await attempt;
    } catch (error) {
      this.options.logger.warn(`${what}: ${messageOf(error)}`);
    }
  }
}

function keyOf(lease: TaskLease): string {
  return `${lease.connector}-${lease.task}`;
}

function isLeaseLost(error: unknown): boolean {
  return error instanceof MillraceError && error.code === controlErrors.leaseLost.code;
}

/** Whether only the config is another, and the work goes on with it. */
function isChangeTaken(work: LeasedWork, wanted: TaskLease): boolean {
  const { epoch, restarts } = work.lease;
  return epoch === wanted.epoch && restarts === wanted.restarts && !work.isStopping && work.change?.(wanted) === true;
}

/** Whether the running lease is what is asked for; a change of the target state does not count. */
function isSameRun(running: TaskLease, wanted: TaskLease): boolean {
  return running.epoch === wanted.epoch && running.revision === wanted.revision && running.restarts === wanted.restarts;
}
