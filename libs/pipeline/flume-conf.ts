/**
 * A flume.conf as a tree: agents, their components, every value with its place. Nothing is judged here that needs to know what a
 * `memory` channel is; that is `flume-validation`.
 */
import { ConfProblems, type ConfPosition } from '#pipeline/flume-problem';
import { decodeProperties, parseProperties, type PropertyEntry } from '#pipeline/flume-properties';
import { substitute, type SubstitutionProblem, type SubstitutionSources } from '#pipeline/flume-substitution';
import { suggest } from '#std/suggestion';

export type ComponentKind = 'source' | 'channel' | 'sink' | 'sinkgroup' | 'configfilter';

export const sectionKinds = {
  sources: 'source',
  channels: 'channel',
  sinks: 'sink',
  sinkgroups: 'sinkgroup',
  configfilters: 'configfilter',
} as const satisfies Record<string, ComponentKind>;

type Section = keyof typeof sectionKinds;

export interface ConfValue {
  readonly text: string;
  readonly at: ConfPosition;
  /** The text refers to something that only the machine knows on which the agent will run: it cannot be judged here. */
  readonly isDeferred?: boolean;
}

/** Keys of one component, its prefix cut off. */
export interface ComponentConf {
  readonly kind: ComponentKind;
  readonly name: string;
  /** Its first key. */
  readonly at: ConfPosition;
  readonly keys: ReadonlyMap<string, ConfValue>;
}

export interface AgentConf {
  readonly name: string;
  readonly at: ConfPosition;
  /** Value of `<agent>.<section>`: which components run. */
  readonly lists: ReadonlyMap<ComponentKind, ConfValue>;
  /** Components that have keys, listed or not, by kind and name. */
  readonly components: ReadonlyMap<ComponentKind, ReadonlyMap<string, ComponentConf>>;
}

export interface Conf {
  readonly agents: ReadonlyMap<string, AgentConf>;
}

export interface ConfFile {
  readonly file: string;
  readonly bytes: Buffer;
}

export interface ConfSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Java's system properties; default none. */
  readonly system?: Readonly<Record<string, string | undefined>>;
  /** What `${java:…}` knows; default nothing. */
  readonly platform?: Readonly<Record<string, string | undefined>>;
  /** For `${date:…}`, ms since 1970; default 0. */
  readonly nowMs?: number;
  /** `${NAME}` is an environment variable, as with Flume's `-DpropertiesImplementation=…EnvVarResolverProperties`. Default false. */
  readonly isLegacy?: boolean;
  /** Only mistakes of this agent are reported; default all. */
  readonly agent?: string | null;
  /** The agent will run on another machine: what this one does not know is not judged. Default false. */
  readonly isElsewhere?: boolean;
}

/** Keys whose texts have a `${…}` of their own, of a shell or a pattern; Flume leaves there what it does not know. */
const ownReferences = /(?:^|\.)(?:command|shell|regex|searchPattern|replaceString|morphline\w*|script|query)$/;

/** Reads files in order; a key of a later file replaces the same key of an earlier one. Mistakes go to `problems`. */
export function readConf(files: readonly ConfFile[], surroundings: ConfSurroundings, problems: ConfProblems): Conf {
  const isOfInterest = (key: string): boolean => !isOfOtherAgent(key, surroundings.agent ?? null);
  const entries = mergeEntries(files, isOfInterest, problems);
  const sources: SubstitutionSources = {
    environment: surroundings.environment,
    system: surroundings.system ?? {},
    platform: surroundings.platform ?? {},
    nowMs: surroundings.nowMs ?? 0,
    isLegacy: surroundings.isLegacy ?? false,
    properties: new Map([...entries].map(([key, entry]) => [key, entry.value.trim()])),
  };
  const isElsewhere = surroundings.isElsewhere ?? false;
  const used = new Set<string>();
  const values = new Map<string, ConfValue>();
  for (const [key, entry] of entries) {
    const result = substitute(entry.value.trim(), sources);
    for (const name of result.used) used.add(name);
    const text = result.text.trim();
    const at = { file: entry.file, line: entry.line };
    const isDeferred = isElsewhere && (hasFilterReference(text) || result.problems.some(({ isLocal }) => isLocal));
    for (const problem of isOfInterest(key) ? result.problems : []) {
      if (!(isElsewhere && problem.isLocal)) report(key, at, problem, problems);
    }
    values.set(key, isDeferred ? { text, at, isDeferred } : { text, at });
  }
  return { agents: buildAgents(values, used, problems) };
}

/** Keys of all sections of other agents; what belongs to no agent may be a variable of this one. */
function isOfOtherAgent(key: string, agent: string | null): boolean {
  const [first = '', section = ''] = key.split('.');
  return agent !== null && first !== agent && isSection(section);
}

/** `${filter['key']}`, the filter and the key in groups 1 and 3. */
export const filterReferences = /\$\{([^[\]{}]+)\[(['"]?)([-_.a-zA-Z0-9]+)\2\]\}/g;

function hasFilterReference(text: string): boolean {
  return text.search(filterReferences) >= 0;
}

function report(key: string, at: ConfPosition, problem: SubstitutionProblem, problems: ConfProblems): void {
  const { message, suggestion, isPlain } = problem;
  const flume = 'Flume would have left the text as it is.';
  if (isPlain && ownReferences.test(key)) {
    problems.warning(at, `${key}: ${message} It is left as it is; write $\${ to say that it is meant so.`, {
      suggestion,
    });
  } else {
    problems.error(at, `${key}: ${message}`, { suggestion, flume });
  }
}

function mergeEntries(
  files: readonly ConfFile[],
  isOfInterest: (key: string) => boolean,
  problems: ConfProblems,
): Map<string, PropertyEntry> {
  const merged = new Map<string, PropertyEntry>();
  for (const { file, bytes } of files) {
    const parsed = parseProperties(decodeProperties(bytes), file);
    for (const at of parsed.malformed) {
      problems.error(at, 'A \\u must be followed by four hexadecimal digits.', {
        flume: 'Flume would have refused the whole file.',
      });
    }
    const own = new Map<string, PropertyEntry>();
    for (const entry of parsed.entries) {
      const earlier = own.get(entry.key);
      if (earlier !== undefined && isOfInterest(entry.key)) reportDuplicate(earlier, entry, problems);
      own.set(entry.key, entry);
      merged.delete(entry.key);
      merged.set(entry.key, entry);
    }
  }
  return merged;
}

function reportDuplicate(earlier: PropertyEntry, later: PropertyEntry, problems: ConfProblems): void {
  const isList = /^[^.]+\.(sources|channels|sinks|sinkgroups|configfilters)$/.test(later.key);
  const differs = earlier.value.trim() !== later.value.trim();
  const message = `${later.key} was already given on line ${earlier.line}${differs ? `, as "${earlier.value.trim()}"` : ''}.`;
  const flume = 'Flume would have kept the last one and not said so.';
  if (isList && differs) problems.error(later, message, { flume });
  else problems.warning(later, message, { flume });
}

interface MutableAgent {
  readonly name: string;
  at: ConfPosition;
  readonly lists: Map<ComponentKind, ConfValue>;
  readonly components: Map<ComponentKind, Map<string, MutableComponent>>;
}

interface MutableComponent {
  readonly kind: ComponentKind;
  readonly name: string;
  readonly at: ConfPosition;
  readonly keys: Map<string, ConfValue>;
}

function buildAgents(
  values: ReadonlyMap<string, ConfValue>,
  used: ReadonlySet<string>,
  problems: ConfProblems,
): Map<string, AgentConf> {
  const agents = new Map<string, MutableAgent>();
  const strays: { key: string; value: ConfValue }[] = [];
  for (const [key, value] of values) {
    const [agentName = '', section = '', component, ...rest] = key.split('.');
    if (agentName === '' || section === '' || !isSection(section)) {
      if (!used.has(key)) strays.push({ key, value });
      continue;
    }
    let agent = agents.get(agentName);
    if (agent === undefined) {
      agent = { name: agentName, at: value.at, lists: new Map(), components: new Map() };
      agents.set(agentName, agent);
    }
    if (value.text === '') {
      problems.warning(value.at, `${key} has no value.`, { flume: 'Flume would have left it out.' });
    } else if (component === undefined) {
      agent.lists.set(sectionKinds[section], value);
    } else if (component === '' || rest.length === 0) {
      problems.warning(
        value.at,
        `${key} gives no property of a component: expected ${agentName}.${section}.NAME.PROPERTY.`,
        {
          flume: 'Flume would have left it out.',
        },
      );
    } else {
      addKey(agent, sectionKinds[section], component, rest.join('.'), value);
    }
  }
  for (const stray of strays) reportStray(stray.key, stray.value, agents, problems);
  return agents;
}

function addKey(agent: MutableAgent, kind: ComponentKind, name: string, key: string, value: ConfValue): void {
  let ofKind = agent.components.get(kind);
  if (ofKind === undefined) {
    ofKind = new Map();
    agent.components.set(kind, ofKind);
  }
  let component = ofKind.get(name);
  if (component === undefined) {
    component = { kind, name, at: value.at, keys: new Map() };
    ofKind.set(name, component);
  }
  component.keys.set(key, value);
}

function reportStray(
  key: string,
  value: ConfValue,
  agents: ReadonlyMap<string, MutableAgent>,
  problems: ConfProblems,
): void {
  const [agentName = '', section = ''] = key.split('.');
  const flume = 'Flume would have left it out with a warning in its log.';
  if (section === '') {
    problems.warning(value.at, `${key} belongs to no agent, and no \${${key}} uses it.`, { flume });
  } else if (agents.has(agentName)) {
    problems.warning(
      value.at,
      `${key}: an agent has no section "${section}"; there are ${Object.keys(sectionKinds).join(', ')}.`,
      { flume, suggestion: suggest(section, Object.keys(sectionKinds)) },
    );
  } else {
    problems.warning(value.at, `${key} belongs to no agent of this file, and no \${${key}} uses it.`, {
      flume,
      suggestion: suggest(agentName, agents.keys()),
    });
  }
}

function isSection(word: string): word is Section {
  return Object.hasOwn(sectionKinds, word);
}
