import { assert } from '#std/assert';
import { messageOf } from '#std/errors';
import type { AgentChannel } from '#pipeline/agent-channel';
import type { ComponentContext, Interceptor, PositionChanges } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import type { Route, Selector } from '#pipeline/selector';
import type { SourceTransactions } from '#pipeline/source-transactions';

export interface ChannelProcessorParts {
  readonly context: ComponentContext;
  readonly interceptors: readonly Interceptor[];
  /** Of the interceptors, in their order: counted up here. */
  readonly flows: readonly InterceptorFlow[];
  readonly selector: Selector;
  readonly channels: ReadonlyMap<string, AgentChannel>;
  /** Null where not all channels are topics of one cluster. */
  readonly transactions: SourceTransactions | null;
}

export interface InterceptorFlow {
  received: number;
  passed: number;
  failed: number;
}

/** What is left to do for a batch: the routes whose channels have not committed it. */
interface Delivery {
  readonly required: readonly Route[];
  readonly optional: readonly Route[];
}

/**
 * Between a source and its channels: interceptors over the whole batch, the selector, then every required channel (one
 * transaction each, all begun at once so that each channel sees batches in the order of the calls), then the optional ones, whose
 * failures are only counted.
 *
 * Where some required channels committed and others refused, what is left is remembered with the batch: when the source gives
 * the same batch again, only the others get it.
 */
export class ChannelProcessor {
  private readonly unfinished = new WeakMap<EventBatch, Delivery>();
  /** What the interceptors that want to know of commits were given, by the batch that the source gave. */
  private readonly witnessed = new WeakMap<EventBatch, { interceptor: Interceptor; given: EventBatch }[]>();
  private dropped = 0;
  /** The batch that an interceptor lets wait; those behind it are intercepted after it. */
  private waiting: Promise<unknown> | null = null;

  constructor(private readonly parts: ChannelProcessorParts) {}

  async deliver(batch: EventBatch, moved: PositionChanges | null = null): Promise<void> {
    const { context } = this.parts;
    const retried = this.unfinished.get(batch);
    if (retried === undefined) {
      context.count('EventReceivedCount', batch.count);
      context.count('AppendBatchReceivedCount', 1);
    }
    const prepared = retried ?? this.prepare(batch);
    const delivery = prepared instanceof Promise ? await prepared : prepared;
    if (this.parts.transactions?.isActive === true) {
      await this.deliverInTransaction(this.parts.transactions, delivery, moved);
      this.countAccepted(batch);
      return;
    }
    const failures = await this.putRequired(delivery.required);
    if (failures.length > 0) {
      context.count('ChannelWriteFail', 1);
      const rest = failures.map((failure) => failure.route);
      this.unfinished.set(batch, { required: rest, optional: delivery.optional });
      throw asChannelError(failures[0]?.error);
    }
    if (retried !== undefined) this.unfinished.delete(batch);
    if (delivery.optional.length > 0) await this.putOptional(delivery.optional);
    this.countAccepted(batch);
  }

  private async deliverInTransaction(
    transactions: SourceTransactions,
    { required, optional }: Delivery,
    moved: PositionChanges | null,
  ): Promise<void> {
    const toRoute =
      (isOptional: boolean) =>
      ({ channel, batch }: Route) => ({ channel: this.channelOf(channel), batch, isOptional });
    await transactions.deliver([...required.map(toRoute(false)), ...optional.map(toRoute(true))], moved);
  }

  private countAccepted(batch: EventBatch): void {
    for (const { interceptor, given } of this.witnessed.get(batch) ?? []) interceptor.committed?.(given);
    this.witnessed.delete(batch);
    this.parts.context.count('EventAcceptedCount', batch.count);
    this.parts.context.count('AppendBatchAcceptedCount', 1);
  }

  private prepare(batch: EventBatch): Delivery | Promise<Delivery> {
    const intercepted =
      this.waiting === null
        ? this.intercept(batch, batch, 0)
        : this.waiting.then(() => this.intercept(batch, batch, 0));
    if (!(intercepted instanceof Promise)) return this.routesOf(intercepted);
    const settled: Promise<unknown> = intercepted
      .catch(() => undefined)
      .finally(() => {
        if (this.waiting === settled) this.waiting = null;
      });
    this.waiting = settled;
    return intercepted.then((left) => this.routesOf(left));
  }

  /** Runs the interceptors from the `first` on over what those before made of the `source`'s batch. */
  private intercept(source: EventBatch, batch: EventBatch, first: number): EventBatch | Promise<EventBatch> {
    const { interceptors, flows } = this.parts;
    let left = batch;
    let at = first;
    try {
      for (; at < interceptors.length; at += 1) {
        const interceptor = interceptors[at];
        const flow = flows[at];
        if (interceptor === undefined || flow === undefined) break;
        if (interceptor.committed !== undefined) this.witness(source, { interceptor, given: left });
        flow.received += left.count;
        const result = interceptor.intercept(left);
        if (result instanceof Promise) return this.interceptLater(source, { result, count: left.count, at });
        flow.passed += result.count;
        left = result;
      }
    } catch (error) {
      this.countFailure(at, left.count);
      throw error;
    }
    return left;
  }

  private witness(source: EventBatch, entry: { interceptor: Interceptor; given: EventBatch }): void {
    const entries = this.witnessed.get(source);
    if (entries === undefined) this.witnessed.set(source, [entry]);
    else entries.push(entry);
  }

  /** `count` are the events that the interceptor `at` was given. */
  private async interceptLater(
    source: EventBatch,
    { result, count, at }: { result: Promise<EventBatch>; count: number; at: number },
  ): Promise<EventBatch> {
    let left: EventBatch;
    try {
      left = await result;
    } catch (error) {
      this.countFailure(at, count);
      throw error;
    }
    const flow = this.parts.flows[at];
    if (flow !== undefined) flow.passed += left.count;
    return await this.intercept(source, left, at + 1);
  }

  private countFailure(at: number, count: number): void {
    this.parts.context.count('GenericProcessingFail', 1);
    const flow = this.parts.flows[at];
    if (flow !== undefined) flow.failed += count;
  }

  private routesOf(batch: EventBatch): Delivery {
    if (batch.count === 0) return { required: [], optional: [] };
    const routes = this.parts.selector.route(batch);
    if (routes.unrouted > 0) this.reportUnrouted(routes.unrouted);
    return routes;
  }

  private async putRequired(routes: readonly Route[]): Promise<{ route: Route; error: unknown }[]> {
    const [only] = routes;
    if (routes.length === 1 && only !== undefined) {
      try {
        await this.put(only);
        return [];
      } catch (error) {
        return [{ route: only, error }];
      }
    }
    const results = await Promise.allSettled(routes.map((route) => this.put(route)));
    return routes.flatMap((route, index) => {
      const result = results[index];
      return result?.status === 'rejected' ? [{ route, error: result.reason as unknown }] : [];
    });
  }

  private async putOptional(routes: readonly Route[]): Promise<void> {
    const results = await Promise.allSettled(routes.map((route) => this.put(route)));
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      const route = routes[index];
      this.parts.context.count('OptionalChannelDropCount', route?.batch.count ?? 0);
      this.parts.context.logger.warn(
        `An optional channel did not take a batch, which it loses: ${messageOf(result.reason)}`,
        {
          channel: route?.channel,
          events: route?.batch.count,
        },
      );
    }
  }

  private put(route: Route): Promise<void> {
    return this.channelOf(route.channel).put(route.batch);
  }

  private channelOf(name: string): AgentChannel {
    const channel = this.parts.channels.get(name);
    assert(channel !== undefined, `channel ${name} is one of the agent's`);
    return channel;
  }

  /** No default channel: Flume drops such events in silence. Here they are counted, and the first time is logged. */
  private reportUnrouted(count: number): void {
    this.parts.context.count('EventUnroutedCount', count);
    if (this.dropped === 0) {
      this.parts.context.logger.warn(
        'Events are dropped because the selector maps their header to no channel and has no default.',
      );
    }
    this.dropped += count;
  }
}

function asChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  return new ChannelError(pipelineErrors.channelFailed, `A channel did not take the batch: ${messageOf(error)}`, {
    cause: error,
  });
}
