import type { Clock } from '#std/clock';

/** A clock that stands until it is moved. */
export class ManualClock implements Clock {
  private ms = 1_700_000_000_000;

  now(): number {
    return this.ms;
  }

  monotonic(): number {
    return this.ms;
  }

  advance(byMs: number): void {
    this.ms += byMs;
  }

  after(): { cancel(): void } {
    return { cancel() {} };
  }

  async sleep(): Promise<void> {}
}
