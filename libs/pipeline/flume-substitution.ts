/**
 * `${…}` in the values of a flume.conf: `${env:NAME}` an environment variable, `${sys:name}` a system property, `${name}` another
 * property of the file; `${…:-default}` where there is none; `$${` writes `${`. Flume looks `${name}` up in hash order and leaves
 * about four in ten forward references unresolved; here every reference is resolved.
 */
export interface SubstitutionSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Java's system properties, `-Dname=value`; only those that were given. */
  readonly system: Readonly<Record<string, string | undefined>>;
  /** Raw values of the file, by whole key. */
  readonly properties: ReadonlyMap<string, string>;
}

export interface Substituted {
  readonly text: string;
  /** A sentence for each reference that stayed as it was. */
  readonly problems: readonly string[];
  /** Keys of the file that were looked up. */
  readonly used: readonly string[];
}

const depthMax = 32;

export function substitute(text: string, sources: SubstitutionSources): Substituted {
  const problems: string[] = [];
  const used: string[] = [];
  const result = text.includes('${') ? expand(text, { sources, problems, used }, []) : text;
  return { text: result, problems, used };
}

interface Run {
  readonly sources: SubstitutionSources;
  readonly problems: string[];
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
  if (stack.includes(name) || stack.length >= depthMax) {
    run.problems.push(`\${${name}} refers to itself by way of ${stack.join(' → ')}.`);
    return `\${${inner}}`;
  }
  const found = lookUp(name, run);
  if (found !== null) return expand(found, run, [...stack, name]);
  if (fallback !== null) return expand(fallback, run, [...stack, name]);
  run.problems.push(unresolved(name));
  return `\${${inner}}`;
}

function lookUp(name: string, run: Run): string | null {
  if (name.startsWith('env:')) return run.sources.environment[name.slice(4)] ?? null;
  if (name.startsWith('sys:')) return run.sources.system[name.slice(4)] ?? null;
  const value = run.sources.properties.get(name);
  if (value === undefined) return null;
  run.used.push(name);
  return value;
}

function unresolved(name: string): string {
  if (name.startsWith('env:'))
    return `The environment variable ${name.slice(4)} is not set, and \${${name}} has no default.`;
  if (name.startsWith('sys:'))
    return `The system property ${name.slice(4)} is not set, and \${${name}} has no default.`;
  if (/^(java|date):/.test(name))
    return `\${${name}}: the look-up "${name.slice(0, name.indexOf(':'))}" is not supported in this release.`;
  if (/^\w+\[.*\]$/.test(name)) return `\${${name}}: configuration filters are not supported in this release.`;
  return `\${${name}} names no property of the file.`;
}
