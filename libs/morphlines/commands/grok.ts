import { leavesOf } from '../arguments.js';
import { ChainedCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';
import { GrokPattern } from '../grok/grok-pattern.js';
import { javaText } from '../java-value.js';
import type { MorphlineRecord } from '../record.js';
import { grokDictionary } from './grok-arguments.js';

/** Takes texts apart by patterns with names. All expressions have to match, else the record fails as it was. */
export const grok: CommandType = {
  name: 'grok',
  className: 'org.kitesdk.morphline.stdlib.GrokBuilder',
  create: (input) => new Grok(input),
};

interface GrokExpression {
  readonly field: string;
  readonly pattern: GrokPattern;
}

class Grok extends ChainedCommand {
  private readonly expressions: readonly GrokExpression[];
  private readonly extract: boolean;
  private readonly isInPlace: boolean;
  private readonly required: 'atLeastOnce' | 'once' | 'all';
  private readonly findSubstrings: boolean;
  private readonly addEmptyStrings: boolean;

  constructor({ arguments: args, child, context }: CommandInput) {
    super(child);
    const dictionary = grokDictionary(args, context);
    const expressions = args.optionalObject('expressions');
    this.expressions = (expressions === null ? [] : leavesOf(expressions)).map(([field, expression]) => {
      const text =
        typeof expression === 'string'
          ? expression
          : args.fail(`the expression of ${field} has to be a text`, 'expressions');
      return { field, pattern: args.attempt('expressions', text, () => new GrokPattern(text, dictionary)) };
    });
    this.isInPlace = args.optionalString('extract') === 'inplace';
    this.extract = this.isInPlace || args.boolean('extract', true);
    this.required = args.choice('numRequiredMatches', ['atLeastOnce', 'once', 'all'], 'atLeastOnce');
    this.findSubstrings = args.boolean('findSubstrings', false);
    this.addEmptyStrings = args.boolean('addEmptyStrings', false);
  }

  process(record: MorphlineRecord): boolean {
    if (!this.extract) return this.matches(record, null) && this.child.process(record);
    if (!this.isInPlace) {
      const output = record.copy();
      return this.matches(record, output) && this.child.process(output);
    }
    // In place, nothing may be put in before it is known that all expressions match.
    const isOneMatch = this.expressions.length === 1 && this.required === 'atLeastOnce';
    if (!isOneMatch && !this.matches(record, null)) return false;
    return this.matches(record, record) && this.child.process(record);
  }

  /** Puts what was captured into `output`, if any. */
  private matches(input: MorphlineRecord, output: MorphlineRecord | null): boolean {
    for (const { field, pattern } of this.expressions) {
      const values = input.get(field);
      // A capture may have the name of the field that is read: what it adds is not read again.
      const count = values.length;
      const most = this.required === 'once' ? 1 : Infinity;
      const least = this.required === 'all' ? count : 1;
      let matched = 0;
      for (let index = 0; index < count; index += 1) {
        const value = values[index];
        if (value === undefined || !this.matchOne(pattern, javaText(value), output)) continue;
        matched += 1;
        if (matched > most) return false;
        if (output === null && matched >= least && most === Infinity) break;
      }
      if (matched < least) return false;
    }
    return true;
  }

  private matchOne(pattern: GrokPattern, text: string, output: MorphlineRecord | null): boolean {
    if (!this.findSubstrings) {
      const match = pattern.match(text);
      if (match === null) return false;
      if (output !== null) this.put(pattern, match, output);
      return true;
    }
    if (output === null) return pattern.find(text) !== null;
    let isFound = false;
    for (const match of pattern.matchesIn(text)) {
      isFound = true;
      this.put(pattern, match, output);
    }
    return isFound;
  }

  private put(pattern: GrokPattern, match: RegExpExecArray, output: MorphlineRecord): void {
    for (const { name, group } of pattern.captures) {
      const value: string | undefined = match[group];
      if (value !== undefined && (value !== '' || this.addEmptyStrings)) output.put(name, value);
    }
  }
}
