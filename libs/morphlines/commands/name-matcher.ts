import { compileJavaMatcher } from '#std/java-regex';
import type { Arguments } from '../arguments.js';

/** Whether a name or value is one of those that a black list names and a white list does not. */
export type NameMatcher = (name: string) => boolean;

/**
 * From two lists of predicates: `literal:text`, `regex:pattern`, `glob:a*`, or `*` for all. `blacklist` defaults to all, `whitelist` to none.
 */
export function nameMatcher(args: Arguments, blacklist: string, whitelist: string): NameMatcher {
  const includes = predicatesOf(args, blacklist, ['*']);
  const excludes = predicatesOf(args, whitelist, []);
  return (name) => includes(name) && !excludes(name);
}

function predicatesOf(args: Arguments, list: string, fallback: readonly string[]): NameMatcher {
  const literals = new Set<string>();
  const patterns: RegExp[] = [];
  for (const written of args.strings(list, fallback)) {
    const expression = written === '*' ? 'glob:*' : written;
    const colon = expression.indexOf(':');
    const text = expression.slice(colon + 1);
    switch (colon < 0 ? '' : expression.slice(0, colon)) {
      case 'literal':
        literals.add(text);
        break;
      case 'regex':
        patterns.push(args.attempt(list, text, compileJavaMatcher));
        break;
      case 'glob':
        patterns.push(args.attempt(list, globSource(text), compileJavaMatcher));
        break;
      default:
        args.fail(`${written} has to begin with literal:, regex: or glob:`, list);
    }
  }
  if (patterns.some((pattern) => pattern.source === '^(?:.*)$')) return () => true;
  return (name) => literals.has(name) || patterns.some((pattern) => pattern.test(name));
}

/** Hadoop's globs: `*`, `?`, `[a-z]`, `[^a-z]`, `{a,b}`, and a backslash before what is meant as it stands. */
function globSource(glob: string): string {
  let source = '';
  let braces = 0;
  let isInClass = false;
  for (let at = 0; at < glob.length; at += 1) {
    const next = glob[at] ?? '';
    if (next === '\\') {
      at += 1;
      source += `\\${glob[at] ?? '\\'}`;
    } else if (isInClass) {
      isInClass = next !== ']';
      source += next === '!' && glob[at - 1] === '[' ? '^' : next;
    } else if (next === '*') source += '.*';
    else if (next === '?') source += '.';
    else if (next === '[') {
      isInClass = true;
      source += next;
    } else if (next === '{') {
      braces += 1;
      source += '(?:';
    } else if (next === ',' && braces > 0) source += '|';
    else if (next === '}' && braces > 0) {
      braces -= 1;
      source += ')';
    } else source += /[.()|+^$@%{}]/.test(next) ? `\\${next}` : next;
  }
  return source;
}
