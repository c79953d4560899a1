/** What taking over another plan means for the components of a running agent, by the rules of `buildUnits`. */
import { isDeepStrictEqual } from 'node:util';
import type { AgentPlan } from '#pipeline/flume-plan';

/** As `source r1`; groups as `sink group g1`. */
export interface PlanChange {
  /** Built anew: they stop, and their successors start. */
  readonly restarted: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Run on as they are. */
  readonly kept: readonly string[];
}

interface Unit {
  readonly plan: unknown;
  /** Units of channels that it holds on to; where one is built anew, so is this. */
  readonly channels: readonly string[];
}

export function planChange(before: AgentPlan, after: AgentPlan): PlanChange {
  const [old, next] = [unitsOf(before), unitsOf(after)];
  const isKept = (name: string): boolean => {
    const [was, is] = [old.get(name), next.get(name)];
    return was !== undefined && is !== undefined && isDeepStrictEqual(was.plan, is.plan) && is.channels.every(isKept);
  };
  const common = [...next.keys()].filter((name) => old.has(name));
  return {
    restarted: common.filter((name) => !isKept(name)),
    added: [...next.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !next.has(name)),
    kept: common.filter(isKept),
  };
}

function unitsOf(plan: AgentPlan): Map<string, Unit> {
  const units = new Map<string, Unit>();
  const grouped = new Set(plan.sinkGroups.flatMap(({ sinks }) => sinks));
  const channelUnits = (names: readonly string[]): string[] => names.map((name) => `channel ${name}`);
  for (const source of plan.sources) {
    units.set(`source ${source.name}`, { plan: source, channels: channelUnits(source.channels) });
  }
  for (const channel of plan.channels) units.set(`channel ${channel.name}`, { plan: channel, channels: [] });
  for (const sink of plan.sinks) {
    if (!grouped.has(sink.name)) {
      units.set(`sink ${sink.name}`, { plan: sink, channels: channelUnits([sink.channel]) });
    }
  }
  for (const group of plan.sinkGroups) {
    const members = plan.sinks.filter(({ name }) => group.sinks.includes(name));
    const channels = channelUnits(members.slice(0, 1).map(({ channel }) => channel));
    units.set(`sink group ${group.name}`, { plan: { group, members }, channels });
  }
  return units;
}
