/** Rates of counters that are looked at again and again: over the last seconds, by key. */

interface Sample {
  atMs: number;
  readonly value: number;
}

/** Over which a rate is taken, ms. */
const windowMs = 5_000;
/** Nobody looked for so long: a rate over that time says nothing of now. */
const staleMs = 20_000;
/** Tables that look at the same counter in the same moment count as one look. */
const stepMs = 250;
const keysMax = 50_000;

export class Rates {
  private readonly samples = new Map<string, Sample[]>();

  /** A second; null at the first look, and after a counter began anew. */
  of(key: string, value: number, atMs: number): number | null {
    const known = this.samples.get(key);
    const last = known?.at(-1);
    if (known === undefined || last === undefined || value < last.value || atMs - last.atMs > staleMs) {
      if (known === undefined && this.samples.size >= keysMax) this.samples.clear();
      this.samples.set(key, [{ atMs, value }]);
      return null;
    }
    if (known.length > 1 && known[0]?.value === value) {
      // Most counters stand still, and two samples say so: they are moved instead of making more.
      known.length = 2;
      for (const [index, sample] of known.entries())
        sample.atMs = index === 0 ? Math.max(sample.atMs, atMs - windowMs) : atMs;
      return 0;
    }
    if (atMs - last.atMs >= stepMs) {
      known.push({ atMs, value });
      while (known.length > 2 && (known[1]?.atMs ?? atMs) <= atMs - windowMs) known.shift();
    }
    const [first] = known;
    const newest = known.at(-1) ?? last;
    if (first === undefined || first === newest) return null;
    return (newest.value - first.value) / ((newest.atMs - first.atMs) / 1000);
  }
}

/** Three digits, so that what stays the same does not come again for its decimals. */
export function rounded(value: number): number {
  if (value >= 1000) {
    const step = 10 ** (Math.floor(Math.log10(value)) - 2);
    return Math.round(value / step) * step;
  }
  return value >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
}

export function roundedOrNull(value: number | null | undefined): number | null {
  return value === null || value === undefined || !Number.isFinite(value) ? null : rounded(value);
}
