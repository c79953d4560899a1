/**
 * Keys that were added of late, in two generations: the older one is forgotten as a whole when the younger is full or old, so that at least
 * `countMin` keys (fewer only where `ageMs` is over) and at most twice as many are held.
 */
export class RecentKeys {
  private young = new Set<string>();
  private old = new Set<string>();
  private youngSince: number;

  constructor(
    private readonly countMin: number,
    private readonly ageMs: number,
    private readonly now: () => number,
  ) {
    this.youngSince = now();
  }

  has(key: string): boolean {
    this.age();
    return this.young.has(key) || this.old.has(key);
  }

  add(key: string): void {
    this.age();
    if (this.young.size >= this.countMin) this.turn();
    this.young.add(key);
  }

  private age(): void {
    if (this.now() - this.youngSince < this.ageMs) return;
    // Nobody asked for two ages: all is old.
    if (this.now() - this.youngSince >= 2 * this.ageMs) this.young = new Set();
    this.turn();
  }

  private turn(): void {
    this.old = this.young;
    this.young = new Set();
    this.youngSince = this.now();
  }
}
