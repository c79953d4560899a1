/** Which channels get which events of a batch. Works on header columns: a header that all events share costs one look-up. */
import { assert } from '#std/assert';
import type { EventBatch } from '#pipeline/event-batch';

export type SelectorPlan = ReplicatingPlan | MultiplexingPlan;

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

/** Events for one channel; `batch` is the whole batch where it gets every event. */
export interface Route {
  readonly channel: string;
  readonly batch: EventBatch;
}

export interface Routes {
  readonly required: readonly Route[];
  readonly optional: readonly Route[];
  /** Events that no required channel gets. */
  readonly unrouted: number;
}

export interface Selector {
  route(batch: EventBatch): Routes;
}

/** `channels` are the source's, in the order in which they are listed. */
export function createSelector(plan: SelectorPlan, channels: readonly string[]): Selector {
  return plan.type === 'replicating' ? new ReplicatingSelector(plan) : new MultiplexingSelector(plan, channels);
}

class ReplicatingSelector implements Selector {
  constructor(private readonly plan: ReplicatingPlan) {}

  route(batch: EventBatch): Routes {
    const toRoute = (channel: string): Route => ({ channel, batch });
    return {
      required: this.plan.required.map(toRoute),
      optional: this.plan.optional.map(toRoute),
      unrouted: this.plan.required.length === 0 ? batch.count : 0,
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
      unrouted: route.required.length === 0 ? batch.count : 0,
    };
  }

  private routeEach(batch: EventBatch, column: readonly (string | null)[]): Routes {
    const required = this.channels.map(() => new IndexList(batch.count));
    const optional = this.channels.map(() => new IndexList(batch.count));
    let unrouted = 0;
    for (let index = 0; index < batch.count; index += 1) {
      const route = this.routeOf(column[index] ?? null);
      if (route.required.length === 0) unrouted += 1;
      for (const position of route.required) required[position]?.add(index);
      for (const position of route.optional) optional[position]?.add(index);
    }
    return { required: this.collect(batch, required), optional: this.collect(batch, optional), unrouted };
  }

  private collect(batch: EventBatch, lists: readonly IndexList[]): Route[] {
    const routes: Route[] = [];
    for (const [position, list] of lists.entries()) {
      if (list.count === 0) continue;
      const part = list.count === batch.count ? batch : batch.select(list.indexes());
      routes.push({ channel: this.channels[position] ?? '', batch: part });
    }
    return routes;
  }
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
