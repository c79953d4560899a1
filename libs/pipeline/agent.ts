import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { AgentChannel } from '#pipeline/agent-channel';
import type { AgentComponent, ComponentStatus } from '#pipeline/agent-component';
import { buildUnits, noUnits, type AgentUnits, type ChannelUnit } from '#pipeline/agent-units';
import type { AgentServices } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import type { AgentPlan } from '#pipeline/flume-plan';
import { messageOf } from '#std/errors';
import { TapPoints } from '#pipeline/tap';

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

/** What a change of the plan did, as `source r1`. */
export interface AgentChange {
  /** Left out, or taken down for their new form. */
  readonly stopped: readonly string[];
  /** New, or built anew. */
  readonly started: readonly string[];
}

/** How long a stop waits for the sinks to empty a channel that would lose its events, ms. */
const drainMsMax = 10_000;
/** How long a stop waits for deliveries and writes under way before it takes their destination away, ms. */
const settleMsMax = 8000;
const drainCheckMs = 20;
/** Events that one take moves from a channel to the one that takes its place. */
const handoverBatchSize = 100;

/**
 * Builds and runs one agent. Starts channels, sinks, sources; stops sources, sinks, channels. Where its plan changes, what stays the
 * same goes on running.
 */
export class Agent {
  /** Where events can be watched as they pass. */
  readonly taps = new TapPoints();
  private readonly clock: Clock;
  private readonly logger: Logger;
  private units: AgentUnits;
  private isStarted = false;
  private isStopping = false;

  /** Throws what a component's `create` throws. */
  constructor(private readonly options: AgentOptions) {
    const { plan, services } = options;
    this.clock = services.clock;
    this.logger = services.logger.child({ agent: plan.name });
    this.units = this.build(plan, noUnits);
  }

  get name(): string {
    return this.options.plan.name;
  }

  /** Resolves when every component runs or has failed its first start; failed ones are tried again every 3 s. */
  async start(): Promise<void> {
    this.isStarted = true;
    this.isStopping = false;
    const { channels, sinks, sources } = this.units;
    await startAll([...channels.values()]);
    await startAll([...sinks.values()]);
    await startAll([...sources.values()]);
  }

  /**
   * Lets sinks empty channels that would lose their events (at most 10 s); what is left there is logged. A source or sink that waits for
   * something that is away does not hold it up for longer than 8 s.
   */
  async stop(): Promise<void> {
    const { channels, sinks, sources } = this.units;
    this.isStopping = true;
    const sourcesStopped = Promise.all([...sources.values()].map(({ component }) => component.stop()));
    await this.settled(sourcesStopped);
    await this.drain([...channels.values()]);
    await stopAll([...sinks.values()]);
    await stopAll([...channels.values()]);
    // Deliveries that still waited have been refused by now.
    await this.settled(sourcesStopped);
    this.isStarted = false;
  }

  /**
   * Runs by another plan from now on. Components whose plan and channels are the same go on as they are, with their events; the others
   * stop as in `stop`, and their successors start. A channel in memory, or of another type than before, hands its events over to the one
   * that takes its name. Throws what a component's `create` throws, and then nothing has changed. Not to be called twice at a time.
   */
  async change(plan: AgentPlan): Promise<AgentChange> {
    const old = this.units;
    const next = this.build(plan, old);
    const gone = difference(old, next);
    const added = difference(next, old);
    const change = { stopped: namesOf(gone), started: namesOf(added) };
    if (!this.isStarted) {
      this.units = next;
      return change;
    }
    const sourcesStopped = Promise.all([...gone.sources.values()].map(({ component }) => component.stop()));
    await this.settled(sourcesStopped);
    await this.drain([...gone.channels.values()].filter(({ plan: { name } }) => !next.channels.has(name)));
    await stopAll([...gone.sinks.values()]);
    this.units = next;
    const successors = [...gone.channels.values()].map((unit) => ({
      old: unit,
      next: next.channels.get(unit.plan.name),
    }));
    const moved = successors.filter(isMoved);
    const kept = new Set<ChannelUnit>(moved.map((pair) => pair.old));
    await stopAll([...gone.channels.values()].filter((unit) => !kept.has(unit)));
    await startAll([...added.channels.values()]);
    await startAll([...added.sinks.values()]);
    // With the sinks at work a smaller channel takes the events of a larger one; the sources go on behind them.
    for (const pair of moved) {
      await this.handOver(pair.old.channel, pair.next.channel);
      this.reportLoss(pair.old.plan.name, pair.old.channel);
    }
    await stopAll([...kept]);
    // A source that still waits for a full channel must not read beside its successor.
    await this.settled(sourcesStopped.then(() => this.startSources(added)));
    return change;
  }

  status(): AgentStatus {
    const { channels, sinks, sources } = this.units;
    const components = [
      ...[...sources.values()].map(({ component }) => component.status()),
      ...[...channels.values()].map(({ channel, component }) => component.status(channel.gauges())),
      ...[...sinks.values()].map(({ component }) => component.status()),
      ...[...sinks.values()].flatMap(({ members }) => members.map((component) => component.status())),
    ];
    const isWell = components.every((component) => component.state === 'RUNNING' && component.error === null);
    const state = !this.isStarted ? 'STOPPED' : isWell ? 'RUNNING' : 'DEGRADED';
    return { agent: this.name, state, components };
  }

  /** Those that are still wanted: their predecessors may have taken long to stop. */
  private async startSources({ sources }: AgentUnits): Promise<void> {
    const wanted = [...sources].filter(([name, unit]) => !this.isStopping && this.units.sources.get(name) === unit);
    await startAll(wanted.map(([, unit]) => unit));
  }

  private build(plan: AgentPlan, old: AgentUnits): AgentUnits {
    const { services, stateDirectory } = this.options;
    return buildUnits(plan, old, {
      agent: this.name,
      services,
      logger: this.logger,
      stateDirectory,
      taps: this.taps,
      settled: (work) => this.settled(work),
    });
  }

  /** Until the old one is empty; at most 10 s, where the sinks of the new one do not keep up. */
  private async handOver(from: AgentChannel, to: AgentChannel): Promise<void> {
    const deadline = this.clock.monotonic() + drainMsMax;
    const { signal } = new AbortController();
    while ((from.size() ?? 0) > 0) {
      const take = await from.take({ maxEvents: handoverBatchSize, waitMs: 0, signal });
      if (take === null) return;
      const failure = await this.putUntil(deadline, to, take.batch);
      if (failure === null) {
        await from.commit(take);
        continue;
      }
      await take.rollback();
      this.logger.error(`Events of channel ${from.name} could not be handed over: ${messageOf(failure.error)}`);
      return;
    }
  }

  /** Null when the channel has taken the batch, else why it has not in time. */
  private async putUntil(
    deadline: number,
    channel: AgentChannel,
    batch: EventBatch,
  ): Promise<{ readonly error: unknown } | null> {
    for (;;) {
      try {
        await channel.put(batch);
        return null;
      } catch (error) {
        if (this.clock.monotonic() >= deadline) return { error };
        await this.clock.sleep(drainCheckMs);
      }
    }
  }

  /** Resolves with `work`, or after 8 s. */
  private async settled(work: Promise<unknown>): Promise<void> {
    const waiting = new AbortController();
    const timeout = this.clock.sleep(settleMsMax, waiting.signal).catch(() => undefined);
    await Promise.race([work, timeout]);
    waiting.abort();
  }

  private async drain(channels: readonly ChannelUnit[]): Promise<void> {
    const deadline = this.clock.monotonic() + drainMsMax;
    for (const { plan, channel } of channels) {
      if (!channel.isVolatile) continue;
      const sinks = [...this.units.sinks.values()];
      const isDrained = sinks.some((sink) => sink.channel === plan.name && sink.component.isRunning);
      while (isDrained && (channel.size() ?? 0) > 0 && this.clock.monotonic() < deadline) {
        await this.clock.sleep(drainCheckMs);
      }
      this.reportLoss(plan.name, channel);
    }
  }

  private reportLoss(name: string, channel: AgentChannel): void {
    const left = channel.isVolatile ? (channel.size() ?? 0) : 0;
    if (left === 0) return;
    this.logger.warn('Events are lost with a channel that keeps them in memory only.', { channel: name, events: left });
  }
}

interface Succession {
  readonly old: ChannelUnit;
  /** Of the same name, where there is one. */
  readonly next: ChannelUnit | undefined;
}

/** Whether the events have to be carried over: out of memory, and to another type of channel. */
function isMoved(pair: Succession): pair is Succession & { readonly next: ChannelUnit } {
  const { old, next } = pair;
  return next !== undefined && old.component.isRunning && (old.channel.isVolatile || old.plan.type !== next.plan.type);
}

interface Unit {
  readonly component: AgentComponent;
}

async function startAll(units: readonly Unit[]): Promise<void> {
  await Promise.all(units.map(({ component }) => component.start()));
}

async function stopAll(units: readonly Unit[]): Promise<void> {
  await Promise.all(units.map(({ component }) => component.stop()));
}

/** The units of `left` that are not in `right`, the very same. */
function difference(left: AgentUnits, right: AgentUnits): AgentUnits {
  const missing = <T>(from: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...from].filter(([name, unit]) => other.get(name) !== unit));
  return {
    channels: missing(left.channels, right.channels),
    sinks: missing(left.sinks, right.sinks),
    sources: missing(left.sources, right.sources),
  };
}

function namesOf(units: AgentUnits): string[] {
  return [
    ...[...units.sources.keys()].map((name) => `source ${name}`),
    ...[...units.channels.keys()].map((name) => `channel ${name}`),
    ...[...units.sinks.keys()].map((name) => `sink ${name}`),
  ];
}
