import { createHash } from 'node:crypto';
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentContext, ComponentType, Interceptor } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import type { Clock } from '#std/clock';
import { RecentKeys } from './recent-keys.js';

const options = defineOptions({
  header: { type: 'string', doc: 'Header that tells whether two events are the same. Absent: the body does.' },
  window: {
    type: 'int',
    default: 100_000,
    min: 1,
    unit: 'events',
    doc: 'Of how many events the key is remembered at least.',
  },
  windowMs: { type: 'long', default: 600_000, min: 1, unit: 'ms', doc: 'For how long it is remembered.' },
});

/**
 * Drops what came before. An event counts as seen when its batch was committed: one whose delivery failed is not dropped when it comes
 * again. Keys are kept in memory only, some 60 bytes each, and forgotten with a restart.
 */
export const dedupeInterceptor: ComponentType<Interceptor> = {
  name: 'dedupe',
  classNames: [],
  doc: 'Drops events that came before, by a header or by the body, within a window; counts them as EventDuplicateCount.',
  options,
  create: (input) =>
    new DedupeInterceptor(requireOptions(`interceptor ${input.name}`, options, input.options), input.services.clock),
};

class DedupeInterceptor implements Interceptor {
  private context: ComponentContext | null = null;
  private readonly seen: RecentKeys;
  /** Keys of batches that are on their way, by the batch that was given. */
  private readonly underWay = new WeakMap<EventBatch, string[]>();

  constructor(
    private readonly values: OptionValues<typeof options>,
    clock: Clock,
  ) {
    this.seen = new RecentKeys(values.window, values.windowMs, () => clock.monotonic());
  }

  start(context: ComponentContext): Promise<void> {
    this.context = context;
    return Promise.resolve();
  }

  intercept(batch: EventBatch): EventBatch {
    const kept = new Int32Array(batch.count);
    const keys = new Set<string>();
    let count = 0;
    for (let index = 0; index < batch.count; index += 1) {
      const key = this.keyOf(batch, index);
      if (key !== null) {
        if (keys.has(key) || this.seen.has(key)) continue;
        keys.add(key);
      }
      kept[count] = index;
      count += 1;
    }
    this.underWay.set(batch, [...keys]);
    if (count === batch.count) return batch;
    this.context?.count('EventDuplicateCount', batch.count - count);
    return batch.select(kept.subarray(0, count));
  }

  committed(batch: EventBatch): void {
    for (const key of this.underWay.get(batch) ?? []) this.seen.add(key);
    this.underWay.delete(batch);
  }

  /** Null where the event has no key. */
  private keyOf(batch: EventBatch, index: number): string | null {
    const { header } = this.values;
    if (header !== null) return batch.header(index, header);
    return createHash('sha1').update(batch.body(index)).digest('base64');
  }
}
