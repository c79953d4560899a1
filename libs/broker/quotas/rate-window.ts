interface Sample {
  startMs: number;
  lastMs: number;
  total: number;
}

export interface WindowSize {
  /** Samples that are kept: `quota.window.num`. */
  readonly samples: number;
  /** Time that one covers: `quota.window.size.seconds`, in ms. */
  readonly sampleMs: number;
}

/**
 * A rate over the last samples, as Kafka measures it: the present sample and those before it, and never over less time than all
 * samples but one, so that a single burst at the start counts over the whole window.
 */
export class RateWindow {
  private readonly kept: Sample[] = [];
  private current = 0;

  constructor(private readonly size: WindowSize) {}

  /** When anything was recorded last; -1 before that. */
  get lastMs(): number {
    return this.kept[this.current]?.lastMs ?? -1;
  }

  record(value: number, nowMs: number): void {
    let sample = this.at(nowMs);
    if (nowMs - sample.startMs >= this.size.sampleMs) sample = this.advance(nowMs);
    sample.total += value;
    sample.lastMs = nowMs;
  }

  /** A second. */
  rate(nowMs: number): number {
    this.purge(nowMs);
    let total = 0;
    for (const sample of this.kept) total += sample.total;
    return (total * 1000) / this.spanMs(nowMs);
  }

  /** How long to wait until the rate has come down to `limit` a second, if nothing more is recorded; 0 where it is no higher. */
  delayMs(limit: number, nowMs: number): number {
    const rate = this.rate(nowMs);
    return rate <= limit ? 0 : Math.round(((rate - limit) / limit) * this.spanMs(nowMs));
  }

  private spanMs(nowMs: number): number {
    let oldestMs = this.at(nowMs).startMs;
    for (const sample of this.kept) oldestMs = Math.min(oldestMs, sample.startMs);
    const elapsedMs = nowMs - oldestMs;
    const { samples, sampleMs } = this.size;
    const missing = samples - 1 - Math.floor(elapsedMs / sampleMs);
    return missing > 0 ? elapsedMs + missing * sampleMs : elapsedMs;
  }

  private at(nowMs: number): Sample {
    const sample = this.kept[this.current];
    if (sample !== undefined) return sample;
    const first = { startMs: nowMs, lastMs: nowMs, total: 0 };
    this.kept[this.current] = first;
    return first;
  }

  private advance(nowMs: number): Sample {
    this.current = (this.current + 1) % this.size.samples;
    const next = { startMs: nowMs, lastMs: nowMs, total: 0 };
    this.kept[this.current] = next;
    return next;
  }

  private purge(nowMs: number): void {
    const ageMsMax = this.size.samples * this.size.sampleMs;
    for (const sample of this.kept) {
      if (nowMs - sample.lastMs < ageMsMax) continue;
      sample.startMs = nowMs;
      sample.lastMs = nowMs;
      sample.total = 0;
    }
  }
}
