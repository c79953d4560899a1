import { leavesOf } from '../arguments.js';
import { StepCommand } from '../chained-command.js';
import type { CommandType } from '../command.js';
import { javaText } from '../java-value.js';

/** Replaces values by a dictionary. What it does not have becomes `fallback`, or fails the record where there is none. */
export const translate: CommandType = {
  name: 'translate',
  className: 'org.kitesdk.morphline.stdlib.TranslateBuilder',
  create({ arguments: args, child }) {
    const field = args.string('field');
    const dictionary = new Map(
      leavesOf(args.object('dictionary')).map(([key, value]) => {
        return [key, typeof value === 'string' ? value : args.fail(`${key} has to be a text`, 'dictionary')] as const;
      }),
    );
    const fallback = args.optionalString('fallback');
    return new StepCommand(child, (record) =>
      record.transform(field, (value) => dictionary.get(javaText(value)) ?? fallback),
    );
  },
};
