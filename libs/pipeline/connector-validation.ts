import { parseOptions, type OptionProblem, type OptionSpec, type OptionSpecs, type OptionType } from '#config/options';
import { connectorOptions, connectorProblems } from '#pipeline/connector-options';
import { noPlugins, type ConnectorPlugins } from '#pipeline/connector-plugins';
import { converterOptions } from '#pipeline/converter-options';
import type { SinkType } from '#pipeline/sink';
import { readTransforms } from '#pipeline/transforms/transform-options';

/** Connect's answer to `PUT /connector-plugins/{plugin}/config/validate`; keys in the order in which Connect writes them. */
export interface ConfigInfos {
  readonly name: string;
  readonly error_count: number;
  readonly groups: readonly string[];
  readonly configs: readonly ConfigInfo[];
}

export interface ConfigInfo {
  /** Null for a key that nothing declares and that has an error. */
  readonly definition: ConfigKeyInfo | null;
  readonly value: ConfigValueInfo;
}

export interface ConfigKeyInfo {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default_value: string | null;
  readonly importance: string;
  readonly documentation: string;
  readonly group: string | null;
  /** From 1 in each group; -1 without a group. */
  readonly order_in_group: number;
  readonly width: string;
  readonly display_name: string;
  readonly dependents: readonly string[];
}

export interface ConfigValueInfo {
  readonly name: string;
  readonly value: string | null;
  readonly recommended_values: readonly string[];
  readonly errors: readonly string[];
  readonly visible: boolean;
}

type Config = Readonly<Record<string, string | null | undefined>>;

/** Values with these are known only to the worker: see `#config/references`. */
const referenceStart = /\$\{(?:env|file):/;

/** Options that are names of classes in Connect. */
const classOptions = new Set(['key.converter', 'value.converter', 'header.converter']);

/** `transforms.a.type`, `predicates.p.type`. */
const pluginClass = /^(?:transforms|predicates)\.[^.]+\.type$/;

const connectTypes: Readonly<Record<Exclude<OptionType, 'map'>, string>> = {
  string: 'STRING',
  int: 'INT',
  long: 'LONG',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  list: 'LIST',
  password: 'PASSWORD',
};

/** Checks a whole config: common options, those of its kind, and what holds between them. Never throws. */
export function validateConnector(type: SinkType, config: Config, plugins: ConnectorPlugins = noPlugins): ConfigInfos {
  const given = stringsOf(config);
  const groups = [...readTransforms(given, plugins).groups, ...converterOptions(given, plugins)];
  const specs: OptionSpecs = Object.assign(
    { ...connectorOptions, ...type.options },
    ...groups.map((group) => group.specs),
  );
  const { problems } = parseOptions(specs, given);
  // A value that refers to a secret is judged where the secret is.
  const all = [
    ...problems,
    ...connectorProblems(given, plugins),
    ...nullProblems(config),
    ...typeProblems(type, given),
  ].filter(({ name }) => !referenceStart.test(given[name] ?? ''));
  const definitions = [...configKeys(type), ...groups.flatMap(({ group, specs: own }) => keysOf(own, group))];
  const configs = definitions.map((definition) => configInfo(definition, specs[definition.name], given, all));
  const shownNames = new Set(definitions.flatMap(({ name }) => [name, ...(specs[name]?.aliases ?? [])]));
  const stray = all.filter((problem) => !shownNames.has(problem.name)).map(strayInfo);
  const every = [...stray, ...configs];
  return {
    name: given['connector.class'] ?? type.name,
    error_count: every.reduce((sum, { value }) => sum + value.errors.length, 0),
    groups: [...new Set(definitions.flatMap(({ group }) => (group === null ? [] : [group])))],
    configs: every,
  };
}

/** All errors of an answer, each with its key. */
export function problemsOf(infos: ConfigInfos): readonly string[] {
  return infos.configs.flatMap(({ value }) => value.errors.map((message) => `${value.name}: ${message}`));
}

/** What `GET /connector-plugins/{plugin}/config` answers: every option, common ones first. */
export function configKeys(type: SinkType): readonly ConfigKeyInfo[] {
  const ordersIn = new Map<string, number>();
  return Object.entries({ ...connectorOptions, ...type.options } as OptionSpecs).flatMap(([name, spec]) => {
    if (spec.type === 'map') return [];
    const group = spec.group ?? (name in connectorOptions ? null : type.name);
    const order = group === null ? -1 : (ordersIn.get(group) ?? 0) + 1;
    if (group !== null) ordersIn.set(group, order);
    return [keyInfo(name, spec, connectTypes[spec.type], group, order)];
  });
}

/** Options of a transform, predicate or converter under their heading. */
function keysOf(specs: OptionSpecs, group: string): ConfigKeyInfo[] {
  const listed = Object.entries(specs).flatMap(([name, spec]) =>
    spec.type === 'map' ? [] : [{ name, spec, type: connectTypes[spec.type] }],
  );
  return listed.map(({ name, spec, type }, at) => keyInfo(name, spec, type, group, at + 1));
}

function keyInfo(name: string, spec: OptionSpec, type: string, group: string | null, order: number): ConfigKeyInfo {
  return {
    name,
    type: classOptions.has(name) || pluginClass.test(name) ? 'CLASS' : type,
    required: spec.required === true,
    default_value: defaultOf(spec),
    importance: (spec.importance ?? 'medium').toUpperCase(),
    documentation: spec.doc,
    group,
    order_in_group: order,
    width: type === 'LIST' ? 'LONG' : type === 'STRING' ? 'MEDIUM' : 'SHORT',
    display_name: name,
    dependents: [],
  };
}

function defaultOf(spec: OptionSpec): string | null {
  if (spec.default === undefined) return null;
  return Array.isArray(spec.default) ? spec.default.join(',') : String(spec.default);
}

function configInfo(
  definition: ConfigKeyInfo,
  spec: OptionSpec | undefined,
  given: Readonly<Record<string, string>>,
  problems: readonly OptionProblem[],
): ConfigInfo {
  const names = [definition.name, ...(spec?.aliases ?? [])];
  const written = names.map((name) => given[name]).find((value) => value !== undefined);
  const value = written ?? definition.default_value;
  return {
    definition,
    value: {
      name: definition.name,
      value: definition.type === 'PASSWORD' && value !== null ? '***' : value,
      recommended_values: [...(spec?.values ?? [])],
      errors: [...new Set(problems.filter(({ name }) => names.includes(name)).map(({ message }) => message))],
      visible: true,
    },
  };
}

function strayInfo(problem: OptionProblem): ConfigInfo {
  const { name, value, message } = problem;
  return { definition: null, value: { name, value, recommended_values: [], errors: [message], visible: true } };
}

function nullProblems(config: Config): OptionProblem[] {
  return Object.entries(config).flatMap(([name, value]) =>
    value === null ? [{ name, value: null, message: `The value of ${name} is null: leave the key out instead` }] : [],
  );
}

/** What the kind of sink itself finds; its options must be right before it can be asked. */
function typeProblems(type: SinkType, given: Readonly<Record<string, string>>): readonly OptionProblem[] {
  if (parseOptions(type.options, given).problems.length > 0) return [];
  return type.check?.(given) ?? [];
}

function stringsOf(config: Config): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, value]])),
  );
}
