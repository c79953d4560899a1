import { ConversionError } from '#pipeline/conversion-error';
import { logicalNames, type ConnectField, type ConnectSchema, type ConnectType } from '#pipeline/connect-schema';
import { dateText, decimalText, timestampText, timeText } from '#pipeline/logical-values';
import type { Converter } from '#pipeline/sink-converters';
import { isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';

type EnvelopeMode = 'always' | 'never' | 'either';

/** Schemas that are kept parsed, by their text. */
const schemasMax = 1000;

/**
 * Connect's JSON converter. Keys, after its prefix: `schemas.enable`; `replace.null.with.default` = true (default): a null in a field that has
 * a default is the default.
 */
export function envelopeConverter(settings: Readonly<Record<string, string>>): Converter {
  const mode = envelopeMode(settings['schemas.enable']);
  const replacesNull = settings['replace.null.with.default']?.trim().toLowerCase() !== 'false';
  const schemas = new EnvelopeSchemas();
  const heads = new EnvelopeHeads();
  return {
    convert(bytes) {
      const same = mode === 'never' ? null : heads.read(bytes);
      if (same !== null) {
        return { json: readPayload(same.schema, same.payload, { replacesNull, path: '' }), schema: same.schema };
      }
      const value = parsed(bytes);
      if (mode === 'never') return { bytes, json: value };
      if (isJsonObject(value) && isEnvelope(value)) {
        const schema = schemas.of(value['schema'] ?? null);
        const payload = value['payload'] ?? null;
        if (schema === null) return { json: payload };
        heads.learn(bytes, schema);
        return { json: readPayload(schema, payload, { replacesNull, path: '' }), schema };
      }
      if (mode === 'either') return { bytes, json: value };
      throw new ConversionError(
        'schemas.enable is true, but the JSON is not an object with exactly "schema" and "payload". ' +
          'Set schemas.enable=false for plain JSON',
      );
    },
  };
}

function envelopeMode(setting: string | undefined): EnvelopeMode {
  if (setting === undefined) return 'either';
  return setting.trim().toLowerCase() === 'true' ? 'always' : 'never';
}

function parsed(bytes: Buffer): JsonValue {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw new ConversionError('the bytes are not JSON', { cause: error });
  }
}

function isEnvelope(value: JsonObject): boolean {
  return 'schema' in value && 'payload' in value && Object.keys(value).length === 2;
}

/** The same schema comes with each record: it is the same object then, so that what is derived from it can be kept by it. */
class EnvelopeSchemas {
  private readonly known = new Map<string, ConnectSchema>();

  of(json: JsonValue): ConnectSchema | null {
    if (json === null) return null;
    const text = JSON.stringify(json, (_name, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    let schema = this.known.get(text);
    if (schema === undefined) {
      schema = readSchema(json);
      if (this.known.size >= schemasMax) this.known.clear();
      this.known.set(text, schema);
    }
    return schema;
  }
}

/** Envelopes' beginnings up to the payload that are known. */
const headsMax = 8;

/**
 * Envelopes that begin with the same bytes up to the payload have the same schema: only the payload of those is parsed. The schema is the larger
 * part of most of them, so that this takes a third of the time.
 */
class EnvelopeHeads {
  private readonly heads: { readonly bytes: Buffer; readonly schema: ConnectSchema }[] = [];

  /** Null where the beginning is not known, or what follows is more than a payload. */
  read(bytes: Buffer): { readonly schema: ConnectSchema; readonly payload: JsonValue } | null {
    for (const head of this.heads) {
      const { length } = head.bytes;
      if (bytes.length <= length || bytes.compare(head.bytes, 0, length, 0, length) !== 0) continue;
      const end = bytes.length - 1;
      if (bytes[end] !== 0x7d) return null;
      try {
        return { schema: head.schema, payload: parseJson(bytes.subarray(length, end)) };
      } catch {
        return null;
      }
    }
    return null;
  }

  learn(bytes: Buffer, schema: ConnectSchema): void {
    const text = bytes.toString('utf8');
    for (const { index, 0: found } of text.matchAll(/,\s*"payload"\s*:/g)) {
      if (!isSchemaAlone(`${text.slice(0, index)}}`)) continue;
      if (this.heads.length >= headsMax) this.heads.shift();
      this.heads.push({ bytes: Buffer.from(text.slice(0, index + found.length)), schema });
      return;
    }
  }
}

function isSchemaAlone(text: string): boolean {
  try {
    const value = parseJson(Buffer.from(text));
    return isJsonObject(value) && 'schema' in value && Object.keys(value).length === 1;
  } catch {
    return false;
  }
}

const types: Readonly<Record<string, ConnectType>> = {
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  float: 'float32',
  double: 'float64',
  boolean: 'boolean',
  string: 'string',
  bytes: 'bytes',
  array: 'array',
  map: 'map',
  struct: 'struct',
};

function readSchema(json: JsonValue): ConnectSchema {
  if (!isJsonObject(json)) throw new ConversionError('the envelope’s schema is not an object');
  const type = types[textOf(json['type']) ?? ''];
  if (type === undefined)
    throw new ConversionError(`the envelope’s schema has the unknown type ${stringifyJson(json['type'] ?? null)}`);
  const parameters = json['parameters'];
  const schema: ConnectSchema = {
    type,
    optional: json['optional'] === true,
    ...optionalText('name', json['name']),
    ...(typeof json['version'] === 'number' ? { version: json['version'] } : {}),
    ...optionalText('doc', json['doc']),
    ...(parameters !== undefined && isJsonObject(parameters) ? { parameters: textsOf(parameters) } : {}),
    ...(type === 'struct' ? { fields: readFields(json['fields']) } : {}),
    ...(type === 'array' ? { items: readSchema(json['items'] ?? null) } : {}),
    ...(type === 'map' ? { keys: readSchema(json['keys'] ?? null), items: readSchema(json['values'] ?? null) } : {}),
  };
  const initial = json['default'];
  if (initial === undefined || initial === null) return schema;
  return { ...schema, default: readPayload(schema, initial, { replacesNull: true, path: 'default' }) };
}

function readFields(json: JsonValue | undefined): ConnectField[] {
  if (!Array.isArray(json)) throw new ConversionError('the envelope’s struct has no fields');
  return json.map((field) => {
    const name = isJsonObject(field) ? (textOf(field['field']) ?? textOf(field['name'])) : undefined;
    if (name === undefined) throw new ConversionError('a field in the envelope’s schema has no name');
    return { name, schema: readSchema(field) };
  });
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function optionalText<K extends string>(name: K, value: JsonValue | undefined): Partial<Record<K, string>> {
  return typeof value === 'string' ? ({ [name]: value } as Partial<Record<K, string>>) : {};
}

function textsOf(json: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name, typeof value === 'string' ? value : stringifyJson(value)]),
  );
}

interface Reading {
  readonly replacesNull: boolean;
  readonly path: string;
}

/** The payload in the forms of `ConnectSchema`. */
function readPayload(schema: ConnectSchema, value: JsonValue, reading: Reading): JsonValue {
  if (value === null) {
    if (schema.default !== undefined && reading.replacesNull) return schema.default;
    if (schema.optional || schema.default !== undefined) return null;
    throw new ConversionError(`null at ${reading.path || 'the top'}, where the schema asks for ${schema.type}`);
  }
  switch (schema.type) {
    case 'struct': {
      if (!isJsonObject(value)) return unfit(schema, value, reading);
      const struct: JsonObject = {};
      for (const { name, schema: inner } of schema.fields ?? []) {
        const given = value[name] ?? null;
        struct[name] =
          given !== null &&
          typeof given !== 'object' &&
          inner.name === undefined &&
          !isNested(inner) &&
          fits(inner.type, given)
            ? given
            : readPayload(inner, given, { ...reading, path: `${reading.path}.${name}` });
      }
      return struct;
    }
    case 'array': {
      const items = schema.items;
      if (!Array.isArray(value) || items === undefined) return unfit(schema, value, reading);
      return value.map((item) => readPayload(items, item, reading));
    }
    case 'map':
      return readMap(schema, value, reading);
    default:
      return readScalar(schema, value, reading);
  }
}

function isNested({ type }: ConnectSchema): boolean {
  return type === 'struct' || type === 'array' || type === 'map';
}

function readMap(schema: ConnectSchema, value: JsonValue, reading: Reading): JsonValue {
  const { items, keys } = schema;
  if (items === undefined || keys === undefined) return unfit(schema, value, reading);
  if (Array.isArray(value)) {
    return value.map((pair) => {
      const [key = null, item = null] = Array.isArray(pair) ? pair : [];
      return [readPayload(keys, key, reading), readPayload(items, item, reading)];
    });
  }
  if (!isJsonObject(value)) return unfit(schema, value, reading);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readPayload(items, item, reading)]));
}

function readScalar(schema: ConnectSchema, value: JsonValue, reading: Reading): JsonValue {
  const read = readLogical(schema, value);
  if (read !== value || isLogical(schema)) return read === value ? unfit(schema, value, reading) : read;
  return fits(schema.type, value) ? value : unfit(schema, value, reading);
}

function isLogical({ name }: ConnectSchema): boolean {
  return Object.values<string | undefined>(logicalNames).includes(name);
}

/** Connect's JSON of a logical type in the form that `ConnectSchema` describes; anything else as it is. */
export function readLogical(schema: ConnectSchema, value: JsonValue): JsonValue {
  switch (schema.name) {
    case logicalNames.decimal:
      if (typeof value === 'number' || typeof value === 'bigint') return String(value);
      if (typeof value !== 'string') return value;
      return decimalText(Buffer.from(value, 'base64'), Number(schema.parameters?.['scale'] ?? 0));
    case logicalNames.date:
      return typeof value === 'number' ? dateText(value) : value;
    case logicalNames.time:
      return typeof value === 'number' ? timeText(value) : value;
    case logicalNames.timestamp:
      return typeof value === 'number' ? timestampText(value) : value;
    default:
      return value;
  }
}

function fits(type: ConnectType, value: JsonValue): boolean {
  switch (type) {
    case 'string':
    case 'bytes':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'float32':
    case 'float64':
      return (
        typeof value === 'number' ||
        typeof value === 'bigint' ||
        (typeof value === 'string' && /^(?:NaN|-?Infinity)$/.test(value))
      );
    default:
      return typeof value === 'bigint' || Number.isInteger(value);
  }
}

function unfit(schema: ConnectSchema, value: JsonValue, reading: Reading): never {
  const found = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  throw new ConversionError(
    `${found} at ${reading.path || 'the top'}, where the schema asks for ${schema.name ?? schema.type}`,
  );
}
