import { MillraceError } from '#std/errors';
import { securityErrors } from './errors.js';

interface Rule {
  readonly pattern: RegExp | null;
  readonly replacement: string;
  readonly letters: 'L' | 'U' | '';
}

/**
 * `ssl.principal.mapping.rules`: a list of `RULE:pattern/replacement/[LU]` and `DEFAULT`; the first whose pattern fits the whole distinguished
 * name decides (KIP-371). DEFAULT is the name as it is.
 */
export class PrincipalRules {
  private readonly rules: readonly Rule[];

  /** Throws `security.principal_rules.invalid`. */
  constructor(text: string) {
    this.rules = parse(text.trim() === '' ? 'DEFAULT' : text.trim());
  }

  /** Null where no rule fits: such a client cannot log in. */
  nameOf(distinguishedName: string): string | null {
    for (const { pattern, replacement, letters } of this.rules) {
      if (pattern === null) return distinguishedName;
      if (!pattern.test(distinguishedName)) continue;
      const name = distinguishedName.replace(pattern, replacement);
      if (letters === 'L') return name.toLowerCase();
      return letters === 'U' ? name.toUpperCase() : name;
    }
    return null;
  }
}

function parse(text: string): Rule[] {
  const rules: Rule[] = [];
  let rest = text;
  while (rest !== '') {
    const match = /^(?:DEFAULT|RULE:((?:\\.|[^\\/])*)\/((?:\\.|[^\\/])*)\/([LU]?))\s*(?:,\s*|$)/.exec(rest);
    if (match === null) throw invalid(`it must hold DEFAULT or RULE:pattern/replacement/[LU] at "${rest}"`);
    const [whole, pattern, replacement = '', letters = ''] = match;
    rules.push(pattern === undefined ? anyName : rule(pattern, replacement, letters));
    rest = rest.slice(whole.length);
  }
  return rules;
}

const anyName: Rule = { pattern: null, replacement: '', letters: '' };

function rule(pattern: string, replacement: string, letters: string): Rule {
  try {
    const whole = new RegExp(`^(?:${pattern})$`);
    return { pattern: whole, replacement: replacement.replaceAll(/\\(.)/g, '$1'), letters: letters as Rule['letters'] };
  } catch (error) {
    throw invalid(`"${pattern}" is no regular expression`, error);
  }
}

function invalid(reason: string, cause?: unknown): MillraceError {
  return new MillraceError(
    securityErrors.principalRules,
    `ssl.principal.mapping.rules cannot be read: ${reason}.`,
    cause === undefined ? undefined : { cause },
  );
}
