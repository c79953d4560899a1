import type { Random } from '#std/random';

export interface BackoffOptions {
  /** First delay, ms. */
  readonly initialMs: number;
  /** No delay is longer, ms. */
  readonly maxMs: number;
}

/** Exponential backoff with jitter: the n-th delay lies between half of and the whole of `initialMs × 2^n`, at most `maxMs`. */
export class Backoff {
  private attempts = 0;

  constructor(
    private readonly options: BackoffOptions,
    private readonly random: Random,
  ) {}

  /** How many delays were handed out since the last `reset`. */
  get attempt(): number {
    return this.attempts;
  }

  nextMs(): number {
    const ceiling = Math.min(this.options.maxMs, this.options.initialMs * 2 ** Math.min(this.attempts, 30));
    this.attempts += 1;
    return Math.round(ceiling * (0.5 + 0.5 * this.random.next()));
  }

  reset(): void {
    this.attempts = 0;
  }
}
