import { defineOptions, requireOptions } from '#config/options';
import type { JsonObject } from '#pipeline/sink-json';
import type { TransformType } from '#pipeline/transforms/transform';
import { atLeastOne } from '../checks.js';
import { DerivedSchemas, fieldSchema, fieldsOf, fieldValue, replaceNullOption } from '../struct.js';

const options = defineOptions({
  fields: {
    type: 'list',
    required: true,
    check: atLeastOne,
    importance: 'high',
    doc: 'Fields of the value that make the key.',
  },
  ...replaceNullOption,
});

const purpose = 'copying fields from value to key';

export const valueToKeyTransform: TransformType = {
  name: 'ValueToKey',
  classNames: ['org.apache.kafka.connect.transforms.ValueToKey'],
  doc: 'Makes a key of fields of the value.',
  options,
  create(input) {
    const values = requireOptions(`Transform ${input.name}`, options, input.options);
    const schemas = new DerivedSchemas((schema) => ({
      type: 'struct',
      optional: false,
      fields: values.fields.map((name) => {
        const inner = fieldSchema(schema, name);
        if (inner === undefined) throw new Error(`Field does not exist: ${name}`);
        return { name, schema: inner };
      }),
    }));
    return {
      apply(records) {
        records.each((index) => {
          const schema = records.value.schema(index);
          const given = fieldsOf(records.value.data(index), schema, purpose);
          const keySchema = schema === undefined ? undefined : schemas.of(schema);
          const key: JsonObject = {};
          for (const name of values.fields) {
            const inner = schema === undefined ? undefined : fieldSchema(schema, name);
            key[name] = fieldValue(given, name, inner, values['replace.null.with.default']);
          }
          records.key.set(index, key, keySchema);
        });
      },
    };
  },
};
