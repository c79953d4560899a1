import type { Arguments } from '../arguments.js';
import { StepCommand } from '../chained-command.js';
import type { CommandType } from '../command.js';
import { FieldExpression } from '../field-expression.js';
import type { RecordValue } from '../java-value.js';
import type { MorphlineRecord } from '../record.js';

/** Appends values to fields. */
export const addValues: CommandType = {
  name: 'addValues',
  className: 'org.kitesdk.morphline.stdlib.AddValuesBuilder',
  create({ arguments: args, child }) {
    const assignments = fieldValues(args);
    return new StepCommand(child, (record) => {
      for (const { field, values } of assignments) record.putAll(field, valuesOf(values, record));
      return true;
    });
  },
};

/**
 * Puts values in the place of those that fields have; an empty list removes the field. Where a value refers to its own field, it is what the
 * field held before. (Kite clears the field first and then finds nothing.)
 */
export const setValues: CommandType = {
  name: 'setValues',
  className: 'org.kitesdk.morphline.stdlib.SetValuesBuilder',
  create({ arguments: args, child }) {
    const assignments = fieldValues(args);
    return new StepCommand(child, (record) => {
      for (const { field, values } of assignments) record.replaceAll(field, valuesOf(values, record));
      return true;
    });
  },
};

/** Appends those values that a field does not hold yet; decided for each value. */
export const addValuesIfAbsent: CommandType = {
  name: 'addValuesIfAbsent',
  className: 'org.kitesdk.morphline.stdlib.AddValuesIfAbsentBuilder',
  create({ arguments: args, child }) {
    const assignments = fieldValues(args);
    return new StepCommand(child, (record) => {
      for (const { field, values } of assignments) {
        for (const value of valuesOf(values, record).slice()) record.putIfAbsent(field, value);
      }
      return true;
    });
  },
};

export interface FieldValues {
  readonly field: string;
  /** A list is taken as it stands; text is a field expression. */
  readonly values: readonly RecordValue[] | FieldExpression;
}

/** All arguments of a command, as fields and the values for each. */
export function fieldValues(args: Arguments): readonly FieldValues[] {
  return args.entries().map(([field, value]) => ({
    field,
    values: typeof value === 'string' ? args.expression(value) : value,
  }));
}

export function valuesOf(values: FieldValues['values'], record: MorphlineRecord): readonly RecordValue[] {
  return values instanceof FieldExpression ? values.evaluate(record) : values;
}
