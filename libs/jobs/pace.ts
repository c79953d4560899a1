import type { Clock } from '#std/clock';

/** Holds work to so many records a second, over all that was done; 0: as fast as it goes. */
export class Pace {
  private readonly startedMs: number;
  private done = 0;

  constructor(
    private readonly clock: Clock,
    private readonly perSecond: number,
  ) {
    this.startedMs = clock.monotonic();
  }

  /** Waits until `records` more may have been done. Rejects when `signal` aborts. */
  async after(records: number, signal: AbortSignal): Promise<void> {
    this.done += records;
    if (this.perSecond === 0) return;
    const waitMs = this.startedMs + (this.done / this.perSecond) * 1000 - this.clock.monotonic();
    if (waitMs > 0) await this.clock.sleep(waitMs, signal);
  }
}
