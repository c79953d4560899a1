/** Records as mutations of HBase rows. */
import type { RecordRefusal } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import { compileJavaRegex } from '#std/java-regex';
import type { Cell, Mutation } from '#wire/hbase/mutation';
import {
  RegexRows,
  SimpleRows,
  type RowSerializer,
  type SerializedEvents,
} from '../../flume-sinks/hbase/event-rows.js';
import { encodeCell, textOf } from './cell-encoding.js';
import { fieldOf, type FieldReference } from './mapping.js';
import type { HBaseSettings } from './options.js';

/** Of a row key (HBase's `HConstants.MAX_ROW_LENGTH`). */
const rowBytesMax = 32_767;
/** Digits of the largest offset, so that keys sort by it. */
const offsetDigits = 16;

/** What a batch does to its table. */
export interface TableMutations {
  readonly mutations: readonly Mutation[];
  /** Position in the batch of each mutation's record. */
  readonly records: readonly number[];
  /** Records that are no row. */
  readonly refusals: readonly RecordRefusal[];
}

/** Makes rows of the records of one topic. */
export class RecordRows {
  private readonly family: Buffer;
  private readonly families = new Map<string, Buffer>();
  private readonly columns: readonly { family: Buffer; qualifier: Buffer; field: FieldReference }[];
  /** Top-level fields that the mapping places. */
  private readonly placed: ReadonlySet<string>;
  private readonly qualifiers = new Map<string, Buffer>();
  private readonly serializer: RowSerializer | null;

  constructor(
    private readonly settings: HBaseSettings,
    topic: string,
    clock: Clock,
  ) {
    this.family = this.familyOf((settings.familyFormat ?? '').replaceAll('${topic}', topic));
    this.columns = settings.mapping.map(({ family, qualifier, field }) => ({
      family: this.familyOf(family),
      qualifier: Buffer.from(qualifier),
      field,
    }));
    this.placed = new Set(settings.mapping.map(({ field }) => field.name));
    this.serializer = serializerOf(settings, clock);
  }

  /** Families that have to be there. */
  get familyNames(): readonly string[] {
    return [...this.families.keys()].filter((name) => name !== '');
  }

  read(batch: SinkBatch): TableMutations {
    const mutations: Mutation[] = [];
    const records: number[] = [];
    const refusals: RecordRefusal[] = [];
    const events = this.serializer === null ? null : eventsOf(batch);
    for (let index = 0; index < batch.count; index += 1) {
      try {
        mutations.push(this.mutationOf(batch, index, events));
        records.push(index);
      } catch (error) {
        if (!(error instanceof BadRecord)) throw error;
        const place = `${batch.topic}-${batch.partition} offset ${batch.offset(index)}`;
        refusals.push({ index, message: `Record ${place} is no row: ${error.message}` });
      }
    }
    return { mutations, records, refusals };
  }

  private mutationOf(batch: SinkBatch, index: number, events: SerializedEvents | null): Mutation {
    const timestamp = this.timestampOf(batch, index);
    const bytes = batch.value(index);
    if (bytes === null) {
      if (!this.settings.deleteEnabled) throw new BadRecord('it has no value, and delete.enabled is false');
      return { kind: 'delete', row: checkedRow(this.rowKey(batch, index, null)), cells: [], durable: true, timestamp };
    }
    const { row, cells } =
      this.serializer === null || events === null
        ? this.jsonRow(batch, index, bytes)
        : this.serializedRow(this.serializer, batch, index, events);
    for (const { family, qualifier, value } of cells) {
      const size = row.length + family.length + qualifier.length + value.length;
      if (size > this.settings.cellBytesMax)
        throw new BadRecord(
          `its cell ${family.toString()}:${qualifier.toString()} has ${size} bytes, over cell.max.bytes`,
        );
    }
    return { kind: 'put', row: checkedRow(row), cells, durable: true, timestamp };
  }

  private timestampOf(batch: SinkBatch, index: number): number | undefined {
    switch (this.settings.timestamp) {
      case 'offset':
        return batch.offset(index);
      case 'record':
        return batch.timestamp(index);
      case 'server':
        return undefined;
    }
  }

  private jsonRow(batch: SinkBatch, index: number, bytes: Buffer): { row: Buffer; cells: readonly Cell[] } {
    const value = batch.json?.(index) ?? parsed(bytes, 'value');
    if (!isJsonObject(value)) throw new BadRecord('its value is not a JSON object, so it has no columns');
    const cells: Cell[] = [];
    for (const { family, qualifier, field } of this.columns) {
      const content = fieldOf(value, field);
      if (content !== null) cells.push({ family, qualifier, value: encoded(content, field) });
    }
    if (this.settings.familyFormat !== null || this.settings.nestedFamilies) this.addFields(value, cells);
    if (cells.length === 0) throw new BadRecord('it has no field to write');
    return { row: this.rowKey(batch, index, value), cells };
  }

  private addFields(value: JsonObject, cells: Cell[]): void {
    const { familyFormat, nestedFamilies } = this.settings;
    for (const name of Object.keys(value)) {
      const content = value[name] ?? null;
      if (content === null || this.placed.has(name)) continue;
      if (nestedFamilies && isJsonObject(content)) {
        const family = this.familyOf(name);
        for (const [inner, innerContent] of Object.entries(content))
          if (innerContent !== null) cells.push(this.textCell(family, inner, innerContent));
      } else if (familyFormat !== null) cells.push(this.textCell(this.family, name, content));
    }
  }

  private textCell(family: Buffer, name: string, content: JsonValue): Cell {
    return { family, qualifier: this.qualifierOf(name), value: Buffer.from(textOf(content)) };
  }

  private serializedRow(
    serializer: RowSerializer,
    batch: SinkBatch,
    index: number,
    events: SerializedEvents,
  ): { row: Buffer; cells: readonly Cell[] } {
    const put = serializer.rowOf(events, index)?.put ?? null;
    if (put === null) throw new BadRecord('it does not match serializer.regex, or gives no column or row key');
    const { family } = this;
    const row = this.settings.keyMode === 'serializer' ? put.row : this.rowKey(batch, index, null);
    return { row, cells: put.cells.map(({ qualifier, value }) => ({ family, qualifier, value })) };
  }

  private rowKey(batch: SinkBatch, index: number, value: JsonObject | null): Buffer {
    const { keyMode, keyFields } = this.settings;
    if (keyMode === 'kafka') return Buffer.from(idOf(batch, index));
    if (keyMode === 'record_value' && value !== null) return this.joined(value, 'value');
    const key = batch.key(index);
    if (key === null) throw new BadRecord('it has no key, and row.key.mode is record_key');
    if (keyFields.length === 0) return key;
    const content = parsed(key, 'key');
    if (isJsonObject(content)) return this.joined(content, 'key');
    throw new BadRecord('its key is not a JSON object, and row.key.fields names fields of it');
  }

  private joined(object: JsonObject, part: string): Buffer {
    const parts: Buffer[] = [];
    for (const field of this.settings.keyFields) {
      const content = fieldOf(object, field);
      if (content === null) throw new BadRecord(`its ${part} has no field ${field.name}, which is of the row key`);
      if (parts.length > 0) parts.push(this.settings.delimiter);
      parts.push(encoded(content, field));
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** The same bytes object for a name each time: what is written groups cells by it. */
  private familyOf(name: string): Buffer {
    return remembered(this.families, name);
  }

  private qualifierOf(name: string): Buffer {
    return remembered(this.qualifiers, name);
  }
}

class BadRecord extends Error {}

/** Where names come from records there may be any number of them. */
const namesMax = 10_000;

function remembered(names: Map<string, Buffer>, name: string): Buffer {
  let bytes = names.get(name);
  if (bytes === undefined) {
    bytes = Buffer.from(name);
    if (names.size < namesMax) names.set(name, bytes);
  }
  return bytes;
}

function encoded(content: JsonValue, { name, encoding }: FieldReference): Buffer {
  const bytes = encodeCell(content, encoding);
  if (bytes !== null) return bytes;
  throw new BadRecord(`its field ${name} does not fit the encoding ${encoding}`);
}

function checkedRow(row: Buffer): Buffer {
  if (row.length === 0) throw new BadRecord('its row key is empty');
  if (row.length > rowBytesMax) throw new BadRecord(`its row key has ${row.length} bytes, HBase takes ${rowBytesMax}`);
  return row;
}

function parsed(bytes: Buffer, part: string): JsonValue {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw new BadRecord(`its ${part} is not JSON: ${messageOf(error)}`);
  }
}

function idOf(batch: SinkBatch, index: number): string {
  return `${batch.topic}-${batch.partition}-${String(batch.offset(index)).padStart(offsetDigits, '0')}`;
}

function serializerOf({ serializer, simple, regex }: HBaseSettings, clock: Clock): RowSerializer | null {
  switch (serializer) {
    case 'json':
      return null;
    case 'simple': {
      const suffix = simple.suffix === 'offset' ? 'id' : simple.suffix;
      return new SimpleRows({ ...simple, suffix }, clock);
    }
    case 'regex': {
      const pattern = compileJavaRegex(`\\A(?:${regex.pattern})\\z`, regex.ignoreCase ? 'si' : 's');
      return new RegexRows({ ...regex, pattern, charset: 'UTF-8' }, clock);
    }
  }
}

function eventsOf(batch: SinkBatch): SerializedEvents {
  return {
    body: (index) => batch.value(index) ?? Buffer.alloc(0),
    headersOf: (index) =>
      Object.fromEntries(
        batch.headers(index).flatMap(({ key, value }) => (value === null ? [] : [[key, value.toString()]])),
      ),
    idOf: (index) => idOf(batch, index),
  };
}
