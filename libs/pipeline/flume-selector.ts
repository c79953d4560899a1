/** Reads `<source>.selector.*`: which channels get which events. */
import { defineOptions, parseOptions } from '#config/options';
import type { ComponentRegistry } from '#pipeline/collector';
import { isNamed, planComponent } from '#pipeline/flume-component';
import type { ComponentConf, ConfValue } from '#pipeline/flume-conf';
import type { ConfProblems } from '#pipeline/flume-problem';
import { splitNames, subKeys } from '#pipeline/flume-source';
import { suggest } from '#std/suggestion';
import type { LoadBalancingPlan, MultiplexingPlan, ReplicatingPlan, SelectorPlan } from '#pipeline/selector';

type BuiltInType = 'replicating' | 'multiplexing' | 'load_balancing';

/** Aliases and class names, without regard to case. */
const builtInTypes: Readonly<Record<string, BuiltInType>> = {
  replicating: 'replicating',
  'org.apache.flume.channel.replicatingchannelselector': 'replicating',
  multiplexing: 'multiplexing',
  'org.apache.flume.channel.multiplexingchannelselector': 'multiplexing',
  load_balancing: 'load_balancing',
  'org.apache.flume.channel.loadbalancingchannelselector': 'load_balancing',
};

const loadBalancingOptions = defineOptions({
  policy: {
    type: 'string',
    default: 'round_robin',
    values: ['round_robin', 'random'],
    doc: 'Which channel gets an event: each in its turn, or any.',
  },
});

const dropsSource = 'Flume would have dropped the source and started the rest.';

export interface SelectorInput {
  readonly source: ComponentConf;
  /** Of the source, as listed. */
  readonly channels: readonly string[];
  readonly registry: ComponentRegistry;
  readonly problems: ConfProblems;
}

/** Null where an error was found (and reported). */
export function planSelector(input: SelectorInput): SelectorPlan | null {
  const keys = subKeys(input.source.keys, 'selector.');
  const written = keys.get('type');
  const type = written === undefined ? 'replicating' : builtInTypes[written.text.toLowerCase()];
  if (written !== undefined && type === undefined) return planCustom(input, keys, written);
  const reader = new SelectorReader(input.source.name, input.channels, input.problems);
  const plan = reader.read(type ?? 'replicating', keys);
  return reader.failed ? null : plan;
}

function planCustom(
  { source, registry, problems }: SelectorInput,
  keys: ReadonlyMap<string, ConfValue>,
  written: ConfValue,
): SelectorPlan | null {
  if (!registry.selectors.some((type) => isNamed(type, written.text)) && written.isDeferred !== true) {
    const names = registry.selectors.flatMap(({ name, classNames }) => [name, ...classNames]);
    problems.error(written.at, `source ${source.name}: there is no selector type "${written.text}".`, {
      suggestion: suggest(written.text, ['replicating', 'multiplexing', 'load_balancing', ...names]),
      flume: dropsSource,
    });
    return null;
  }
  const what = `source ${source.name}, selector`;
  const component = { kind: 'selector', name: source.name, what, at: written.at, keys, commonKeys: ['type'] } as const;
  const plan = planComponent(registry.selectors, [], component, problems);
  return plan === null ? null : { type: 'custom', plan };
}

class SelectorReader {
  failed = false;

  constructor(
    private readonly source: string,
    private readonly channels: readonly string[],
    private readonly problems: ConfProblems,
  ) {}

  read(type: BuiltInType, keys: ReadonlyMap<string, ConfValue>): SelectorPlan {
    switch (type) {
      case 'replicating':
        return this.replicating(keys);
      case 'multiplexing':
        return this.multiplexing(keys);
      case 'load_balancing':
        return this.loadBalancing(keys);
    }
  }

  private replicating(keys: ReadonlyMap<string, ConfValue>): ReplicatingPlan {
    this.reportUnknown(keys, ['type', 'optional']);
    const written = keys.get('optional');
    const optional = this.channelsOf(
      'optional',
      written,
      'Flume would have failed every event of the source with a NullPointerException.',
    );
    const required = this.channels.filter((channel) => !optional.includes(channel));
    if (required.length === 0 && written !== undefined) {
      this.problems.warning(
        written.at,
        `source ${this.source}: all of its channels are optional. What they do not take is lost, and the source never hears of it.`,
      );
    }
    return { type: 'replicating', required, optional };
  }

  private multiplexing(keys: ReadonlyMap<string, ConfValue>): MultiplexingPlan {
    this.reportUnknown(keys, ['type', 'header', 'default', 'mapping.', 'optional.']);
    const defaults = this.channelsOf('default', keys.get('default'));
    const mapping = this.mapOf('mapping.', keys);
    const optional = this.mapOf('optional.', keys);
    this.reportBlanks('default', keys.get('default'));
    for (const [key, value] of keys) {
      if (key.startsWith('mapping.') || key.startsWith('optional.')) this.reportBlanks(key, value);
    }
    const type = keys.get('type');
    if (mapping.size === 0 && type !== undefined) {
      this.problems.warning(type.at, `source ${this.source}: the multiplexing selector maps no value.`, {
        suggestion: suggestMapping(keys),
      });
    }
    this.reportRequiredTwice({ mapping, optional, defaults, keys });
    return {
      type: 'multiplexing',
      header: keys.get('header')?.text ?? 'flume.selector.header',
      mapping,
      optional,
      defaults,
    };
  }

  private loadBalancing(keys: ReadonlyMap<string, ConfValue>): LoadBalancingPlan {
    this.reportUnknown(keys, ['type', 'policy']);
    const policy = keys.get('policy');
    const input = policy === undefined ? {} : { policy: policy.text };
    const { values, problems } = parseOptions(loadBalancingOptions, input);
    for (const { message } of problems) {
      this.failed = true;
      const at = policy?.at ?? { file: '', line: 0 };
      this.problems.error(at, `source ${this.source}, selector: ${message}`, { flume: dropsSource });
    }
    return { type: 'load_balancing', isRandom: values.policy === 'random' };
  }

  private mapOf(prefix: string, keys: ReadonlyMap<string, ConfValue>): Map<string, readonly string[]> {
    const all = new Map<string, readonly string[]>();
    for (const [value, names] of subKeys(keys, prefix)) all.set(value, this.channelsOf(`${prefix}${value}`, names));
    return all;
  }

  private channelsOf(key: string, value: ConfValue | undefined, flume = dropsSource): string[] {
    const names = [...new Set(splitNames(value?.text ?? ''))];
    for (const name of names) {
      if (value === undefined || this.channels.includes(name)) continue;
      this.failed = true;
      this.problems.error(
        value.at,
        `source ${this.source}: selector.${key} names the channel ${name}, which is not one of its channels (${this.channels.join(', ')}).`,
        { suggestion: suggest(name, this.channels), flume },
      );
    }
    return names;
  }

  /** Lists elsewhere may have any blanks between their names; here Flume cuts at every single one. */
  private reportBlanks(key: string, value: ConfValue | undefined): void {
    if (value === undefined || !/\s\s|[^\S ]/.test(value.text)) return;
    this.problems.warning(
      value.at,
      `source ${this.source}: selector.${key} has more than one blank, or a tab, between two channels; it is read as one blank.`,
      {
        flume: `Flume cuts this list at every single blank and does not find a channel without a name. ${dropsSource}`,
      },
    );
  }

  private reportRequiredTwice(plan: {
    readonly mapping: ReadonlyMap<string, readonly string[]>;
    readonly optional: ReadonlyMap<string, readonly string[]>;
    readonly defaults: readonly string[];
    readonly keys: ReadonlyMap<string, ConfValue>;
  }): void {
    for (const [value, names] of plan.optional) {
      const required = plan.mapping.get(value) ?? plan.defaults;
      const both = names.filter((name) => required.includes(name));
      const at = plan.keys.get(`optional.${value}`)?.at;
      if (both.length === 0 || at === undefined) continue;
      this.problems.warning(
        at,
        `source ${this.source}: selector.optional.${value} names ${both.join(', ')}, required for that value already; required it stays.`,
      );
    }
  }

  private reportUnknown(keys: ReadonlyMap<string, ConfValue>, known: readonly string[]): void {
    for (const [key, value] of keys) {
      if (known.some((name) => (name.endsWith('.') ? key.startsWith(name) : key === name))) continue;
      this.problems.warning(value.at, `source ${this.source}: its selector has no option "${key}".`, {
        suggestion: suggest(key, known),
        flume: 'Flume would have ignored it without a word.',
      });
    }
  }
}

function suggestMapping(keys: ReadonlyMap<string, ConfValue>): string | null {
  const first = [...keys.keys()].find((key) => !['type', 'header', 'default'].includes(key));
  return first === undefined ? null : suggest(first.split('.')[0] ?? '', ['mapping']);
}
