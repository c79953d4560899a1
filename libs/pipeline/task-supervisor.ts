import { FatalSinkError } from '#pipeline/errors';
import type { TaskStatus } from '#pipeline/task-status';
import type { Clock, Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';

export interface RestartOptions {
  /** Restarts in the budget; 0 = none, -1 = without limit. */
  readonly max: number;
  /** Before the first restart, ms; doubles with each that the budget has given. */
  readonly delayMs: number;
  readonly delayMsMax: number;
  /** So much time of healthy work gives one restart back, ms. */
  readonly refillMs: number;
}

/** What is run under a supervisor: a sink task with all that belongs to it. */
export interface SupervisedRun {
  pause(): void;
  resume(): void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
  status(): TaskStatus;
  /** Resolves when it ended by itself or was stopped. */
  ended(): Promise<void>;
  /** Why it ended by itself; null where it did not. */
  readonly failure: unknown;
}

export interface TaskSupervisorParts {
  /** Builds a run and starts it. Called again for each restart. */
  readonly begin: () => Promise<SupervisedRun>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onRestart: () => void;
}

export interface SupervisorStatus {
  readonly failure: unknown;
  /** Set while a restart is waited for; wall time, ms. */
  readonly restartsAt: number | null;
  /** Restarts that the budget has given and not got back. */
  readonly restartsUsed: number;
  readonly run: TaskStatus | null;
}

const watchMs = 1000;
/** A run that failed is given so long to let go of its store, ms. */
const endMsMax = 30_000;

/**
 * Keeps a task at work: what fails, in its making or later, is begun again after a pause, as often as a budget allows that fills up while the
 * task is healthy. What nobody but the owner can mend stays failed at once.
 */
export class TaskSupervisor {
  private run: SupervisedRun | null = null;
  private failure: unknown = null;
  private restartsAt: number | null = null;
  private used = 0;
  private healthyMs = 0;
  private isPaused = false;
  private isStopping = false;
  private timer: Timer | null = null;
  private restartTimer: Timer | null = null;
  private beginning: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: TaskSupervisorParts,
    private readonly options: RestartOptions,
  ) {}

  start(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.beginning = this.begin();
    this.watch();
  }

  pause(): void {
    this.isPaused = true;
    this.run?.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.run?.resume();
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.timer?.cancel();
    this.restartTimer?.cancel();
    await this.beginning;
    await this.run?.stop();
  }

  status(): SupervisorStatus {
    const { failure, restartsAt, used } = this;
    return { failure, restartsAt, restartsUsed: used, run: this.run?.status() ?? null };
  }

  /** Never rejects. */
  private async begin(): Promise<void> {
    this.failure = null;
    this.restartsAt = null;
    try {
      const run = await this.parts.begin();
      this.run = run;
      if (this.isPaused) run.pause();
      void this.follow(run);
    } catch (error) {
      this.parts.logger.error(`The task could not be started: ${messageOf(error)}`);
      this.failed(error);
    }
  }

  /** Never rejects. */
  private async follow(run: SupervisedRun): Promise<void> {
    await run.ended();
    if (this.isStopping || run.failure === null) return;
    await this.stopWithin(run);
    this.failed(run.failure);
  }

  private failed(error: unknown): void {
    this.failure = error;
    if (this.isStopping || (error instanceof FatalSinkError && error.isLasting)) return;
    const { max, delayMs, delayMsMax } = this.options;
    if (max >= 0 && this.used >= max) return;
    const longest = Math.min(delayMsMax, delayMs * 2 ** Math.min(this.used, 30));
    // Between three quarters and all of it, so that tasks that failed together do not come back together.
    const waitMs = Math.round(longest * (0.75 + this.parts.random.next() / 4));
    this.used += 1;
    this.healthyMs = 0;
    this.restartsAt = this.parts.clock.now() + waitMs;
    this.parts.logger.warn(`The task failed and is restarted in ${waitMs} ms`, { restart: this.used, of: max });
    this.restartTimer = this.parts.clock.after(waitMs, () => {
      if (this.isStopping) return;
      this.run = null;
      this.parts.onRestart();
      this.beginning = this.begin();
    });
  }

  /** Gives restarts back for time that passed well. */
  private watch(): void {
    this.timer = this.parts.clock.after(watchMs, () => {
      const status = this.run?.status();
      if (status?.state === 'RUNNING' && !status.degraded) this.healthyMs += watchMs;
      while (this.used > 0 && this.healthyMs >= this.options.refillMs) {
        this.used -= 1;
        this.healthyMs -= this.options.refillMs;
      }
      if (this.used === 0) this.healthyMs = 0;
      this.watch();
    });
  }

  private async stopWithin(run: SupervisedRun): Promise<void> {
    const { clock, logger } = this.parts;
    await new Promise<void>((resolve) => {
      const timer = clock.after(endMsMax, resolve);
      run
        .stop()
        .catch((error: unknown) => logger.warn(`What had failed did not stop cleanly: ${messageOf(error)}`))
        .finally(() => {
          timer.cancel();
          resolve();
        });
    });
  }
}
