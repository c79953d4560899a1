import type { Clock } from '#std/clock';

const windowMs = 30_000;
const slotCount = 15;
const slotMs = windowMs / slotCount;

/** So many a second over the last thirty, or over the time since the start while that is shorter. */
export class WindowedRate {
  private readonly counts = new Float64Array(slotCount);
  private readonly startedAt: number;
  private slot: number;

  constructor(private readonly clock: Clock) {
    this.startedAt = clock.monotonic();
    this.slot = Math.floor(this.startedAt / slotMs);
  }

  add(count: number): void {
    this.turn();
    const at = this.slot % slotCount;
    this.counts[at] = (this.counts[at] ?? 0) + count;
  }

  perSecond(): number {
    this.turn();
    const now = this.clock.monotonic();
    // The slot of now is not over: the window reaches back to where the oldest slot begins.
    const seenMs = Math.min(now - this.startedAt, now - (this.slot - slotCount + 1) * slotMs);
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    return (total * 1000) / Math.max(1000, seenMs);
  }

  /** Empties the slots whose time is over. */
  private turn(): void {
    const now = Math.floor(this.clock.monotonic() / slotMs);
    const steps = Math.min(slotCount, now - this.slot);
    for (let step = 0; step < steps; step += 1) this.counts[(now - step) % slotCount] = 0;
    this.slot = now;
  }
}
