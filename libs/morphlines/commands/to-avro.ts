import { readFileSync } from 'node:fs';
import type { Type, types } from 'avsc';
import { leavesOf } from '../arguments.js';
import { AvroDatum } from '../avro/avro-datum.js';
import { containerCodecs, writeContainer, type ContainerCodec } from '../avro/avro-container.js';
import { avroType, isArray, isRecord } from '../avro/avro-types.js';
import { defaultOf, fieldFrom, unconvertible } from '../avro/to-avro-value.js';
import { ChainedCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';
import { MorphlineRuntimeError } from '../errors.js';
import { javaText } from '../java-value.js';
import { fields, type MorphlineRecord } from '../record.js';

/** Makes an Avro record of a record's fields and puts it into `_attachment_body`. Fails what cannot be converted. */
export const toAvro: CommandType = {
  name: 'toAvro',
  className: 'org.kitesdk.morphline.avro.ToAvroBuilder',
  create: (input) => new ToAvro(input),
};

/** Puts the Avro data in `_attachment_body` there as bytes. */
export const writeAvroToByteArray: CommandType = {
  name: 'writeAvroToByteArray',
  className: 'org.kitesdk.morphline.avro.WriteAvroToByteArrayBuilder',
  create: (input) => new WriteAvroToByteArray(input),
};

class ToAvro extends ChainedCommand {
  private readonly schema: types.RecordType | null;
  private readonly schemaField: string | null;
  private readonly mappings: ReadonlyMap<string, string>;
  /** Of schemas that came in records, by their text. */
  private readonly parsed = new Map<string, types.RecordType>();

  constructor({ arguments: args, child }: CommandInput) {
    super(child);
    const file = args.optionalString('schemaFile');
    const text = args.optionalString('schemaString');
    this.schemaField = args.optionalString('schemaField');
    const given = [file, text, this.schemaField].filter((one) => one !== null).length;
    if (given !== 1) args.fail('exactly one of schemaFile, schemaString and schemaField has to be there');
    this.schema =
      text !== null
        ? args.attempt('schemaString', text, recordType)
        : file !== null
          ? args.attempt('schemaFile', file, (path) => recordType(readFileSync(path, 'utf8')))
          : null;
    const mappings = args.optionalObject('mappings');
    this.mappings = new Map(
      (mappings === null ? [] : leavesOf(mappings)).map(([name, field]) => [
        name,
        typeof field === 'string' ? field : field.map(javaText).join(),
      ]),
    );
  }

  process(record: MorphlineRecord): boolean {
    const type = this.schema ?? this.schemaIn(record);
    const values: Record<string, unknown> = {};
    for (const field of type.fields) {
      const value = this.avroValue(record, field);
      if (value === unconvertible) return false;
      values[field.name] = value;
    }
    const output = record.copy();
    output.removeAttachments();
    output.put(fields.attachmentBody, new AvroDatum(type, values));
    return this.child.process(output);
  }

  private avroValue(record: MorphlineRecord, field: types.Field): unknown {
    const list = record.get(this.mappings.get(field.name) ?? field.name);
    if (isArray(field.type)) return fieldFrom(list, field);
    if (list.length === 0) return defaultOf(field);
    return list.length === 1 ? fieldFrom(list[0], field) : unconvertible;
  }

  private schemaIn(record: MorphlineRecord): types.RecordType {
    const value = record.first(this.schemaField ?? '');
    if (value === undefined)
      throw new MorphlineRuntimeError(`toAvro: the field ${this.schemaField ?? ''} has no schema`);
    const text = javaText(value);
    const type = this.parsed.get(text) ?? recordType(text);
    this.parsed.set(text, type);
    return type;
  }
}

class WriteAvroToByteArray extends ChainedCommand {
  private readonly format: 'container' | 'containerlessBinary' | 'containerlessJSON';
  private readonly codec: ContainerCodec | null;
  private readonly metadata: ReadonlyMap<string, string>;

  constructor({ arguments: args, child }: CommandInput) {
    super(child);
    this.format = args.choice('format', ['container', 'containerlessJSON', 'containerlessBinary'], 'container');
    const codec = args.optionalString('codec');
    this.codec =
      codec === null
        ? null
        : (containerCodecs.find((known) => known === codec) ??
          args.fail(`codec has to be one of ${containerCodecs.join(', ')}, not ${codec}`, 'codec'));
    const metadata = args.optionalObject('metadata');
    this.metadata = new Map(
      (metadata === null ? [] : leavesOf(metadata)).map(([name, text]) => [
        name,
        typeof text === 'string' ? text : text.map(javaText).join(),
      ]),
    );
  }

  process(record: MorphlineRecord): boolean {
    const data = record.get(fields.attachmentBody).map((value) => {
      if (value instanceof AvroDatum) return value;
      throw new MorphlineRuntimeError(
        `writeAvroToByteArray needs Avro data in ${fields.attachmentBody}: put toAvro or readAvro before it`,
      );
    });
    const output = record.copy();
    output.removeAttachments();
    output.put(fields.attachmentBody, this.bytesOf(data));
    return this.child.process(output);
  }

  private bytesOf(data: readonly AvroDatum[]): Uint8Array {
    const [first] = data;
    if (first === undefined) return Buffer.alloc(0);
    const { type } = first;
    if (data.some((datum) => datum.type !== type))
      throw new MorphlineRuntimeError('writeAvroToByteArray: all Avro data of a record need the same schema');
    const values = data.map((datum) => datum.value);
    if (this.format === 'container')
      return writeContainer({ type, values, codec: this.codec, metadata: this.metadata });
    if (this.format === 'containerlessBinary') return Buffer.concat(values.map((value) => type.toBuffer(value)));
    return Buffer.from(values.map((value) => type.toString(value)).join('\n'));
  }
}

/** Throws an Error where the schema is none of a record. */
function recordType(schema: string): types.RecordType {
  const type: Type = avroType(schema);
  if (!isRecord(type)) throw new Error('the schema has to be one of a record');
  return type;
}
