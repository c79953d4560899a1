import { defineOptions } from '#config/options';
import type { ConnectSchema } from '#pipeline/connect-schema';
import type { ConverterType } from '#pipeline/sink-converters';
import { readLogical } from '#pipeline/sink-envelope';
import { isJsonObject, parseJson, parseJsonText, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import type { RegisteredSchema } from '../schema-registry/registry-client.js';
import { RegistryConverter, type SchemaReader } from '../schema-registry/registry-converter.js';
import { openRegistry, registryOptions, registryProblems } from '../schema-registry/registry-options.js';
import { hasLogicalTypes, JsonSchemaTypes } from './json-schema-types.js';

const options = defineOptions({
  ...registryOptions,
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
  doc: 'JSON with a JSON Schema in a schema registry, as Confluent’s serializers write it. Records are not checked against the schema.',
  options,
  check: registryProblems,
  create: (given, { clock }) =>
    new RegistryConverter({ kind: 'JSON', registry: openRegistry(given, clock), clock, compile: jsonSchemaReader }),
};

/** Throws where the schema is no JSON. */
export function jsonSchemaReader({ text, references }: RegisteredSchema): SchemaReader {
  const others = new Map(references.map(({ name, text: other }) => [name, objectOf(parseJsonText(other))]));
  const schema = new JsonSchemaTypes(objectOf(parseJsonText(text)), others).type();
  const isLogical = schema !== undefined && hasLogicalTypes(schema);
  return {
    read(bytes, from) {
      const payload = bytes.subarray(from);
      const json = parseJson(payload);
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
