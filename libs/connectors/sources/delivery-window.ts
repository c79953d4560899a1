import type { PositionChanges, SourceContext } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { deliverUntilTaken, type RetryOptions } from './deliver-until-taken.js';

/** The channels refused something; what was not committed has to be given again, in its order. */
export class RefusedDelivery extends Error {
  constructor(cause: unknown) {
    super('the channels refused a delivery', { cause });
  }
}

/** What a delivery counts besides its bodies. */
const deliveryBytes = 256;

interface WindowOptions extends RetryOptions {
  /** Bytes of bodies given and not committed, where several deliveries may be under way. */
  readonly bytesMax: number;
}

/**
 * Gives batches to the channels of a source. Where those keep its positions, many are under way at once, so that one transaction takes
 * many; elsewhere one after another, each until it is taken.
 */
export class DeliveryWindow {
  private underWayBytes = 0;
  private failure: RefusedDelivery | null = null;
  private wake: () => void = () => undefined;

  constructor(
    private readonly context: SourceContext,
    private readonly options: WindowOptions,
  ) {}

  /**
   * Resolves when the next one may be given; `committed` is called, in the order of the calls, when this one is. Rejects with a
   * `RefusedDelivery` where an earlier one was refused: then `settle`, go back to what is committed, and give the rest again.
   */
  async give(batch: EventBatch, moved: PositionChanges, committed: () => void): Promise<void> {
    const { context, options } = this;
    if (context.positions === null) {
      await deliverUntilTaken(context, batch, options);
      committed();
      return;
    }
    const sizeBytes = batch.bodyBytes + deliveryBytes;
    while (this.underWayBytes > 0 && this.underWayBytes + sizeBytes > options.bytesMax) await this.change();
    this.check();
    options.signal.throwIfAborted();
    this.underWayBytes += sizeBytes;
    context
      .deliver(batch, moved)
      .then(committed, (error: unknown) => {
        this.failure ??= new RefusedDelivery(error);
      })
      .finally(() => {
        this.underWayBytes -= sizeBytes;
        const { wake } = this;
        this.wake = () => undefined;
        wake();
      });
  }

  /** Throws where something was refused since the last `settle`. To be asked also when there is nothing more to give. */
  check(): void {
    if (this.failure !== null) throw this.failure;
  }

  /** Resolves when nothing is under way any more; gives what was refused, once. */
  async settle(): Promise<unknown> {
    while (this.underWayBytes > 0) await this.change();
    const { failure } = this;
    this.failure = null;
    return failure?.cause ?? null;
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      const earlier = this.wake;
      this.wake = () => {
        earlier();
        resolve();
      };
    });
  }
}
