import { defineOptions } from '#config/options';
import { sided } from '../side.js';
import { DerivedSchemas } from '../struct.js';

const options = defineOptions({
  field: { type: 'string', required: true, doc: 'The only field of the new object.' },
});

export const hoistFieldTransforms = sided({
  name: 'HoistField',
  doc: 'Makes the whole one field of a new object.',
  options,
  create({ field }) {
    const schemas = new DerivedSchemas((schema) => ({
      type: 'struct',
      optional: false,
      fields: [{ name: field, schema }],
    }));
    return (_records, side, index) => {
      const schema = side.schema(index);
      side.set(index, { [field]: side.data(index) }, schema === undefined ? undefined : schemas.of(schema));
    };
  },
});
