import { keepResult, median, occasion, round } from './harness.js';

/** Metric → value, of one round. */
export type Figures = Readonly<Record<string, number>>;

/** Rounds of several contenders, ours first; prints medians and ours / theirs of each metric. */
export class Comparison {
  private readonly rounds = new Map<string, Figures[]>();

  constructor(
    readonly bench: string,
    private readonly what: string,
  ) {}

  add(name: string, figures: Figures): void {
    const rounds = this.rounds.get(name) ?? [];
    rounds.push(figures);
    this.rounds.set(name, rounds);
    const cells = Object.entries(figures).map(([metric, value]) => `${metric} ${round(value, 3)}`);
    process.stderr.write(`${name}: ${cells.join(', ')}\n`);
  }

  report(): void {
    const medians = new Map([...this.rounds].map(([name, rounds]) => [name, mediansOf(rounds)]));
    const [ours, ...others] = [...medians.keys()];
    const mine = medians.get(ours ?? '') ?? {};
    const ratios = others.map((name) => {
      const theirs = medians.get(name) ?? {};
      const shared = Object.keys(mine).filter((metric) => metric in theirs);
      const cells = shared.map((metric) => [metric, round((mine[metric] ?? 0) / (theirs[metric] ?? 0), 3)]);
      return [`${ours} / ${name}`, Object.fromEntries(cells)];
    });
    keepResult(this.bench, {
      bench: this.bench,
      what: this.what,
      ...occasion(),
      rounds: Object.fromEntries([...this.rounds].map(([name, rounds]) => [name, rounds.length])),
      medians: Object.fromEntries(medians),
      ratios: Object.fromEntries(ratios),
    });
  }
}

function mediansOf(rounds: readonly Figures[]): Figures {
  const metrics = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    metrics.map((metric) => [metric, round(median(rounds.map((figures) => figures[metric] ?? Number.NaN)), 3)]),
  );
}
