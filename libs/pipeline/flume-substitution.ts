/**
 * `${…}` in the values of a flume.conf: `${env:NAME}` an environment variable, `${sys:name}` a system property (`-Dname=value`),
 * `${date:pattern}` the time of reading, `${java:os}` the platform, `${name}` another property of the files; `${…:-default}` where there is
 * none; `$${` writes `${`. A prefix counts in any case, and where it knows nothing the rest is looked up as a property, as Flume does.
 * Flume looks `${name}` up in hash order and leaves about four in ten forward references unresolved; here every reference is resolved.
 *
 * `${filter['key']}` belongs to configuration filters, which come later: it is left as it is.
 */
import { javaDateText } from '#pipeline/java-date-text';
import { suggest } from '#std/suggestion';

export interface SubstitutionSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Java's system properties, `-Dname=value`, and those that every JVM has. */
  readonly system: Readonly<Record<string, string | undefined>>;
  /** What `${java:…}` knows: `os`, `hardware`, `locale`. */
  readonly platform: Readonly<Record<string, string | undefined>>;
  /** What `${date:…}` shows, ms since 1970. */
  readonly nowMs: number;
  /** Raw values of the file, by whole key. */
  readonly properties: ReadonlyMap<string, string>;
  /** `${NAME}` is an environment variable first: Flume's `EnvVarResolverProperties`. */
  readonly isLegacy: boolean;
}

export interface SubstitutionProblem {
  /** A sentence. */
  readonly message: string;
  readonly suggestion: string | null;
  /** The reference has no prefix, so that it may be a shell's or a pattern's own. */
  readonly isPlain: boolean;
  /** It depends on the machine: another one may know it. */
  readonly isLocal: boolean;
}

export interface Substituted {
  readonly text: string;
  /** One for each reference that stayed as it was. */
  readonly problems: readonly SubstitutionProblem[];
  /** Keys of the file that were looked up. */
  readonly used: readonly string[];
}

const depthMax = 32;

/** `name['key']`, `name["key"]` or `name[key]`. */
const filterReference = /^[^[\]{}]+\[(['"]?)[-_.a-zA-Z0-9]+\1\]$/;

export function substitute(text: string, sources: SubstitutionSources): Substituted {
  const problems: SubstitutionProblem[] = [];
  const used: string[] = [];
  const result = text.includes('${') ? expand(text, { sources, problems, used }, []) : text;
  return { text: result, problems, used };
}

interface Run {
  readonly sources: SubstitutionSources;
  readonly problems: SubstitutionProblem[];
  readonly used: string[];
}

function expand(text: string, run: Run, stack: readonly string[]): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('${', at);
    if (open < 0) return result + text.slice(at);
    if (open > at && text[open - 1] === '$') {
      const close = closingBrace(text, open);
      const end = close < 0 ? text.length : close + 1;
      result += text.slice(at, open - 1) + text.slice(open, end);
      at = end;
      continue;
    }
    const close = closingBrace(text, open);
    if (close < 0) return result + text.slice(at);
    result += text.slice(at, open) + resolve(text.slice(open + 2, close), run, stack);
    at = close + 1;
  }
  return result;
}

/** The brace that ends the reference which opens at `open`, minding references inside its name; -1 without one. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text.startsWith('${', at)) depth += 1;
    else if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}

function resolve(inner: string, run: Run, stack: readonly string[]): string {
  const split = inner.indexOf(':-');
  const name = expand(split < 0 ? inner : inner.slice(0, split), run, stack);
  const fallback = split < 0 ? null : inner.slice(split + 2);
  if (filterReference.test(name)) return `\${${name}}`;
  if (stack.includes(name) || stack.length >= depthMax) {
    const message = `\${${name}} refers to itself by way of ${stack.join(' → ')}.`;
    run.problems.push({ message, suggestion: null, isPlain: false, isLocal: false });
    return `\${${inner}}`;
  }
  const found = lookUp(name, run);
  if (found !== null) return expand(found, run, [...stack, name]);
  if (fallback !== null) return expand(fallback, run, [...stack, name]);
  run.problems.push(unresolved(name, run.sources));
  return `\${${inner}}`;
}

const prefixes = ['env', 'sys', 'java', 'date'] as const;

function splitPrefix(name: string): { prefix: (typeof prefixes)[number] | null; rest: string } {
  const colon = name.indexOf(':');
  const word = name.slice(0, Math.max(0, colon)).toLowerCase();
  const prefix = prefixes.find((known) => known === word) ?? null;
  return { prefix, rest: prefix === null ? name : name.slice(colon + 1) };
}

function lookUp(name: string, run: Run): string | null {
  const { environment, system, platform, nowMs, properties, isLegacy } = run.sources;
  const { prefix, rest } = splitPrefix(name);
  if (prefix === null && isLegacy && environment[name] !== undefined) return environment[name];
  const known =
    prefix === 'env'
      ? environment[rest]
      : prefix === 'sys'
        ? system[rest]
        : prefix === 'java'
          ? platform[rest]
          : prefix === 'date'
            ? javaDateText(rest === '' ? 'M/d/yy h:mm a' : rest, nowMs)
            : null;
  if (known !== null && known !== undefined) return known;
  const value = properties.get(rest);
  if (value === undefined) return null;
  run.used.push(rest);
  return value;
}

function unresolved(name: string, sources: SubstitutionSources): SubstitutionProblem {
  const { prefix, rest } = splitPrefix(name);
  const local = (message: string, candidates: readonly string[]): SubstitutionProblem => {
    const near = suggest(rest, candidates);
    return { message, suggestion: near === null ? null : `${prefix}:${near}`, isPlain: false, isLocal: true };
  };
  switch (prefix) {
    case 'env':
      return local(
        `The environment variable ${rest} is not set, and \${${name}} has no default.`,
        Object.keys(sources.environment),
      );
    case 'sys':
      return local(
        `The system property ${rest} is not set (-D${rest}=…), and \${${name}} has no default.`,
        Object.keys(sources.system),
      );
    case 'java':
      return local(
        `\${${name}}: nothing runs on Java here; there are ${Object.keys(sources.platform).join(', ')}.`,
        Object.keys(sources.platform),
      );
    case 'date': {
      const message = `\${${name}}: "${rest}" is no pattern of Java's SimpleDateFormat.`;
      return { message, suggestion: null, isPlain: false, isLocal: false };
    }
    case null: {
      const isKnown = sources.isLegacy
        ? 'no environment variable and no property of the file'
        : 'no property of the file';
      const hint = sources.environment[name] === undefined ? '' : ` The environment has it: \${env:${name}}.`;
      return {
        message: `\${${name}} names ${isKnown}.${hint}`,
        suggestion: suggest(name, sources.properties.keys()),
        isPlain: true,
        isLocal: sources.isLegacy,
      };
    }
  }
}
