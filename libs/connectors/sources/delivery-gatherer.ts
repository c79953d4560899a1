import type { SourceContext } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { deliverUntilTaken } from './deliver-until-taken.js';

interface Part {
  readonly batch: EventBatch;
  readonly settle: (refusal: unknown) => void;
}

export interface GathererOptions {
  /** No batch is larger, and no part may be. */
  readonly eventsMax: number;
  /**
   * What channels refuse is given to them again until they take it, for peers that cannot be told. Else the refusal is the answer to
   * the parts.
   */
  readonly isPatient?: boolean;
}

/** More deliveries under way make no channel quicker. */
const deliveriesMax = 8;
/** The channels have waited themselves already. */
const retryMsMin = 100;
const retryMsMax = 3000;

/**
 * Joins what many connections give in one turn of the event loop, and all that comes while deliveries are under way, into batches: one
 * delivery for many connections instead of one each. What is given first is delivered first.
 */
export class DeliveryGatherer {
  private waiting: Part[] = [];
  /** Parts before this one are taken. */
  private first = 0;
  private underWay = 0;
  private isScheduled = false;
  private wasRefused = false;
  private idlers: (() => void)[] = [];
  private readonly stopping = new AbortController();

  constructor(
    private readonly context: SourceContext,
    private readonly options: GathererOptions,
  ) {}

  /** `settle` gets null when the channels have committed the part, else why not; it is not tried again then. */
  add(batch: EventBatch, settle: (refusal: unknown) => void): void {
    this.waiting.push({ batch, settle });
    this.schedule();
  }

  /** Resolves when everything given is settled. */
  idle(): Promise<void> {
    if (this.underWay === 0 && this.first === this.waiting.length) return Promise.resolve();
    return new Promise((resolve) => this.idlers.push(resolve));
  }

  /** As `idle`; what the channels refuse from now on is not given again. */
  stop(): Promise<void> {
    this.stopping.abort(new Error('the source has stopped'));
    return this.idle();
  }

  private schedule(): void {
    if (this.isScheduled || this.underWay >= deliveriesMax) return;
    this.isScheduled = true;
    // After all sockets of this turn have been read.
    setImmediate(() => {
      this.isScheduled = false;
      while (this.first < this.waiting.length && this.underWay < deliveriesMax) void this.deliver(this.gather());
    });
  }

  private gather(): Part[] {
    let count = 0;
    let next = this.first;
    for (; next < this.waiting.length; next += 1) {
      const events = this.waiting[next]?.batch.count ?? 0;
      if (next > this.first && count + events > this.options.eventsMax) break;
      count += events;
    }
    const parts = this.waiting.slice(this.first, next);
    this.first = next;
    if (this.first === this.waiting.length) {
      this.waiting = [];
      this.first = 0;
    }
    return parts;
  }

  private async deliver(parts: readonly Part[]): Promise<void> {
    this.underWay += 1;
    let refusal: unknown = null;
    try {
      await this.give(EventBatch.join(parts.map((part) => part.batch)));
    } catch (error) {
      refusal = error;
    }
    this.underWay -= 1;
    if (refusal !== null || this.wasRefused) this.context.reportError(refusal);
    this.wasRefused = refusal !== null;
    for (const part of parts) part.settle(refusal);
    if (this.first < this.waiting.length) this.schedule();
    else if (this.underWay === 0) for (const resolve of this.idlers.splice(0)) resolve();
  }

  private give(batch: EventBatch): Promise<void> {
    const { context } = this;
    if (this.options.isPatient !== true) return context.deliver(batch);
    const { signal } = this.stopping;
    return deliverUntilTaken(context, batch, {
      signal,
      retryMsMin,
      retryMsMax,
      report: (error) => context.reportError(error),
    });
  }
}
