/**
 * Judges one agent of a flume.conf against the registry and gives its plan. Flume drops what it cannot use and starts the rest;
 * here every mistake of the file is reported at once, with its place and with what Flume would have done, and an agent with an
 * error has no plan.
 */
import { parseOptions } from '#config/options';
import type { Channel, ComponentRegistry, ComponentType } from '#pipeline/collector';
import { planComponent } from '#pipeline/flume-component';
import { sectionKinds, type AgentConf, type ComponentConf, type Conf } from '#pipeline/flume-conf';
import type { AgentPlan, ComponentPlan, SinkPlan, SourcePlan } from '#pipeline/flume-plan';
import type { ConfPosition, ConfProblems } from '#pipeline/flume-problem';
import { exactlyOnceKeys, planExactlyOnce } from '#pipeline/flume-exactly-once';
import { planSinkGroups } from '#pipeline/flume-sink-group';
import { planSelector } from '#pipeline/flume-selector';
import { planInterceptors, repeated, splitNames } from '#pipeline/flume-source';
import { suggest } from '#std/suggestion';

/** The agent's plan, or null where `problems` got an error. `file` is where an absent agent is reported. */
export function planAgent(
  conf: Conf,
  agentName: string,
  options: { registry: ComponentRegistry; problems: ConfProblems; file: string },
): AgentPlan | null {
  const agent = conf.agents.get(agentName);
  if (agent === undefined) {
    const names = [...conf.agents.keys()];
    const others = names.length === 0 ? 'it has no agent at all' : `it has ${names.join(', ')}`;
    options.problems.error({ file: options.file, line: 1 }, `The file has no agent named "${agentName}": ${others}.`, {
      suggestion: suggest(agentName, names),
      flume: 'Flume would have run an empty agent that does nothing.',
    });
    return null;
  }
  return new AgentPlanner(agent, options.registry, options.problems).plan();
}

/** Sources whose batch size Flume holds against the channel's transactionCapacity (FLUME-3246). */
const flumeChecksBatchSize = new Set([
  'exec',
  'seq',
  'stress',
  'spooldir',
  'taildir',
  'kafka',
  'jms',
  'multiport_syslogtcp',
]);

type ListedKind = 'source' | 'channel' | 'sink';

class AgentPlanner {
  private failed = false;

  constructor(
    private readonly agent: AgentConf,
    private readonly registry: ComponentRegistry,
    private readonly problems: ConfProblems,
  ) {}

  plan(): AgentPlan | null {
    const channelNames = this.listedNames('channel');
    const channels = this.components('channel').flatMap((component) => this.planChannel(component));
    const sources = this.components('source').flatMap((component) =>
      this.planSource(component, channelNames, channels),
    );
    const sinks = this.components('sink').flatMap((component) => this.planSink(component, channelNames));
    const sinkGroups = planSinkGroups(this.agent, sinks, this.problems);
    this.checkNotEmpty();
    this.checkBatchSizes(channels, sources, sinks);
    if (this.failed || sinkGroups === null) return null;
    this.warnOfDeadEnds(channels, sources, sinks);
    const grouped = new Set(sinkGroups.flatMap((group) => group.sinks));
    for (const sink of sinks) if (!grouped.has(sink.name)) this.warnOfTask(channels, sink);
    return { name: this.agent.name, channels, sources, sinks, sinkGroups };
  }

  private error(at: ConfPosition, message: string, more: { suggestion?: string | null; flume?: string } = {}): void {
    this.failed = true;
    this.problems.error(at, message, more);
  }

  private listedNames(kind: ListedKind): string[] {
    return [...new Set(splitNames(this.agent.lists.get(kind)?.text ?? ''))];
  }

  /** The listed components that have keys; the others are reported. */
  private components(kind: ListedKind): ComponentConf[] {
    const list = this.agent.lists.get(kind);
    const listed = this.listedNames(kind);
    const present = this.agent.components.get(kind) ?? new Map<string, ComponentConf>();
    const key = `${this.agent.name}.${kind}s`;
    const unlisted = [...present.values()].filter((component) => !listed.includes(component.name));
    const found: ComponentConf[] = [];
    for (const name of listed) {
      const component = present.get(name);
      if (component !== undefined) {
        found.push(component);
      } else if (list !== undefined) {
        this.error(list.at, `${key} lists ${name}, but there is no key ${key}.${name}.*.`, {
          suggestion: suggest(
            name,
            unlisted.map((other) => other.name),
          ),
          flume: `Flume would have left the ${kind} out with a warning in its log.`,
        });
      }
    }
    for (const name of repeated(splitNames(list?.text ?? ''))) {
      this.problems.warning(list?.at ?? this.agent.at, `${key} lists ${name} twice; there is one ${kind} of a name.`);
    }
    for (const component of unlisted) {
      this.problems.warning(component.at, `The ${kind} ${component.name} is not listed in ${key} and does not run.`, {
        suggestion: suggest(component.name, listed),
        flume: 'Flume would have ignored it without a word.',
      });
    }
    return found;
  }

  private planChannel(component: ComponentConf): ComponentPlan<Channel>[] {
    return this.planned(this.registry.channels, component, 'channel', []);
  }

  private planSource(
    component: ComponentConf,
    agentChannels: readonly string[],
    channelPlans: readonly ComponentPlan<Channel>[],
  ): SourcePlan[] {
    const { problems } = this;
    const [plan] = this.planned(this.registry.sources, component, 'source', [
      'channels',
      'selector.',
      'interceptors',
      'interceptors.',
      ...exactlyOnceKeys,
    ]);
    const channels = this.channelsOf(component, agentChannels);
    const interceptors = planInterceptors(this.registry, component, problems);
    const selector =
      channels === null ? null : planSelector({ source: component, channels, registry: this.registry, problems });
    const isTopic = (name: string): boolean =>
      channelPlans.find((channel) => channel.name === name)?.type.joinsTransactions === true;
    const exactlyOnce = planExactlyOnce(component, channels?.every(isTopic) ?? true, problems);
    const parts = { channels, selector, interceptors, exactlyOnce };
    if (!isWhole(parts)) this.failed = true;
    return plan === undefined || !isWhole(parts) ? [] : [{ ...plan, ...parts }];
  }

  /** The channels of a source, or null after an error. */
  private channelsOf(source: ComponentConf, agentChannels: readonly string[]): string[] | null {
    const written = source.keys.get('channels');
    if (written === undefined) {
      const singular = source.keys.get('channel');
      this.error(singular?.at ?? source.at, `source ${source.name} names no channels.`, {
        suggestion: singular === undefined ? null : 'channels where channel is written',
        flume: 'Flume would have dropped the source and started the rest.',
      });
      return null;
    }
    const names = splitNames(written.text);
    for (const name of repeated(names)) {
      this.problems.warning(
        written.at,
        `source ${source.name} names the channel ${name} twice; it gets each event once.`,
      );
    }
    const unknown = names.filter((name) => !agentChannels.includes(name));
    for (const name of unknown) {
      this.error(
        written.at,
        `source ${source.name} names the channel ${name}, which ${this.agent.name}.channels does not list.`,
        {
          suggestion: suggest(name, agentChannels),
          flume: 'Flume would have dropped that channel from the source without a word.',
        },
      );
    }
    return unknown.length > 0 ? null : [...new Set(names)];
  }

  private planSink(component: ComponentConf, agentChannels: readonly string[]): SinkPlan[] {
    const [plan] = this.planned(this.registry.sinks, component, 'sink', ['channel', 'interceptors', 'interceptors.']);
    const interceptors = planInterceptors(this.registry, component, this.problems);
    if (interceptors === null) this.failed = true;
    const written = component.keys.get('channel');
    if (written === undefined) {
      const plural = component.keys.get('channels');
      this.error(plural?.at ?? component.at, `sink ${component.name} names no channel.`, {
        suggestion: plural === undefined ? null : 'channel where channels is written',
        flume: 'Flume would have dropped the sink and started the rest.',
      });
      return [];
    }
    if (!agentChannels.includes(written.text)) {
      this.error(
        written.at,
        `sink ${component.name} names the channel ${written.text}, which ${this.agent.name}.channels does not list.`,
        {
          suggestion: suggest(written.text, agentChannels),
          flume: 'Flume would have dropped the sink and started the rest.',
        },
      );
      return [];
    }
    if (plan === undefined || interceptors === null) return [];
    return [{ ...plan, channel: written.text, ...(interceptors.length === 0 ? {} : { interceptors }) }];
  }

  private planned<T>(
    types: readonly ComponentType<T>[],
    component: ComponentConf,
    kind: ListedKind,
    commonKeys: readonly string[],
  ): ComponentPlan<T>[] {
    const plan = planComponent(
      types,
      this.registry.missing[kind],
      {
        kind,
        name: component.name,
        what: `${kind} ${component.name}`,
        at: component.at,
        keys: component.keys,
        commonKeys: ['type', ...commonKeys],
      },
      this.problems,
    );
    if (plan === null) this.failed = true;
    return plan === null ? [] : [plan];
  }

  private checkNotEmpty(): void {
    const at = this.agent.at;
    if (this.listedNames('channel').length === 0) {
      this.error(at, `agent ${this.agent.name} lists no channels (${this.agent.name}.channels).`, {
        flume: 'Flume would have dropped the agent and gone on without it.',
      });
    }
    if (this.listedNames('source').length === 0 && this.listedNames('sink').length === 0) {
      this.error(at, `agent ${this.agent.name} lists neither sources nor sinks.`, {
        flume: 'Flume would have dropped the agent and gone on without it.',
      });
    }
  }

  /** FLUME-3246: a batch that is larger than the channel's transaction would be refused for ever. */
  private checkBatchSizes(
    channels: readonly ComponentPlan<unknown>[],
    sources: readonly SourcePlan[],
    sinks: readonly SinkPlan[],
  ): void {
    const capacities = new Map<string, number>();
    for (const channel of channels) {
      const capacity = numberOf(channel, 'transactionCapacity');
      if (capacity !== null) capacities.set(channel.name, capacity);
    }
    for (const source of sources) {
      // Others hand over events one by one in Flume, so that they run with any channel; here their batches are split for it.
      if (!flumeChecksBatchSize.has(source.type.name)) continue;
      for (const channel of source.channels) this.checkBatchSize('source', source, channel, capacities.get(channel));
    }
    for (const sink of sinks) {
      const option = sink.type.batchSizeOption;
      const names = option === undefined ? [] : [option, ...(sink.type.options[option]?.aliases ?? [])];
      // A default that is too large is only cut: the channel gives no more than it can.
      if (names.some((name) => sink.options[name] !== undefined))
        this.checkBatchSize('sink', sink, sink.channel, capacities.get(sink.channel));
    }
  }

  private checkBatchSize(
    kind: ListedKind,
    plan: ComponentPlan<unknown>,
    channel: string,
    capacity: number | undefined,
  ): void {
    const option = plan.type.batchSizeOption;
    const batchSize = option === undefined ? null : numberOf(plan, option);
    if (capacity === undefined || option === undefined || batchSize === null || batchSize <= capacity) return;
    const keys = this.agent.components.get(kind)?.get(plan.name)?.keys;
    this.error(
      keys?.get(option)?.at ?? keys?.get('type')?.at ?? this.agent.at,
      `${kind} ${plan.name}: ${option} ${batchSize} is more than the transactionCapacity ${capacity} of channel ${channel}.`,
      { flume: `Flume would have dropped the ${kind} and started the rest.` },
    );
  }

  /** A sink over a topic may run as sink workers run it, and then some things are not as Flume's users know them. */
  private warnOfTask(channels: readonly ComponentPlan<Channel>[], sink: SinkPlan): void {
    const channel = channels.find(({ name }) => name === sink.channel);
    if (channel?.type.runsTasks?.(channel.options) !== true) return;
    const remark = sink.type.taskRemark?.(sink.options) ?? null;
    const keys = this.agent.components.get('sink')?.get(sink.name)?.keys;
    if (remark !== null)
      this.problems.warning(keys?.get('channel')?.at ?? this.agent.at, `sink ${sink.name}: ${remark}`);
  }

  private warnOfDeadEnds(
    channels: readonly ComponentPlan<unknown>[],
    sources: readonly SourcePlan[],
    sinks: readonly SinkPlan[],
  ): void {
    for (const channel of channels) {
      const isFilled = sources.some((source) => source.channels.includes(channel.name));
      const isDrained = sinks.some((sink) => sink.channel === channel.name);
      const at = this.agent.components.get('channel')?.get(channel.name)?.at ?? this.agent.at;
      if (!isFilled && !isDrained) {
        this.problems.warning(at, `No source and no sink uses the channel ${channel.name}.`, {
          flume: 'Flume would have discarded the channel.',
        });
      } else if (!isDrained && numberOf(channel, 'capacity') !== null) {
        this.problems.warning(at, `No sink drains the channel ${channel.name}; its sources stop when it is full.`);
      }
    }
  }
}

/** The value of a number option, its default included; null where the type has no such option. */
function numberOf(plan: ComponentPlan<unknown>, option: string): number | null {
  const value: unknown = (parseOptions(plan.type.options, plan.options).values as Readonly<Record<string, unknown>>)[
    option
  ];
  return typeof value === 'number' ? value : null;
}

/** Agents that have components but list none: most likely a misspelled agent name. */
export function warnOfListlessAgents(conf: Conf, problems: ConfProblems): void {
  for (const agent of conf.agents.values()) {
    if (agent.lists.size > 0) continue;
    const others = [...conf.agents.values()].filter((other) => other.lists.size > 0).map((other) => other.name);
    problems.warning(agent.at, `agent ${agent.name} lists no ${Object.keys(sectionKinds).slice(0, 3).join(', no ')}.`, {
      suggestion: suggest(agent.name, others),
      flume: 'Flume would have dropped the agent and gone on without it.',
    });
  }
}

/** Whether no part was left out for an error. */
function isWhole<T extends object>(parts: T): parts is { [K in keyof T]: NonNullable<T[K]> } & T {
  return Object.values(parts).every((part) => part !== null);
}
