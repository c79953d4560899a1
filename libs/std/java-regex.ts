/**
 * Java's regular expressions in JavaScript's. Most are written alike; translated are leading flags `(?ims)`, `\Q…\E`, `\A`, `\z`, `\Z`, `\h`,
 * `\R`, `\e`, `\a` and the POSIX classes (`\p{Alpha}`). What JavaScript has not (possessive quantifiers, atomic groups, class intersections) is refused
 * by name, at validation.
 */
const posixClasses: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7f',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1f\\x7f',
  XDigit: '0-9a-fA-F',
  Space: '\\s',
};

/** Throws an Error whose message says what is wrong with the pattern. */
export function compileJavaRegex(pattern: string, flags = ''): RegExp {
  const leading = /^\(\?([imsx]+)\)/.exec(pattern);
  const given = leading?.[1] ?? '';
  if (given.includes('x')) throw new Error('the flag (?x), comments in a pattern, is not supported');
  const source = new Translation(pattern.slice(leading?.[0].length ?? 0)).run();
  return new RegExp(source, [...new Set((flags + given).split(''))].join(''));
}

/** For an option's `check`: a sentence, or null where the pattern will do. */
export function checkJavaRegex(pattern: string): string | null {
  try {
    compileJavaRegex(pattern);
    return null;
  } catch (error) {
    return `must be a regular expression: ${(error as Error).message}`;
  }
}

class Translation {
  private at = 0;
  private result = '';
  private isInClass = false;
  /** Where the last quantifier ended; a plus right there would make it possessive. */
  private quantifierEnd = -1;

  constructor(private readonly pattern: string) {}

  run(): string {
    while (this.at < this.pattern.length) this.step();
    return this.result;
  }

  private step(): void {
    const character = this.pattern[this.at] ?? '';
    if (character === '\\') {
      this.escape();
      return;
    }
    if (this.isInClass) {
      if (this.pattern.startsWith('&&', this.at)) throw new Error('an intersection of classes (&&) is not supported');
      if (character === '[') throw new Error('a class inside a class ([a[b]]) is not supported');
      if (character === ']') this.isInClass = false;
    } else if (character === '[') {
      this.openClass();
      return;
    } else if (this.pattern.startsWith('(?>', this.at)) {
      throw new Error('an atomic group (?>…) is not supported');
    } else if (character === '+' && this.quantifierEnd === this.at) {
      throw new Error(`a possessive quantifier (${this.pattern[this.at - 1] ?? ''}+) is not supported`);
    } else {
      const quantifier = /^(?:[+*?]|\{\d+(?:,\d*)?\})/.exec(this.pattern.slice(this.at))?.[0];
      if (quantifier !== undefined) this.quantifierEnd = this.at + quantifier.length;
    }
    this.result += character;
    this.at += 1;
  }

  /** A bracket right after `[` or `[^` stands for itself in Java. */
  private openClass(): void {
    const opened = /^\[\^?\]?/.exec(this.pattern.slice(this.at))?.[0] ?? '[';
    this.result += opened.endsWith(']') && opened.length > 1 ? `${opened.slice(0, -1)}\\]` : opened;
    this.at += opened.length;
    this.isInClass = true;
  }

  private escape(): void {
    const next = this.pattern[this.at + 1] ?? '';
    if (next === 'Q') {
      const end = this.pattern.indexOf('\\E', this.at + 2);
      const literal = this.pattern.slice(this.at + 2, end < 0 ? undefined : end);
      this.result += literal.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      this.at = end < 0 ? this.pattern.length : end + 2;
      return;
    }
    const posix = /^\\[pP]\{(\w+)\}/.exec(this.pattern.slice(this.at));
    if (posix !== null) {
      this.posixClass(posix[0], posix[1] ?? '');
      return;
    }
    const simple: Readonly<Record<string, string>> = {
      A: '^',
      z: '$',
      Z: '(?=\\n?$)',
      h: this.isInClass ? ' \\t\\xa0' : '[ \\t\\xa0]',
      R: '(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])',
      e: '\\x1b',
      a: '\\x07',
    };
    this.result += simple[next] ?? `\\${next}`;
    this.at += 2;
  }

  private posixClass(written: string, name: string): void {
    const members = posixClasses[name];
    if (members === undefined) throw new Error(`the class ${written} is not supported`);
    const isNegated = written.startsWith('\\P');
    if (this.isInClass && isNegated) throw new Error(`${written} inside a class is not supported`);
    this.result += this.isInClass ? members : `[${isNegated ? '^' : ''}${members}]`;
    this.at += written.length;
  }
}
