/** Options that say what files of records are made of. Names are Kafka Connect's, Confluent's and Aiven's where there are any. */
import { readFileSync } from 'node:fs';
import { avroCodecs } from '#connectors/formats/avro-container';
import { AvroFormat, type AvroContent } from '#connectors/formats/avro-format';
import { connectSchemaOf, parseAvroSchema } from '#connectors/formats/avro-types';
import { CsvFormat } from '#connectors/formats/csv-format';
import { envelopeFields, inEnvelopeOrder, type EnvelopeField } from '#connectors/formats/envelope';
import type { Format } from '#connectors/formats/format';
import { JsonFormat } from '#connectors/formats/json-format';
import { parquetCodecs } from '#connectors/formats/parquet-file';
import { ParquetFormat } from '#connectors/formats/parquet-format';
import { TextFormat } from '#connectors/formats/text-format';
import { defineOptions, type OptionValues } from '#config/options';
import { messageOf } from '#std/errors';
import { RollingOptionsError } from './rolling-error.js';

const formatNames = ['text', 'json', 'csv', 'avro', 'parquet', 'bytes'] as const;
type FormatName = (typeof formatNames)[number];

/** Simple class names without `Format`, and Aiven's names. */
const otherNames: Readonly<Record<string, FormatName>> = { string: 'text', bytearray: 'bytes', jsonl: 'json' };

/** By its own name, or a class name such as `io.confluent.connect.s3.format.json.JsonFormat`; null = none of ours. */
export function formatNameOf(text: string): FormatName | null {
  const simple = text
    .trim()
    .slice(text.trim().lastIndexOf('.') + 1)
    .toLowerCase()
    .replace(/format$/, '');
  return formatNames.find((name) => name === simple) ?? otherNames[simple] ?? null;
}

export const formatSpecs = defineOptions({
  format: {
    type: 'string',
    group: 'Format',
    importance: 'high',
    aliases: ['format.class', 'format.output.type'],
    doc:
      'What files hold: `text` (the value and a newline), `json` (one document a line), `csv`, `avro`, `parquet`, or `bytes` (the values, with ' +
      '`format.bytearray.separator` between). Class names of Kafka Connect are accepted: `…AvroFormat`, `…ParquetFormat`, `…JsonFormat`, ' +
      '`…StringFormat`, `…ByteArrayFormat`.',
    check: (value: string) =>
      formatNameOf(value) === null
        ? `must be one of ${formatNames.join(', ')}, or the class name of one; ORC is not written`
        : null,
  },
  'format.output.fields': {
    type: 'list',
    group: 'Format',
    doc:
      'Of each record these: `topic`, `partition`, `offset`, `timestamp`, `key`, `headers`, `value`. Default: the value alone, whose own ' +
      'fields are the columns of csv, avro and parquet.',
    check: (value: readonly string[]) => {
      const wrong = value.find((name) => !isField(name));
      return wrong === undefined ? null : `${wrong} is none of ${envelopeFields.join(', ')}`;
    },
  },
  'format.output.envelope': {
    type: 'boolean',
    group: 'Format',
    importance: 'low',
    doc: 'With `format.output.fields=value`: the value as a field `value` in place of the value alone.',
  },
  'json.envelope': {
    type: 'boolean',
    group: 'Format',
    default: false,
    doc: 'Write all of `format.output.fields`: `{topic, partition, offset, timestamp, key, headers, value}`.',
  },
  'format.schema': {
    type: 'string',
    group: 'Format',
    aliases: ['avro.schema', 'parquet.schema'],
    doc:
      'Avro schema (JSON text) of the values, for avro and parquet. A value that does not fit is a bad record. Without it the schema of the ' +
      "record's converter is taken, or, of plain JSON, what all values of a file have in common.",
    check: (value: string) => schemaProblem(value),
  },
  'format.schema.file': {
    type: 'string',
    group: 'Format',
    importance: 'low',
    doc: 'File on the machine of the sink worker with the Avro schema, in place of `format.schema`.',
  },
  'avro.codec': {
    type: 'string',
    group: 'Format',
    values: avroCodecs,
    default: 'null',
    aliases: ['serializer.compressionCodec'],
    doc: 'Compression of blocks in Avro files.',
  },
  'parquet.codec': {
    type: 'string',
    group: 'Format',
    values: parquetCodecs,
    default: 'snappy',
    doc: 'Compression of pages in Parquet files.',
  },
  'parquet.row.group.bytes': {
    type: 'long',
    group: 'Format',
    unit: 'bytes',
    default: 8 * 1024 * 1024,
    min: 64 * 1024,
    max: 256 * 1024 * 1024,
    importance: 'low',
    doc: 'Size of a row group in Parquet files, as its rows were before they became columns. Each upload holds about four times of it in memory.',
  },
  'csv.columns': {
    type: 'list',
    group: 'Format',
    doc: 'Fields of the JSON values that become columns, in this order. Default: all that a file has, in the order in which they came.',
  },
  'csv.header': { type: 'boolean', group: 'Format', default: true, doc: 'CSV: a first line with the names.' },
  'csv.delimiter': {
    type: 'string',
    group: 'Format',
    default: ',',
    doc: 'CSV: the character between fields; `\\t` is a tab.',
    check: (value: string) =>
      value === '\\t' || (value.length === 1 && !/["\r\n]/.test(value)) ? null : 'must be one character, not a quote',
  },
  'csv.line.end': {
    type: 'string',
    group: 'Format',
    values: ['crlf', 'lf'],
    default: 'crlf',
    importance: 'low',
    doc: 'CSV: RFC 4180 ends lines by CR and LF; Hive wants LF.',
  },
  'behavior.on.null.values': {
    type: 'string',
    group: 'Format',
    values: ['fail', 'ignore'],
    default: 'fail',
    doc: 'Records without value, which have no row in csv, avro and parquet: bad records, or passed over.',
  },
  'format.bytearray.separator': {
    type: 'string',
    group: 'Format',
    importance: 'low',
    doc: 'Between the values of `bytes`: `\\n` and `\\t` are understood. Default: a newline.',
  },
  serializer: {
    type: 'string',
    group: 'Format',
    default: 'TEXT',
    importance: 'low',
    values: ['TEXT', 'avro_event'],
    doc: "Flume's names: TEXT for the text format, avro_event for Avro files of events (headers and body).",
  },
  'serializer.appendNewline': {
    type: 'boolean',
    group: 'Format',
    default: true,
    importance: 'low',
    doc: 'Text: a newline after each value.',
  },
});

export type FormatValues = OptionValues<typeof formatSpecs>;

/** Throws a RollingOptionsError. `withFile` reads the schema's file; without it, as where options are only looked at, it is left out. */
export function formatOf(values: FormatValues, withFile: boolean): Format {
  const name = formatNameOf(values.format ?? 'text') ?? 'text';
  const fields = envelopeOf(values);
  const nulls = values['behavior.on.null.values'];
  const event = values.serializer === 'avro_event';
  if (event && values.format !== null && name !== 'avro') {
    throw new RollingOptionsError('serializer', `avro_event makes Avro files, not ${values.format}`);
  }
  const schema = schemaOf(values, name, fields, withFile);
  switch (event ? 'avro' : name) {
    case 'text':
      return new TextFormat({ separator: values['serializer.appendNewline'] ? '\n' : '', extension: '.txt' });
    case 'bytes':
      return new TextFormat({ separator: unescaped(values['format.bytearray.separator'] ?? '\n'), extension: '.bin' });
    case 'json':
      return new JsonFormat({ fields });
    case 'csv':
      return new CsvFormat({
        content:
          fields === null ? { kind: 'value', nulls, columns: values['csv.columns'] } : { kind: 'envelope', fields },
        header: values['csv.header'],
        delimiter: unescaped(values['csv.delimiter']),
        lineEnd: values['csv.line.end'] === 'lf' ? '\n' : '\r\n',
      });
    case 'avro':
      return new AvroFormat(avroContent(event, fields, schema, nulls), values['avro.codec']);
    case 'parquet':
      return new ParquetFormat({
        content:
          fields === null
            ? { kind: 'value', nulls, schema: schema === null ? null : connectSchemaOf(parseAvroSchema(schema)) }
            : { kind: 'envelope', fields },
        codec: values['parquet.codec'],
        rowGroupBytes: values['parquet.row.group.bytes'],
      });
  }
}

/** Whether files of this format take a compression from outside. */
export function isCompressible(format: Format): boolean {
  return format.name !== 'avro' && format.name !== 'parquet';
}

function avroContent(
  event: boolean,
  fields: readonly EnvelopeField[] | null,
  schema: string | null,
  nulls: 'fail' | 'ignore',
): AvroContent {
  if (event) return { kind: 'event' };
  if (fields !== null) return { kind: 'envelope', fields };
  return schema === null ? { kind: 'value', nulls } : { kind: 'schema', nulls, schema };
}

function envelopeOf(values: FormatValues): readonly EnvelopeField[] | null {
  const named = values['format.output.fields']?.filter(isField) ?? null;
  if (named !== null && (named.length > 1 || named[0] !== 'value' || values['format.output.envelope'] === true)) {
    return inEnvelopeOrder(named);
  }
  if (values['json.envelope']) return envelopeFields;
  return named === null && values['format.output.envelope'] === true ? ['value'] : null;
}

function schemaOf(
  values: FormatValues,
  name: FormatName,
  fields: readonly EnvelopeField[] | null,
  withFile: boolean,
): string | null {
  const file = values['format.schema.file'];
  const option = file === null ? 'format.schema' : 'format.schema.file';
  if (values[option] === null) return null;
  if (name !== 'avro' && name !== 'parquet') {
    throw new RollingOptionsError(option, `${option} is for avro and parquet, not ${name}`);
  }
  if (fields !== null) {
    throw new RollingOptionsError(option, `${option} is the schema of values, and format.output.fields has its own`);
  }
  const text = file === null ? values['format.schema'] : withFile ? readSchema(file) : null;
  const problem = text === null ? null : schemaProblem(text);
  if (problem !== null) throw new RollingOptionsError(option, `${option} ${problem}`);
  try {
    if (text !== null && name === 'parquet') connectSchemaOf(parseAvroSchema(text));
  } catch (error) {
    throw new RollingOptionsError(option, `${option} cannot be columns of Parquet: ${messageOf(error)}`);
  }
  return text;
}

function readSchema(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new RollingOptionsError('format.schema.file', `the schema cannot be read: ${messageOf(error)}`);
  }
}

function schemaProblem(text: string): string | null {
  try {
    return parseAvroSchema(text).kind === 'record' ? null : 'must be the schema of a record';
  } catch (error) {
    return `is no Avro schema: ${messageOf(error)}`;
  }
}

function isField(name: string): name is EnvelopeField {
  return envelopeFields.some((field) => field === name);
}

function unescaped(text: string): string {
  return text.replaceAll('\\n', '\n').replaceAll('\\r', '\r').replaceAll('\\t', '\t');
}
