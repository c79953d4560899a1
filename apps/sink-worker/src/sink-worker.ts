import { ControlStore } from '#control/control-store';
import { controlErrors } from '#control/errors';
import type { TaskLease } from '#control/task';
import type { WorkerSession } from '#control/worker';
import { Backoff } from '#std/backoff';
import type { Clock, Timer } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import { systemRandom } from '#std/random';
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

const reportIntervalMs = 1_000;

/**
 * Runs the sink tasks that the control store leases to this worker, and makes what runs equal to what is wanted: at each notice
 * of a change, and every two seconds. A worker that can not reach the store stops its tasks when its leases are over, for then
 * others have them.
 */
export class SinkWorker {
  private readonly store: ControlStore;
  private readonly leaseMs: number;
  private readonly running = new Map<string, RunningTask>();
  private session: WorkerSession | null = null;
  private watch: { stop(): Promise<void> } | null = null;
  private reportTimer: Timer | null = null;
  private reporting: Promise<void> = Promise.resolve();
  private turn: Promise<void> | null = null;
  private turnWanted = false;
  private leasesSeenAt = 0;
  private isStopping = false;

  constructor(private readonly options: SinkWorkerOptions) {
    this.leaseMs = options.leaseMs ?? 10_000;
    const { databaseUrl, clock, logger } = options;
    this.store = new ControlStore({ databaseUrl, clock, logger, leaseMs: this.leaseMs });
  }

  /** Resolves when the worker is registered; waits for a database that is not there yet. */
  async start(): Promise<void> {
    await this.startStore();
    if (this.isStopping) return;
    this.session = await this.store.registerWorker({ id: this.options.workerId, kind: 'sink' });
    this.leasesSeenAt = this.options.clock.monotonic();
    this.watch = this.store.watch(() => this.reconcileSoon());
    this.reconcileSoon();
    this.reportLater();
  }

  /** Drains: tasks flush and commit while their leases are kept alive, then everything is given up for others. */
  async stop(): Promise<void> {
    if (this.isStopping) return;
    this.isStopping = true;
    this.reportTimer?.cancel();
    await this.watch?.stop();
    await this.turn;
    await this.reporting;
    const session = this.session;
    if (session === null) return this.store.stop();
    const renewing = this.renewWhileStopping(session);
    await Promise.all([...this.running.values()].map((task) => this.stopQuietly(task)));
    renewing.cancel();
    try {
      await this.store.unregisterWorker(session);
    } catch (error) {
      this.options.logger.warn(`The leases were not given up and will run out by themselves: ${messageOf(error)}`);
    }
    await this.store.stop();
  }

  /** Tasks that run now, for status and tests. */
  get taskCount(): number {
    return this.running.size;
  }

  private async startStore(): Promise<void> {
    const backoff = new Backoff({ initialMs: 200, maxMs: 5_000 }, systemRandom);
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

  /** One reconciliation at a time, and one more when something changed meanwhile. */
  private reconcileSoon(): void {
    if (this.isStopping) return;
    if (this.turn !== null) {
      this.turnWanted = true;
      return;
    }
    this.turn = this.reconcile().finally(() => {
      this.turn = null;
      if (!this.turnWanted) return;
      this.turnWanted = false;
      this.reconcileSoon();
    });
  }

  private async reconcile(): Promise<void> {
    const session = this.session;
    if (session === null) return;
    const askedAt = this.options.clock.monotonic();
    let leases: readonly TaskLease[];
    try {
      leases = await this.store.claimTasks(session);
    } catch (error) {
      this.withoutStore(error);
      return;
    }
    this.leasesSeenAt = askedAt;
    this.make(leases);
  }

  /** Stops what is not leased any more or is to run otherwise, starts what is missing. A task that ends slowly holds up no other. */
  private make(leases: readonly TaskLease[]): void {
    const wanted = new Map(leases.map((lease) => [keyOf(lease), lease]));
    for (const [key, task] of this.running) {
      const lease = wanted.get(key);
      if (lease === undefined || !task.runs(lease)) this.replaceLater(key, task, lease === undefined);
      else task.setPaused(lease.targetState === 'PAUSED');
    }
    for (const [key, lease] of wanted) {
      if (!this.running.has(key)) this.running.set(key, new RunningTask(lease, this.taskOptions()));
    }
  }

  private replaceLater(key: string, task: RunningTask, release: boolean): void {
    if (task.isStopping) return;
    void this.stopQuietly(task).then(async () => {
      if (this.running.get(key) === task) this.running.delete(key);
      if (release) await this.releaseQuietly(task);
      this.reconcileSoon();
    });
  }

  /** Keeps running as long as the leases last. */
  private withoutStore(error: unknown): void {
    const isLost = error instanceof MillraceError && error.code === controlErrors.leaseLost.code;
    const silentMs = this.options.clock.monotonic() - this.leasesSeenAt;
    if (!isLost && silentMs < this.leaseMs) return;
    if (this.running.size > 0) {
      this.options.logger.error(`The leases of this worker are over, its tasks stop: ${messageOf(error)}`);
    }
    for (const [key, task] of this.running) this.replaceLater(key, task, false);
  }

  private async stopQuietly(task: RunningTask): Promise<void> {
    try {
      await task.stop();
    } catch (error) {
      const { connector, task: number } = task.lease;
      this.options.logger.warn(`Task ${connector}-${number} did not stop cleanly: ${messageOf(error)}`);
    }
  }

  private async releaseQuietly(task: RunningTask): Promise<void> {
    try {
      await this.store.release(task.lease);
    } catch (error) {
      this.options.logger.warn(`A lease was not given up and will run out by itself: ${messageOf(error)}`);
    }
  }

  private renewWhileStopping(session: WorkerSession): { cancel(): void } {
    let timer: Timer;
    const arm = (): void => {
      timer = this.options.clock.after(this.leaseMs / 4, () => {
        this.store.renew(session).catch((error: unknown) => {
          this.options.logger.warn(`Leases were not renewed while stopping: ${messageOf(error)}`);
        });
        arm();
      });
    };
    arm();
    return { cancel: () => timer.cancel() };
  }

  private reportLater(): void {
    if (this.isStopping) return;
    this.reportTimer = this.options.clock.after(reportIntervalMs, () => {
      this.reporting = this.reportAll().finally(() => this.reportLater());
    });
  }

  private async reportAll(): Promise<void> {
    for (const [key, task] of this.running) {
      if (task.isStopping) continue;
      try {
        await this.store.reportStatus(task.lease, task.report());
      } catch (error) {
        // Anything but a lost lease is the database being away, which the reconciliation deals with.
        if (!(error instanceof MillraceError) || error.code !== controlErrors.leaseLost.code) return;
        this.replaceLater(key, task, false);
      }
    }
  }

  private taskOptions(): ConstructorParameters<typeof RunningTask>[1] {
    const { bootstrap, dataDirectory, clock, logger } = this.options;
    return { bootstrap, dataDirectory, clock, logger, environment: this.options.environment ?? process.env };
  }
}

function keyOf(lease: TaskLease): string {
  return `${lease.connector}-${lease.task}`;
}
