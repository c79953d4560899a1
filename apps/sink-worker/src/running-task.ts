import type { LeasedWork } from '#control/lease-worker';
import type { TaskLease, TaskReport } from '#control/task';
import { restartOptions } from '#pipeline/runner-options';
import { SinkMetrics } from '#pipeline/sink-metrics';
import { traceOf, type PartitionStatus, type TaskStatus } from '#pipeline/task-status';
import { TaskSupervisor, type RestartOptions, type SupervisorStatus } from '#pipeline/task-supervisor';
import type { Clock } from '#std/clock';
import { systemRandom } from '#std/random';
import { SinkRun, type SinkRunOptions } from './sink-run.js';

export type RunningTaskOptions = Omit<SinkRunOptions, 'metrics'>;

/** A report stays small, whatever the number of partitions: those furthest behind are in it. */
const partitionsReportedMax = 40;

/** One lease at work: runs the task, restarts it where it fails, and tells how it goes. */
export class RunningTask implements LeasedWork {
  private readonly supervisor: TaskSupervisor;
  private readonly restart: RestartOptions;
  private readonly clock: Clock;
  private guarantee = '';
  private paused = false;
  private ending: Promise<void> | null = null;

  constructor(
    readonly lease: TaskLease,
    options: RunningTaskOptions,
  ) {
    const { clock } = options;
    this.clock = clock;
    const logger = options.logger.child({ connector: lease.connector, task: lease.task });
    const metrics = new SinkMetrics(clock);
    this.paused = lease.targetState === 'PAUSED';
    this.restart = restartOptions(lease.config);
    this.supervisor = new TaskSupervisor(
      {
        begin: async () => {
          const run = await SinkRun.begin(lease, { ...options, logger, metrics });
          this.guarantee = run.guarantee;
          return run;
        },
        clock,
        random: systemRandom,
        logger,
        onRestart: () => metrics.add('task-restarts-total'),
      },
      this.restart,
    );
    this.supervisor.start(this.paused);
  }

  get isStopping(): boolean {
    return this.ending !== null;
  }

  setPaused(paused: boolean): void {
    if (this.paused === paused) return;
    this.paused = paused;
    if (paused) this.supervisor.pause();
    else this.supervisor.resume();
  }

  /** Flushes, commits and lets go of everything. Once, however often it is called. */
  stop(): Promise<void> {
    this.ending ??= this.supervisor.stop();
    return this.ending;
  }

  report(): TaskReport {
    const supervised = this.supervisor.status();
    const { run, failure, restartsAt } = supervised;
    const details = {
      ...(run === null ? {} : detailsOf(run, this.clock.now())),
      guarantee: this.guarantee,
      restart: { used: supervised.restartsUsed, max: this.restart.max, at: timeOf(supervised) },
    };
    if (failure !== null) {
      return { state: restartsAt === null ? 'FAILED' : 'RESTARTING', trace: traceOf(failure), details };
    }
    if (run === null) return { state: this.paused ? 'PAUSED' : 'RUNNING', details };
    const state = run.state === 'FAILED' || run.state === 'PAUSED' ? run.state : 'RUNNING';
    return { state, trace: run.trace, details };
  }
}

function timeOf({ restartsAt }: SupervisorStatus): string | null {
  return restartsAt === null ? null : new Date(restartsAt).toISOString();
}

function detailsOf(status: TaskStatus, now: number): Record<string, unknown> {
  const lags = status.partitions.map(({ lag }) => lag ?? 0);
  const metrics = Object.entries(status.metrics).map(([name, value]) => [name.replaceAll('-', '_'), value]);
  const { degraded, lastError, activity, breaker, rateLimit, batchMode } = status;
  return {
    ...Object.fromEntries(metrics),
    lag_records: lags.reduce((sum, lag) => sum + lag, 0),
    lag_ms: Math.max(0, ...status.partitions.map((partition) => lagMsOf(partition, now))),
    sink_record_lag_max: Math.max(0, ...lags),
    degraded,
    lastError,
    activity,
    breaker,
    rateLimit,
    batchMode,
    partitions: furthestBehind(status.partitions),
  };
}

/** How old the last record is that the store took, where more are waiting. */
function lagMsOf({ lag, lastTimestamp }: PartitionStatus, now: number): number {
  return (lag ?? 0) > 0 && lastTimestamp !== null && lastTimestamp >= 0 ? Math.max(0, now - lastTimestamp) : 0;
}

function furthestBehind(partitions: readonly PartitionStatus[]): readonly PartitionStatus[] {
  return partitions.toSorted((a, b) => (b.lag ?? -1) - (a.lag ?? -1)).slice(0, partitionsReportedMax);
}
