import type { ConnectSchema } from '#pipeline/connect-schema';
import { PoisonRecordError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { messageOf } from '#std/errors';
import { readChangeEvent, type RowChange } from './change-event.js';
import { kindsOfSchema } from './schema-kinds.js';
import type { SqlSettings } from './sql-options.js';
import { widerKind, type ValueKind } from './value-kind.js';

/** What a batch does to its table: first it is emptied where asked, then rows go, then rows come. */
export interface TableChange {
  /** Names of the key columns; empty without a key. */
  readonly keyFields: readonly string[];
  readonly truncate: boolean;
  /** Keys whose rows go before anything is written. */
  readonly deletes: readonly JsonObject[];
  readonly groups: readonly RowGroup[];
  /** Kinds of fields that the records' schema tells; empty without one. */
  readonly kinds: ReadonlyMap<string, ValueKind>;
}

/** Rows with the same fields in the same order, in the order of their records. */
export interface RowGroup {
  readonly fields: readonly string[];
  readonly rows: JsonObject[];
  /** Of each row its record in the batch, -1 where several records made it. */
  readonly indexes: number[];
}

interface KeyEntry {
  row: JsonObject | null;
  deleted: JsonObject | null;
  index: number;
}

/**
 * Reads the records `[from, count)` of a batch as rows. Several records of one key become one row: a statement may touch a row only
 * once, and the last one wins anyway. Throws PoisonRecordError with the index of a record that is no row.
 */
export function readRows(batch: SinkBatch, from: number, settings: SqlSettings): TableChange {
  let groups = new RowGroups();
  const byKey = new Map<string, KeyEntry>();
  const joins = settings.keyMode !== 'none' && (settings.mode !== 'insert' || settings.deleteEnabled);
  let keyFields = settings.keyFields;
  let truncate = false;
  let kinds: ReadonlyMap<string, ValueKind> = new Map();
  let schema: ConnectSchema | undefined;
  for (let index = from; index < batch.count; index += 1) {
    const change = readChange(batch, index, settings);
    if (change.kind === 'nothing') continue;
    if (change.kind === 'truncate') {
      truncate = true;
      groups = new RowGroups();
      byKey.clear();
      continue;
    }
    const ownSchema = batch.schema?.(index);
    if (ownSchema !== schema) {
      schema = ownSchema;
      kinds = merged(kinds, kindsOfSchema(schema, settings.changeEvents));
    }
    const key = readKey(batch, index, settings);
    if (keyFields.length === 0 && key !== null) keyFields = Object.keys(key);
    if (change.kind === 'delete') {
      const keyValues = keyOf(key ?? change.before ?? {}, keyFields, batch, index);
      byKey.set(idOf(keyValues), { row: null, deleted: keyValues, index });
      continue;
    }
    const row = cut(key === null ? change.row : { ...change.row, ...key }, settings.fields, keyFields);
    if (isEmpty(row)) throw refused(batch, index, 'it has no field to write');
    if (!joins) {
      groups.add(row, index);
      continue;
    }
    const id = idOf(keyOf(row, keyFields, batch, index));
    const entry = byKey.get(id);
    if (entry === undefined) byKey.set(id, { row, deleted: null, index });
    else {
      entry.row = { ...entry.row, ...row };
      entry.index = -1;
    }
  }
  const deletes: JsonObject[] = [];
  for (const { row, deleted, index } of byKey.values()) {
    if (deleted !== null) deletes.push(deleted);
    if (row !== null) groups.add(row, index);
  }
  return { keyFields, truncate, deletes, groups: groups.all, kinds };
}

/** Of schemas that differ the wider kind counts. */
function merged(a: ReadonlyMap<string, ValueKind>, b: ReadonlyMap<string, ValueKind>): ReadonlyMap<string, ValueKind> {
  if (a.size === 0 || b.size === 0) return a.size === 0 ? b : a;
  const all = new Map(a);
  for (const [name, kind] of b) all.set(name, widerKind(all.get(name) ?? null, kind) ?? kind);
  return all;
}

class RowGroups {
  readonly all: RowGroup[] = [];
  private readonly byShape = new Map<string, RowGroup>();
  private last: RowGroup | null = null;

  add(row: JsonObject, index: number): void {
    if (this.last === null || !hasFields(row, this.last.fields)) this.last = this.groupOf(row);
    this.last.rows.push(row);
    this.last.indexes.push(index);
  }

  private groupOf(row: JsonObject): RowGroup {
    const fields = Object.keys(row);
    const shape = fields.join('\u0000');
    let group = this.byShape.get(shape);
    if (group === undefined) {
      group = { fields, rows: [], indexes: [] };
      this.byShape.set(shape, group);
      this.all.push(group);
    }
    return group;
  }
}

function hasFields(row: JsonObject, fields: readonly string[]): boolean {
  let at = 0;
  for (const name in row) {
    if (fields[at] !== name) return false;
    at += 1;
  }
  return at === fields.length;
}

function isEmpty(row: JsonObject): boolean {
  for (const name in row) if (Object.hasOwn(row, name)) return false;
  return true;
}

function readChange(batch: SinkBatch, index: number, settings: SqlSettings): RowChange {
  // The bytes of a value that a converter made are only written when asked for.
  const value = batch.json?.(index) ?? parsedValue(batch, index);
  if (value === null) {
    if (settings.deleteEnabled && settings.keyMode === 'record_key') return { kind: 'delete', before: null };
    // Debezium sends a tombstone behind each deletion, which says nothing new.
    if (settings.changeEvents) return { kind: 'nothing' };
    throw refused(batch, index, 'it has no value, and delete.enabled is false');
  }
  if (!isJsonObject(value)) throw refused(batch, index, 'its value is not a JSON object, so it has no columns');
  const change = settings.changeEvents ? readChangeEvent(value) : null;
  if (change === null) return { kind: 'write', row: value };
  if (change.kind === 'delete' && !settings.deleteEnabled) return { kind: 'nothing' };
  if (change.kind === 'truncate' && !settings.truncateEnabled) return { kind: 'nothing' };
  return change;
}

function parsedValue(batch: SinkBatch, index: number): JsonValue {
  const bytes = batch.value(index);
  return bytes === null ? null : parsed(bytes, batch, index, 'value');
}

/** Key columns that do not come from the value; null where they do, or where there are none. */
function readKey(batch: SinkBatch, index: number, settings: SqlSettings): JsonObject | null {
  if (settings.keyMode === 'kafka') {
    const [topic = '', partition = '', offset = ''] = settings.keyFields;
    return { [topic]: batch.topic, [partition]: batch.partition, [offset]: batch.offset(index) };
  }
  if (settings.keyMode !== 'record_key') return null;
  const bytes = batch.key(index);
  if (bytes === null) throw refused(batch, index, 'it has no key, and pk.mode is record_key');
  const looksLikeObject = bytes[0] === 0x7b;
  const key: JsonValue = looksLikeObject ? parsed(bytes, batch, index, 'key') : scalarKey(bytes, settings);
  const only = settings.keyFields[0];
  if (isJsonObject(key)) {
    if (settings.keyFields.length === 0) return key;
    return Object.fromEntries(settings.keyFields.map((name) => [name, key[name] ?? null]));
  }
  if (only !== undefined && settings.keyFields.length === 1) return { [only]: key };
  throw refused(batch, index, 'its key is one value: name one column for it in pk.fields');
}

function parsed(bytes: Buffer, batch: SinkBatch, index: number, part: string): JsonValue {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw refused(batch, index, `its ${part} is not JSON: ${messageOf(error)}`);
  }
}

/** A converter hands a text on as the text itself, and other values as JSON. */
function scalarKey(bytes: Buffer, { keyIsJson }: SqlSettings): JsonValue {
  if (!keyIsJson) return bytes.toString('utf8');
  try {
    return parseJson(bytes);
  } catch {
    return bytes.toString('utf8');
  }
}

function keyOf(row: JsonObject, keyFields: readonly string[], batch: SinkBatch, index: number): JsonObject {
  const key: JsonObject = {};
  for (const name of keyFields) {
    const value = row[name] ?? null;
    if (value === null) throw refused(batch, index, `its key column ${name} is null`);
    key[name] = value;
  }
  return key;
}

function idOf(key: JsonObject): string {
  return JSON.stringify(Object.values(key), bigintText);
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

function cut(row: JsonObject, fields: ReadonlySet<string> | null, keyFields: readonly string[]): JsonObject {
  if (fields === null) return row;
  return Object.fromEntries(Object.entries(row).filter(([name]) => fields.has(name) || keyFields.includes(name)));
}

function refused(batch: SinkBatch, index: number, why: string): PoisonRecordError {
  return new PoisonRecordError(
    `Record ${batch.topic}-${batch.partition} offset ${batch.offset(index)} is no row: ${why}`,
    index,
  );
}
