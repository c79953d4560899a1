import { defineOptions } from '#config/options';
import type { ConnectField, ConnectSchema } from '#pipeline/connect-schema';
import { isJsonObject, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { sided } from '../side.js';
import { DerivedSchemas, fieldsOf, fieldValue, withFields } from '../struct.js';

const options = defineOptions({
  delimiter: { type: 'string', default: '.', doc: 'What stands between the names of the levels.' },
});

const purpose = 'flattening';

export const flattenTransforms = sided({
  name: 'Flatten',
  doc: 'Makes the fields of inner objects fields of the outer one: `{"a":{"b":1}}` becomes `{"a.b":1}`. Arrays stay.',
  options,
  create({ delimiter }) {
    const nameOf = (prefix: string, name: string): string => (prefix === '' ? name : prefix + delimiter + name);

    const flattenMap = (given: JsonObject, prefix: string, into: JsonObject): void => {
      for (const [name, value] of Object.entries(given)) {
        if (isJsonObject(value)) flattenMap(value, nameOf(prefix, name), into);
        else into[nameOf(prefix, name)] = value;
      }
    };

    const flattenStruct = (given: JsonObject, schema: ConnectSchema, prefix: string, into: JsonObject): void => {
      for (const { name, schema: inner } of schema.fields ?? []) {
        const value = fieldValue(given, name, inner, true);
        if (inner.type !== 'struct') into[nameOf(prefix, name)] = value;
        else if (isJsonObject(value)) flattenStruct(value, inner, nameOf(prefix, name), into);
      }
    };

    const flattenFields = (
      schema: ConnectSchema,
      prefix: string,
      isOptional: boolean,
      parent: JsonValue,
    ): ConnectField[] =>
      (schema.fields ?? []).flatMap(({ name, schema: inner }) => {
        const optional = isOptional || inner.optional;
        const initial = inner.default ?? (isJsonObject(parent) ? (parent[name] ?? null) : null);
        if (inner.type === 'map') {
          throw new Error(
            `Flatten transformation does not support MAP for record with schemas (for field ${nameOf(prefix, name)}).`,
          );
        }
        if (inner.type === 'struct') return flattenFields(inner, nameOf(prefix, name), optional, initial);
        const { default: _own, ...rest } = inner;
        return [
          {
            name: nameOf(prefix, name),
            schema: { ...rest, optional, ...(initial === null ? {} : { default: initial }) },
          },
        ];
      });

    const schemas = new DerivedSchemas((schema) =>
      withFields(schema, flattenFields(schema, '', schema.optional, schema.default ?? null)),
    );
    return (_records, side, index) => {
      const data = side.data(index);
      if (data === null) return;
      const schema = side.schema(index);
      const given = fieldsOf(data, schema, purpose);
      const fields: JsonObject = {};
      if (schema === undefined) flattenMap(given, '', fields);
      else {
        const flat = schemas.of(schema);
        for (const { name } of flat.fields ?? []) fields[name] = null;
        flattenStruct(given, schema, '', fields);
      }
      side.set(index, fields, schema === undefined ? undefined : schemas.of(schema));
    };
  },
});
