import type { SourceContext } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';

interface Part {
  readonly batch: EventBatch;
  readonly settle: (refusal: unknown) => void;
}

/** More deliveries under way make no channel quicker. */
const deliveriesMax = 8;

/**
 * Joins what many connections give in one turn of the event loop, and all that comes while deliveries are under way, into batches: one
 * delivery for many connections instead of one each. What is given first is delivered first.
 */
export class DeliveryGatherer {
  private readonly waiting: Part[] = [];
  private underWay = 0;
  private isScheduled = false;
  private wasRefused = false;
  private idlers: (() => void)[] = [];

  constructor(
    private readonly context: SourceContext,
    /** No batch is larger, and no part may be. */
    private readonly eventsMax: number,
  ) {}

  /** `settle` gets null when the channels have committed the part, else why not; it is not tried again. */
  add(batch: EventBatch, settle: (refusal: unknown) => void): void {
    this.waiting.push({ batch, settle });
    this.schedule();
  }

  /** Resolves when everything given is settled. */
  idle(): Promise<void> {
    if (this.underWay === 0 && this.waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.idlers.push(resolve));
  }

  private schedule(): void {
    if (this.isScheduled || this.underWay >= deliveriesMax) return;
    this.isScheduled = true;
    // After all sockets of this turn have been read.
    setImmediate(() => {
      this.isScheduled = false;
      while (this.waiting.length > 0 && this.underWay < deliveriesMax) void this.deliver(this.gather());
    });
  }

  private gather(): Part[] {
    let count = 0;
    let parts = 0;
    for (const { batch } of this.waiting) {
      if (parts > 0 && count + batch.count > this.eventsMax) break;
      count += batch.count;
      parts += 1;
    }
    return this.waiting.splice(0, parts);
  }

  private async deliver(parts: readonly Part[]): Promise<void> {
    this.underWay += 1;
    let refusal: unknown = null;
    try {
      await this.context.deliver(EventBatch.join(parts.map((part) => part.batch)));
    } catch (error) {
      refusal = error;
    }
    this.underWay -= 1;
    if (refusal !== null || this.wasRefused) this.context.reportError(refusal);
    this.wasRefused = refusal !== null;
    for (const part of parts) part.settle(refusal);
    if (this.waiting.length > 0) this.schedule();
    else if (this.underWay === 0) for (const resolve of this.idlers.splice(0)) resolve();
  }
}
