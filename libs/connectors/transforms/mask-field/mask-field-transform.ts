import { defineOptions } from '#config/options';
import { logicalNames, type ConnectSchema } from '#pipeline/connect-schema';
import { dateText, timestampText, timeText } from '#pipeline/logical-values';
import type { JsonObject, JsonValue } from '#pipeline/sink-json';
import { atLeastOne } from '../checks.js';
import { numberText, wholeNumber } from '../numbers.js';
import { sided } from '../side.js';
import { fieldsOf, kindOf, replaceNullOption, structValues } from '../struct.js';

const options = defineOptions({
  fields: { type: 'list', required: true, check: atLeastOne, importance: 'high', doc: 'Fields to mask.' },
  replacement: {
    type: 'string',
    check: (text: string) => (text === '' ? 'must not be empty' : null),
    doc: 'What numbers and texts become. Default: 0, an empty text, false, an empty array.',
  },
  ...replaceNullOption,
});

const purpose = 'mask fields';

export const maskFieldTransforms = sided({
  name: 'MaskField',
  doc: 'Puts an empty value of the same type, or another one, in the place of fields.',
  options,
  create(values) {
    const masked = new Set(values.fields);
    const mask = (value: JsonValue, schema: ConnectSchema | undefined): JsonValue => {
      if (value === null) return null;
      return values.replacement === null ? emptyOf(value, schema) : replaced(value, schema, values.replacement);
    };
    return (_records, side, index) => {
      const schema = side.schema(index);
      const given = fieldsOf(side.data(index), schema, purpose);
      if (schema === undefined) {
        const fields: JsonObject = { ...given };
        for (const name of masked) fields[name] = mask(given[name] ?? null, undefined);
        side.set(index, fields);
        return;
      }
      const fields = structValues(given, schema, values['replace.null.with.default']);
      for (const { name, schema: inner } of schema.fields ?? []) {
        if (masked.has(name)) fields[name] = mask(fields[name] ?? null, inner);
      }
      side.set(index, fields, schema);
    };
  },
});

function emptyOf(value: JsonValue, schema: ConnectSchema | undefined): JsonValue {
  switch (schema?.name) {
    case logicalNames.decimal:
      // Kafka's mask has no digits behind the point, which its own converters then refuse for another scale.
      return (0).toFixed(Math.max(0, Number(schema.parameters?.['scale'] ?? 0)));
    case logicalNames.date:
      return dateText(0);
    case logicalNames.time:
      return timeText(0);
    case logicalNames.timestamp:
      return timestampText(0);
  }
  if (schema?.type === 'struct' || (schema?.type === 'bytes' && schema.name === undefined)) {
    throw new Error(`Cannot mask value of type: ${schema.type}`);
  }
  if (Array.isArray(value)) return [];
  switch (typeof value) {
    case 'boolean':
      return false;
    case 'string':
      return schema !== undefined && schema.type !== 'string' ? 0 : '';
    case 'object':
      return {};
    default:
      return 0;
  }
}

function replaced(value: JsonValue, schema: ConnectSchema | undefined, replacement: string): JsonValue {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (schema?.name === logicalNames.decimal) return numberText(replacement);
  if (schema === undefined && isNumber) {
    const isWhole = typeof value === 'bigint' || Number.isInteger(value);
    return isWhole ? wholeNumber(replacement, 'int64') : Number(numberText(replacement));
  }
  switch (schema?.name === undefined ? (schema?.type ?? typeof value) : schema.name) {
    case 'string':
      return replacement;
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return wholeNumber(replacement, schema?.type ?? 'int64');
    case 'float32':
      return Math.fround(Number(numberText(replacement)));
    case 'float64':
      return Number(numberText(replacement));
    default:
      throw new Error(`Cannot mask value of type ${kindOf(value, schema)} with custom replacement.`);
  }
}
