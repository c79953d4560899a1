import type { WindowSize } from './rate-window.js';

/**
 * Tokens that come at a steady rate and may be taken below zero, as Kafka meters changes of topics (KIP-599): who takes is let through
 * while there is any token, however many it takes, and waits until the debt is paid.
 */
export class TokenBucket {
  private tokens: number;
  private filledAtMs: number;

  constructor(
    private readonly size: WindowSize,
    private ratePerSecond: number,
    nowMs: number,
  ) {
    this.tokens = this.burst;
    this.filledAtMs = nowMs;
  }

  get lastMs(): number {
    return this.filledAtMs;
  }

  setRate(ratePerSecond: number): void {
    this.ratePerSecond = ratePerSecond;
  }

  take(count: number, nowMs: number): void {
    this.fill(nowMs);
    this.tokens = Math.min(this.burst, this.tokens - count);
  }

  /** How long until no debt is left. */
  delayMs(nowMs: number): number {
    this.fill(nowMs);
    return this.tokens >= 0 ? 0 : Math.round((-this.tokens / this.ratePerSecond) * 1000);
  }

  private get burst(): number {
    return (this.size.samples * this.size.sampleMs * this.ratePerSecond) / 1000;
  }

  private fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.filledAtMs);
    this.filledAtMs = nowMs;
    this.tokens = Math.min(this.burst, this.tokens + (elapsedMs * this.ratePerSecond) / 1000);
  }
}
