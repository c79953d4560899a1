/** Reads what a source has beside its own options: its channels' selector and its interceptors. */
import type { Interceptor, ComponentRegistry } from '#pipeline/collector';
import { planComponent } from '#pipeline/flume-component';
import type { ComponentConf, ConfValue } from '#pipeline/flume-conf';
import type { ComponentPlan } from '#pipeline/flume-plan';
import type { ConfProblems } from '#pipeline/flume-problem';
import { suggest } from '#std/suggestion';
import type { MultiplexingPlan, SelectorPlan } from '#pipeline/selector';

const selectorTypes: Readonly<Record<string, SelectorPlan['type']>> = {
  replicating: 'replicating',
  'org.apache.flume.channel.replicatingchannelselector': 'replicating',
  multiplexing: 'multiplexing',
  'org.apache.flume.channel.multiplexingchannelselector': 'multiplexing',
};

const dropsSource = 'Flume would have dropped the source and started the rest.';

export interface SourceParts {
  readonly source: ComponentConf;
  readonly channels: readonly string[];
  readonly problems: ConfProblems;
}

/** Null where an error was found (and reported). */
export function planSelector({ source, channels, problems }: SourceParts): SelectorPlan | null {
  const keys = subKeys(source.keys, 'selector.');
  const written = keys.get('type');
  const type = written === undefined ? 'replicating' : selectorTypes[written.text.toLowerCase()];
  if (written !== undefined && type === undefined) {
    const isLoadBalancing = written.text.toLowerCase().startsWith('load_balanc');
    problems.error(
      written.at,
      isLoadBalancing
        ? `source ${source.name}: the selector load_balancing is not supported in this release.`
        : `source ${source.name}: there is no selector type "${written.text}".`,
      { suggestion: suggest(written.text, ['replicating', 'multiplexing']), flume: dropsSource },
    );
    return null;
  }
  const reader = new SelectorReader(source.name, channels, problems);
  const plan = type === 'multiplexing' ? reader.multiplexing(keys) : reader.replicating(keys);
  return reader.failed ? null : plan;
}

class SelectorReader {
  failed = false;

  constructor(
    private readonly source: string,
    private readonly channels: readonly string[],
    private readonly problems: ConfProblems,
  ) {}

  replicating(keys: ReadonlyMap<string, ConfValue>): SelectorPlan {
    this.reportUnknown(keys, ['type', 'optional']);
    const optional = this.channelsOf('optional', keys.get('optional'));
    return {
      type: 'replicating',
      required: this.channels.filter((channel) => !optional.includes(channel)),
      optional,
    };
  }

  multiplexing(keys: ReadonlyMap<string, ConfValue>): MultiplexingPlan {
    this.reportUnknown(keys, ['type', 'header', 'default', 'mapping.', 'optional.']);
    const defaults = this.channelsOf('default', keys.get('default'));
    const mapping = this.mapOf('mapping.', keys);
    const optional = this.mapOf('optional.', keys);
    const type = keys.get('type');
    if (mapping.size === 0 && type !== undefined) {
      this.problems.warning(type.at, `source ${this.source}: the multiplexing selector maps no value.`, {
        suggestion: suggestMapping(keys),
      });
    }
    return {
      type: 'multiplexing',
      header: keys.get('header')?.text ?? 'flume.selector.header',
      mapping,
      optional,
      defaults,
    };
  }

  private mapOf(prefix: string, keys: ReadonlyMap<string, ConfValue>): Map<string, readonly string[]> {
    const all = new Map<string, readonly string[]>();
    for (const [value, names] of subKeys(keys, prefix)) all.set(value, this.channelsOf(`${prefix}${value}`, names));
    return all;
  }

  private channelsOf(key: string, value: ConfValue | undefined): string[] {
    const names = [...new Set(splitNames(value?.text ?? ''))];
    for (const name of names) {
      if (value === undefined || this.channels.includes(name)) continue;
      this.failed = true;
      this.problems.error(
        value.at,
        `source ${this.source}: selector.${key} names the channel ${name}, which is not one of its channels (${this.channels.join(', ')}).`,
        { suggestion: suggest(name, this.channels), flume: dropsSource },
      );
    }
    return names;
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

/** The interceptors in their order, or null where an error was found (and reported). */
export function planInterceptors(
  registry: ComponentRegistry,
  source: ComponentConf,
  problems: ConfProblems,
): ComponentPlan<Interceptor>[] | null {
  const list = source.keys.get('interceptors');
  const keys = subKeys(source.keys, 'interceptors.');
  const listed = splitNames(list?.text ?? '');
  const plans: ComponentPlan<Interceptor>[] = [];
  let failed = false;
  const present = new Set([...keys.keys()].map((key) => key.split('.')[0] ?? ''));
  for (const name of new Set(listed)) {
    const own = subKeys(keys, `${name}.`);
    if (list !== undefined && own.size === 0) {
      failed = true;
      problems.error(list.at, `source ${source.name} lists the interceptor ${name}, which has no properties.`, {
        suggestion: suggest(
          name,
          [...present].filter((other) => !listed.includes(other)),
        ),
        flume: 'Flume would have dropped the source and started the rest.',
      });
      continue;
    }
    const first = [...own.values()][0];
    const plan = planComponent(
      registry.interceptors,
      registry.missing.interceptor,
      {
        kind: 'interceptor',
        name,
        what: `source ${source.name}, interceptor ${name}`,
        at: first?.at ?? source.at,
        keys: own,
        commonKeys: ['type'],
      },
      problems,
    );
    if (plan === null) failed = true;
    else plans.push(plan);
  }
  reportInterceptorNames({ source, listed, present, keys }, problems);
  return failed ? null : plans;
}

interface InterceptorNames {
  readonly source: ComponentConf;
  readonly listed: readonly string[];
  readonly present: ReadonlySet<string>;
  readonly keys: ReadonlyMap<string, ConfValue>;
}

function reportInterceptorNames({ source, listed, present, keys }: InterceptorNames, problems: ConfProblems): void {
  const list = source.keys.get('interceptors');
  for (const name of list === undefined ? [] : repeated(listed)) {
    problems.warning(list?.at ?? source.at, `source ${source.name} lists the interceptor ${name} twice; it runs once.`);
  }
  for (const name of present) {
    if (listed.includes(name)) continue;
    const first = [...keys].find(([key]) => key.startsWith(`${name}.`) || key === name);
    problems.warning(
      first?.[1].at ?? source.at,
      `source ${source.name}: the interceptor ${name} is not in ${source.name}.interceptors and does not run.`,
      { suggestion: suggest(name, listed), flume: 'Flume would have ignored it without a word.' },
    );
  }
}

/** Flume splits lists on runs of blanks. */
export function splitNames(text: string): string[] {
  return text.split(/\s+/).filter((name) => name !== '');
}

/** Names that come more than once, each once. */
export function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** The keys under `prefix`, with it cut off. */
export function subKeys(keys: ReadonlyMap<string, ConfValue>, prefix: string): Map<string, ConfValue> {
  const below = new Map<string, ConfValue>();
  for (const [key, value] of keys) if (key.startsWith(prefix)) below.set(key.slice(prefix.length), value);
  return below;
}
