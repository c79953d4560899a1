import type { Channel, ChannelTake } from '#pipeline/collector';
import { AgentComponent } from '#pipeline/agent-component';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';

/** A channel as sources and sinks of an agent meet it: counted, and refusing while it does not run. */
export class AgentChannel {
  constructor(
    readonly name: string,
    private readonly channel: Channel,
    private readonly component: AgentComponent,
  ) {}

  async put(batch: EventBatch): Promise<void> {
    this.component.count('EventPutAttemptCount', batch.count);
    this.checkRunning();
    await this.channel.put(batch);
    this.component.count('EventPutSuccessCount', batch.count);
  }

  async take(options: { maxEvents: number; waitMs: number; signal: AbortSignal }): Promise<ChannelTake | null> {
    this.checkRunning();
    this.component.count('EventTakeAttemptCount', 1);
    return await this.channel.take(options.maxEvents, options.waitMs, options.signal);
  }

  async commit(take: ChannelTake): Promise<void> {
    await take.commit();
    this.component.count('EventTakeSuccessCount', take.batch.count);
  }

  get isVolatile(): boolean {
    return this.channel.volatile === true;
  }

  size(): number | null {
    return this.component.isRunning ? this.channel.size() : null;
  }

  /** ChannelSize, ChannelCapacity and ChannelFillPercentage, where the channel knows them. */
  gauges(): Record<string, number> {
    const size = this.size();
    const { capacity } = this.channel;
    if (size === null || capacity === null) return {};
    return { ChannelSize: size, ChannelCapacity: capacity, ChannelFillPercentage: (100 * size) / capacity };
  }

  private checkRunning(): void {
    if (this.component.isRunning) return;
    throw new ChannelError(pipelineErrors.channelClosed, `Channel ${this.name} is not running.`);
  }
}
