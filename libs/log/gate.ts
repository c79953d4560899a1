/** Lets at most `limit` holders in at a time, the others wait in the order they came. */
export class Gate {
  private inside = 0;
  private readonly queue: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  /** Enters at once where there is room; else false, and `wait` has to be awaited. */
  tryEnter(): boolean {
    if (this.inside >= this.limit) return false;
    this.inside += 1;
    return true;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.queue.push(resolve));
  }

  leave(): void {
    const next = this.queue.shift();
    // The place passes on without becoming free in between.
    if (next === undefined) this.inside -= 1;
    else next();
  }
}
