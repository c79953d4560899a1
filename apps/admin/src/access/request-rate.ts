import type { Clock } from '#std/clock';

const entriesMax = 10_000;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Token buckets by name, at most 10,000: over that the one that was not used longest is forgotten. */
export class RequestRate {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly clock: Clock,
  ) {}

  /** Takes one token. Seconds to wait where there is none, else 0. */
  take(name: string): number {
    const bucket = this.filled(name);
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / this.perSecond));
    bucket.tokens -= 1;
    return 0;
  }

  /** Seconds to wait until there is one, without taking it. */
  wait(name: string): number {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) return 0;
    const { tokens } = this.filled(name);
    return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / this.perSecond));
  }

  private filled(name: string): Bucket {
    const now = this.clock.monotonic();
    const bucket = this.buckets.get(name) ?? { tokens: this.burst, filledAtMs: now };
    bucket.tokens = Math.min(this.burst, bucket.tokens + ((now - bucket.filledAtMs) / 1000) * this.perSecond);
    bucket.filledAtMs = now;
    this.buckets.delete(name);
    this.buckets.set(name, bucket);
    const [oldest] = this.buckets.keys();
    if (this.buckets.size > entriesMax && oldest !== undefined) this.buckets.delete(oldest);
    return bucket;
  }
}
