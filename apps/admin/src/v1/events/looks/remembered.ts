import type { Clock } from '#std/clock';

/** What several tables look at in the same second is asked for once. */
export class Remembered<T> {
  private value: Promise<T> | null = null;
  private atMs = 0;

  constructor(
    private readonly ask: () => Promise<T>,
    /** How long an answer is good, ms; half a second where it is for each tick. May depend on how much there is. */
    private readonly freshMs: number | (() => number),
    private readonly clock: Clock,
  ) {}

  get(): Promise<T> {
    const nowMs = this.clock.monotonic();
    const freshMs = typeof this.freshMs === 'number' ? this.freshMs : this.freshMs();
    if (this.value !== null && nowMs - this.atMs < freshMs) return this.value;
    this.atMs = nowMs;
    const value = this.ask();
    this.value = value;
    value.catch(() => {
      if (this.value === value) this.value = null;
    });
    return value;
  }
}
