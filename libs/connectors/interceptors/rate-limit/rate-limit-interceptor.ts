import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentContext, ComponentRemark, ComponentType, Interceptor } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import type { Clock } from '#std/clock';

const options = defineOptions({
  eventsPerSecond: {
    type: 'double',
    min: 0.001,
    unit: 'events/s',
    doc: 'So many events pass in a second, in the long run.',
  },
  bytesPerSecond: {
    type: 'double',
    min: 1,
    unit: 'bytes/s',
    doc: 'So many bytes of bodies pass in a second, in the long run.',
  },
  burst: {
    type: 'double',
    default: 1,
    min: 0,
    unit: 's',
    doc: 'How many seconds of it may pass at once after a pause.',
  },
  action: {
    type: 'string',
    values: ['wait', 'drop'],
    default: 'wait',
    doc: '`wait` holds the source back; `drop` drops batches above the rate and counts their events as EventRateLimitedCount.',
  },
});

/** Holds a source to a rate. */
export const rateLimitInterceptor: ComponentType<Interceptor> = {
  name: 'rate_limit',
  classNames: [],
  doc: 'Lets so many events or bytes pass in a second: the source waits, or what is above is dropped and counted.',
  options,
  check(given): readonly ComponentRemark[] {
    const values = requireOptions('interceptor rate_limit', options, given);
    if (values.eventsPerSecond !== null || values.bytesPerSecond !== null) return [];
    return [
      { severity: 'error', option: 'type', message: 'there is no limit: set eventsPerSecond or bytesPerSecond.' },
    ];
  },
  create: (input) =>
    new RateLimitInterceptor(requireOptions(`interceptor ${input.name}`, options, input.options), input.services.clock),
};

class RateLimitInterceptor implements Interceptor {
  private context: ComponentContext | null = null;
  private stopping = new AbortController();
  /** When all that has passed is paid for, ms of the monotonic clock. */
  private paidAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly values: OptionValues<typeof options>,
    private readonly clock: Clock,
  ) {}

  start(context: ComponentContext): Promise<void> {
    this.context = context;
    this.stopping = new AbortController();
    return Promise.resolve();
  }

  /** Whoever waits goes on at once. */
  stop(): Promise<void> {
    this.stopping.abort();
    return Promise.resolve();
  }

  intercept(batch: EventBatch): EventBatch | Promise<EventBatch> {
    const now = this.clock.monotonic();
    const waitMs = this.paidAt - now;
    if (waitMs > 0 && this.values.action === 'drop') {
      this.context?.count('EventRateLimitedCount', batch.count);
      return batch.slice(0, 0);
    }
    this.paidAt = Math.max(this.paidAt, now - this.values.burst * 1000) + this.costMs(batch);
    if (waitMs <= 0) return batch;
    return this.clock.sleep(waitMs, this.stopping.signal).then(
      () => batch,
      () => batch,
    );
  }

  private costMs(batch: EventBatch): number {
    const { eventsPerSecond, bytesPerSecond } = this.values;
    const ofEvents = eventsPerSecond === null ? 0 : batch.count / eventsPerSecond;
    const ofBytes = bytesPerSecond === null ? 0 : batch.bodyBytes / bytesPerSecond;
    return Math.max(ofEvents, ofBytes) * 1000;
  }
}
