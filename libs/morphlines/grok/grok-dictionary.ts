import { hint } from '../arguments.js';
import { shippedDictionaries } from './shipped-dictionaries.js';

/** Patterns by name, as grok dictionaries have them: one `NAME pattern` a line, `#` begins a comment line. */
export class GrokDictionary {
  private readonly patterns = new Map<string, string>();

  /** With all dictionaries that come with us. */
  static shipped(): GrokDictionary {
    const dictionary = new GrokDictionary();
    for (const [name, text] of shippedDictionaries) dictionary.add(text, name);
    return dictionary;
  }

  /** Adds the text of a dictionary; a name that is known already gets the new pattern. Throws an Error with `file:line`. */
  add(text: string, file: string): void {
    for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) continue;
      const match = /^(\S+)\s+(.*)$/.exec(line);
      if (match === null)
        throw new Error(`${file}:${index + 1}: a line has to be a name, a blank and a pattern, not ${line}`);
      this.patterns.set(match[1] ?? '', match[2] ?? '');
    }
  }

  /** A Java regular expression with `%{NAME}` replaced, and `%{NAME:field}` by a group of the field's name. */
  expand(expression: string): string {
    return this.replace(expression, []);
  }

  private replace(expression: string, around: readonly string[]): string {
    return expression.replaceAll(
      /%\{([^}:]*)(?::([^}:]*))?(?::[^}]*)?\}/g,
      (_written, name: string, field?: string) => {
        if (around.includes(name)) throw new Error(`the grok pattern ${name} refers to itself`);
        const pattern = this.patterns.get(name);
        if (pattern === undefined) {
          const place = around.length === 0 ? '' : ` in ${around.at(-1)}`;
          throw new Error(`there is no grok pattern ${name}${place}${hint(name, this.patterns.keys())}`);
        }
        const replaced = this.replace(pattern, [...around, name]);
        return field === undefined || field === '' ? replaced : `(?<${field}>${replaced})`;
      },
    );
  }
}
