/** The three steps of the tour, and what ticks the first one. */
import type { LiveConnector } from '../../../admin/src/v1/events/live-rows.js';

/** What the demo has. */
export const demo = { sink: 'access-table', otherSink: 'lake', topic: 'access-log', group: 'tour' } as const;

/** So long the sink stands still before its lag says something. */
export const stillMsMin = 10_000;
/** Behind by so few records a sink is at most while it runs well. */
const lagOfRunning = 150;

export interface SinkStep {
  readonly phase: 'todo' | 'stopped' | 'draining' | 'done';
  /** Milliseconds since 1970. */
  readonly stoppedAt: number;
  /** Lag of the stopped sink and of the other one, records: when it stopped, and the most since. */
  readonly before: number;
  readonly most: number;
  readonly mostOfOther: number;
}

export interface TourProgress {
  readonly isHidden: boolean;
  readonly sink: SinkStep;
  readonly letter: 'todo' | 'done';
  readonly kcat: 'todo' | 'copied' | 'done';
}

export const tourBegun: TourProgress = {
  isHidden: false,
  sink: { phase: 'todo', stoppedAt: 0, before: 0, most: 0, mostOfOther: 0 },
  letter: 'todo',
  kcat: 'todo',
};

type Seen = Pick<LiveConnector, 'target' | 'lag_records'>;

/** The step after a look at both sinks; the same object where nothing changed. */
export function afterLook(step: SinkStep, sink: Seen, other: Seen | undefined, now: number): SinkStep {
  const lag = sink.lag_records ?? 0;
  const lagOfOther = other?.lag_records ?? 0;
  const isStill = sink.target !== 'RUNNING';
  const stopped: SinkStep = { phase: 'stopped', stoppedAt: now, before: lag, most: lag, mostOfOther: lagOfOther };
  switch (step.phase) {
    case 'done':
      return step;
    case 'todo':
      return isStill ? stopped : step;
    case 'stopped':
      if (isStill) return higher(step, lag, lagOfOther);
      return now - step.stoppedAt >= stillMsMin
        ? { ...higher(step, lag, lagOfOther), phase: 'draining' }
        : tourBegun.sink;
    case 'draining':
      if (isStill) return stopped;
      return lag <= Math.max(lagOfRunning, step.before) ? { ...step, phase: 'done' } : higher(step, lag, lagOfOther);
  }
}

function higher(step: SinkStep, lag: number, lagOfOther: number): SinkStep {
  if (lag <= step.most && lagOfOther <= step.mostOfOther) return step;
  return { ...step, most: Math.max(step.most, lag), mostOfOther: Math.max(step.mostOfOther, lagOfOther) };
}
