import type { ChannelSink, ComponentContext, Interceptor } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';

/**
 * A sink with interceptors before it, which Flume has for sources only: what one sink needs otherwise than its neighbours is changed on its
 * way, and stays as it was in the channel. A batch of which nothing is left counts as written.
 */
export class InterceptedSink implements ChannelSink {
  /** An interceptor may wait, and writes are begun in order. */
  readonly writesInFlightMax = 1;

  constructor(
    private readonly sink: ChannelSink,
    private readonly interceptors: readonly Interceptor[],
  ) {}

  get batchSize(): number {
    return this.sink.batchSize;
  }

  async start(context: ComponentContext): Promise<void> {
    for (const interceptor of this.interceptors) await interceptor.start?.(context);
    await this.sink.start(context);
  }

  async stop(): Promise<void> {
    await this.sink.stop();
    for (const interceptor of this.interceptors) await interceptor.stop?.();
  }

  async write(batch: EventBatch): Promise<void> {
    const given: EventBatch[] = [];
    let left = batch;
    for (const interceptor of this.interceptors) {
      given.push(left);
      left = await interceptor.intercept(left);
    }
    if (left.count > 0) await this.sink.write(left);
    for (const [index, interceptor] of this.interceptors.entries()) {
      const taken = given[index];
      if (taken !== undefined) interceptor.committed?.(taken);
    }
  }
}
