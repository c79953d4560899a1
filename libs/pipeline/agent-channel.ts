import type { Channel, ChannelTake, TopicPut, TransactionalPuts } from '#pipeline/collector';
import { AgentComponent } from '#pipeline/agent-component';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { TapPoint } from '#pipeline/tap';

export interface AgentChannelParts {
  readonly name: string;
  readonly channel: Channel;
  readonly component: AgentComponent;
  /** Events that one put may have; null: any number. */
  readonly transactionCapacity: number | null;
  /** What goes in. */
  readonly tap: TapPoint;
}

/** A channel as sources and sinks of an agent meet it: counted, and refusing while it does not run. */
export class AgentChannel {
  /** Of batches that were put in parts: the parts that the channel has not taken yet. */
  private readonly unfinished = new WeakMap<EventBatch, readonly EventBatch[]>();

  constructor(
    private readonly parts: AgentChannelParts,
    private readonly takeTap: TapPoint = new TapPoint(),
  ) {}

  get name(): string {
    return this.parts.name;
  }

  /** The same channel for one sink, whose takes `tap` sees. */
  drainedBy(tap: TapPoint): AgentChannel {
    return new AgentChannel(this.parts, tap);
  }

  /**
   * A batch larger than the channel's transactions goes in as several: Flume lets sources that hand over events one by one write to
   * any channel. After a failure the same batch puts only what is left.
   */
  async put(batch: EventBatch): Promise<void> {
    const { channel, component, transactionCapacity, tap } = this.parts;
    component.count('EventPutAttemptCount', batch.count);
    this.checkRunning();
    tap.offer(batch);
    if (transactionCapacity === null || batch.count <= transactionCapacity) await channel.put(batch);
    else await this.putParts(batch, this.unfinished.get(batch) ?? partsOf(batch, transactionCapacity));
    component.count('EventPutSuccessCount', batch.count);
  }

  /** Null where the channel is no topic, or one whose writes can be no part of a transaction. */
  get transactional(): TransactionalPuts | null {
    return this.parts.channel.transactional ?? null;
  }

  /** As `put`, but the writer of the transaction writes it; `countPut` follows when that is committed. */
  putInTransaction(batch: EventBatch): TopicPut {
    const { channel, component, tap } = this.parts;
    component.count('EventPutAttemptCount', batch.count);
    this.checkRunning();
    const put = channel.transactional?.putOf(batch);
    if (put === undefined) {
      throw new ChannelError(pipelineErrors.channelFailed, `Channel ${this.name} takes no part in transactions.`);
    }
    tap.offer(batch);
    return put;
  }

  countPut(batch: EventBatch): void {
    this.parts.component.count('EventPutSuccessCount', batch.count);
  }

  async take(options: { maxEvents: number; waitMs: number; signal: AbortSignal }): Promise<ChannelTake | null> {
    this.checkRunning();
    this.parts.component.count('EventTakeAttemptCount', 1);
    const take = await this.parts.channel.take(options.maxEvents, options.waitMs, options.signal);
    if (take !== null) this.takeTap.offer(take.batch);
    return take;
  }

  async commit(take: ChannelTake): Promise<void> {
    await take.commit();
    this.parts.component.count('EventTakeSuccessCount', take.batch.count);
  }

  /** Null where the channel is no topic that sink tasks can read. */
  get openTopic(): NonNullable<Channel['openTopic']> | null {
    return this.parts.channel.openTopic ?? null;
  }

  get isVolatile(): boolean {
    return this.parts.channel.volatile === true;
  }

  size(): number | null {
    return this.parts.component.isRunning ? this.parts.channel.size() : null;
  }

  /** ChannelSize, ChannelCapacity and ChannelFillPercentage, where the channel knows them. */
  gauges(): Record<string, number> {
    const size = this.size();
    const { capacity } = this.parts.channel;
    if (size === null) return {};
    if (capacity === null) return { ChannelSize: size };
    return { ChannelSize: size, ChannelCapacity: capacity, ChannelFillPercentage: (100 * size) / capacity };
  }

  /** All begun at once, so that they lie one behind the other before any later batch. */
  private async putParts(batch: EventBatch, parts: readonly EventBatch[]): Promise<void> {
    const results = await Promise.allSettled(parts.map((part) => this.parts.channel.put(part)));
    const left = parts.filter((_part, index) => results[index]?.status === 'rejected');
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) {
      this.unfinished.delete(batch);
      return;
    }
    this.unfinished.set(batch, left);
    throw failed.reason;
  }

  private checkRunning(): void {
    if (this.parts.component.isRunning) return;
    throw new ChannelError(pipelineErrors.channelClosed, `Channel ${this.name} is not running.`);
  }
}

function partsOf(batch: EventBatch, countMax: number): EventBatch[] {
  const parts: EventBatch[] = [];
  for (let at = 0; at < batch.count; at += countMax) parts.push(batch.slice(at, Math.min(at + countMax, batch.count)));
  return parts;
}
