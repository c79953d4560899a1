import type { Clock, Timer } from '#std/clock';
import type { FetchOptions, PartitionWatcher } from './engine.js';
import type { PartitionLog } from './partition-log.js';

/**
 * A fetch that waits for more bytes. It is told by just the partitions it reads when their high watermark moves; nothing looks
 * for it.
 */
export class FetchWait implements PartitionWatcher {
  private missing: number;
  private timer: Timer | null = null;
  private resolve: (() => void) | null = null;

  constructor(
    private readonly partitions: readonly PartitionLog[],
    bytesMissing: number,
    private readonly isolation: FetchOptions['isolation'],
  ) {
    this.missing = bytesMissing;
  }

  /** Resolves when so many bytes have come, a partition is gone, the time is over, or `signal` aborts. */
  run(clock: Clock, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => this.finish();
      this.resolve = () => {
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      for (const partition of this.partitions) partition.watchers.add(this);
      this.timer = clock.after(waitMs, finish);
      signal?.addEventListener('abort', finish, { once: true });
    });
  }

  grew(bytes: number, stableBytes: number): void {
    this.missing -= this.isolation === 'read_committed' ? stableBytes : bytes;
    if (this.missing <= 0) this.finish();
  }

  gone(): void {
    this.finish();
  }

  private finish(): void {
    const { resolve } = this;
    if (resolve === null) return;
    this.resolve = null;
    this.timer?.cancel();
    for (const partition of this.partitions) partition.watchers.delete(this);
    resolve();
  }
}
