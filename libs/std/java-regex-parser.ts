import {
  classText,
  complementOf,
  escaped,
  posixClasses,
  shorthandClasses,
  unicodeProperties,
} from './java-character-class.js';

/** A parsed pattern. Texts are JavaScript source for one atom each. */
export type RegexNode =
  | { readonly kind: 'text'; readonly source: string }
  | { readonly kind: 'assertion'; readonly source: string }
  | { readonly kind: 'backReference'; readonly group: number | string }
  | {
      readonly kind: 'quantified';
      readonly atom: RegexNode;
      readonly quantifier: string;
      readonly isPossessive: boolean;
    }
  | { readonly kind: 'group'; readonly opening: string; readonly body: Alternatives }
  | { readonly kind: 'capture'; readonly index: number; readonly name: string | null; readonly body: Alternatives }
  | { readonly kind: 'atomic'; readonly body: Alternatives };

export type Alternatives = readonly (readonly RegexNode[])[];

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
}

export interface ParsedRegex {
  readonly body: Alternatives;
  readonly captures: number;
  readonly ignoresCase: boolean;
  readonly isUnicode: boolean;
  readonly hasBackReferences: boolean;
}

const lineEnd = '(?:\\r\\n|[\\n\\r\\x85\\u2028\\u2029])';

/** Reads Java's syntax (java.util.regex.Pattern). Throws an Error whose message says what is wrong. */
export class JavaRegexParser {
  private at = 0;
  private captures = 0;
  private hasBackReferences = false;
  private flags: Flags;
  private readonly isUnicode: boolean;

  private readonly pattern: string;

  constructor(pattern: string, flags: string) {
    this.pattern = withoutQuotes(pattern);
    this.flags = { i: flags.includes('i'), m: flags.includes('m'), s: flags.includes('s'), x: false };
    this.isUnicode = needsUnicode(pattern);
  }

  parse(): ParsedRegex {
    for (let start = 0, head = this.flagGroup(); head !== null; head = this.flagGroup()) {
      if (!head.ends) {
        this.at = start;
        break;
      }
      this.flags = head.flags;
      start = this.at;
    }
    const ignoresCase = this.flags.i;
    const body = this.alternatives(ignoresCase);
    if (this.at < this.pattern.length) throw new Error(`a closing bracket without an opening one at ${this.at}`);
    const { captures, isUnicode, hasBackReferences } = this;
    return { body, captures, ignoresCase, isUnicode, hasBackReferences };
  }

  /** Up to a closing bracket. `ignoresCase` is what the source around says; where the flag differs, a group with a flag is put around. */
  private alternatives(ignoresCase: boolean): Alternatives {
    const branches = [this.branch(ignoresCase)];
    while (this.pattern[this.at] === '|') {
      this.at += 1;
      branches.push(this.branch(ignoresCase));
    }
    return branches;
  }

  private branch(ignoresCase: boolean): RegexNode[] {
    if (this.flags.i !== ignoresCase) {
      const now = this.flags.i;
      return [{ kind: 'group', opening: now ? '(?i:' : '(?-i:', body: [this.branch(now)] }];
    }
    const items: RegexNode[] = [];
    for (;;) {
      this.skipComments();
      const next = this.pattern[this.at];
      if (next === undefined || next === '|' || next === ')') return items;
      const head = next === '(' ? this.flagGroup() : null;
      if (head?.ends === true) {
        this.flags = head.flags;
        if (head.flags.i !== ignoresCase) return [...items, ...this.branch(ignoresCase)];
        continue;
      }
      items.push(this.quantified(head === null ? this.atom() : this.flaggedGroup(head.flags)));
    }
  }

  /** Reads `(?i)` or `(?i:`; null, and nothing read, where there is none. */
  private flagGroup(): { flags: Flags; ends: boolean } | null {
    const match = /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])/.exec(this.pattern.slice(this.at, this.at + 32));
    if (match === null || match[0] === '(?:') return null;
    const on = match[1] ?? '';
    const off = match[2] ?? '';
    const unknown = /[^imsxud]/.exec(on + off)?.[0];
    if (unknown !== undefined) throw new Error(`the flag ${unknown} in ${match[0]} is not supported`);
    this.at += match[0].length;
    const has = (flag: keyof Flags): boolean => (on.includes(flag) || this.flags[flag]) && !off.includes(flag);
    return { flags: { i: has('i'), m: has('m'), s: has('s'), x: has('x') }, ends: match[3] === ')' };
  }

  private flaggedGroup(flags: Flags): RegexNode {
    const outer = this.flags;
    this.flags = flags;
    return this.rest('(?:', outer.i, outer);
  }

  /** The body of a group whose opening has been read, and its closing bracket. */
  private rest(opening: string, ignoresCase: boolean, outer = this.flags): RegexNode {
    return { kind: 'group', opening, body: this.body(ignoresCase, outer) };
  }

  private body(ignoresCase = this.flags.i, outer = this.flags): Alternatives {
    const opened = this.at;
    const body = this.alternatives(ignoresCase);
    if (this.pattern[this.at] !== ')') throw new Error(`the group that begins before ${opened} is never closed`);
    this.at += 1;
    this.flags = outer;
    return body;
  }

  private quantified(atom: RegexNode): RegexNode {
    this.skipComments();
    const match = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(this.pattern.slice(this.at, this.at + 32));
    if (match === null) {
      if (this.pattern[this.at] === '{')
        throw new Error(`{ at ${this.at} has to be a repetition such as {2,3}, or be written \\{`);
      return atom;
    }
    this.at += match[0].length;
    const mode = this.pattern[this.at] ?? '';
    if (mode === '?' || mode === '+') this.at += 1;
    const quantifier = mode === '?' ? `${match[0]}?` : match[0];
    return { kind: 'quantified', atom, quantifier, isPossessive: mode === '+' };
  }

  private atom(): RegexNode {
    const next = this.pattern[this.at] ?? '';
    switch (next) {
      case '(':
        return this.group();
      case '[':
        this.at += 1;
        return { kind: 'text', source: this.characterClass() };
      case '\\':
        return this.escape();
      case '.':
        this.at += 1;
        return { kind: 'text', source: this.flags.s ? '[^]' : '.' };
      case '^':
        this.at += 1;
        return { kind: 'assertion', source: this.flags.m ? '(?:^|(?<=\\n|\\r(?!\\n)|[\\u2028\\u2029])(?=[^]))' : '^' };
      case '$':
        this.at += 1;
        return { kind: 'assertion', source: this.flags.m ? `(?=${lineEnd}|$)` : `(?=${lineEnd}?$)` };
      case '*':
      case '+':
      case '?':
        throw new Error(`nothing to repeat before ${next} at ${this.at}`);
      case '{':
        throw new Error(`{ at ${this.at} has to stand after what it repeats, or be written \\{`);
      default: {
        const code = this.pattern.codePointAt(this.at) ?? 0;
        this.at += code > 0xffff ? 2 : 1;
        return { kind: 'text', source: escaped(code) };
      }
    }
  }

  private group(): RegexNode {
    const special = /^\((?:\?(?:[:=!>]|<[=!]|<([^>=!][^>]*)>))?/.exec(this.pattern.slice(this.at, this.at + 200));
    const opening = special?.[0] ?? '(';
    if (opening === '(' && this.pattern[this.at + 1] === '?')
      throw new Error(`${this.pattern.slice(this.at, this.at + 4)} is not a kind of group`);
    this.at += opening.length;
    const name = special?.[1] ?? null;
    if (opening === '(' || name !== null) {
      this.captures += 1;
      const index = this.captures;
      return { kind: 'capture', index, name, body: this.body() };
    }
    if (opening === '(?>') return { kind: 'atomic', body: this.body() };
    return this.rest(opening, this.flags.i);
  }

  private escape(): RegexNode {
    const next = this.pattern[this.at + 1] ?? '';
    const assertion = assertions[next];
    if (assertion !== undefined) {
      this.at += 2;
      return { kind: 'assertion', source: assertion };
    }
    if (next === 'R') {
      this.at += 2;
      return { kind: 'text', source: lineEnd };
    }
    const reference = /^\\(?:k<([^>]+)>|([1-9]\d*))/.exec(this.pattern.slice(this.at, this.at + 200));
    if (reference !== null) return this.backReference(reference[1] ?? null, reference[2] ?? '');
    const members = this.members();
    return { kind: 'text', source: oneMember.test(members) ? members : `[${members}]` };
  }

  /** `\11` is the group 11 where there are that many before it, and else the group 1 and a 1. */
  private backReference(name: string | null, digits: string): RegexNode {
    this.hasBackReferences = true;
    let length = digits.length;
    while (length > 1 && Number(digits.slice(0, length)) > this.captures) length -= 1;
    this.at += name === null ? 1 + length : 4 + name.length;
    return { kind: 'backReference', group: name ?? Number(digits.slice(0, length)) };
  }

  /** An escape that stands for characters, as the inside of a class. */
  private members(): string {
    const rest = this.pattern.slice(this.at, this.at + 64);
    const property = /^\\([pP])(?:\{([^}]+)\}|([A-Z]))/.exec(rest);
    if (property !== null) {
      this.at += property[0].length;
      return this.property(property[2] ?? property[3] ?? '', property[1] === 'P', property[0]);
    }
    const next = rest[1] ?? '';
    const shorthand = shorthandClasses[next.toLowerCase()];
    if (shorthand !== undefined) {
      this.at += 2;
      return classText(next === next.toLowerCase() ? shorthand : complementOf(shorthand, this.isUnicode));
    }
    return escaped(this.escapedCode(rest, next));
  }

  private escapedCode(rest: string, next: string): number {
    const coded =
      /^\\x([0-9a-fA-F]{2})|^\\u([0-9a-fA-F]{4})|^\\x\{([0-9a-fA-F]+)\}|^\\0([0-3]?[0-7]{1,2})|^\\c(.)/.exec(rest);
    if (coded !== null) {
      this.at += coded[0].length;
      if (coded[5] !== undefined) return coded[5].charCodeAt(0) ^ 64;
      return coded[4] === undefined ? parseInt(coded[1] ?? coded[2] ?? coded[3] ?? '', 16) : parseInt(coded[4], 8);
    }
    this.at += 2;
    const known = controls[next];
    if (known !== undefined) return known;
    if (next === '') throw new Error('a backslash at the end');
    if (/[a-zA-Z]/.test(next)) throw new Error(`\\${next} is not supported`);
    return next.codePointAt(0) ?? 0;
  }

  private property(name: string, isNegated: boolean, written: string): string {
    const ranges = posixClasses[name];
    if (ranges !== undefined) return classText(isNegated ? complementOf(ranges, this.isUnicode) : ranges);
    const bare = unicodeProperties[name] ?? name.replace(/^Is(?=.)/, '').replace(/^(?:general_category|gc)=/i, '');
    for (const candidate of [bare, `Script=${bare}`]) {
      const source = `\\${isNegated ? 'P' : 'p'}{${candidate}}`;
      if (isRegex(source)) return source;
    }
    throw new Error(`the class ${written} is not supported`);
  }

  /** A class whose `[` has been read. Unions and intersections become look-aheads, as JavaScript has them only with the flag v. */
  private characterClass(): string {
    const isNegated = this.pattern[this.at] === '^';
    if (isNegated) this.at += 1;
    const operands: { flat: string; nested: string[] }[] = [{ flat: '', nested: [] }];
    let isFirst = true;
    for (;;) {
      const operand = operands.at(-1);
      const next = this.pattern[this.at];
      if (next === undefined || operand === undefined) throw new Error('a class that is never closed: [');
      if (next === ']' && !isFirst) break;
      isFirst = false;
      if (this.pattern.startsWith('&&', this.at)) {
        this.at += 2;
        operands.push({ flat: '', nested: [] });
      } else if (next === '[') {
        this.at += 1;
        operand.nested.push(this.characterClass());
      } else if (this.flags.x && /\s/.test(next)) {
        this.at += 1;
      } else {
        operand.flat += this.range();
      }
    }
    this.at += 1;
    const [only] = operands;
    if (operands.length === 1 && only?.nested.length === 0) return `[${isNegated ? '^' : ''}${only.flat}]`;
    const sets = operands
      .filter((operand) => operand.flat !== '' || operand.nested.length > 0)
      .map(({ flat, nested }) => `(?:${[...(flat === '' ? [] : [`[${flat}]`]), ...nested].join('|')})`);
    const all = sets.map((set, index) => (index < sets.length - 1 ? `(?=${set})` : set)).join('');
    return isNegated ? `(?:(?!${all})[^])` : `(?:${all})`;
  }

  private range(): string {
    const first = this.member();
    const after = this.pattern[this.at + 1];
    const isRange = this.pattern[this.at] === '-' && after !== ']' && after !== '[' && after !== undefined;
    if (!isRange || /^\\[pP]|-/.test(first)) return first;
    this.at += 1;
    return `${first}-${this.member()}`;
  }

  private member(): string {
    if (this.pattern[this.at] === '\\') return this.members();
    const code = this.pattern.codePointAt(this.at) ?? 0;
    this.at += code > 0xffff ? 2 : 1;
    return escaped(code);
  }

  private skipComments(): void {
    while (this.flags.x) {
      const blank = /^(?:\s+|#[^\n]*)/.exec(this.pattern.slice(this.at))?.[0];
      if (blank === undefined) return;
      this.at += blank.length;
    }
  }
}

const assertions: Readonly<Record<string, string>> = {
  b: '\\b',
  B: '\\B',
  A: '^',
  z: '$',
  Z: `(?=${lineEnd}?$)`,
};

/** What needs no class around it. */
const oneMember = /^(?:[^\\]|\\[^a-zA-Z]|\\x..|\\u....|\\u\{[^}]+\}|\\[pP]\{[^}]+\})$/;

const controls: Readonly<Record<string, number>> = { t: 9, n: 10, f: 12, r: 13, a: 7, e: 27 };

/** `\Q…\E` as escapes of single characters, so that a quantifier after it belongs to the last one. */
function withoutQuotes(pattern: string): string {
  if (!pattern.includes('\\Q')) return pattern;
  return pattern.replaceAll(/\\(?:Q([^]*?)(?:\\E|$)|[^])/g, (written, quoted?: string) =>
    quoted === undefined ? written : quoted.replaceAll(/[^a-zA-Z0-9]/g, '\\$&'),
  );
}

/** What JavaScript understands only with the flag u. */
function needsUnicode(pattern: string): boolean {
  if (/[\ud800-\udbff]|\\x\{|\\[pP][A-Z]/.test(pattern)) return true;
  for (const match of pattern.matchAll(/\\[pP]\{([^}]*)\}/g))
    if (posixClasses[match[1] ?? ''] === undefined) return true;
  return false;
}

function isRegex(source: string): boolean {
  try {
    return new RegExp(source, 'u').source !== '';
  } catch {
    return false;
  }
}
