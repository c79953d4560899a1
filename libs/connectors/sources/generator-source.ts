import { setImmediate as turn } from 'node:timers/promises';
import { defineOptions } from '#config/options';
import type { Source, SourceContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';

/** What Flume's pollable sources wait after a refusal. */
export const backoffOptions = defineOptions({
  backoffSleepIncrement: {
    type: 'long',
    default: 1000,
    min: 1,
    unit: 'ms',
    doc: 'The wait after a refusal of the channels; so much longer after each further one.',
  },
  maxBackoffSleep: { type: 'long', default: 5000, min: 1, unit: 'ms', doc: 'The longest of these waits.' },
});

export interface Generator {
  /** The next events; null when there are no more. */
  next(): EventBatch | null;
  /** Whether the channels took what `next` gave last. */
  settle(wasTaken: boolean): void;
}

export interface GeneratorSourceOptions {
  readonly backoffSleepIncrement: number;
  readonly maxBackoffSleep: number;
  /** Events a second at most; 0 is no limit. */
  readonly eventsPerSecondMax?: number;
  /** Called at each start. */
  readonly createGenerator: () => Generator;
}

/** Sinks and everything else get their turn after so long, ms. */
const turnMs = 5;

/** A source of events that it makes itself, one batch after another. */
export class GeneratorSource implements Source {
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: GeneratorSourceOptions) {}

  start(context: SourceContext): Promise<void> {
    this.stopping = new AbortController();
    this.running = this.run(context, this.stopping.signal).catch((error: unknown) => {
      if (this.stopping.signal.aborted) return;
      context.reportError(error);
      context.logger.error(`The source has ended: ${messageOf(error)}`);
    });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the source has stopped'));
    await this.running;
  }

  private async run(context: SourceContext, signal: AbortSignal): Promise<void> {
    const generator = this.options.createGenerator();
    const { eventsPerSecondMax = 0 } = this.options;
    const { clock } = context;
    const startedAt = clock.monotonic();
    let turnedAt = startedAt;
    let events = 0;
    for (let batch = generator.next(); batch !== null && !signal.aborted; batch = generator.next()) {
      if (eventsPerSecondMax > 0) {
        const waitMs = startedAt + (events / eventsPerSecondMax) * 1000 - clock.monotonic();
        if (waitMs > 0) await clock.sleep(waitMs, signal);
      }
      if (clock.monotonic() - turnedAt > turnMs) {
        await turn();
        turnedAt = clock.monotonic();
      }
      await this.deliver(context, batch, generator, signal);
      events += batch.count;
    }
  }

  private refusals = 0;

  private async deliver(
    context: SourceContext,
    batch: EventBatch,
    generator: Generator,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await context.deliver(batch);
      generator.settle(true);
      if (this.refusals > 0) context.reportError(null);
      this.refusals = 0;
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      generator.settle(false);
      context.reportError(error);
      this.refusals += 1;
      const { backoffSleepIncrement, maxBackoffSleep } = this.options;
      await context.clock.sleep(Math.min(this.refusals * backoffSleepIncrement, maxBackoffSleep), signal);
    }
  }
}
