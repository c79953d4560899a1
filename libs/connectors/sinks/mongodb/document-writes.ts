import { randomUUID } from 'node:crypto';
import type { AnyBulkWriteOperation } from 'mongodb';
import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { messageOf } from '#std/errors';
import { BsonValueError, toBson, toDocument, type BsonLibrary } from './bson-values.js';
import type { MongodbSettings } from './options.js';

/** A document as the driver takes it; `_id` may be any value. */
export interface AnyDocument {
  readonly _id?: NonNullable<unknown> | null;
  [name: string]: unknown;
}

/** What one record does to its collection. */
export interface DocumentWrite {
  /** Of the record in its batch. */
  readonly index: number;
  readonly kind: 'insert' | 'update' | 'delete';
  /** Writes of one document have the same. */
  readonly id: string;
  readonly operation: AnyBulkWriteOperation<AnyDocument>;
}

/** A record of which no document can be made; the message says why, for people. */
export class NoDocumentError extends Error {}

type Settings = Pick<MongodbSettings, 'idStrategy' | 'idFields' | 'write' | 'deletesOnNull' | 'keyIsJson'>;

/** Throws NoDocumentError. */
export function writeOf(batch: SinkBatch, index: number, settings: Settings, bson: BsonLibrary): DocumentWrite {
  try {
    return read(batch, index, settings, bson);
  } catch (error) {
    if (error instanceof BsonValueError) throw new NoDocumentError(error.message);
    throw error;
  }
}

function read(batch: SinkBatch, index: number, settings: Settings, bson: BsonLibrary): DocumentWrite {
  const bytes = batch.value(index);
  const value = bytes === null ? null : (batch.json?.(index) ?? parsed(bytes, 'value'));
  const given = idOf(batch, index, value, settings);
  const id = given === undefined ? undefined : toBson(given, bson);
  const name = given === undefined ? `new ${index}` : JSON.stringify(given, bigintText);
  if (bytes === null || settings.write === 'delete') {
    if (bytes === null && settings.write !== 'delete' && !settings.deletesOnNull) {
      throw new NoDocumentError('it has no value, and delete.on.null.values is false');
    }
    if (id === undefined) throw new NoDocumentError('it has no _id to delete');
    return { index, kind: 'delete', id: name, operation: { deleteOne: { filter: { _id: id } } } };
  }
  const document = toDocument(value, bson);
  delete document['_id'];
  if (id === undefined) return { index, kind: 'insert', id: name, operation: { insertOne: { document } } };
  switch (settings.write) {
    case 'insert':
      return { index, kind: 'insert', id: name, operation: { insertOne: { document: { _id: id, ...document } } } };
    case 'update': {
      const update = Object.keys(document).length === 0 ? { $setOnInsert: {} } : { $set: document };
      return {
        index,
        kind: 'update',
        id: name,
        operation: { updateOne: { filter: { _id: id }, update, upsert: true } },
      };
    }
    case 'replace':
      return {
        ...{ index, kind: 'update', id: name },
        operation: { replaceOne: { filter: { _id: id }, replacement: document, upsert: true } },
      };
  }
}

/** Undefined where the driver makes a new one. */
function idOf(batch: SinkBatch, index: number, value: JsonValue, settings: Settings): JsonValue | undefined {
  switch (settings.idStrategy) {
    case 'BsonOidStrategy':
      return undefined;
    case 'UuidStrategy':
      return randomUUID();
    case 'KafkaMetaDataStrategy':
      return `${batch.topic}#${batch.partition}#${batch.offset(index)}`;
    case 'FullKeyStrategy':
      return keyOf(batch, index, settings);
    case 'PartialKeyStrategy':
      return partOf(keyOf(batch, index, settings), settings.idFields, 'key');
    case 'PartialValueStrategy':
      return partOf(value, settings.idFields, 'value');
    case 'ProvidedInKeyStrategy':
      return provided(keyOf(batch, index, settings), 'key');
    case 'ProvidedInValueStrategy':
      return provided(value, 'value');
  }
}

function keyOf(batch: SinkBatch, index: number, settings: Settings): JsonValue {
  const bytes = batch.key(index);
  if (bytes === null) throw new NoDocumentError('it has no key, and _id comes from it');
  return settings.keyIsJson || bytes[0] === 0x7b ? parsed(bytes, 'key') : bytes.toString('utf8');
}

function partOf(value: JsonValue, fields: readonly string[], part: string): JsonValue {
  if (!isJsonObject(value))
    throw new NoDocumentError(`its ${part} is not a JSON object, and _id comes from its fields`);
  const id: JsonObject = {};
  for (const field of fields) {
    if (!Object.hasOwn(value, field))
      throw new NoDocumentError(`its ${part} has no field ${field}, of which _id is made`);
    id[field] = value[field] ?? null;
  }
  return id;
}

function provided(value: JsonValue, part: string): JsonValue {
  const id = isJsonObject(value) ? (value['_id'] ?? null) : null;
  if (id === null) throw new NoDocumentError(`its ${part} has no field _id`);
  return id;
}

function parsed(bytes: Buffer, part: string): JsonValue {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw new NoDocumentError(`its ${part} is not JSON: ${messageOf(error)}`);
  }
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/**
 * Runs of writes that may go out unordered: the driver sends insertions, updates and deletions apart, so a document that meets a second kind
 * begins a new run. Within a kind they keep their order.
 */
export function runsOf(writes: readonly DocumentWrite[], recordsMax: number): DocumentWrite[][] {
  const runs: DocumentWrite[][] = [];
  let run: DocumentWrite[] = [];
  let kinds = new Map<string, DocumentWrite['kind']>();
  for (const write of writes) {
    const before = kinds.get(write.id);
    if (run.length >= recordsMax || (before !== undefined && before !== write.kind)) {
      runs.push(run);
      [run, kinds] = [[], new Map()];
    }
    run.push(write);
    kinds.set(write.id, write.kind);
  }
  if (run.length > 0) runs.push(run);
  return runs;
}
