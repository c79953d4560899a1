/** What a picture needs of the last minutes: how many errors there were, and whether a buffer is filling. */

interface Sample {
  readonly atMs: number;
  readonly value: number;
}

const windowMs = 5 * 60_000;
const errorStepMs = 10_000;
const risingMs = 8_000;
const keysMax = 20_000;

export class FlowHistory {
  private readonly counters = new Map<string, Sample[]>();
  private readonly levels = new Map<string, Sample[]>();

  /** How much a counter has risen in the last five minutes, as far as somebody looked. */
  recent(key: string, value: number, atMs: number): number {
    const samples = samplesOf(this.counters, key);
    const last = samples.at(-1);
    if (last !== undefined && value < last.value) samples.length = 0;
    if (samples.length === 0 || atMs - (samples.at(-1)?.atMs ?? 0) >= errorStepMs) samples.push({ atMs, value });
    while (samples.length > 1 && (samples[0]?.atMs ?? atMs) < atMs - windowMs) samples.shift();
    return value - (samples[0]?.value ?? value);
  }

  /** Whether a level is clearly higher than some seconds ago, and never went down in between. */
  isRising(key: string, value: number, atMs: number): boolean {
    const samples = samplesOf(this.levels, key);
    if (value < (samples.at(-1)?.value ?? 0)) samples.length = 0;
    samples.push({ atMs, value });
    while (samples.length > 2 && (samples[1]?.atMs ?? atMs) <= atMs - risingMs) samples.shift();
    const [first] = samples;
    return first !== undefined && atMs - first.atMs >= risingMs && value > first.value * 1.1;
  }
}

function samplesOf(all: Map<string, Sample[]>, key: string): Sample[] {
  const found = all.get(key) ?? [];
  if (!all.has(key) && all.size >= keysMax) all.clear();
  all.set(key, found);
  return found;
}
