import { compileJavaRegex, toJavaScriptReplacement } from '#std/java-regex';
import { StepCommand } from '../chained-command.js';
import type { CommandType } from '../command.js';
import { javaText } from '../java-value.js';
import { grokDictionary } from './grok-arguments.js';

/** Replaces a text or what matches a pattern, in each value of a field. */
export const findReplace: CommandType = {
  name: 'findReplace',
  className: 'org.kitesdk.morphline.stdlib.FindReplaceBuilder',
  create({ arguments: args, child, context }) {
    const field = args.string('field');
    const dictionary = grokDictionary(args, context);
    const replacement = args.string('replacement');
    const pattern = args.string('pattern');
    const isRegex = args.boolean('isRegex', false);
    const replaceFirst = args.boolean('replaceFirst', false);
    if (!isRegex) {
      const replace = (text: string): string => {
        if (pattern === '') return text;
        // As a function: a dollar sign in the replacement is a dollar sign.
        return replaceFirst ? text.replace(pattern, () => replacement) : text.replaceAll(pattern, () => replacement);
      };
      return new StepCommand(child, (record) => record.transform(field, (value) => replace(javaText(value))));
    }
    const flags = replaceFirst ? '' : 'g';
    const compiled = args.attempt('pattern', pattern, () => compileJavaRegex(dictionary.expand(pattern), flags));
    const template = toJavaScriptReplacement(replacement);
    return new StepCommand(child, (record) =>
      record.transform(field, (value) => javaText(value).replace(compiled, template)),
    );
  },
};
