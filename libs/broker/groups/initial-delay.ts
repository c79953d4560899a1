import type { Clock, Timer } from '#std/clock';

/**
 * The wait before the first rebalance of a group that was empty: its first members seldom come alone, and one rebalance for all of
 * them is better than one each. Begins again while members come, up to the rebalance timeout (`group.initial.rebalance.delay.ms`).
 */
export class InitialDelay {
  private timer: Timer | null = null;
  private endMs = 0;
  private memberCame = false;

  constructor(
    private readonly clock: Clock,
    private readonly delayMs: number,
  ) {}

  get isRunning(): boolean {
    return this.timer !== null;
  }

  /** Calls `done` after the wait, unless it is cancelled. */
  start(mostMs: number, done: () => void): void {
    this.endMs = this.clock.monotonic() + mostMs;
    this.arm(done);
  }

  noteMember(): void {
    this.memberCame = true;
  }

  cancel(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private arm(done: () => void): void {
    this.memberCame = false;
    const restMs = Math.max(0, this.endMs - this.clock.monotonic());
    this.timer = this.clock.after(Math.min(this.delayMs, restMs), () => {
      this.timer = null;
      if (this.memberCame && this.clock.monotonic() < this.endMs) this.arm(done);
      else done();
    });
  }
}
