import type { Clock } from '#std/clock';
import type { Random } from '#std/random';

export interface RetryOptions {
  /** No delay is longer, ms. */
  readonly delayMsMax: number;
  /** Give up when the first failure is older, ms; -1 never, 0 at once. */
  readonly timeoutMs: number;
}

/** The shortest delay, ms. */
export const retryDelayMsMin = 100;

/**
 * When to try again after failures in a row: exponential backoff with full jitter. The n-th delay is uniform between nothing
 * and `100 ms × 2^n`, but never under 100 ms nor over `delayMsMax`, so that workers that lost one store together do not come
 * back together.
 */
export class RetrySchedule {
  private firstFailureAt = 0;
  private failures = 0;
  /** Monotonic time of the next try, ms; 0 while nothing failed. */
  private dueAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly options: RetryOptions,
  ) {}

  /** Failures since the last success. */
  get attempts(): number {
    return this.failures;
  }

  get waiting(): boolean {
    return this.failures > 0;
  }

  /** Milliseconds until the next try, 0 when it is due. */
  remainingMs(): number {
    return this.failures === 0 ? 0 : Math.max(0, this.dueAt - this.clock.monotonic());
  }

  /** Notes a failure; false when the time for retries is over. `atLeastMs` is what the store asked for. */
  failed(atLeastMs: number | null): boolean {
    const now = this.clock.monotonic();
    if (this.failures === 0) this.firstFailureAt = now;
    const ceiling = Math.min(this.options.delayMsMax, retryDelayMsMin * 2 ** Math.min(this.failures, 30));
    const delayMs = Math.max(retryDelayMsMin, Math.round(this.random.next() * ceiling), atLeastMs ?? 0);
    this.failures += 1;
    this.dueAt = now + delayMs;
    if (this.options.timeoutMs < 0) return true;
    return now - this.firstFailureAt < this.options.timeoutMs;
  }

  succeeded(): void {
    this.failures = 0;
    this.dueAt = 0;
  }
}
