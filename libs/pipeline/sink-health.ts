import { FatalSinkError, FencedSinkError, RetriableSinkError } from '#pipeline/errors';
import { CircuitBreaker, type BreakerOptions } from '#pipeline/sink-breaker';
import type { SinkMetrics } from '#pipeline/sink-metrics';
import { RetrySchedule, type RetryOptions } from '#pipeline/sink-retry';
import type { TaskError } from '#pipeline/task-status';
import type { Clock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';

export interface SinkHealthParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: SinkMetrics;
  readonly retry: RetryOptions;
  readonly breaker: BreakerOptions | null;
}

/** An error text of a store may hold whole rows. */
const errorLengthMax = 1000;
/** Errors of no known class in a row, after which the task fails. */
const unknownErrorsMax = 10;

/** What failures of a store mean for its task: when to try again, how carefully, and when to give up. */
export class SinkHealth {
  readonly retry: RetrySchedule;
  readonly breaker: CircuitBreaker;
  lastError: TaskError | null = null;
  private end: unknown = null;
  private unknownErrors = 0;

  constructor(private readonly parts: SinkHealthParts) {
    this.retry = new RetrySchedule(parts.clock, parts.random, parts.retry);
    this.breaker = new CircuitBreaker(this.retry, parts.breaker);
  }

  /** Why the task can not go on; null while it can. */
  get fatal(): unknown {
    return this.end;
  }

  /** The store failed, and was not yet seen to work again. */
  get isDegraded(): boolean {
    return this.retry.waiting;
  }

  /** Ends the task. The first reason stays. */
  fail(error: unknown): void {
    this.end ??= error;
  }

  /** Notes a failure: a later try, or the end of the task. */
  failed(error: unknown): void {
    const { clock, logger, metrics, retry } = this.parts;
    const isFirst = !this.retry.waiting;
    const breakerMs = this.breaker.failed();
    const askedMs = error instanceof RetriableSinkError ? (error.retryAfterMs ?? 0) : 0;
    const isInTime = this.retry.failed(Math.max(Math.min(breakerMs, retry.delayMsMax), askedMs));
    const { attempts } = this.retry;
    this.lastError = { message: messageOf(error).slice(0, errorLengthMax), at: clock.now(), attempts };
    metrics.set('last-error-timestamp', clock.now());
    metrics.add('total-retries');
    metrics.add(classOf(error));
    if (error instanceof MillraceError) {
      if (!error.retriable) this.fail(error);
    } else {
      this.unknownErrors += 1;
      if (this.unknownErrors >= unknownErrorsMax) this.fail(error);
    }
    if (!isInTime) {
      this.fail(
        new FatalSinkError(`The store did not take records for ${retry.timeoutMs} ms (errors.retry.timeout)`, {
          cause: error,
        }),
      );
    }
    if (isFirst && this.end === null) logger.warn(`The sink waits for its store: ${messageOf(error)}`);
  }

  recovered(): void {
    if (!this.retry.waiting) return;
    this.parts.logger.info('The sink goes on', { attempts: this.retry.attempts });
    this.retry.succeeded();
    this.unknownErrors = 0;
  }
}

function classOf(error: unknown): 'retries-retriable-total' | 'retries-fenced-total' | 'retries-unknown-total' {
  if (error instanceof FencedSinkError) return 'retries-fenced-total';
  return error instanceof MillraceError ? 'retries-retriable-total' : 'retries-unknown-total';
}
