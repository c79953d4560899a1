import type { Clock } from '#std/clock';
import { isEnding, type Transaction } from './transaction.js';

/** One transactional id in memory: its durable transaction, what is being done to it, and who waits for that. */
export class TransactionEntry {
  /** Null until the first session is durable. */
  transaction: Transaction | null = null;
  /** A change is on its way to the disk. */
  isChanging = false;
  /** In monotonic time; Infinity while no transaction is open. */
  deadlineMs = Infinity;
  /** The last write that had to wait; later ones wait behind it. */
  lastAdmission: Promise<unknown> | null = null;
  private waiting: (() => void)[] = [];

  constructor(
    readonly transactionalId: string,
    private readonly clock: Clock,
  ) {}

  /** Nothing is decided while this holds; it ends by itself. */
  get isBusy(): boolean {
    return this.isChanging || (this.transaction !== null && isEnding(this.transaction));
  }

  /** To be called after each change. */
  changed(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resume of waiting) resume();
  }

  /** Resolves when it is no longer busy, or after `waitMs`; then it may still be. */
  async settled(waitMs: number): Promise<void> {
    const untilMs = this.clock.monotonic() + waitMs;
    while (this.isBusy) {
      const leftMs = untilMs - this.clock.monotonic();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = this.clock.after(leftMs, resolve);
        this.waiting.push(() => {
          timer.cancel();
          resolve();
        });
      });
    }
  }
}
