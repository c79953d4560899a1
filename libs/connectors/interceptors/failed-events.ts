import { defineOptions } from '#config/options';
import type { ComponentContext } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';

/** What an interceptor does with an event that it cannot read. */
export const onErrorOptions = defineOptions({
  onError: {
    type: 'string',
    values: ['keep', 'drop', 'fail'],
    default: 'keep',
    doc: 'An event that cannot be read is kept as it is, dropped, or fails its delivery. It is counted as EventInterceptFail in each case.',
  },
});

/** Events of one batch that could not be read: counted, the first of them logged, and left out where that is wanted. */
export class FailedEvents {
  private context: ComponentContext | null = null;
  private wasLogged = false;
  private indexes: number[] = [];
  private first = '';

  constructor(
    private readonly name: string,
    private readonly onError: 'keep' | 'drop' | 'fail',
  ) {}

  start(context: ComponentContext): void {
    this.context = context;
    this.wasLogged = false;
  }

  /** Throws where such an event is to fail the batch. */
  add(index: number, error: unknown): void {
    const problem = typeof error === 'string' ? error : messageOf(error);
    if (this.onError === 'fail') throw new Error(`interceptor ${this.name}: event ${index} of the batch: ${problem}`);
    if (this.indexes.length === 0) this.first = problem;
    this.indexes.push(index);
  }

  /** The batch without what is to be dropped. To be called once for each batch. */
  finish(batch: EventBatch): EventBatch {
    if (this.indexes.length === 0) return batch;
    const failed = this.indexes;
    this.indexes = [];
    this.context?.count('EventInterceptFail', failed.length);
    if (!this.wasLogged) {
      this.wasLogged = true;
      const outcome = this.onError === 'drop' ? 'is dropped' : 'goes on as it is';
      this.context?.logger.warn(`An event that the interceptor ${this.name} cannot read ${outcome}: ${this.first}`);
    }
    if (this.onError === 'keep') return batch;
    const gone = new Set(failed);
    const kept = Int32Array.from({ length: batch.count }, (_, index) => index).filter((index) => !gone.has(index));
    return batch.select(kept);
  }
}
