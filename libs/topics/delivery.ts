import type { TopicsError } from '#topics/errors';

/** One write under way: settled when the last of the batches that its records went into is. */
export class Delivery {
  /** Batches with records of it that are not settled; one more while records are being added. */
  private remaining = 1;
  private failure: TopicsError | null = null;
  private listeners: (() => void)[] = [];
  /** Of a single record: its place in its batch, and then in its partition. */
  readonly place = { partition: -1, indexInBatch: 0, offset: -1 };

  constructor(
    /** Bytes that it holds of the writer's buffer. */
    readonly sizeBytes: number,
    readonly startedMs: number,
    private readonly settle: (failure: TopicsError | null) => void,
  ) {}

  addBatch(): void {
    this.remaining += 1;
  }

  batchDone(failure: TopicsError | null): void {
    this.failure ??= failure;
    this.remaining -= 1;
    if (this.remaining > 0) return;
    this.settle(this.failure);
    for (const listener of this.listeners) listener();
  }

  onSettled(listener: () => void): void {
    this.listeners.push(listener);
  }
}
