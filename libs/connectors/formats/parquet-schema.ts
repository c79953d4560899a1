/**
 * Connect's types as columns of Parquet (format specification, "Logical Types") and values of JSON as what its writer takes for them.
 * Structs, lists and maps are nested; a struct without fields is text.
 */
import { logicalNames, type ConnectField, type ConnectSchema } from '#pipeline/connect-schema';
import { isJsonObject, stringifyJson, type JsonValue } from '#pipeline/sink-json';
import type { SchemaElement } from 'hyparquet';
import { decimalPrecision, decimalScale } from './avro-types.js';
import {
  bytesOf,
  daysOf,
  floatOf,
  int64Of,
  mismatch,
  timeOf,
  timestampOf,
  unscaledOf,
  ValueMismatch,
  wholeNumber,
} from './json-scalars.js';
import { anyTextName } from './schema-merge.js';

/** The elements of a file whose rows have these fields, in the flat order of its footer. */
export function parquetElements(fields: readonly ConnectField[]): SchemaElement[] {
  const root: SchemaElement = { name: 'schema', num_children: fields.length };
  return [root, ...fields.flatMap(({ name, schema }) => elementsOf(name, schema))];
}

function elementsOf(name: string, schema: ConnectSchema): SchemaElement[] {
  const at = { name, repetition_type: schema.optional ? 'OPTIONAL' : 'REQUIRED' } as const;
  switch (schema.type) {
    case 'int8':
    case 'int16':
    case 'int32':
      if (schema.name === logicalNames.date) {
        return [{ ...at, type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } }];
      }
      if (schema.name === logicalNames.time) {
        return [
          {
            ...at,
            type: 'INT32',
            converted_type: 'TIME_MILLIS',
            logical_type: { type: 'TIME', isAdjustedToUTC: true, unit: 'MILLIS' },
          },
        ];
      }
      return [{ ...at, type: 'INT32' }];
    case 'int64':
      return schema.name === logicalNames.timestamp
        ? [
            {
              ...at,
              type: 'INT64',
              converted_type: 'TIMESTAMP_MILLIS',
              logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
            },
          ]
        : [{ ...at, type: 'INT64' }];
    case 'float32':
      return [{ ...at, type: 'FLOAT' }];
    case 'float64':
      return [{ ...at, type: 'DOUBLE' }];
    case 'boolean':
      return [{ ...at, type: 'BOOLEAN' }];
    case 'string':
      return [textElement(at)];
    case 'bytes':
      return [schema.name === logicalNames.decimal ? decimalElement(at, schema) : { ...at, type: 'BYTE_ARRAY' }];
    case 'struct': {
      const fields = schema.fields ?? [];
      if (fields.length === 0) return [textElement(at)];
      return [
        { ...at, num_children: fields.length },
        ...fields.flatMap((field) => elementsOf(field.name, field.schema)),
      ];
    }
    case 'array':
      return [
        { ...at, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        ...elementsOf('element', schema.items ?? anyText),
      ];
    case 'map':
      return [
        { ...at, num_children: 1, converted_type: 'MAP', logical_type: { type: 'MAP' } },
        { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
        ...elementsOf('key', { ...(schema.keys ?? anyText), optional: false }),
        ...elementsOf('value', schema.items ?? anyText),
      ];
  }
}

const anyText: ConnectSchema = { type: 'string', optional: true, name: anyTextName };

type ElementHead = Pick<SchemaElement, 'name' | 'repetition_type'>;

function textElement(at: ElementHead): SchemaElement {
  return { ...at, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
}

function decimalElement(at: ElementHead, schema: ConnectSchema): SchemaElement {
  const [precision, scale] = [decimalPrecision(schema), decimalScale(schema)];
  return {
    ...at,
    type: 'FIXED_LEN_BYTE_ARRAY',
    // As many bytes as hold the largest number of so many digits and a sign.
    type_length: Math.ceil((precision * Math.log2(10) + 1) / 8),
    converted_type: 'DECIMAL',
    logical_type: { type: 'DECIMAL', precision, scale },
    precision,
    scale,
  };
}

export type ToColumn = (value: JsonValue | undefined) => unknown;

/** Throws a ValueMismatch for a value that the field does not take. */
export function columnOf(schema: ConnectSchema): ToColumn {
  const convert = presentColumn(schema);
  const { optional, default: preset } = schema;
  return (value) => {
    if (value !== undefined && value !== null) return convert(value);
    if (value === undefined && preset !== undefined) return convert(preset);
    if (optional) return null;
    throw mismatch(value, 'there');
  };
}

function presentColumn(schema: ConnectSchema): (value: JsonValue) => unknown {
  switch (schema.type) {
    case 'int8':
    case 'int16':
    case 'int32':
      if (schema.name === logicalNames.date) return daysOf;
      if (schema.name === logicalNames.time) return timeOf;
      return (value) => wholeNumber(value, -0x8000_0000, 0x7fff_ffff, schema.type);
    case 'int64':
      return schema.name === logicalNames.timestamp ? timestampOf : int64Of;
    case 'float32':
    case 'float64':
      return floatOf;
    case 'boolean':
      return (value) => {
        if (typeof value === 'boolean') return value;
        throw mismatch(value, 'true or false');
      };
    case 'string':
      return schema.name === anyTextName ? textOf : strictText;
    case 'bytes': {
      if (schema.name !== logicalNames.decimal) return bytesOf;
      const [precision, scale] = [decimalPrecision(schema), decimalScale(schema)];
      return (value) => unscaledOf(value, scale, precision);
    }
    case 'struct':
      return structColumn(schema.fields ?? []);
    case 'array': {
      const item = columnOf(schema.items ?? anyText);
      return (value) => {
        if (Array.isArray(value)) return value.map(item);
        throw mismatch(value, 'an array');
      };
    }
    case 'map': {
      const [key, item] = [columnOf(schema.keys ?? anyText), columnOf(schema.items ?? anyText)];
      return (value) => {
        if (isJsonObject(value)) return Object.entries(value).map(([name, inner]) => [key(name), item(inner)]);
        if (!Array.isArray(value)) throw mismatch(value, 'an object');
        return value.map((pair) => {
          if (Array.isArray(pair) && pair.length === 2) return [key(pair[0]), item(pair[1])];
          throw mismatch(pair, 'a key and a value');
        });
      };
    }
  }
}

function structColumn(fields: readonly ConnectField[]): (value: JsonValue) => unknown {
  if (fields.length === 0) return textOf;
  const columns = fields.map(({ name, schema }) => ({ name, convert: columnOf(schema) }));
  return (value) => {
    if (!isJsonObject(value)) throw mismatch(value, 'an object');
    const struct: Record<string, unknown> = {};
    for (const { name, convert } of columns) struct[name] = named(name, convert, value[name]);
    return struct;
  };
}

/** The value by its column; a mismatch then says which. */
export function named(name: string, convert: ToColumn, value: JsonValue | undefined): unknown {
  try {
    return convert(value);
  } catch (error) {
    throw error instanceof ValueMismatch ? error.inside(name) : error;
  }
}

function strictText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  throw mismatch(value, 'a text');
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : stringifyJson(value);
}
