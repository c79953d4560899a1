import type { ChannelSink, ComponentContext } from '#pipeline/collector';
import { PoisonRecordError, RefusedRecordsError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import type { Sink } from '#pipeline/sink';
import { messageOf } from '#std/errors';

export interface SinkAsChannelSinkOptions {
  readonly batchSize: number;
  /** What records have for a topic. */
  readonly topic: string;
  /** Leaves out events that the sink refuses for good, counted and logged; else they hold it up, as in Flume. */
  readonly drop: boolean;
}

const logEveryMs = 10_000;

/**
 * A sink worker's sink in a flume.conf whose channel is no topic. Events get offsets of their own, which go on where the sink's store
 * says; a take is committed when the sink has flushed it. At least once: after a failure the offsets are asked for anew, and the channel gives
 * the events again.
 */
export class SinkAsChannelSink implements ChannelSink {
  readonly batchSize: number;
  private sink: Sink | null = null;
  private context: ComponentContext | null = null;
  /** Null: not open. */
  private nextOffset: number | null = null;
  private loggedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly create: () => Sink,
    private readonly options: SinkAsChannelSinkOptions,
  ) {
    this.batchSize = options.batchSize;
  }

  async start(context: ComponentContext): Promise<void> {
    await this.stop();
    this.context = context;
    const { name, clock, logger, stateDirectory } = context;
    const sink = this.create();
    this.sink = sink;
    await sink.start({ name, task: 0, clock, logger, ownerEpoch: clock.now(), stateDirectory });
    await this.open(sink);
  }

  async stop(): Promise<void> {
    const { sink } = this;
    this.sink = null;
    this.nextOffset = null;
    await sink?.stop();
  }

  async write(batch: EventBatch): Promise<void> {
    const { sink, context } = this;
    if (sink === null || context === null) throw new Error('The sink is not started.');
    if (this.nextOffset === null) await this.open(sink);
    try {
      await this.put(sink, context, batch);
      await sink.flush(true);
    } catch (error) {
      await sink.close([this.place]).catch(() => undefined);
      this.nextOffset = null;
      throw error;
    }
  }

  private get place(): { topic: string; partition: number } {
    return { topic: this.options.topic, partition: 0 };
  }

  private async open(sink: Sink): Promise<void> {
    const [stored] = await sink.open([this.place]);
    this.nextOffset = stored?.offset ?? 0;
  }

  /** Around what is refused, where that is to be left out. */
  private async put(sink: Sink, context: ComponentContext, batch: EventBatch): Promise<void> {
    const firstOffset = this.nextOffset ?? 0;
    try {
      await sink.put(new EventSinkBatch(batch, { ...this.place, firstOffset, timeMs: context.clock.now() }));
      this.nextOffset = firstOffset + batch.count;
    } catch (error) {
      if (error instanceof RefusedRecordsError && this.options.drop) {
        for (const { message } of error.refusals) this.report(context, message);
        this.nextOffset = firstOffset + batch.count;
        return;
      }
      if (!(error instanceof PoisonRecordError) || !this.options.drop) throw error;
      if (batch.count === 1) {
        this.report(context, messageOf(error));
        return;
      }
      const { index } = error;
      const cuts =
        index === null ? [0, batch.count >> 1, batch.count] : [...new Set([0, index, index + 1, batch.count])];
      for (let cut = 0; cut + 1 < cuts.length; cut += 1) {
        await this.put(sink, context, batch.slice(cuts[cut] ?? 0, cuts[cut + 1] ?? batch.count));
      }
    }
  }

  private report(context: ComponentContext, reason: string): void {
    context.count('EventsRejected', 1);
    const now = context.clock.monotonic();
    if (now - this.loggedAt < logEveryMs) return;
    this.loggedAt = now;
    context.logger.warn(`An event was refused for good and left out: ${reason}`);
  }
}
