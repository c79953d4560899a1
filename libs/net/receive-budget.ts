/** Reading goes on when so much of the budget is free again, so that it does not stop and go with every request. */
const reopenShare = 0.75;

/**
 * The bytes of requests that all connections of a listener hold: being received, or waiting for their answer. At the limit no
 * connection begins another frame; those in the middle of one read it to its end, so that nobody waits for anybody in a ring.
 */
export class ReceiveBudget {
  private used = 0;
  private full = false;

  /** @param onChange called when the budget gets full, and when it has room again. */
  constructor(
    private readonly bytesMax: number,
    private readonly onChange: () => void,
  ) {}

  get isFull(): boolean {
    return this.full;
  }

  get usedBytes(): number {
    return this.used;
  }

  take(bytes: number): void {
    this.used += bytes;
    if (!this.full && this.used >= this.bytesMax) this.change(true);
  }

  release(bytes: number): void {
    this.used -= bytes;
    if (this.full && this.used < this.bytesMax * reopenShare) this.change(false);
  }

  private change(full: boolean): void {
    this.full = full;
    this.onChange();
  }
}
