import type { Clock, Timer } from '#std/clock';

/** A clock that stands until it is moved, and then calls back what is due. */
export class TimedClock implements Clock {
  private ms = 1_700_000_000_000;
  private timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.ms;
  }

  monotonic(): number {
    return this.ms;
  }

  advance(byMs: number): void {
    this.ms += byMs;
    const due = this.timers.filter(({ atMs }) => atMs <= this.ms);
    this.timers = this.timers.filter(({ atMs }) => atMs > this.ms);
    for (const { callback } of due) callback();
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.ms + delayMs, callback };
    this.timers.push(timer);
    return { cancel: () => (this.timers = this.timers.filter((other) => other !== timer)) };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }
}
