import type { Clock } from '#std/clock';
import { WindowedRate } from '#pipeline/windowed-rate';

const zeros = {
  'sink-record-read-total': 0,
  'sink-record-send-total': 0,
  'sink-record-filtered-total': 0,
  'sink-record-bytes-total': 0,
  'put-batch-total': 0,
  'put-batch-max-time-ms': 0,
  'batch-size-max': 0,
  'offset-commit-completion-total': 0,
  'offset-commit-skip-total': 0,
  'offset-commit-max-time-ms': 0,
  'offset-commit-seq-no': 0,
  'total-record-errors': 0,
  'total-record-failures': 0,
  'total-records-skipped': 0,
  // Of those skipped: in no dead-letter topic.
  'total-records-lost': 0,
  'total-retries': 0,
  'total-errors-logged': 0,
  'retries-retriable-total': 0,
  'retries-fenced-total': 0,
  'retries-unknown-total': 0,
  'deadletterqueue-produce-requests': 0,
  'deadletterqueue-produce-failures': 0,
  'last-error-timestamp': 0,
  'rebalance-total': 0,
  'task-restarts-total': 0,
};

export type SinkCounter = keyof typeof zeros;

/** Counters with a rate beside them, over the last thirty seconds as in Connect. */
const rated = {
  'sink-record-read-total': 'sink-record-read-rate',
  'sink-record-send-total': 'sink-record-send-rate',
  'offset-commit-completion-total': 'offset-commit-completion-rate',
  'offset-commit-skip-total': 'offset-commit-skip-rate',
} as const;

type RatedCounter = keyof typeof rated;

/**
 * Counters of one sink task, by the names of Connect's metrics (its documentation, Monitoring: sink-task-metrics, connector-task-metrics,
 * task-error-metrics). Kept over restarts of the task in one process. Maxima and averages are of all that was.
 */
export class SinkMetrics {
  private readonly counters = { ...zeros };
  private readonly ofTransforms = new Map<string, number>();
  private readonly rates: Readonly<Record<RatedCounter, WindowedRate>>;
  private putMsTotal = 0;
  private putRecordsTotal = 0;
  private commitMsTotal = 0;
  private commitFailures = 0;
  private activeSum = 0;
  private activeSamples = 0;
  private activeMax = 0;
  private isPaused = false;
  private stateSince: number;
  private runningMs = 0;
  private pausedMs = 0;

  constructor(private readonly clock: Clock) {
    this.stateSince = clock.monotonic();
    this.rates = {
      'sink-record-read-total': new WindowedRate(clock),
      'sink-record-send-total': new WindowedRate(clock),
      'offset-commit-completion-total': new WindowedRate(clock),
      'offset-commit-skip-total': new WindowedRate(clock),
    };
  }

  add(name: SinkCounter, by = 1): void {
    this.counters[name] += by;
    if (name in rated) this.rates[name as RatedCounter].add(by);
  }

  /** A counter of a transform, by a name of its own: `EventDuplicateCount` becomes `transform-event-duplicate-count`. */
  count(name: string, by: number): void {
    const key = `transform${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    this.ofTransforms.set(key, (this.ofTransforms.get(key) ?? 0) + by);
  }

  set(name: SinkCounter, value: number): void {
    this.counters[name] = value;
  }

  /** A put that the sink took. */
  put(records: number, bytes: number, elapsedMs: number): void {
    this.add('sink-record-send-total', records);
    this.counters['sink-record-bytes-total'] += bytes;
    this.counters['put-batch-total'] += 1;
    this.counters['put-batch-max-time-ms'] = Math.max(this.counters['put-batch-max-time-ms'], elapsedMs);
    this.counters['batch-size-max'] = Math.max(this.counters['batch-size-max'], records);
    this.putMsTotal += elapsedMs;
    this.putRecordsTotal += records;
  }

  /** A commit of offsets that the group took, or did not. */
  committed(isDone: boolean, elapsedMs: number): void {
    this.counters['offset-commit-seq-no'] += 1;
    this.add(isDone ? 'offset-commit-completion-total' : 'offset-commit-skip-total');
    if (!isDone) this.commitFailures += 1;
    this.commitMsTotal += elapsedMs;
    this.counters['offset-commit-max-time-ms'] = Math.max(this.counters['offset-commit-max-time-ms'], elapsedMs);
  }

  /** How many records the task holds now. */
  holds(records: number): void {
    this.activeSum += records;
    this.activeSamples += 1;
    this.activeMax = Math.max(this.activeMax, records);
  }

  /** Whether the task is paused from now on. */
  paused(isPaused: boolean): void {
    this.passTime();
    this.isPaused = isPaused;
  }

  snapshot(): Record<string, number> {
    this.passTime();
    const puts = this.counters['put-batch-total'];
    const commits = this.counters['offset-commit-seq-no'];
    const timeMs = this.runningMs + this.pausedMs;
    const rates = Object.entries(rated).map(([counter, name]) => [
      name,
      this.rates[counter as RatedCounter].perSecond(),
    ]);
    return {
      ...this.counters,
      ...Object.fromEntries(this.ofTransforms),
      ...(Object.fromEntries(rates) as Record<string, number>),
      'put-batch-avg-time-ms': part(this.putMsTotal, puts),
      'batch-size-avg': part(this.putRecordsTotal, puts),
      'offset-commit-avg-time-ms': part(this.commitMsTotal, commits),
      'offset-commit-success-percentage': commits === 0 ? 0 : 1 - this.commitFailures / commits,
      'offset-commit-failure-percentage': part(this.commitFailures, commits),
      'sink-record-active-count-avg': part(this.activeSum, this.activeSamples),
      'sink-record-active-count-max': this.activeMax,
      'running-ratio': timeMs === 0 ? 1 : this.runningMs / timeMs,
      'pause-ratio': part(this.pausedMs, timeMs),
    };
  }

  private passTime(): void {
    const now = this.clock.monotonic();
    const elapsedMs = now - this.stateSince;
    this.stateSince = now;
    if (this.isPaused) this.pausedMs += elapsedMs;
    else this.runningMs += elapsedMs;
  }
}

function part(total: number, count: number): number {
  return count === 0 ? 0 : total / count;
}
