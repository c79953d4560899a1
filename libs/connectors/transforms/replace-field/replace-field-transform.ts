import { defineOptions } from '#config/options';
import type { JsonObject } from '#pipeline/sink-json';
import { sided } from '../side.js';
import { DerivedSchemas, fieldsOf, fieldValue, replaceNullOption, withFields } from '../struct.js';

const options = defineOptions({
  exclude: {
    type: 'list',
    default: [],
    aliases: ['blacklist'],
    doc: 'Fields to leave out. Wins over `include`.',
  },
  include: {
    type: 'list',
    default: [],
    aliases: ['whitelist'],
    doc: 'The only fields to keep. Empty = all.',
  },
  renames: {
    type: 'list',
    default: [],
    check: (pairs: readonly string[]) =>
      pairs.every((pair) => pair.split(':').length === 2) ? null : 'must be pairs such as old:new,other:another',
    doc: 'Fields to call otherwise: `old:new,other:another`.',
  },
  ...replaceNullOption,
});

const purpose = 'field replacement';

export const replaceFieldTransforms = sided({
  name: 'ReplaceField',
  doc: 'Leaves fields out, or renames them.',
  options,
  create(values) {
    const excluded = new Set(values.exclude);
    const included = new Set(values.include);
    const renames = new Map(values.renames.map((pair) => pair.split(':') as [string, string]));
    const stays = (name: string): boolean => !excluded.has(name) && (included.size === 0 || included.has(name));
    const renamed = (name: string): string => renames.get(name) ?? name;
    const schemas = new DerivedSchemas((schema) =>
      withFields(
        schema,
        (schema.fields ?? []).flatMap((field) =>
          stays(field.name) ? [{ name: renamed(field.name), schema: field.schema }] : [],
        ),
      ),
    );
    return (_records, side, index) => {
      const data = side.data(index);
      if (data === null) return;
      const schema = side.schema(index);
      const given = fieldsOf(data, schema, purpose);
      const fields: JsonObject = {};
      if (schema === undefined) {
        for (const name of Object.keys(given)) if (stays(name)) fields[renamed(name)] = given[name] ?? null;
        side.set(index, fields);
        return;
      }
      for (const { name, schema: inner } of schema.fields ?? []) {
        if (stays(name)) fields[renamed(name)] = fieldValue(given, name, inner, values['replace.null.with.default']);
      }
      side.set(index, fields, schemas.of(schema));
    };
  },
});
