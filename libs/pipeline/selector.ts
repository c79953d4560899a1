/** Which channels get which events of a batch. Works on header columns: a header that all events share costs one look-up. */
import { assert } from '#std/assert';
import { systemRandom, type Random } from '#std/random';
import type { ChannelSelector } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import type { ComponentPlan } from '#pipeline/flume-plan';

export type SelectorPlan = ReplicatingPlan | MultiplexingPlan | LoadBalancingPlan | CustomPlan;

export interface ReplicatingPlan {
  readonly type: 'replicating';
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** Values are compared exactly, with regard to case. */
export interface MultiplexingPlan {
  readonly type: 'multiplexing';
  readonly header: string;
  readonly mapping: ReadonlyMap<string, readonly string[]>;
  readonly optional: ReadonlyMap<string, readonly string[]>;
  /** For events without the header, with a blank one, or with a value that is not mapped. */
  readonly defaults: readonly string[];
}

/** Each event goes to one channel. */
export interface LoadBalancingPlan {
  readonly type: 'load_balancing';
  /** At random; else each channel in its turn. */
  readonly isRandom: boolean;
}

export interface CustomPlan {
  readonly type: 'custom';
  readonly plan: ComponentPlan<ChannelSelector>;
}

/** Events for one channel; `batch` is the whole batch where it gets every event. */
export interface Route {
  readonly channel: string;
  readonly batch: EventBatch;
}

export interface Routes {
  readonly required: readonly Route[];
  readonly optional: readonly Route[];
  /** Events that no channel gets. */
  readonly unrouted: number;
}

export interface Selector {
  route(batch: EventBatch): Routes;
}

export interface SelectorParts {
  /** The source's, in the order in which they are listed. */
  readonly channels: readonly string[];
  /** Builds a selector that is not one of these here. */
  readonly createCustom: (plan: ComponentPlan<ChannelSelector>) => ChannelSelector;
  readonly random?: Random;
}

/** Throws what a custom selector's `create` throws. */
export function createSelector(plan: SelectorPlan, parts: SelectorParts): Selector {
  switch (plan.type) {
    case 'replicating':
      return new ReplicatingSelector(plan);
    case 'multiplexing':
      return new MultiplexingSelector(plan, parts.channels);
    case 'load_balancing':
      return new LoadBalancingSelector(plan, parts.channels, parts.random ?? systemRandom);
    case 'custom': {
      const custom = parts.createCustom(plan.plan);
      return { route: (batch) => checkRoutes(custom.route(batch, parts.channels), plan.plan, parts.channels) };
    }
  }
}

/** A selector of somebody else's may be wrong, and must not take the agent along. */
function checkRoutes(routes: Routes, { type }: ComponentPlan<ChannelSelector>, channels: readonly string[]): Routes {
  for (const { channel } of [...routes.required, ...routes.optional]) {
    if (channels.includes(channel)) continue;
    throw new ChannelError(
      pipelineErrors.channelFailed,
      `The selector ${type.name} chose the channel ${channel}, which is not one of its source's (${channels.join(', ')}).`,
    );
  }
  return routes;
}

class ReplicatingSelector implements Selector {
  constructor(private readonly plan: ReplicatingPlan) {}

  route(batch: EventBatch): Routes {
    const toRoute = (channel: string): Route => ({ channel, batch });
    return {
      required: this.plan.required.map(toRoute),
      optional: this.plan.optional.map(toRoute),
      unrouted: 0,
    };
  }
}

/** Where the events of one header value go, as positions in the source's list of channels. */
interface ValueRoute {
  readonly required: readonly number[];
  readonly optional: readonly number[];
}

class MultiplexingSelector implements Selector {
  private readonly byValue = new Map<string, ValueRoute>();
  private readonly fallback: ValueRoute;

  constructor(
    private readonly plan: MultiplexingPlan,
    private readonly channels: readonly string[],
  ) {
    const positions = (names: readonly string[]): number[] =>
      names.map((name) => {
        const position = channels.indexOf(name);
        assert(position >= 0, `the selector names channel ${name}, which is one of the source's`);
        return position;
      });
    this.fallback = { required: positions(plan.defaults), optional: [] };
    for (const value of new Set([...plan.mapping.keys(), ...plan.optional.keys()])) {
      const mapped = plan.mapping.get(value);
      const required = mapped === undefined || mapped.length === 0 ? this.fallback.required : positions(mapped);
      const optional = positions(plan.optional.get(value) ?? []).filter((position) => !required.includes(position));
      this.byValue.set(value, { required, optional });
    }
  }

  route(batch: EventBatch): Routes {
    const column = batch.headers.get(this.plan.header);
    if (column === undefined || typeof column === 'string') return this.routeWhole(batch, this.routeOf(column ?? null));
    return this.routeEach(batch, column);
  }

  private routeOf(value: string | null): ValueRoute {
    if (value === null || value.trim() === '') return this.fallback;
    return this.byValue.get(value) ?? this.fallback;
  }

  private routeWhole(batch: EventBatch, route: ValueRoute): Routes {
    const toRoute = (position: number): Route => ({ channel: this.channels[position] ?? '', batch });
    return {
      required: route.required.map(toRoute),
      optional: route.optional.map(toRoute),
      unrouted: leadsNowhere(route) ? batch.count : 0,
    };
  }

  private routeEach(batch: EventBatch, column: readonly (string | null)[]): Routes {
    const required = this.channels.map(() => new IndexList(batch.count));
    const optional = this.channels.map(() => new IndexList(batch.count));
    let unrouted = 0;
    for (let index = 0; index < batch.count; index += 1) {
      const route = this.routeOf(column[index] ?? null);
      if (leadsNowhere(route)) unrouted += 1;
      for (const position of route.required) required[position]?.add(index);
      for (const position of route.optional) optional[position]?.add(index);
    }
    return {
      required: routesOf(this.channels, batch, required),
      optional: routesOf(this.channels, batch, optional),
      unrouted,
    };
  }
}

/** An event, not a batch, goes to a channel, as in Flume: a channel that is full then holds up its share of the events. */
class LoadBalancingSelector implements Selector {
  private turn = 0;

  constructor(
    private readonly plan: LoadBalancingPlan,
    private readonly channels: readonly string[],
    private readonly random: Random,
  ) {}

  route(batch: EventBatch): Routes {
    const { length } = this.channels;
    const lists = this.channels.map(() => new IndexList(batch.count));
    for (let index = 0; index < batch.count; index += 1) {
      const position = this.plan.isRandom ? Math.floor(this.random.next() * length) : this.turn;
      this.turn = (this.turn + 1) % length;
      lists[position]?.add(index);
    }
    return { required: routesOf(this.channels, batch, lists), optional: [], unrouted: 0 };
  }
}

function leadsNowhere(route: ValueRoute): boolean {
  return route.required.length === 0 && route.optional.length === 0;
}

/** One route a channel that gets something; `lists` are in the order of `channels`. */
function routesOf(channels: readonly string[], batch: EventBatch, lists: readonly IndexList[]): Route[] {
  const routes: Route[] = [];
  for (const [position, list] of lists.entries()) {
    if (list.count === 0) continue;
    const part = list.count === batch.count ? batch : batch.select(list.indexes());
    routes.push({ channel: channels[position] ?? '', batch: part });
  }
  return routes;
}

/** Positions of events, gathered without growing an array; memory is taken with the first one. */
class IndexList {
  count = 0;
  private positions: Int32Array | null = null;

  constructor(private readonly capacity: number) {}

  add(index: number): void {
    this.positions ??= new Int32Array(this.capacity);
    this.positions[this.count] = index;
    this.count += 1;
  }

  indexes(): Int32Array {
    return this.positions?.subarray(0, this.count) ?? new Int32Array(0);
  }
}
