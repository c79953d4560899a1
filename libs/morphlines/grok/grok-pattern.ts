import { translateJavaRegex } from '#std/java-regex';
import type { GrokDictionary } from './grok-dictionary.js';

/** One capture of a grok expression. Several may have the same name, as in alternatives. */
export interface GrokCapture {
  readonly name: string;
  /** Index into a match. */
  readonly group: number;
}

/** A compiled grok expression: a Java regular expression with `%{NAME:field}` in it. */
export class GrokPattern {
  /** By name in the order of first appearance. */
  readonly captures: readonly GrokCapture[];
  private readonly whole: RegExp;
  private readonly part: RegExp;
  /** The expanded pattern as Java would read it. */
  readonly source: string;

  /** Throws an Error whose message says what is wrong with the expression. */
  constructor(expression: string, dictionary: GrokDictionary) {
    this.source = dictionary.expand(expression);
    const { source, flags, names } = translateJavaRegex(this.source, { isGrok: true });
    this.captures = [...names].flatMap(([name, groups]) => groups.map((group) => ({ name, group })));
    this.whole = new RegExp(`^(?:${source})$`, flags);
    this.part = new RegExp(source, `g${flags}`);
  }

  /** Where the whole text matches; else null. */
  match(text: string): RegExpExecArray | null {
    return this.whole.exec(text);
  }

  /** Each place that matches, from left to right. */
  matchesIn(text: string): IterableIterator<RegExpExecArray> {
    return text.matchAll(this.part);
  }

  /** The first place at all; null where there is none. */
  find(text: string): RegExpExecArray | null {
    this.part.lastIndex = 0;
    return this.part.exec(text);
  }
}
