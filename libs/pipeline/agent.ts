import { assert } from '#std/assert';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import { AgentChannel } from '#pipeline/agent-channel';
import { ChannelProcessor } from '#pipeline/agent-channel-processor';
import { AgentComponent, type ComponentStatus } from '#pipeline/agent-component';
import { SinkRunner } from '#pipeline/agent-sink-runner';
import type { AgentServices, Channel, ComponentContext, ComponentInput, SourceContext } from '#pipeline/collector';
import { SinkGroup } from '#pipeline/agent-sink-group';
import type { AgentPlan, ComponentPlan, SinkGroupPlan, SinkPlan, SourcePlan } from '#pipeline/flume-plan';
import { createSelector } from '#pipeline/selector';

export interface AgentOptions {
  readonly plan: AgentPlan;
  readonly services: AgentServices;
  /** Components keep their state in folders of their own below; kept over restarts. */
  readonly stateDirectory: string;
}

export interface AgentStatus {
  readonly agent: string;
  /** DEGRADED: a component did not start, or reports an error. */
  readonly state: 'STOPPED' | 'RUNNING' | 'DEGRADED';
  readonly components: readonly ComponentStatus[];
}

/** How long a stop waits for the sinks to empty a channel that would lose its events, ms. */
const drainMsMax = 10_000;
/** How long a stop waits for deliveries and writes under way before it takes their destination away, ms. */
const settleMsMax = 8000;
const drainCheckMs = 20;

/** Builds and runs one agent. Starts channels, sinks, sources; stops sources, sinks, channels. */
export class Agent {
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly channels = new Map<string, { channel: AgentChannel; component: AgentComponent }>();
  private readonly sinks: { component: AgentComponent; channel: string }[] = [];
  /** Sinks of groups; the group starts and stops them. */
  private readonly members: AgentComponent[] = [];
  private readonly sources: AgentComponent[] = [];
  private isStarted = false;

  /** Throws what a component's `create` throws. */
  constructor(private readonly options: AgentOptions) {
    const { plan, services } = options;
    this.clock = services.clock;
    this.logger = services.logger.child({ agent: plan.name });
    for (const channel of plan.channels) this.addChannel(channel);
    const grouped = new Set(plan.sinkGroups.flatMap((group) => group.sinks));
    for (const sink of plan.sinks) if (!grouped.has(sink.name)) this.addSink(sink);
    for (const group of plan.sinkGroups) this.addSinkGroup(group);
    for (const source of plan.sources) this.addSource(source);
  }

  get name(): string {
    return this.options.plan.name;
  }

  /** Resolves when every component runs or has failed its first start; failed ones are tried again every 3 s. */
  async start(): Promise<void> {
    this.isStarted = true;
    await Promise.all([...this.channels.values()].map(({ component }) => component.start()));
    await Promise.all(this.sinks.map(({ component }) => component.start()));
    await Promise.all(this.sources.map((component) => component.start()));
  }

  /**
   * Lets sinks empty channels that would lose their events (at most 10 s); what is left there is logged. A source or sink that waits for
   * something that is away does not hold it up for longer than 8 s.
   */
  async stop(): Promise<void> {
    const sourcesStopped = Promise.all(this.sources.map((component) => component.stop()));
    await this.settled(sourcesStopped);
    await this.drain();
    await Promise.all(this.sinks.map(({ component }) => component.stop()));
    await Promise.all([...this.channels.values()].map(({ component }) => component.stop()));
    // Deliveries that still waited have been refused by now.
    await this.settled(sourcesStopped);
    this.isStarted = false;
  }

  status(): AgentStatus {
    const components = [
      ...this.sources.map((component) => component.status()),
      ...[...this.channels.values()].map(({ channel, component }) => component.status(channel.gauges())),
      ...this.sinks.map(({ component }) => component.status()),
      ...this.members.map((component) => component.status()),
    ];
    const isWell = components.every((component) => component.state === 'RUNNING' && component.error === null);
    const state = !this.isStarted ? 'STOPPED' : isWell ? 'RUNNING' : 'DEGRADED';
    return { agent: this.name, state, components };
  }

  private addChannel(plan: ComponentPlan<Channel>): void {
    const channel = plan.type.create(this.inputOf(plan));
    const component = this.component('channel', plan, {
      start: (context) => channel.start(context),
      stop: () => channel.stop(),
    });
    this.channels.set(plan.name, { channel: new AgentChannel(plan.name, channel, component), component });
  }

  private addSink(plan: SinkPlan): void {
    const sink = plan.type.create(this.inputOf(plan));
    const { channel } = this.channelOf(plan.channel);
    let runner: SinkRunner | null = null;
    const component = this.component('sink', plan, {
      start: async (context) => {
        await sink.start(context);
        runner = new SinkRunner({ sink, channel, context });
        runner.start();
      },
      stop: async () => {
        const stopped = runner?.stop() ?? Promise.resolve();
        await this.settled(stopped);
        await sink.stop();
        await this.settled(stopped);
      },
    });
    this.sinks.push({ component, channel: plan.channel });
  }

  /** The members are components like other sinks, only that one runner writes to all of them. */
  private addSinkGroup(group: SinkGroupPlan): void {
    const plans = this.options.plan.sinks.filter((sink) => group.sinks.includes(sink.name));
    const name = plans[0]?.channel ?? '';
    const { channel } = this.channelOf(name);
    const members = plans.map((plan) => {
      const sink = plan.type.create(this.inputOf(plan));
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
          runner = new SinkRunner({ sink: new SinkGroup(group.processor, sinks, this.clock), channel, context });
          runner.start();
        },
        stop: async () => {
          const stopped = runner?.stop() ?? Promise.resolve();
          await this.settled(stopped);
          await Promise.all(members.map((member) => member.component.stop()));
          await this.settled(stopped);
        },
      },
    );
    this.sinks.push({ component, channel: name });
    this.members.push(...members.map((member) => member.component));
  }

  private addSource(plan: SourcePlan): void {
    const source = plan.type.create(this.inputOf(plan));
    const interceptors = plan.interceptors.map((interceptor) => interceptor.type.create(this.inputOf(interceptor)));
    const selector = createSelector(plan.selector, plan.channels);
    const channels = new Map(plan.channels.map((name) => [name, this.channelOf(name).channel]));
    const component: AgentComponent = this.component('source', plan, {
      start: async (context) => {
        for (const interceptor of interceptors) await interceptor.start?.(context);
        const processor = new ChannelProcessor({ context, interceptors, selector, channels });
        const sourceContext: SourceContext = {
          ...context,
          deliver: (batch) => processor.deliver(batch),
          positions: null,
        };
        await source.start(sourceContext);
      },
      stop: async () => {
        await source.stop();
        for (const interceptor of interceptors) await interceptor.stop?.();
      },
    });
    this.sources.push(component);
  }
  private inputOf(plan: ComponentPlan<unknown>): ComponentInput {
    return { agent: this.name, name: plan.name, options: plan.options, services: this.options.services };
  }

  private channelOf(name: string): { channel: AgentChannel; component: AgentComponent } {
    const found = this.channels.get(name);
    assert(found !== undefined, `channel ${name} is in the plan`);
    return found;
  }

  private component(
    kind: 'source' | 'channel' | 'sink',
    plan: { readonly name: string; readonly type: { readonly name: string } },
    life: { start: (context: ComponentContext) => Promise<void>; stop: () => Promise<void> },
  ): AgentComponent {
    return new AgentComponent({
      kind,
      name: plan.name,
      type: plan.type.name,
      clock: this.clock,
      logger: this.logger,
      stateDirectory: this.options.stateDirectory,
      ...life,
    });
  }

  /** Resolves with `work`, or after 8 s. */
  private async settled(work: Promise<unknown>): Promise<void> {
    const waiting = new AbortController();
    const timeout = this.clock.sleep(settleMsMax, waiting.signal).catch(() => undefined);
    await Promise.race([work, timeout]);
    waiting.abort();
  }

  private async drain(): Promise<void> {
    const deadline = this.clock.monotonic() + drainMsMax;
    for (const [name, { channel }] of this.channels) {
      if (!channel.isVolatile) continue;
      const isDrained = this.sinks.some((sink) => sink.channel === name && sink.component.isRunning);
      while (isDrained && (channel.size() ?? 0) > 0 && this.clock.monotonic() < deadline) {
        await this.clock.sleep(drainCheckMs);
      }
      const left = channel.size() ?? 0;
      if (left > 0)
        this.logger.warn('Events are lost with a channel that keeps them in memory only.', {
          channel: name,
          events: left,
        });
    }
  }
}
