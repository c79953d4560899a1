/** A flume.conf line by line: what each key is here, and what is wrong with it. */
import type { OptionSpec, OptionSpecs } from '#config/options';
import type { ComponentRegistry, ComponentType } from '#pipeline/collector';
import { sectionKinds } from '#pipeline/flume-conf';
import { isNamed } from '#pipeline/flume-component';
import { formatProblem, type ConfProblem } from '#pipeline/flume-problem';
import { parseProperties } from '#pipeline/flume-properties';
import { hideSecrets } from './secrets.js';

export interface ConfLine {
  readonly line: number;
  readonly key: string;
  /** Secrets as ***. */
  readonly value: string;
  /** `source r1`; null where it belongs to none of this agent. */
  readonly component: string | null;
  /** A phrase. */
  readonly maps_to: string;
  /** `ignored`: nothing reads it. */
  readonly verdict: 'ok' | 'warning' | 'error' | 'ignored';
  /** It is known here under another name, which `maps_to` says: a Java class, an old name of an option. */
  readonly replaced: boolean;
  readonly messages: readonly string[];
  /** The messages in their parts. */
  readonly problems: readonly Omit<ConfProblem, 'file' | 'line'>[];
}

type Section = keyof typeof sectionKinds;
type Typed = Pick<ComponentType<unknown>, 'name' | 'classNames' | 'options'>;

/** Keys of components that the agent reads, not their type; a dot behind stands for all below. */
const wiring: Readonly<Record<string, string>> = {
  channel: 'takes from this channel',
  channels: 'puts into these channels',
  'selector.': 'how events are spread over its channels',
  'processor.': 'how the sinks of the group stand in for each other',
  sinks: 'sinks of the group',
};

/** `problems` are those of the same text; errors and warnings stand at the line that they name. */
export function confReport(
  registry: ComponentRegistry,
  text: string,
  agent: string,
  problems: readonly ConfProblem[],
): ConfLine[] {
  const { 'flume.conf': hidden = '' } = hideSecrets({}, { 'flume.conf': text });
  const { entries } = parseProperties(hidden, 'flume.conf');
  const types = new Map(
    entries.flatMap(({ key, value }) => (key.endsWith('.type') ? [[key.slice(0, -5), value.trim()] as const] : [])),
  );
  return entries.map(({ key, value, line }) => {
    const own = problems.filter((problem) => problem.line === line);
    const meaning = meaningOf(registry, types, key.trim().split('.'), agent, value.trim());
    const { component, maps_to, replaced = false } = meaning;
    const worst = own.some(({ severity }) => severity === 'error') ? 'error' : own.length > 0 ? 'warning' : null;
    const verdict = worst ?? (maps_to === nothing ? 'ignored' : 'ok');
    return {
      line,
      key,
      value: value.trim(),
      component,
      maps_to,
      verdict,
      replaced,
      messages: own.map(formatProblem),
      problems: own.map(({ severity, message, suggestion, flume }) => ({ severity, message, suggestion, flume })),
    };
  });
}

/** As `flume -c` would print it: one line of text for each line of the file. */
export function reportText(lines: readonly ConfLine[]): string {
  return lines
    .map(({ line, key, verdict, maps_to, messages }) =>
      [`${line}: ${verdict}: ${key}: ${maps_to}`, ...messages.map((message) => `    ${message}`)].join('\n'),
    )
    .join('\n');
}

const nothing = 'nothing that this agent reads';

type Meaning = Pick<ConfLine, 'maps_to'> & { readonly replaced?: boolean };

function meaningOf(
  registry: ComponentRegistry,
  types: ReadonlyMap<string, string>,
  words: readonly string[],
  agent: string,
  value: string,
): Meaning & Pick<ConfLine, 'component'> {
  const [first = '', section = '', name = '', ...rest] = words;
  if (first !== agent) {
    return { component: null, maps_to: isSection(section) ? `the agent ${first}, which is not this one` : nothing };
  }
  if (!isSection(section)) return { component: null, maps_to: nothing };
  if (name === '') return { component: `agent ${agent}`, maps_to: `runs the ${section} ${value}` };
  const component = `${sectionKinds[section]} ${name}`;
  const path = [first, section, name].join('.');
  const [inner, innerName = '', ...innerRest] = rest;
  if (inner === 'interceptors' && rest.length > 1) {
    const interceptor = `${component}, interceptor ${innerName}`;
    const key = innerRest.join('.');
    const written = types.get(`${path}.interceptors.${innerName}`);
    return { component: interceptor, ...optionOf(registry.interceptors, 'interceptor', written, key, value) };
  }
  const key = rest.join('.');
  if (key === 'interceptors') return { component, maps_to: `interceptors in this order: ${value}` };
  return {
    component,
    ...optionOf(typesOf(registry, section), sectionKinds[section], types.get(path), key, value),
  };
}

function optionOf(
  types: readonly Typed[],
  kind: string,
  written: string | undefined,
  key: string,
  value: string,
): Meaning {
  const type = types.find((candidate) => written !== undefined && isNamed(candidate, written));
  if (key === 'type') {
    if (type === undefined) return { maps_to: `a ${kind} of another kind than the built-in ones` };
    return { maps_to: `the ${kind} type ${type.name}`, replaced: type.name !== value.toLowerCase() };
  }
  const found = type === undefined ? null : findOption(type.options, key);
  if (found !== null && type !== undefined) {
    const [option, spec] = found;
    const isAlias = option !== key && spec.type !== 'map';
    const what = spec.type === 'map' ? 'texts by name' : spec.type;
    return { maps_to: `option of ${type.name}${isAlias ? `, ${option}` : ''}: ${what}`, replaced: isAlias };
  }
  const common = Object.keys(wiring).find((name) => (name.endsWith('.') ? key.startsWith(name) : key === name));
  if (common !== undefined) return { maps_to: `${wiring[common]}: ${value}` };
  if (type !== undefined) return { maps_to: nothing };
  return { maps_to: `option of ${written ?? `a ${kind} without type`}, judged where it runs` };
}

function findOption(options: OptionSpecs, key: string): [string, OptionSpec] | null {
  const found = Object.entries(options).find(([name, spec]) =>
    spec.type === 'map'
      ? key.startsWith(spec.prefix ?? `${name}.`)
      : name === key || spec.aliases?.includes(key) === true,
  );
  return found ?? null;
}

function typesOf(registry: ComponentRegistry, section: Section): readonly Typed[] {
  if (section === 'sources') return registry.sources;
  if (section === 'channels') return registry.channels;
  if (section === 'sinks') return registry.sinks;
  return section === 'configfilters' ? (registry.configFilters ?? []) : [];
}

function isSection(word: string): word is Section {
  return Object.hasOwn(sectionKinds, word);
}
