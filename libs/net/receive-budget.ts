/** Reading goes on when so much of the budget is free again, so that it does not stop and go with every request. */
const reopenShare = 0.75;

/** Frames up to this size begin at the limit too, as long as the reserve for them lasts. */
const smallBytesMax = 64 * 1024;
/** Of the budget, on top of it. */
const reserveShare = 1 / 8;

/**
 * The bytes of requests that all connections of a listener hold: being received, or waiting for their answer. At the limit no
 * connection begins another large frame; those in the middle of one read it to its end, so that nobody waits for anybody in a
 * ring. Small frames have a reserve of their own, so that a client with small requests is served beside others that announce large
 * ones and do not send them.
 */
export class ReceiveBudget {
  private used = 0;
  private deferred = 0;
  /** What was used when it got full: the last frame before that may go far over the limit. */
  private usedAtFull = 0;
  private full = false;
  private exhausted = false;

  /** @param onChange called when the budget or its reserve gets full, and when it has room again. */
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

  /** Whether the reserve is used up too: then nobody reads, except to the end of a frame. */
  get isExhausted(): boolean {
    return this.exhausted;
  }

  /** Whether a frame of this size may begin now. */
  admits(bytes: number): boolean {
    return !this.full || (bytes <= smallBytesMax && !this.exhausted);
  }

  /** Bytes more (or fewer) are kept of frames that may not begin yet: they count in the reserve. */
  defer(bytes: number): void {
    this.deferred += bytes;
    this.look();
  }

  take(bytes: number): void {
    this.used += bytes;
    this.look();
  }

  release(bytes: number): void {
    this.used -= bytes;
    this.look();
  }

  /** Says so when something has changed for those who read. */
  private look(): void {
    const full = this.used >= this.bytesMax * (this.full ? reopenShare : 1);
    if (full && !this.full) this.usedAtFull = this.used;
    const exhausted = full && this.used - this.usedAtFull + this.deferred >= this.bytesMax * reserveShare;
    if (full === this.full && exhausted === this.exhausted) return;
    this.full = full;
    this.exhausted = exhausted;
    this.onChange();
  }
}
