/** Reads `<agent>.sinkgroups`: which sinks stand in for each other, and how. */
import { defineOptions, parseOptions } from '#config/options';
import type { AgentConf, ComponentConf } from '#pipeline/flume-conf';
import type { SinkGroupPlan, SinkPlan, SinkProcessorPlan } from '#pipeline/flume-plan';
import type { ConfPosition, ConfProblems } from '#pipeline/flume-problem';
import { repeated, splitNames, subKeys } from '#pipeline/flume-source';
import { suggest } from '#std/suggestion';

const failoverOptions = defineOptions({
  type: { type: 'string', required: true, doc: '`failover`.' },
  maxpenalty: { type: 'int', default: 30_000, min: 0, unit: 'ms', doc: 'Longest pause of a failed sink.' },
  priority: { type: 'map', doc: '`priority.<sink>`: the highest that works gets the events.' },
});

const loadBalanceOptions = defineOptions({
  type: { type: 'string', required: true, doc: '`load_balance`.' },
  selector: { type: 'string', default: 'round_robin', values: ['round_robin', 'random'], doc: 'Which sink is next.' },
  backoff: { type: 'boolean', default: false, doc: 'Leaves out a sink that failed for a while.' },
  'selector.maxTimeOut': { type: 'int', default: 30_000, min: 0, unit: 'ms', doc: 'Longest such while.' },
});

const dropsGroup = 'Flume would have dropped the group and run its sinks one by one.';

/** The groups of an agent; null where an error was found (and reported). */
export function planSinkGroups(
  agent: AgentConf,
  sinks: readonly SinkPlan[],
  problems: ConfProblems,
): SinkGroupPlan[] | null {
  const list = agent.lists.get('sinkgroup');
  const listed = [...new Set(splitNames(list?.text ?? ''))];
  const present = agent.components.get('sinkgroup') ?? new Map<string, ComponentConf>();
  const claimed = new Map<string, string>();
  const plans: SinkGroupPlan[] = [];
  let failed = false;
  for (const name of listed) {
    const group = present.get(name);
    if (group === undefined) {
      failed = true;
      problems.error(
        list?.at ?? agent.at,
        `${agent.name}.sinkgroups lists ${name}, but there is no key ${agent.name}.sinkgroups.${name}.*.`,
        {
          suggestion: suggest(name, present.keys()),
        },
      );
      continue;
    }
    const plan = new GroupReader(agent, group, problems).read(sinks, claimed);
    if (plan === null) failed = true;
    else if (plan.processor !== null) plans.push({ name, sinks: plan.sinks, processor: plan.processor });
  }
  for (const group of present.values()) {
    if (listed.includes(group.name)) continue;
    problems.warning(
      group.at,
      `The sink group ${group.name} is not listed in ${agent.name}.sinkgroups: its sinks run one by one.`,
      {
        suggestion: suggest(group.name, listed),
      },
    );
  }
  return failed ? null : plans;
}

/** Without a processor the group is one sink that runs by itself. */
interface ReadGroup {
  readonly sinks: readonly string[];
  readonly processor: SinkProcessorPlan | null;
}

class GroupReader {
  private failed = false;

  constructor(
    private readonly agent: AgentConf,
    private readonly group: ComponentConf,
    private readonly problems: ConfProblems,
  ) {}

  read(sinks: readonly SinkPlan[], claimed: Map<string, string>): ReadGroup | null {
    const names = this.readSinks(sinks, claimed);
    const processor = this.readProcessor(names);
    for (const [key, value] of this.group.keys) {
      if (key === 'sinks' || key.startsWith('processor.')) continue;
      this.problems.warning(value.at, `sink group ${this.group.name} has no option "${key}".`, {
        suggestion: suggest(key, ['sinks', 'processor.type']),
      });
    }
    return this.failed ? null : { sinks: names, processor };
  }

  private error(at: ConfPosition, message: string, suggestion: string | null = null): void {
    this.failed = true;
    this.problems.error(at, `sink group ${this.group.name}${message}`, { suggestion, flume: dropsGroup });
  }

  private readSinks(sinks: readonly SinkPlan[], claimed: Map<string, string>): string[] {
    const written = this.group.keys.get('sinks');
    const at = written?.at ?? this.group.at;
    const names = splitNames(written?.text ?? '');
    if (names.length === 0) this.error(at, ' names no sinks.');
    for (const name of repeated(names))
      this.problems.warning(at, `sink group ${this.group.name} names the sink ${name} twice.`);
    const listed = splitNames(this.agent.lists.get('sink')?.text ?? '');
    for (const name of new Set(names)) {
      const other = claimed.get(name);
      if (!listed.includes(name)) {
        this.error(at, ` names the sink ${name}, which ${this.agent.name}.sinks does not list.`, suggest(name, listed));
      } else if (other !== undefined) {
        this.error(at, ` names the sink ${name}, which belongs to the group ${other} already.`);
      }
      claimed.set(name, this.group.name);
    }
    const channels = new Set(sinks.filter((sink) => names.includes(sink.name)).map((sink) => sink.channel));
    if (channels.size > 1)
      this.error(at, `: its sinks drain different channels (${[...channels].join(', ')}); they must share one.`);
    return [...new Set(names)];
  }

  private readProcessor(names: readonly string[]): SinkProcessorPlan | null {
    const keys = subKeys(this.group.keys, 'processor.');
    const written = keys.get('type');
    const at = written?.at ?? this.group.at;
    const type = (written?.text ?? 'default').toLowerCase();
    const input = Object.fromEntries([...keys].map(([key, value]) => [key, value.text]));
    if (type === 'default') {
      if (names.length > 1)
        this.error(at, ': the default processor takes one sink; set processor.type to failover or load_balance.');
      return null;
    }
    if (type === 'failover') {
      const { values, ...parsed } = parseOptions(failoverOptions, input);
      this.report(keys, parsed, Object.keys(failoverOptions));
      return { type, maxPenaltyMs: values.maxpenalty, order: this.byPriority(names, values.priority) };
    }
    if (type === 'load_balance') {
      const { values, ...parsed } = parseOptions(loadBalanceOptions, input);
      this.report(keys, parsed, Object.keys(loadBalanceOptions));
      if (names.length < 2) this.error(at, ': load_balance needs at least two sinks.');
      const backoffMsMax = values.backoff ? values['selector.maxTimeOut'] : 0;
      return { type, isRandom: values.selector === 'random', backoffMsMax };
    }
    this.error(
      at,
      `: there is no processor type "${written?.text ?? ''}".`,
      suggest(type, ['failover', 'load_balance', 'default']),
    );
    return null;
  }

  private report(
    keys: ReadonlyMap<string, { readonly at: ConfPosition }>,
    parsed: { readonly problems: readonly { name: string; message: string }[]; readonly unknown: readonly string[] },
    known: readonly string[],
  ): void {
    for (const { name, message } of parsed.problems) this.error(keys.get(name)?.at ?? this.group.at, `: ${message}`);
    for (const name of parsed.unknown) {
      this.problems.warning(
        keys.get(name)?.at ?? this.group.at,
        `sink group ${this.group.name}: the processor has no option "${name}".`,
        {
          suggestion: suggest(name, known),
        },
      );
    }
  }

  /** Highest first; sinks without a priority come after all others, in the order of the list. */
  private byPriority(names: readonly string[], priorities: Readonly<Record<string, string>>): string[] {
    const keys = subKeys(this.group.keys, 'processor.priority.');
    for (const [name, text] of Object.entries(priorities)) {
      const at = keys.get(name)?.at ?? this.group.at;
      if (!names.includes(name)) {
        this.problems.warning(
          at,
          `sink group ${this.group.name} gives a priority to ${name}, which is none of its sinks.`,
          {
            suggestion: suggest(name, names),
          },
        );
      } else if (!/^[+-]?\d+$/.test(text)) {
        this.error(at, `: the priority of ${name} must be a whole number, it is "${text}".`);
      }
    }
    const priority = (name: string): number => Number(priorities[name] ?? Number.NEGATIVE_INFINITY);
    const compare = (left: string, right: string): number => {
      const [high, low] = [priority(right), priority(left)];
      return high === low ? 0 : high > low ? 1 : -1;
    };
    return names.toSorted(compare);
  }
}
