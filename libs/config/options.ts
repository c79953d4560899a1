import { MillraceError, type ErrorKind } from '#std/errors';

/**
 * Options declared once. From a declaration follow: parsing of a flat string map (a flume.conf context, a Connect config),
 * defaults, error texts, redaction, Connect's validate answer, the OpenAPI schema and the reference page.
 */
export interface OptionSpec {
  readonly type: OptionType;
  /** Of a `map`, where its keys begin with something else than its name and a dot. */
  readonly prefix?: string;
  /** One or two sentences for people; Markdown. */
  readonly doc: string;
  /** In the option's own type. Absent = null unless `required`. */
  readonly default?: string | number | boolean | readonly string[];
  readonly required?: boolean;
  /** Unit of a number: `ms`, `bytes`, `records`, `s`. */
  readonly unit?: string;
  /** Allowed values of a string, compared without regard to case; the declared spelling is what the code gets. */
  readonly values?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** Older or foreign names of the same option. */
  readonly aliases?: readonly string[];
  readonly importance?: 'high' | 'medium' | 'low';
  /** Heading under which forms and pages show it. */
  readonly group?: string;
  /** Called on the parsed value; a sentence when it will not do. */
  readonly check?: (value: never) => string | null;
}

/** `map` takes every key that starts with the option's name and a dot (`selector.mapping.`), the prefix cut off. */
export type OptionType = 'string' | 'int' | 'long' | 'double' | 'boolean' | 'list' | 'password' | 'map';

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type ValueOf<S extends OptionSpec> = S['type'] extends 'int' | 'long' | 'double'
  ? number
  : S['type'] extends 'boolean'
    ? boolean
    : S['type'] extends 'list'
      ? readonly string[]
      : S['type'] extends 'map'
        ? Readonly<Record<string, string>>
        : S extends { readonly values: readonly (infer V extends string)[] }
          ? V
          : string;

type IsPresent<S extends OptionSpec> = S extends { readonly required: true }
  ? true
  : S extends { readonly default: string | number | boolean | readonly string[] }
    ? true
    : S['type'] extends 'map'
      ? true
      : false;

/** The parsed values of a declaration: an option without default that is not required may be null. */
export type OptionValues<T extends OptionSpecs> = {
  readonly [K in keyof T]: IsPresent<T[K]> extends true ? ValueOf<T[K]> : ValueOf<T[K]> | null;
};

export interface OptionProblem {
  /** The key as it was written, or as declared where it is missing. */
  readonly name: string;
  readonly value: string | null;
  /** Says what is wrong and what would do. */
  readonly message: string;
}

export interface ParsedOptions<T extends OptionSpecs> {
  readonly values: OptionValues<T>;
  readonly problems: readonly OptionProblem[];
  /** Keys that no option claims. */
  readonly unknown: readonly string[];
}

/** Keeps the literal types of a declaration. */
export function defineOptions<const T extends OptionSpecs>(specs: T): T {
  return specs;
}

/**
 * Reads `input` by `specs`. Never throws: problems are listed, and a value with a problem takes its default (or null), so
 * that one call finds all mistakes.
 */
export function parseOptions<T extends OptionSpecs>(
  specs: T,
  input: Readonly<Record<string, string | null | undefined>>,
): ParsedOptions<T> {
  const values: Record<string, unknown> = {};
  const problems: OptionProblem[] = [];
  const claimed = new Set<string>();
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.type === 'map') {
      values[name] = takeMap(spec.prefix ?? `${name}.`, input, claimed);
      continue;
    }
    const key = [name, ...(spec.aliases ?? [])].find(
      (candidate) => input[candidate] !== undefined && input[candidate] !== null,
    );
    for (const candidate of [name, ...(spec.aliases ?? [])]) claimed.add(candidate);
    const text = key === undefined ? null : (input[key] ?? null);
    if (key === undefined || text === null) {
      values[name] = spec.default ?? null;
      if (spec.required === true) {
        problems.push({
          name,
          value: null,
          message: `Missing required configuration "${name}" which has no default value.`,
        });
      }
      continue;
    }
    const parsed = parseValue(spec, text.trim());
    if ('message' in parsed) {
      problems.push({
        name: key,
        value: spec.type === 'password' ? null : text,
        message: `Invalid value ${shown(spec, text)} for configuration ${key}: ${parsed.message}`,
      });
      values[name] = spec.default ?? null;
    } else {
      values[name] = parsed.value;
    }
  }
  const unknown = Object.keys(input).filter((key) => !claimed.has(key));
  return { values: values as OptionValues<T>, problems, unknown };
}

export const optionErrors = {
  invalid: { code: 'config.option.invalid', retriable: false, kafka: 40, http: 400 },
} satisfies Record<string, ErrorKind>;

/** As `parseOptions`, but throws one error that lists every problem. `what` names the thing: `sink lake`. */
export function requireOptions<T extends OptionSpecs>(
  what: string,
  specs: T,
  input: Readonly<Record<string, string | null | undefined>>,
): OptionValues<T> {
  const parsed = parseOptions(specs, input);
  if (parsed.problems.length > 0) {
    const list = parsed.problems.map((problem) => problem.message).join('\n');
    throw new MillraceError(optionErrors.invalid, `${what} has ${parsed.problems.length} invalid option(s):\n${list}`);
  }
  return parsed.values;
}

/** The same map with the values of password options replaced by `***`. */
export function redactOptions(specs: OptionSpecs, input: Readonly<Record<string, string>>): Record<string, string> {
  const secret = new Set(
    Object.entries(specs).flatMap(([name, spec]) => (spec.type === 'password' ? [name, ...(spec.aliases ?? [])] : [])),
  );
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, secret.has(name) ? '***' : value]));
}

type ParsedValue = { readonly value: unknown } | { readonly message: string };

function parseValue(spec: OptionSpec, text: string): ParsedValue {
  const parsed = parseType(spec, text);
  if ('message' in parsed) return parsed;
  const message = spec.check?.(parsed.value as never) ?? null;
  return message === null ? parsed : { message };
}

function parseType(spec: OptionSpec, text: string): ParsedValue {
  switch (spec.type) {
    case 'int':
    case 'long':
      if (!/^[+-]?\d+$/.test(text)) return { message: `must be a whole number${unitOf(spec)}` };
      return inRange(spec, Number(text));
    case 'double':
      if (text === '' || Number.isNaN(Number(text))) return { message: `must be a number${unitOf(spec)}` };
      return inRange(spec, Number(text));
    case 'boolean': {
      const lower = text.toLowerCase();
      if (lower !== 'true' && lower !== 'false') return { message: 'must be true or false' };
      return { value: lower === 'true' };
    }
    case 'list':
      return { value: text.split(/[\s,]+/).filter((item) => item !== '') };
    case 'string': {
      if (spec.values === undefined) return { value: text };
      const match = spec.values.find((value) => value.toLowerCase() === text.toLowerCase());
      return match === undefined ? { message: `must be one of ${spec.values.join(', ')}` } : { value: match };
    }
    case 'password':
    case 'map':
      return { value: text };
  }
}

function inRange(spec: OptionSpec, value: number): ParsedValue {
  if (spec.min !== undefined && value < spec.min) return { message: `must be at least ${spec.min}${unitOf(spec)}` };
  if (spec.max !== undefined && value > spec.max) return { message: `must be at most ${spec.max}${unitOf(spec)}` };
  return { value };
}

function unitOf(spec: OptionSpec): string {
  return spec.unit === undefined ? '' : ` (${spec.unit})`;
}

function shown(spec: OptionSpec, text: string): string {
  return spec.type === 'password' ? '***' : text;
}

function takeMap(
  prefix: string,
  input: Readonly<Record<string, string | null | undefined>>,
  claimed: Set<string>,
): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const [key, value] of Object.entries(input)) {
    if (!key.startsWith(prefix) || value === null || value === undefined) continue;
    claimed.add(key);
    taken[key.slice(prefix.length)] = value.trim();
  }
  return taken;
}
