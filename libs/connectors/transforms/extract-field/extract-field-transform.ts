import { defineOptions } from '#config/options';
import { isJsonObject, type JsonValue } from '#pipeline/sink-json';
import type { ConnectSchema } from '#pipeline/connect-schema';
import { messageOf } from '#std/errors';
import { fieldPath } from '../field-path.js';
import { sided } from '../side.js';
import { fieldSchema, fieldsOrNull, fieldValue, replaceNullOption } from '../struct.js';

const options = defineOptions({
  field: { type: 'string', required: true, doc: 'The field to extract.' },
  'field.syntax.version': {
    type: 'string',
    values: ['V1', 'V2'],
    default: 'V1',
    doc: '`V1`: a field at the top. `V2`: a path such as ``outer.`with.dots`.inner``.',
  },
  ...replaceNullOption,
});

const purpose = 'field extraction';

export const extractFieldTransforms = sided({
  name: 'ExtractField',
  doc: 'Makes one field the whole.',
  options,
  check(values) {
    try {
      fieldPath(values.field, values['field.syntax.version']);
      return [];
    } catch (error) {
      return [{ name: 'field', value: values.field, message: messageOf(error) }];
    }
  },
  create(values) {
    const path = fieldPath(values.field, values['field.syntax.version']);
    const withDefault = values['replace.null.with.default'];
    return (_records, side, index) => {
      const schema = side.schema(index);
      const fields = fieldsOrNull(side.data(index), schema, purpose);
      let inner = schema;
      for (const name of schema === undefined ? [] : path) {
        inner = inner === undefined ? undefined : fieldSchema(inner, name);
        if (inner === undefined) throw new Error(`Unknown field: ${values.field}`);
      }
      side.set(index, valueAt(fields, schema, path, withDefault), inner);
    };
  },
});

function valueAt(
  fields: JsonValue,
  schema: ConnectSchema | undefined,
  path: readonly string[],
  withDefault: boolean,
): JsonValue {
  let value = fields;
  let at = schema;
  for (const [step, name] of path.entries()) {
    if (value === null) return null;
    if (!isJsonObject(value))
      throw new Error(`Only objects with fields are supported for [nested field access], at ${name}`);
    at = at === undefined ? undefined : fieldSchema(at, name);
    value = fieldValue(value, name, at, step < path.length - 1 || withDefault);
  }
  return value;
}
