import { PoisonRecordError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { messageOf } from '#std/errors';
import type { PostgresSettings } from './options.js';

/** What a batch does to its table. Rows are in the order of their records. */
export interface TableChange {
  /** Names of the key columns; empty without a key. */
  readonly keyFields: readonly string[];
  /** Keys whose rows go before anything is written. */
  readonly deletes: readonly JsonObject[];
  readonly rows: readonly JsonObject[];
}

/**
 * Reads the records `[from, count)` of a batch as rows. Several records of one key become one row: a statement may touch a row only
 * once, and the last one wins anyway. Throws PoisonRecordError with the index of a record that is no row.
 */
export function readRows(batch: SinkBatch, from: number, settings: PostgresSettings): TableChange {
  const rows: JsonObject[] = [];
  const byKey = new Map<string, { row: JsonObject | null; deleted: JsonObject | null }>();
  let keyFields = settings.keyFields;
  for (let index = from; index < batch.count; index += 1) {
    const key = readKey(batch, index, settings);
    if (keyFields.length === 0 && key !== null) keyFields = Object.keys(key);
    const value = readValue(batch, index, settings);
    const whole = value === null || key === null ? value : { ...value, ...key };
    const row = whole === null ? null : cut(whole, settings.fields, keyFields);
    if (row !== null && Object.keys(row).length === 0) throw refused(batch, index, 'it has no field to write');
    if (settings.keyMode === 'none' || !(settings.upsert || settings.deleteEnabled)) {
      if (row !== null) rows.push(row);
      continue;
    }
    const keyValues = keyOf(row ?? key ?? {}, keyFields, batch, index);
    const id = JSON.stringify(Object.values(keyValues), bigintText);
    const entry = byKey.get(id);
    if (row === null) byKey.set(id, { row: null, deleted: keyValues });
    else if (entry === undefined) byKey.set(id, { row, deleted: null });
    else entry.row = { ...entry.row, ...row };
  }
  const deletes: JsonObject[] = [];
  for (const { row, deleted } of byKey.values()) {
    if (deleted !== null) deletes.push(deleted);
    if (row !== null) rows.push(row);
  }
  return { keyFields, deletes, rows };
}

/** Fields of the value, or null for a record that deletes. */
function readValue(batch: SinkBatch, index: number, settings: PostgresSettings): JsonObject | null {
  const bytes = batch.value(index);
  if (bytes === null) {
    if (settings.deleteEnabled) return null;
    throw refused(batch, index, 'it has no value, and delete.enabled is false');
  }
  const value = batch.json?.(index) ?? parsed(bytes, batch, index, 'value');
  if (isJsonObject(value)) return value;
  throw refused(batch, index, 'its value is not a JSON object, so it has no columns');
}

/** Key columns that do not come from the value; null where they do, or where there are none. */
function readKey(batch: SinkBatch, index: number, settings: PostgresSettings): JsonObject | null {
  if (settings.keyMode === 'kafka') {
    const [topic = '', partition = '', offset = ''] = settings.keyFields;
    return { [topic]: batch.topic, [partition]: batch.partition, [offset]: batch.offset(index) };
  }
  if (settings.keyMode !== 'record_key') return null;
  const bytes = batch.key(index);
  if (bytes === null) throw refused(batch, index, 'it has no key, and pk.mode is record_key');
  const looksLikeObject = bytes[0] === 0x7b;
  const key: JsonValue =
    looksLikeObject || settings.keyIsJson ? parsed(bytes, batch, index, 'key') : bytes.toString('utf8');
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

function keyOf(row: JsonObject, keyFields: readonly string[], batch: SinkBatch, index: number): JsonObject {
  const key: JsonObject = {};
  for (const name of keyFields) {
    const value = row[name] ?? null;
    if (value === null) throw refused(batch, index, `its key column ${name} is null`);
    key[name] = value;
  }
  return key;
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

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
