export type Store = 'memory' | 'overflow';

/** Consecutive events that one store has. */
export interface Run {
  readonly store: Store;
  /** Number of the first event, counted over all that were ever put. */
  readonly from: number;
  readonly count: number;
}

interface OpenRun {
  readonly store: Store;
  from: number;
  count: number;
  /** False while its put is under way: nothing behind it may be taken before. */
  isReady: boolean;
}

/**
 * In which order the events of two first-in-first-out stores are to be taken: runs of events, each in one of them. Each store gives its
 * events in the order in which it got them, so only the runs have to be kept.
 */
export class DrainOrder {
  private runs: OpenRun[] = [];
  /** Runs before this one are taken; they are cut off now and then. */
  private first = 0;
  private next = 0;

  /** The next `count` events go into `store`; they can be taken when the function that it gives is called with true. */
  add(store: Store, count: number): (isIn: boolean) => void {
    const run: OpenRun = { store, from: this.next, count, isReady: false };
    this.next += count;
    this.runs.push(run);
    return (isIn) => {
      if (isIn) run.isReady = true;
      else this.remove(run);
      this.joinWithPrevious(run);
    };
  }

  get hasReady(): boolean {
    return this.runs[this.first]?.isReady === true;
  }

  /** At most `countMax` events of the first run, or null where there is none that is ready. */
  take(countMax: number): Run | null {
    const run = this.runs[this.first];
    if (run === undefined || !run.isReady) return null;
    const count = Math.min(countMax, run.count);
    const taken: Run = { store: run.store, from: run.from, count };
    run.from += count;
    run.count -= count;
    if (run.count === 0) this.dropFirst();
    return taken;
  }

  /** Puts a run, or what was not taken of it, back to where it was. */
  giveBack(run: Run): void {
    if (run.count === 0) return;
    const rest = this.runs.slice(this.first);
    const at = rest.findIndex((other) => other.from > run.from);
    rest.splice(at < 0 ? rest.length : at, 0, { ...run, isReady: true });
    this.runs = rest;
    this.first = 0;
  }

  private remove(run: OpenRun): void {
    this.runs = this.runs.slice(this.first).filter((other) => other !== run);
    this.first = 0;
  }

  /** So that a long overflow is one run and not one for each of its puts. */
  private joinWithPrevious(run: OpenRun): void {
    const at = this.runs.lastIndexOf(run);
    const previous = at > this.first ? this.runs[at - 1] : undefined;
    if (previous === undefined || !previous.isReady || previous.store !== run.store) return;
    if (previous.from + previous.count !== run.from) return;
    previous.count += run.count;
    this.runs.splice(at, 1);
  }

  private dropFirst(): void {
    this.first += 1;
    if (this.first < 64 && this.first < this.runs.length) return;
    this.runs.splice(0, this.first);
    this.first = 0;
  }
}
