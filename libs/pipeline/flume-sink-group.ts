/** Reads `<agent>.sinkgroups`: which sinks stand in for each other, and how. */
import { defineOptions, parseOptions } from '#config/options';
import type { AgentConf, ComponentConf, ConfValue } from '#pipeline/flume-conf';
import type { SinkGroupPlan, SinkPlan, SinkProcessorPlan } from '#pipeline/flume-plan';
import type { ConfPosition, ConfProblems } from '#pipeline/flume-problem';
import { repeated, splitNames, subKeys } from '#pipeline/flume-source';
import { suggest } from '#std/suggestion';

/** Aliases and class names, without regard to case. */
const processorTypes: Readonly<Record<string, SinkProcessorPlan['type'] | 'default'>> = {
  default: 'default',
  'org.apache.flume.sink.defaultsinkprocessor': 'default',
  failover: 'failover',
  'org.apache.flume.sink.failoversinkprocessor': 'failover',
  load_balance: 'load_balance',
  'org.apache.flume.sink.loadbalancingsinkprocessor': 'load_balance',
};

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

const leavesSinkOut = 'Flume would have left the sink out of the group.';
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

  private error(at: ConfPosition, message: string, suggestion: string | null = null, flume = dropsGroup): void {
    this.failed = true;
    this.problems.error(at, `sink group ${this.group.name}${message}`, { suggestion, flume });
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
        this.error(
          at,
          ` names the sink ${name}, which ${this.agent.name}.sinks does not list.`,
          suggest(name, listed),
          leavesSinkOut,
        );
      } else if (other !== undefined) {
        this.error(at, ` names the sink ${name}, which belongs to the group ${other} already.`, null, leavesSinkOut);
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
    const type = processorTypes[(written?.text ?? 'default').toLowerCase()];
    switch (type) {
      case 'default':
        if (names.length > 1)
          this.error(at, ': the default processor takes one sink; set processor.type to failover or load_balance.');
        return null;
      case 'failover':
        return this.readFailover(keys, names);
      case 'load_balance':
        if (names.length < 2) this.error(at, ': load_balance needs at least two sinks.');
        return this.readLoadBalance(keys);
      case undefined: {
        const text = written?.text ?? '';
        const near = suggest(text, ['failover', 'load_balance', 'default']);
        const isClass = near === null && text.includes('.');
        this.error(
          at,
          isClass
            ? `: the processor "${text}" is a class of Java, which cannot run here; there are failover, load_balance and default.`
            : `: there is no processor type "${text}".`,
          near,
        );
        return null;
      }
    }
  }

  private readFailover(keys: ReadonlyMap<string, ConfValue>, names: readonly string[]): SinkProcessorPlan {
    const { values, problems, unknown } = parseOptions(failoverOptions, textsOf(keys));
    this.report(keys, { problems: [], unknown }, Object.keys(failoverOptions));
    for (const { name, message } of problems) {
      const sentence = `sink group ${this.group.name}: ${message}; the default holds.`;
      this.problems.warning(keys.get(name)?.at ?? this.group.at, sentence);
    }
    return { type: 'failover', maxPenaltyMs: values.maxpenalty, order: this.byPriority(names, values.priority) };
  }

  private readLoadBalance(keys: ReadonlyMap<string, ConfValue>): SinkProcessorPlan {
    const { values, problems, unknown } = parseOptions(loadBalanceOptions, textsOf(keys));
    this.report(keys, { problems: problems.filter(({ name }) => name !== 'selector'), unknown }, [
      ...Object.keys(loadBalanceOptions),
    ]);
    const selector = keys.get('selector');
    if (selector !== undefined && problems.some(({ name }) => name === 'selector')) {
      this.error(
        selector.at,
        selector.text.includes('.')
          ? `: the selector "${selector.text}" is a class of Java, which cannot run here; there are round_robin and random.`
          : `: there is no selector "${selector.text}"; there are round_robin and random.`,
        suggest(selector.text, ['round_robin', 'random']),
      );
    }
    return {
      type: 'load_balance',
      isRandom: values.selector === 'random',
      backoffMsMax: values.backoff ? values['selector.maxTimeOut'] : 0,
    };
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

  /**
   * Highest first. Sinks without a priority get -1, -2 … in the order of the list, as in Flume (whose order is a hash table's). Of two
   * with the same one the first of the list comes first.
   */
  private byPriority(names: readonly string[], priorities: Readonly<Record<string, string>>): string[] {
    const keys = subKeys(this.group.keys, 'processor.priority.');
    const byName = new Map<string, number>();
    let next = 0;
    for (const name of names) {
      const text = priorities[name];
      if (text !== undefined && !wholeNumber.test(text)) {
        this.problems.warning(
          keys.get(name)?.at ?? this.group.at,
          `sink group ${this.group.name}: the priority of ${name} must be a whole number, it is "${text}"; the sink counts as one without a priority.`,
        );
      }
      next -= text === undefined || !wholeNumber.test(text) ? 1 : 0;
      byName.set(name, text === undefined || !wholeNumber.test(text) ? next : Number(text));
    }
    for (const [name, value] of keys) {
      if (!names.includes(name)) {
        this.problems.warning(
          value.at,
          `sink group ${this.group.name} gives a priority to ${name}, which is none of its sinks.`,
          { suggestion: suggest(name, names) },
        );
        continue;
      }
      const same = names.find((other) => other !== name && byName.get(other) === byName.get(name));
      if (same === undefined || names.indexOf(same) > names.indexOf(name)) continue;
      this.problems.warning(
        value.at,
        `sink group ${this.group.name}: ${same} and ${name} have the same priority; ${same}, listed first, is preferred.`,
        { flume: 'Flume would have used only one of them.' },
      );
    }
    return names.toSorted((left, right) => (byName.get(right) ?? 0) - (byName.get(left) ?? 0));
  }
}

const wholeNumber = /^[+-]?\d+$/;

function textsOf(keys: ReadonlyMap<string, ConfValue>): Record<string, string> {
  return Object.fromEntries([...keys].map(([key, value]) => [key, value.text]));
}
