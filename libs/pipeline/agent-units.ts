/** Builds the components of an agent from its plan. Those whose plan and channels stay the same are taken over as they are. */
import { isDeepStrictEqual } from 'node:util';
import { parseOptions } from '#config/options';
import { assert } from '#std/assert';
import type { Logger } from '#std/log';
import { AgentChannel } from '#pipeline/agent-channel';
import { ChannelProcessor, type InterceptorFlow } from '#pipeline/agent-channel-processor';
import { AgentComponent, type ComponentParts } from '#pipeline/agent-component';
import { SinkGroup } from '#pipeline/agent-sink-group';
import { SinkRunner } from '#pipeline/agent-sink-runner';
import { AgentSinkTask } from '#pipeline/agent-sink-task';
import type {
  AgentServices,
  Channel,
  ChannelSink,
  ComponentContext,
  ComponentInput,
  SourceContext,
  SinkTaskPlan,
} from '#pipeline/collector';
import { InterceptedSink } from '#pipeline/intercepted-sink';
import type { AgentPlan, ComponentPlan, SinkGroupPlan, SinkPlan, SourcePlan } from '#pipeline/flume-plan';
import { createSelector } from '#pipeline/selector';
import { openTransactions, requireTransactions } from '#pipeline/source-exactly-once';
import type { SourceTransactions } from '#pipeline/source-transactions';
import type { Interceptor } from '#pipeline/collector';
import type { TapPoints } from '#pipeline/tap';
import { TraceInterceptor } from '#pipeline/trace-interceptor';

export interface ChannelUnit {
  readonly plan: ComponentPlan<Channel>;
  readonly channel: AgentChannel;
  readonly component: AgentComponent;
}

/** A sink that runs by itself, or a group of sinks. */
export interface SinkUnit {
  /** What it was built by. */
  readonly plan: SinkPlan | { readonly group: SinkGroupPlan; readonly members: readonly SinkPlan[] };
  readonly channel: string;
  readonly component: AgentComponent;
  /** Sinks of a group; the group starts and stops them. */
  readonly members: readonly AgentComponent[];
}

export interface SourceUnit {
  readonly plan: SourcePlan;
  readonly component: AgentComponent;
}

export interface AgentUnits {
  readonly channels: ReadonlyMap<string, ChannelUnit>;
  /** By name; those of groups by `group NAME`. */
  readonly sinks: ReadonlyMap<string, SinkUnit>;
  readonly sources: ReadonlyMap<string, SourceUnit>;
}

export const noUnits: AgentUnits = { channels: new Map(), sinks: new Map(), sources: new Map() };

export interface UnitSurroundings {
  readonly agent: string;
  readonly services: AgentServices;
  readonly logger: Logger;
  readonly stateDirectory: string;
  readonly taps: TapPoints;
  /** Resolves with the work, or after a while that a stop may take. */
  readonly settled: (work: Promise<unknown>) => Promise<void>;
}

type Flow = InterceptorFlow & { readonly name: string; readonly type: string };
const noFlow: Readonly<InterceptorFlow> = { received: 0, passed: 0, failed: 0 };

/** Throws what a component's `create` throws; nothing of `old` is touched. */
export function buildUnits(plan: AgentPlan, old: AgentUnits, surroundings: UnitSurroundings): AgentUnits {
  return new UnitBuilder(plan, old, surroundings).build();
}

class UnitBuilder {
  private readonly channels = new Map<string, ChannelUnit>();
  private readonly sinks = new Map<string, SinkUnit>();
  private readonly sources = new Map<string, SourceUnit>();

  constructor(
    private readonly plan: AgentPlan,
    private readonly old: AgentUnits,
    private readonly surroundings: UnitSurroundings,
  ) {}

  build(): AgentUnits {
    const { plan, old } = this;
    for (const channel of plan.channels) {
      const before = old.channels.get(channel.name);
      const isSame = before !== undefined && isDeepStrictEqual(before.plan, channel);
      this.channels.set(channel.name, isSame ? before : this.buildChannel(channel));
    }
    const grouped = new Set(plan.sinkGroups.flatMap((group) => group.sinks));
    for (const sink of plan.sinks) {
      if (!grouped.has(sink.name)) this.addSinkUnit(sink.name, sink, sink.channel, () => this.buildSink(sink));
    }
    for (const group of plan.sinkGroups) {
      const members = plan.sinks.filter((sink) => group.sinks.includes(sink.name));
      const channel = members[0]?.channel ?? '';
      this.addSinkUnit(`group ${group.name}`, { group, members }, channel, () => this.buildSinkGroup(group, members));
    }
    for (const source of plan.sources) {
      const before = old.sources.get(source.name);
      const isSame =
        before !== undefined &&
        isDeepStrictEqual(before.plan, source) &&
        source.channels.every((name) => this.isKept(name));
      this.sources.set(source.name, isSame ? before : this.buildSource(source));
    }
    return { channels: this.channels, sinks: this.sinks, sources: this.sources };
  }

  private addSinkUnit(key: string, plan: SinkUnit['plan'], channel: string, make: () => SinkUnit): void {
    const before = this.old.sinks.get(key);
    const isSame = before !== undefined && isDeepStrictEqual(before.plan, plan) && this.isKept(channel);
    this.sinks.set(key, isSame ? before : make());
  }

  private isKept(channel: string): boolean {
    return this.channels.get(channel) === this.old.channels.get(channel);
  }

  private buildChannel(plan: ComponentPlan<Channel>): ChannelUnit {
    const channel = plan.type.create(this.inputOf(plan));
    const component = this.component('channel', plan, {
      start: (context) => channel.start(context),
      stop: () => channel.stop(),
    });
    const tap = this.surroundings.taps.point('channel', plan.name);
    const parts = { name: plan.name, channel, component, transactionCapacity: transactionCapacityOf(plan), tap };
    return { plan, channel: new AgentChannel(parts), component };
  }

  private buildSink(plan: SinkPlan): SinkUnit {
    return this.buildSinkTask(plan) ?? this.buildTakingSink(plan);
  }

  /** Where the channel is a topic and the sink can: as sink workers run it. Null elsewhere. */
  private buildSinkTask(plan: SinkPlan): SinkUnit | null {
    // Sink tasks have no interceptors: such a sink takes from the topic like one of any other channel.
    if ((plan.interceptors?.length ?? 0) > 0) return null;
    const openTopic = this.channelOf(plan.channel).openTopic;
    const { type } = plan;
    const { agent, services } = this.surroundings;
    const createPlan = (context?: ComponentContext): SinkTaskPlan | null =>
      type.createTask?.(this.inputOf(plan), context) ?? null;
    if (openTopic === null || createPlan() === null) return null;
    const tap = this.surroundings.taps.point('sink', plan.name);
    let task: AgentSinkTask | null = null;
    const component = this.component('sink', plan, {
      start: (context) => {
        const connector = `${services.owner ?? agent}-${plan.name}`;
        task = new AgentSinkTask({ createPlan, openTopic, context, type: type.name, connector, tap });
        task.start();
        return Promise.resolve();
      },
      stop: async () => {
        await task?.stop();
        task = null;
      },
    });
    return { plan, channel: plan.channel, component, members: [] };
  }

  private buildTakingSink(plan: SinkPlan): SinkUnit {
    const sink = this.createSink(plan);
    const channel = this.channelOf(plan.channel).drainedBy(this.surroundings.taps.point('sink', plan.name));
    const { settled } = this.surroundings;
    let runner: SinkRunner | null = null;
    const component = this.component('sink', plan, {
      start: async (context) => {
        await sink.start(context);
        runner = new SinkRunner({ sink, channel, context });
        runner.start();
      },
      stop: async () => {
        const stopped = runner?.stop() ?? Promise.resolve();
        await settled(stopped);
        await sink.stop();
        await settled(stopped);
      },
    });
    return { plan, channel: plan.channel, component, members: [] };
  }

  private createSink(plan: SinkPlan): ChannelSink {
    const sink = plan.type.create(this.inputOf(plan));
    const interceptors = (plan.interceptors ?? []).map((each) => each.type.create(this.inputOf(each)));
    return interceptors.length === 0 ? sink : new InterceptedSink(sink, interceptors);
  }

  /** The members are components like other sinks, only that one runner writes to all of them. */
  private buildSinkGroup(group: SinkGroupPlan, plans: readonly SinkPlan[]): SinkUnit {
    const { settled, taps, services } = this.surroundings;
    const channelName = plans[0]?.channel ?? '';
    const channel = this.channelOf(channelName).drainedBy(taps.point('sink', group.name));
    const members = plans.map((plan) => {
      const sink = this.createSink(plan);
      const component = this.component('sink', plan, {
        start: (context) => sink.start(context),
        stop: () => sink.stop(),
      });
      return { plan, sink, component };
    });
    let runner: SinkRunner | null = null;
    const component = this.component(
      'sink',
      { name: group.name, type: { name: group.processor.type } },
      {
        start: async (context) => {
          await Promise.all(members.map((member) => member.component.start()));
          const sinks = members.map((member) => ({
            name: member.plan.name,
            sink: member.sink,
            context: member.component.context,
            isRunning: () => member.component.isRunning,
          }));
          runner = new SinkRunner({ sink: new SinkGroup(group.processor, sinks, services.clock), channel, context });
          runner.start();
        },
        stop: async () => {
          const stopped = runner?.stop() ?? Promise.resolve();
          await settled(stopped);
          await Promise.all(members.map((member) => member.component.stop()));
          await settled(stopped);
        },
      },
    );
    return {
      plan: { group, members: plans },
      channel: channelName,
      component,
      members: members.map((member) => member.component),
    };
  }

  /** Each with what the status says of it; the tracer's, which is nobody's own, is not among those. */
  private interceptorsOf(plan: SourcePlan): { interceptors: Interceptor[]; flows: InterceptorFlow[]; shown: Flow[] } {
    const own = plan.interceptors.map((interceptor) => interceptor.type.create(this.inputOf(interceptor)));
    const shown = plan.interceptors.map(({ name, type }) => ({ name, type: type.name, ...noFlow }));
    const { agent, services } = this.surroundings;
    if (services.tracer === undefined) return { interceptors: own, flows: shown, shown };
    const tracing = new TraceInterceptor(services.tracer, { agent, source: plan.name });
    return { interceptors: [tracing, ...own], flows: [{ ...noFlow }, ...shown], shown };
  }

  private buildSource(plan: SourcePlan): SourceUnit {
    const { taps } = this.surroundings;
    const source = plan.type.create(this.inputOf(plan));
    const { interceptors, flows, shown } = this.interceptorsOf(plan);
    const selector = createSelector(plan.selector, {
      channels: plan.channels,
      createCustom: (custom) => custom.type.create(this.inputOf(custom)),
    });
    const channels = new Map(plan.channels.map((name) => [name, this.channelOf(name)]));
    const readTap = taps.point('source', plan.name);
    const interceptedTap = taps.point('interceptors', plan.name);
    const tappedSelector: typeof selector = {
      route: (batch) => {
        interceptedTap.offer(batch);
        return selector.route(batch);
      },
    };
    let transactions: SourceTransactions | null = null;
    const component: AgentComponent = this.component('source', plan, {
      ...(shown.length === 0 ? {} : { interceptors: shown }),
      start: async (context) => {
        for (const interceptor of interceptors) await interceptor.start?.(context);
        const { agent, services } = this.surroundings;
        const owner = services.owner ?? agent;
        const lose = (error: Error, isFinal: boolean): void => component.fail(error, !isFinal);
        transactions = openTransactions({ plan, owner, services, channels, context, onLost: lose });
        const parts = { context, interceptors, flows, selector: tappedSelector, channels, transactions };
        const processor = new ChannelProcessor(parts);
        const sourceContext: SourceContext = {
          ...context,
          deliver: (batch, moved) => {
            readTap.offer(batch);
            return processor.deliver(batch, moved);
          },
          positions: transactions,
        };
        await source.start(sourceContext);
        await requireTransactions(plan, transactions, source);
      },
      stop: async () => {
        const stopped = source.stop();
        await this.surroundings.settled(stopped);
        // Deliveries that still waited are refused, so that the source can end.
        await transactions?.stop();
        await stopped;
        for (const interceptor of interceptors) await interceptor.stop?.();
      },
    });
    return { plan, component };
  }

  private inputOf(plan: ComponentPlan<unknown>): ComponentInput {
    const { agent, services } = this.surroundings;
    return { agent, name: plan.name, options: plan.options, services };
  }

  private channelOf(name: string): AgentChannel {
    const found = this.channels.get(name);
    assert(found !== undefined, `channel ${name} is in the plan`);
    return found.channel;
  }

  private component(
    kind: 'source' | 'channel' | 'sink',
    plan: { readonly name: string; readonly type: { readonly name: string } },
    life: Pick<ComponentParts, 'start' | 'stop' | 'interceptors'>,
  ): AgentComponent {
    const { services, logger, stateDirectory } = this.surroundings;
    const parts = { kind, name: plan.name, type: plan.type.name, clock: services.clock, logger, stateDirectory };
    return new AgentComponent({ ...parts, ...life });
  }
}

/** Null where the type of channel has no such limit. */
function transactionCapacityOf(plan: ComponentPlan<Channel>): number | null {
  const values: Readonly<Record<string, unknown>> = parseOptions(plan.type.options, plan.options).values;
  const value = values['transactionCapacity'];
  return typeof value === 'number' ? value : null;
}
