import { StepCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';
import { javaText } from '../java-value.js';
import { nameMatcher } from './name-matcher.js';

/** Removes the fields whose names match `blacklist` and not `whitelist`. */
export const removeFields: CommandType = {
  name: 'removeFields',
  className: 'org.kitesdk.morphline.stdlib.RemoveFieldsBuilder',
  create({ arguments: args, child }) {
    const matches = nameMatcher(args, 'blacklist', 'whitelist');
    args.integer('cacheCapacity', 10_000);
    return new StepCommand(child, (record) => {
      for (const name of [...record.names()]) if (matches(name)) record.remove(name);
      return true;
    });
  },
};

/** Removes values by patterns for their field's name and for themselves. */
export const removeValues: CommandType = {
  name: 'removeValues',
  className: 'org.kitesdk.morphline.stdlib.RemoveValuesBuilder',
  create: (input) => changeValues(input, null),
};

/** Replaces values by patterns for their field's name and for themselves. */
export const replaceValues: CommandType = {
  name: 'replaceValues',
  className: 'org.kitesdk.morphline.stdlib.ReplaceValuesBuilder',
  create: (input) => changeValues(input, input.arguments.string('replacement')),
};

function changeValues({ arguments: args, child }: CommandInput, replacement: string | null): StepCommand {
  const isField = nameMatcher(args, 'nameBlacklist', 'nameWhitelist');
  const isValue = nameMatcher(args, 'valueBlacklist', 'valueWhitelist');
  args.integer('nameCacheCapacity', 10_000);
  args.integer('valueCacheCapacity', 0);
  return new StepCommand(child, (record) => {
    for (const name of [...record.names()]) {
      if (!isField(name)) continue;
      const values = record.get(name);
      if (!values.some((value) => isValue(javaText(value)))) continue;
      const kept = values.flatMap((value) => {
        if (!isValue(javaText(value))) return [value];
        return replacement === null ? [] : [replacement];
      });
      record.replaceAll(name, kept);
    }
    return true;
  });
}
