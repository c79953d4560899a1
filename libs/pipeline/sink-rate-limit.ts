import type { BatchLimits } from '#pipeline/sink-partition';
import type { Clock } from '#std/clock';

export interface RateOptions {
  /** 0 = without limit. */
  readonly recordsPerSecond: number;
  /** Of keys and values; 0 = without limit. */
  readonly bytesPerSecond: number;
}

/** Tokens that come in steadily; what is spent ahead of them has to be waited for. Holds one second's worth at most. */
class TokenBucket {
  private tokens: number;
  private filledAt: number;

  constructor(
    private readonly clock: Clock,
    private readonly perSecond: number,
  ) {
    this.tokens = perSecond;
    this.filledAt = clock.monotonic();
  }

  waitMs(): number {
    this.fill();
    return this.tokens >= 1 ? 0 : Math.ceil(((1 - this.tokens) * 1000) / this.perSecond);
  }

  spend(count: number): void {
    this.fill();
    this.tokens -= count;
  }

  private fill(): void {
    const now = this.clock.monotonic();
    this.tokens = Math.min(this.perSecond, this.tokens + ((now - this.filledAt) * this.perSecond) / 1000);
    this.filledAt = now;
  }
}

/**
 * Keeps a task to so many records and bytes a second. Batches are cut to a second's worth, and the next one is due when the last one is paid
 * for: over any longer time the rate is exact, however large single records are. What is tried again is not counted again.
 */
export class RateLimit {
  private readonly records: TokenBucket | null;
  private readonly bytes: TokenBucket | null;

  constructor(
    clock: Clock,
    private readonly options: RateOptions,
  ) {
    this.records = options.recordsPerSecond > 0 ? new TokenBucket(clock, options.recordsPerSecond) : null;
    this.bytes = options.bytesPerSecond > 0 ? new TokenBucket(clock, options.bytesPerSecond) : null;
  }

  /** Milliseconds until the next batch may be cut. */
  waitMs(): number {
    return Math.max(this.records?.waitMs() ?? 0, this.bytes?.waitMs() ?? 0);
  }

  spend(records: number, bytes: number): void {
    this.records?.spend(records);
    this.bytes?.spend(bytes);
  }

  /** The limits of a batch, made no larger than a second's worth. */
  within(limits: BatchLimits): BatchLimits {
    const { recordsPerSecond, bytesPerSecond } = this.options;
    return {
      ...limits,
      recordsMax: recordsPerSecond > 0 ? Math.min(limits.recordsMax, recordsPerSecond) : limits.recordsMax,
      bytesMax: bytesPerSecond > 0 ? Math.min(limits.bytesMax, bytesPerSecond) : limits.bytesMax,
    };
  }

  status(): Record<string, number> {
    return { ...this.options, waitMs: this.waitMs() };
  }
}
