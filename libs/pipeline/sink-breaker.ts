import type { RetrySchedule } from '#pipeline/sink-retry';

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerOptions {
  /** So many failures in a row open it; 0 = never. */
  readonly failuresMax: number;
  /** While it is open no try follows earlier than so many ms after the last one; the longest delay of retries bounds it. */
  readonly openMs: number;
  /** Most records of the batch that is tried first while it is open. */
  readonly probeRecords: number;
}

/**
 * Spares a store that is down. Closed: tries follow the backoff, with all that is due. After `failuresMax` failures in a row it is open:
 * nothing is asked of the store for a while, then it is half-open and one small batch of one partition is tried, and only when the store
 * took that do the others follow. The backoff goes on to grow while it is open.
 */
export class CircuitBreaker {
  private openingCount = 0;

  constructor(
    private readonly retry: RetrySchedule,
    private readonly options: BreakerOptions | null,
  ) {}

  get state(): BreakerState {
    if (!this.isTripped(this.retry.attempts)) return 'closed';
    return this.retry.remainingMs() > 0 ? 'open' : 'half-open';
  }

  /** How often it opened. */
  get openings(): number {
    return this.openingCount;
  }

  /** Most records of the next put; null = no matter. */
  get probeRecords(): number | null {
    return this.state === 'closed' ? null : (this.options?.probeRecords ?? null);
  }

  /** Notes a failure; gives the shortest pause that it asks for, ms. Call it before the retry schedule hears of the failure. */
  failed(): number {
    const { attempts } = this.retry;
    if (!this.isTripped(attempts + 1)) return 0;
    if (!this.isTripped(attempts)) this.openingCount += 1;
    return this.options?.openMs ?? 0;
  }

  private isTripped(failures: number): boolean {
    const max = this.options?.failuresMax ?? 0;
    return max > 0 && failures >= max;
  }
}
