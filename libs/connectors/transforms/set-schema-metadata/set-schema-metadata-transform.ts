import { defineOptions } from '#config/options';
import type { ConnectSchema } from '#pipeline/connect-schema';
import { sided } from '../side.js';
import { DerivedSchemas } from '../struct.js';

const options = defineOptions({
  'schema.name': { type: 'string', importance: 'high', doc: "The schema's new name." },
  'schema.version': { type: 'int', importance: 'high', doc: "The schema's new version." },
  'replace.null.with.default': { type: 'boolean', default: true, doc: 'Accepted for Connect; without meaning here.' },
});

export const setSchemaMetadataTransforms = sided({
  name: 'SetSchemaMetadata',
  doc: 'Gives the schema another name or version, where the record has a schema. What is written as JSON stays the same.',
  options,
  create(values) {
    const name = values['schema.name'];
    const version = values['schema.version'];
    const schemas = new DerivedSchemas((schema): ConnectSchema => ({
      ...schema,
      ...(name === null ? {} : { name }),
      ...(version === null ? {} : { version }),
    }));
    return (_records, side, index) => {
      const schema = side.schema(index);
      if (schema !== undefined) side.set(index, side.data(index), schemas.of(schema));
    };
  },
});
