import type { Clock, Timer } from '#std/clock';

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  private elapsedMs = 0;
  private timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  constructor(private readonly startMs = 1_700_000_000_000) {}

  now(): number {
    return this.startMs + this.elapsedMs;
  }

  monotonic(): number {
    return this.elapsedMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.elapsedMs + delayMs, callback };
    this.timers.push(timer);
    return {
      cancel: () => {
        this.timers = this.timers.filter((other) => other !== timer);
      },
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Goes on, calling back whatever is due on the way. */
  advance(byMs: number): void {
    this.elapsedMs += byMs;
    const due = this.timers.filter((timer) => timer.atMs <= this.elapsedMs);
    this.timers = this.timers.filter((timer) => timer.atMs > this.elapsedMs);
    for (const timer of due.sort((left, right) => left.atMs - right.atMs)) timer.callback();
  }
}
