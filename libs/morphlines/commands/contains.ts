import { StepCommand } from '../chained-command.js';
import type { CommandType } from '../command.js';
import { javaEquals } from '../java-value.js';
import { fieldValues, valuesOf } from './add-values.js';

/** Fails records unless each field named holds one of the values given for it. */
export const contains: CommandType = {
  name: 'contains',
  className: 'org.kitesdk.morphline.stdlib.ContainsBuilder',
  create({ arguments: args, child }) {
    const wanted = fieldValues(args);
    return new StepCommand(child, (record) =>
      wanted.every(({ field, values }) => {
        const held = record.get(field);
        return valuesOf(values, record).some((value) => held.some((existing) => javaEquals(existing, value)));
      }),
    );
  },
};

/** Fails records unless each field named holds exactly the values given for it, in that order. */
export const equals: CommandType = {
  name: 'equals',
  className: 'org.kitesdk.morphline.stdlib.EqualsBuilder',
  create({ arguments: args, child }) {
    const wanted = fieldValues(args);
    return new StepCommand(child, (record) =>
      wanted.every(({ field, values }) => {
        const held = record.get(field);
        const expected = valuesOf(values, record);
        if (held.length !== expected.length) return false;
        return held.every((existing, index) => {
          const value = expected[index];
          return value !== undefined && javaEquals(existing, value);
        });
      }),
    );
  },
};
