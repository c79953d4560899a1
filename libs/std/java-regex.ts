/**
 * Java's regular expressions (java.util.regex) as JavaScript's. Where the two write or mean something differently, the source is
 * rewritten: inline flags, `\Q…\E`, `\A`, `\z`, `\Z`, `\h`, `\R`, POSIX and Unicode classes, unions and intersections of classes, ASCII-only
 * `\s`, `$` before a last line end, possessive quantifiers and atomic groups (as a look-ahead with a group of its own). What cannot be
 * had (`\G`, `\X`, blocks such as `\p{InGreek}`) is refused by name, at validation.
 */
import { JavaRegexParser, type Alternatives, type RegexNode } from './java-regex-parser.js';

export interface TranslatedRegex {
  readonly source: string;
  /** `i` and `u`, as far as needed. */
  readonly flags: string;
  /** JavaScript's number of each of Java's groups, the whole match first. */
  readonly groups: readonly number[];
  /** JavaScript has groups that Java has not, so that numbers differ. */
  readonly isRenumbered: boolean;
  /** JavaScript's numbers of the groups of each name. */
  readonly names: ReadonlyMap<string, readonly number[]>;
}

export interface TranslateOptions {
  /** Of Java's flags i, m and s those that are set from outside. */
  readonly flags?: string;
  /** Names may come more than once, and groups have numbers only; groups without a name do not capture unless something refers to them. */
  readonly isGrok?: boolean;
}

/** Throws an Error whose message says what is wrong with the pattern. */
export function compileJavaRegex(pattern: string, flags = ''): RegExp {
  const translated = translateJavaRegex(pattern, { flags });
  const all = [...new Set(flags.replaceAll(/[ms]/g, '') + translated.flags)].join('');
  return translated.isRenumbered
    ? new RenumberedRegExp(translated.source, all, translated.groups)
    : new RegExp(translated.source, all);
}

/** For the whole of a text, as Java's `matches()`. */
export function compileJavaMatcher(pattern: string): RegExp {
  const translated = translateJavaRegex(pattern);
  const source = `^(?:${translated.source})$`;
  return translated.isRenumbered
    ? new RenumberedRegExp(source, translated.flags, translated.groups)
    : new RegExp(source, translated.flags);
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

export function translateJavaRegex(pattern: string, options: TranslateOptions = {}): TranslatedRegex {
  const parsed = new JavaRegexParser(pattern, options.flags ?? '').parse();
  const writer = new SourceWriter(options.isGrok === true, parsed.hasBackReferences);
  const source = writer.alternatives(parsed.body);
  const flags = `${parsed.ignoresCase ? 'i' : ''}${parsed.isUnicode ? 'u' : ''}`;
  const { groups, names, isRenumbered } = writer;
  return { source, flags, groups, names, isRenumbered };
}

/** A replacement in Java's words, for `String.replace`: a backslash makes the next character plain, `${name}` is a group, `$&` nothing special. */
export function toJavaScriptReplacement(text: string): string {
  return text.replaceAll(/\\(.)|\$\{(\w+)\}|\$(?!\d)/gs, (_whole, plain?: string, group?: string) => {
    if (group !== undefined) return `$<${group}>`;
    return plain === undefined || plain === '$' ? '$$' : plain;
  });
}

class SourceWriter {
  readonly groups: number[] = [0];
  readonly names = new Map<string, number[]>();
  isRenumbered = false;
  private count = 0;

  constructor(
    private readonly isGrok: boolean,
    private readonly hasBackReferences: boolean,
  ) {}

  alternatives(body: Alternatives): string {
    return body.map((branch) => branch.map((node) => this.node(node)).join('')).join('|');
  }

  private node(node: RegexNode): string {
    switch (node.kind) {
      case 'text':
      case 'assertion':
        return node.source;
      case 'group':
        return `${node.opening}${this.alternatives(node.body)})`;
      case 'capture':
        return this.capture(node.index, node.name, node.body);
      case 'atomic':
        return this.atomic(() => this.alternatives(node.body));
      case 'backReference':
        return this.backReference(node.group);
      case 'quantified': {
        const write = (): string => this.atom(node.atom) + node.quantifier;
        return node.isPossessive ? this.atomic(write) : write();
      }
    }
  }

  /** Something that a quantifier can follow. */
  private atom(node: RegexNode): string {
    const source = this.node(node);
    const isLookAround = node.kind === 'group' && /^\(\?<?[=!]/.test(node.opening);
    return node.kind === 'assertion' || isLookAround ? `(?:${source})` : source;
  }

  /** A look-ahead is not entered again to try otherwise, so what it found is final. */
  private atomic(write: () => string): string {
    this.count += 1;
    this.isRenumbered = true;
    const group = this.count;
    return `(?:(?=(${write()}))\\${group})`;
  }

  private capture(index: number, name: string | null, body: Alternatives): string {
    if (this.isGrok && name === null && !this.hasBackReferences) return `(?:${this.alternatives(body)})`;
    this.count += 1;
    this.groups[index] = this.count;
    if (name === null) return `(${this.alternatives(body)})`;
    const known = this.names.get(name);
    if (known !== undefined && !this.isGrok) throw new Error(`the group ${name} is defined twice`);
    if (known === undefined) this.names.set(name, [this.count]);
    else known.push(this.count);
    return `(${this.isGrok ? '' : `?<${name}>`}${this.alternatives(body)})`;
  }

  private backReference(group: number | string): string {
    const found = typeof group === 'number' ? this.groups[group] : this.names.get(group)?.[0];
    if (found === undefined) throw new Error(`there is no group ${group} before the reference to it`);
    return `(?:\\${found})`;
  }
}

/** Gives groups by the numbers that Java counts, where the translation needed some of its own. Slower than a plain one. */
class RenumberedRegExp extends RegExp {
  constructor(
    source: string,
    flags: string,
    private readonly javaGroups: readonly number[],
  ) {
    super(source, flags);
  }

  override exec(text: string): RegExpExecArray | null {
    const match = super.exec(text);
    if (match === null) return null;
    // A group that did not take part is undefined, whatever the library's types say.
    const groups = this.javaGroups.slice(1).map((group): string => match[group] as string);
    const values: [string, ...string[]] = [match[0], ...groups];
    return Object.assign(values, { index: match.index, input: match.input, groups: match.groups });
  }
}
