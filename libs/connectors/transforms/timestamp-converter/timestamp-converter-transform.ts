import { defineOptions } from '#config/options';
import { logicalNames, type ConnectSchema } from '#pipeline/connect-schema';
import { dateText, instantOf, timestampText, timeText } from '#pipeline/logical-values';
import type { JsonValue } from '#pipeline/sink-json';
import { checkJavaFormat, javaFormat } from '../java-format.js';
import { compact } from '../numbers.js';
import { sided } from '../side.js';
import { DerivedSchemas, fieldsOf, kindOf, replaceNullOption, structValues, withFields } from '../struct.js';

const options = defineOptions({
  field: {
    type: 'string',
    default: '',
    importance: 'high',
    doc: 'The field with the time. Empty = the whole is a time.',
  },
  'target.type': {
    type: 'string',
    required: true,
    values: ['string', 'unix', 'Date', 'Time', 'Timestamp'],
    importance: 'high',
    doc: 'What it becomes.',
  },
  format: {
    type: 'string',
    default: '',
    check: checkJavaFormat,
    doc: 'A pattern of java.text.SimpleDateFormat, in UTC: how texts are read, and written where `target.type=string`.',
  },
  'unix.precision': {
    type: 'string',
    default: 'milliseconds',
    values: ['seconds', 'milliseconds', 'microseconds', 'nanoseconds'],
    importance: 'low',
    doc: 'What numbers count since 1970, read and written. What is finer than a millisecond is lost.',
  },
  ...replaceNullOption,
});

type Target = 'string' | 'unix' | 'Date' | 'Time' | 'Timestamp';

const purpose = 'converting timestamp formats';
const dayMs = 86_400_000;

const schemaOf: Readonly<Record<Target, ConnectSchema>> = {
  string: { type: 'string', optional: false },
  unix: { type: 'int64', optional: false },
  Date: { type: 'int32', optional: false, name: logicalNames.date, version: 1 },
  Time: { type: 'int32', optional: false, name: logicalNames.time, version: 1 },
  Timestamp: { type: 'int64', optional: false, name: logicalNames.timestamp, version: 1 },
};

export const timestampConverterTransforms = sided({
  name: 'TimestampConverter',
  doc: 'Converts times between numbers, texts and dates.',
  options,
  check(values) {
    if (values['target.type'] !== 'string' || values.format.trim() !== '') return [];
    return [
      {
        name: 'format',
        value: values.format,
        message: 'TimestampConverter requires format option to be specified when using string timestamps',
      },
    ];
  },
  create(values) {
    const target = values['target.type'];
    const format = values.format.trim() === '' ? null : javaFormat(values.format);
    const perMs = values['unix.precision'];
    const targetSchema = (optional: boolean): ConnectSchema => ({ ...schemaOf[target], optional });

    const read = (value: JsonValue, schema: ConnectSchema | undefined): number => {
      const from = sourceOf(value, schema);
      if (typeof value === 'number' || typeof value === 'bigint') return millisecondsOf(BigInt(value), perMs);
      const text = typeof value === 'string' ? value : '';
      if (from !== 'string') {
        const instant = instantOf(text);
        if (instant === null) throw new Error(`"${text}" is no ${from}`);
        return instant;
      }
      if (format === null) throw new Error('a text can only be read as a time with the option format');
      const instant = format.parse(text);
      if (instant !== null) return instant;
      throw new Error(`Could not parse timestamp: value (${text}) does not match pattern (${values.format})`);
    };

    const written = (milliseconds: number): JsonValue => {
      switch (target) {
        case 'string':
          return format?.format(milliseconds) ?? '';
        case 'unix':
          return compact(unitsOf(milliseconds, perMs));
        case 'Date':
          return dateText(Math.floor(milliseconds / dayMs));
        case 'Time':
          return timeText(((milliseconds % dayMs) + dayMs) % dayMs);
        case 'Timestamp':
          return timestampText(milliseconds);
      }
    };

    const convert = (value: JsonValue, schema: ConnectSchema | undefined): JsonValue =>
      value === null ? null : written(read(value, schema));

    const wholes = new DerivedSchemas((schema) => targetSchema(schema.optional));
    const structs = new DerivedSchemas((schema) => ({
      ...withFields(
        schema,
        (schema.fields ?? []).map((field) =>
          field.name === values.field ? { name: field.name, schema: targetSchema(field.schema.optional) } : field,
        ),
      ),
    }));

    return (_records, side, index) => {
      const data = side.data(index);
      const schema = side.schema(index);
      if (values.field === '') {
        side.set(index, convert(data, schema), schema === undefined ? undefined : wholes.of(schema));
        return;
      }
      if (data === null) return;
      const given = fieldsOf(data, schema, purpose);
      if (schema === undefined) {
        side.set(index, { ...given, [values.field]: convert(given[values.field] ?? null, undefined) });
        return;
      }
      const fields = structValues(given, schema, values['replace.null.with.default']);
      for (const { name, schema: inner } of schema.fields ?? []) {
        if (name === values.field) fields[name] = convert(fields[name] ?? null, inner);
      }
      side.set(index, fields, structs.of(schema));
    };
  },
});

function sourceOf(value: JsonValue, schema: ConnectSchema | undefined): Target {
  switch (schema?.name) {
    case logicalNames.date:
      return 'Date';
    case logicalNames.time:
      return 'Time';
    case logicalNames.timestamp:
      return 'Timestamp';
  }
  const isWhole = typeof value === 'bigint' || Number.isInteger(value);
  if (schema === undefined ? isWhole : schema.type === 'int64') return 'unix';
  if (schema === undefined ? typeof value === 'string' : schema.type === 'string') return 'string';
  throw new Error(`${kindOf(value, schema)} is not a time: expected a text, a whole number (int64), or a date`);
}

const unitsPerMs: Readonly<Record<string, bigint>> = { milliseconds: 1n, microseconds: 1000n, nanoseconds: 1_000_000n };

/** Cut towards zero, as Java's TimeUnit does. */
function millisecondsOf(units: bigint, precision: string): number {
  const perMs = unitsPerMs[precision];
  return Number(perMs === undefined ? units * 1000n : units / perMs);
}

function unitsOf(milliseconds: number, precision: string): bigint {
  const perMs = unitsPerMs[precision];
  return perMs === undefined ? BigInt(milliseconds) / 1000n : BigInt(milliseconds) * perMs;
}
