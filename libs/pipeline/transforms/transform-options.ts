/** Reads `transforms`, `predicates` and what belongs to them out of a connector's config, in Kafka Connect's words. */
import { parseOptions, type OptionProblem, type OptionSpec, type OptionSpecs } from '#config/options';
import { findPlugin, type ConnectorPlugins } from '#pipeline/connector-plugins';
import { subKeys } from '#pipeline/sub-keys';
import type { Predicate, PredicateType, TransformInput, TransformType } from '#pipeline/transforms/transform';
import { TransformChain, type ChainLink } from '#pipeline/transforms/transform-chain';
import { suggest } from '#std/suggestion';

type Config = Readonly<Record<string, string>>;

/** Keys of a transform that are Connect's, not its own. */
const commonKeys = new Set(['type', 'predicate', 'negate']);

/** Options of one transform, predicate or converter, as a form shows them. */
export interface PluginOptions {
  /** Heading: `Transforms: a`. */
  readonly group: string;
  /** Under their whole keys: `transforms.a.fields`. */
  readonly specs: OptionSpecs;
}

export interface TransformReading {
  readonly problems: readonly OptionProblem[];
  readonly groups: readonly PluginOptions[];
}

/** What is wrong with them, and what options they have. */
export function readTransforms(config: Config, plugins: ConnectorPlugins): TransformReading {
  const problems: OptionProblem[] = [];
  const groups: PluginOptions[] = [];
  const predicates = namesIn(config['predicates']);
  const add = (name: string, message: string): void => {
    problems.push({ name, value: config[name] ?? null, message });
  };
  for (const kind of ['transforms', 'predicates'] as const) {
    const names = namesIn(config[kind]);
    for (const name of new Set(names.filter((each, at) => names.indexOf(each) !== at))) {
      add(kind, `Duplicate alias provided: ${name}`);
    }
    const types: readonly (TransformType | PredicateType)[] = plugins[kind];
    for (const alias of new Set(names)) {
      const prefix = `${kind}.${alias}.`;
      const own = subKeys(config, prefix);
      const type = findPlugin(types, own['type'] ?? '');
      const typeSpec = typeSpecOf(kind, types);
      const group = `${kind === 'transforms' ? 'Transforms' : 'Predicates'}: ${alias}`;
      const common: OptionSpecs = kind === 'transforms' ? { type: typeSpec, ...predicateSpecs } : { type: typeSpec };
      groups.push({ group, specs: prefixed(prefix, { ...common, ...type?.options }) });
      if (type === null) {
        add(`${prefix}type`, missingType(own['type'], kind, types));
        continue;
      }
      problems.push(...problemsOf(type, ownOptions(own), prefix));
      if (kind === 'transforms') problems.push(...predicateProblems(own, prefix, predicates));
    }
  }
  const known = new Set([
    ...namesIn(config['transforms']).map((name) => `transforms.${name}`),
    ...predicates.map((name) => `predicates.${name}`),
  ]);
  for (const key of Object.keys(config)) {
    const owner = /^(?:transforms|predicates)\.[^.]+/.exec(key)?.[0];
    if (owner !== undefined && !known.has(owner)) {
      add(key, `${owner.replace('.', ' has no ')}: name it there, or remove ${key}`);
    }
  }
  return { problems, groups };
}

/** The chain that the config describes; it has no problems. */
export function createTransforms(
  config: Config,
  plugins: ConnectorPlugins,
  services: Omit<TransformInput, 'name' | 'options'>,
): TransformChain {
  const predicates = new Map<string, Predicate>();
  for (const name of namesIn(config['predicates'])) {
    const own = subKeys(config, `predicates.${name}.`);
    const type = findPlugin(plugins.predicates, own['type'] ?? '');
    if (type !== null) predicates.set(name, type.create(ownOptions(own)));
  }
  const links = namesIn(config['transforms']).flatMap((name): ChainLink[] => {
    const own = subKeys(config, `transforms.${name}.`);
    const type = findPlugin(plugins.transforms, own['type'] ?? '');
    if (type === null) return [];
    return [
      {
        name,
        transform: type.create({ ...services, name, options: ownOptions(own) }),
        predicate: predicates.get(own['predicate'] ?? '') ?? null,
        negate: own['negate']?.trim().toLowerCase() === 'true',
      },
    ];
  });
  return new TransformChain(links);
}

const predicateSpecs: OptionSpecs = {
  predicate: {
    type: 'string',
    default: '',
    doc: 'The alias of a predicate used to determine whether to apply this transformation.',
  },
  negate: {
    type: 'boolean',
    default: false,
    doc: 'Whether the configured predicate should be negated: the transform then concerns the records for which it does not hold.',
  },
};

function typeSpecOf(kind: string, types: readonly { readonly name: string }[]): OptionSpec {
  const what = kind === 'transforms' ? 'transform' : 'predicate';
  return {
    type: 'string',
    required: true,
    importance: 'high',
    doc: `Kind of the ${what}, by short name or Java class name: ${types.map(({ name }) => name).join(', ')}.`,
  };
}

function missingType(
  written: string | undefined,
  kind: string,
  types: readonly { readonly name: string; readonly classNames: readonly string[] }[],
): string {
  const what = kind === 'transforms' ? 'transform' : 'predicate';
  const names = types.map(({ name }) => name);
  if (written === undefined)
    return `Missing required configuration "type" of the ${what}; there are ${names.join(', ')}`;
  const near = suggest(written.slice(written.lastIndexOf('.') + 1), names);
  return `There is no ${what} ${written}${near === null ? '' : `; did you mean ${near}?`} There are ${names.join(', ')}`;
}

function predicateProblems(own: Config, prefix: string, predicates: readonly string[]): OptionProblem[] {
  const wanted = own['predicate']?.trim() ?? '';
  const problems: OptionProblem[] = [];
  if (wanted === '' && own['negate'] !== undefined) {
    problems.push({
      name: `${prefix}negate`,
      value: own['negate'],
      message: `${prefix}negate has no meaning without ${prefix}predicate`,
    });
  }
  if (wanted !== '' && !predicates.includes(wanted)) {
    const message = `The predicate ${wanted} is not among predicates (${predicates.join(', ') || 'empty'})`;
    problems.push({ name: `${prefix}predicate`, value: wanted, message });
  }
  return problems;
}

interface Checked {
  readonly name: string;
  readonly options: OptionSpecs;
  check?(options: Config): readonly OptionProblem[];
}

/**
 * Problems of what has options of its own, under the keys as the connector's config has them. `ignoresUnknown`: an option that nobody knows is
 * one only where it looks like a misspelled one.
 */
export function problemsOf(type: Checked, options: Config, prefix: string, ignoresUnknown = false): OptionProblem[] {
  const whole = Object.fromEntries(Object.entries(options).map(([key, value]) => [`${prefix}${key}`, value]));
  const parsed = parseOptions(prefixed(prefix, type.options), whole);
  const problems: OptionProblem[] = [...parsed.problems];
  for (const key of parsed.unknown) {
    const near = suggest(key.slice(prefix.length), Object.keys(type.options));
    if (near === null && ignoresUnknown) continue;
    const hint = near === null ? '' : `; did you mean ${prefix}${near}?`;
    problems.push({
      name: key,
      value: null,
      message: `${type.name} has no option "${key.slice(prefix.length)}"${hint}`,
    });
  }
  if (problems.length > 0) return problems;
  return (type.check?.(options) ?? []).map((problem) => ({ ...problem, name: `${prefix}${problem.name}` }));
}

/** The same options under their whole keys. */
export function prefixed(prefix: string, specs: OptionSpecs): OptionSpecs {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const aliases = spec.aliases?.map((alias) => `${prefix}${alias}`);
      const keys = spec.prefix === undefined ? spec : { ...spec, prefix: `${prefix}${spec.prefix}` };
      return [`${prefix}${name}`, aliases === undefined ? keys : { ...keys, aliases }];
    }),
  );
}

function ownOptions(own: Config): Config {
  return Object.fromEntries(Object.entries(own).filter(([key]) => !commonKeys.has(key)));
}

function namesIn(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter((name) => name !== '');
}
