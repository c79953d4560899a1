import { defineOptions } from '#config/options';
import type { JsonObject } from '#pipeline/sink-json';
import { atLeastOne } from '../checks.js';
import { headerValue } from '../header-values.js';
import { sided } from '../side.js';
import {
  DerivedSchemas,
  fieldSchema,
  fieldsOf,
  fieldValue,
  replaceNullOption,
  structValues,
  withFields,
} from '../struct.js';

const options = defineOptions({
  fields: { type: 'list', required: true, check: atLeastOne, importance: 'high', doc: 'Fields to make headers of.' },
  headers: {
    type: 'list',
    required: true,
    check: atLeastOne,
    importance: 'high',
    doc: 'Names of the headers, in the order of `fields`.',
  },
  operation: {
    type: 'string',
    required: true,
    values: ['move', 'copy'],
    importance: 'high',
    doc: '`move` takes the fields out, `copy` leaves them.',
  },
  ...replaceNullOption,
});

export const headerFromTransforms = sided({
  name: 'HeaderFrom',
  doc: 'Makes headers of fields.',
  options,
  check(values) {
    if (values.fields.length === values.headers.length) return [];
    return [
      {
        name: 'headers',
        value: values.headers.join(','),
        message: "'fields' config must have the same number of elements as 'headers' config.",
      },
    ];
  },
  create(values) {
    const moved = new Set(values.operation === 'move' ? values.fields : []);
    const withDefault = values['replace.null.with.default'];
    const schemas = new DerivedSchemas((schema) =>
      withFields(
        schema,
        (schema.fields ?? []).filter(({ name }) => !moved.has(name)),
      ),
    );
    return (records, side, index) => {
      const schema = side.schema(index);
      const given = fieldsOf(side.data(index), schema, `header ${values.operation}`);
      const added = values.fields.map((name, at) => {
        const inner = schema === undefined ? undefined : fieldSchema(schema, name);
        if (schema !== undefined && inner === undefined) throw new Error(`Field does not exist: ${name}`);
        const value = fieldValue(given, name, inner, withDefault);
        return { key: values.headers[at] ?? name, value: headerValue(value) };
      });
      records.setHeaders(index, [...records.headers(index), ...added]);
      if (moved.size === 0) return;
      if (schema !== undefined) {
        const left = schemas.of(schema);
        side.set(index, structValues(given, left, withDefault), left);
        return;
      }
      const fields: JsonObject = { ...given };
      for (const name of moved) delete fields[name];
      side.set(index, fields);
    };
  },
});
