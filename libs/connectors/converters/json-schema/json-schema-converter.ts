import { defineOptions, requireOptions } from '#config/options';
import type { ConnectSchema } from '#pipeline/connect-schema';
import type { ConverterType } from '#pipeline/sink-converters';
import { readLogical } from '#pipeline/sink-envelope';
import { isJsonObject, parseJson, parseJsonText, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import type { RegisteredSchema } from '../schema-registry/registry-client.js';
import { RegistryConverter, type SchemaReader } from '../schema-registry/registry-converter.js';
import { openRegistry, registryOptions, registryProblems } from '../schema-registry/registry-options.js';
import { schemaCheck } from './schema-check.js';
import { hasLogicalTypes, JsonSchemaTypes } from './json-schema-types.js';

const options = defineOptions({
  ...registryOptions,
  'json.fail.invalid.schema': {
    type: 'boolean',
    default: false,
    doc: 'Whether a record that is not what its schema says is a bad record.',
  },
  'decimal.format': {
    type: 'string',
    values: ['BASE64', 'NUMERIC'],
    default: 'BASE64',
    doc: 'Accepted for Connect; decimals are read in either form.',
  },
});

export const jsonSchemaConverter: ConverterType = {
  name: 'json-schema',
  classNames: ['io.confluent.connect.json.JsonSchemaConverter'],
  doc: 'JSON with a JSON Schema in a schema registry, as Confluent’s serializers write it.',
  options,
  check: registryProblems,
  create(given, { clock }) {
    const isChecked = requireOptions('The converter', options, given)['json.fail.invalid.schema'];
    return new RegistryConverter({
      kind: 'JSON',
      registry: openRegistry(given, clock),
      clock,
      compile: async (schema) => jsonSchemaReader(schema, isChecked ? await schemaCheck(schema) : null),
    });
  },
};

/** `check` throws where the text is not what the schema says. Throws where the schema is no JSON. */
export function jsonSchemaReader(
  { text, references }: RegisteredSchema,
  check: ((text: string) => void) | null,
): SchemaReader {
  const others = new Map(references.map(({ name, text: other }) => [name, objectOf(parseJsonText(other))]));
  const schema = new JsonSchemaTypes(objectOf(parseJsonText(text)), others).type();
  const isLogical = schema !== undefined && hasLogicalTypes(schema);
  return {
    read(bytes, from) {
      const payload = bytes.subarray(from);
      const json = parseJson(payload);
      check?.(payload.toString('utf8'));
      if (schema === undefined) return { bytes: payload, json };
      return isLogical ? { json: converted(schema, json), schema } : { bytes: payload, json, schema };
    },
  };
}

function objectOf(json: JsonValue): JsonObject {
  return isJsonObject(json) ? json : {};
}

/** Dates and decimals in the forms of `ConnectSchema`; all else stays, fields that the schema does not name too. */
function converted(schema: ConnectSchema, json: JsonValue): JsonValue {
  if (json === null) return null;
  const { items, fields } = schema;
  if (fields !== undefined && isJsonObject(json)) {
    const struct: JsonObject = { ...json };
    for (const field of fields)
      if (field.name in json) struct[field.name] = converted(field.schema, json[field.name] ?? null);
    return struct;
  }
  if (items !== undefined && Array.isArray(json)) return json.map((item) => converted(items, item));
  if (items !== undefined && isJsonObject(json)) {
    return Object.fromEntries(Object.entries(json).map(([name, item]) => [name, converted(items, item)]));
  }
  return readLogical(schema, json);
}
