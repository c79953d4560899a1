import type { ConnectField, ConnectSchema } from '#pipeline/connect-schema';
import { isJsonObject, type JsonObject, type JsonValue } from '#pipeline/sink-json';

/** Of Kafka's transforms that look at fields. */
export const replaceNullOption = {
  'replace.null.with.default': {
    type: 'boolean',
    default: true,
    doc: 'Whether a null in a field whose schema has a default is the default.',
  },
} as const;

/** The fields of a struct or map. Throws where the data is something else. */
export function fieldsOf(data: JsonValue, schema: ConnectSchema | undefined, purpose: string): JsonObject {
  if (isJsonObject(data) && (schema === undefined || schema.type === 'struct')) return data;
  throw new Error(`Only objects with fields are supported for [${purpose}], found: ${kindOf(data, schema)}`);
}

export function fieldsOrNull(data: JsonValue, schema: ConnectSchema | undefined, purpose: string): JsonObject | null {
  return data === null ? null : fieldsOf(data, schema, purpose);
}

export function kindOf(data: JsonValue, schema: ConnectSchema | undefined): string {
  if (data === null) return 'null';
  return schema?.type ?? (Array.isArray(data) ? 'array' : typeof data);
}

export function fieldSchema(schema: ConnectSchema, name: string): ConnectSchema | undefined {
  return schema.fields?.find((field) => field.name === name)?.schema;
}

/** A field's value: its schema's default where it is null and `withDefault`. */
export function fieldValue(
  fields: JsonObject,
  name: string,
  schema: ConnectSchema | undefined,
  withDefault: boolean,
): JsonValue {
  const value = fields[name] ?? null;
  return value === null && withDefault ? (schema?.default ?? null) : value;
}

/** All fields of a struct, nulls replaced by defaults where `withDefault`. */
export function structValues(fields: JsonObject, schema: ConnectSchema, withDefault: boolean): JsonObject {
  const values: JsonObject = {};
  for (const { name, schema: inner } of schema.fields ?? [])
    values[name] = fieldValue(fields, name, inner, withDefault);
  return values;
}

/** A schema made of another, once for each. */
export class DerivedSchemas {
  private readonly known = new WeakMap<ConnectSchema, ConnectSchema>();

  constructor(private readonly derive: (schema: ConnectSchema) => ConnectSchema) {}

  of(schema: ConnectSchema): ConnectSchema {
    let derived = this.known.get(schema);
    if (derived === undefined) {
      derived = this.derive(schema);
      this.known.set(schema, derived);
    }
    return derived;
  }
}

/** The struct's name, version and documentation with other fields; neither optional nor with a default, as Kafka's copies are. */
export function withFields(schema: ConnectSchema, fields: readonly ConnectField[]): ConnectSchema {
  const { name, version, doc, parameters } = schema;
  return {
    type: 'struct',
    optional: false,
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(doc === undefined ? {} : { doc }),
    ...(parameters === undefined ? {} : { parameters }),
    fields,
  };
}
