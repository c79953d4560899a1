/**
 * The values of records as JSON objects, for formats with fields. What was parsed for a check is kept with its batch for the
 * encoding that follows, so that each record is parsed once.
 */
import { PoisonRecordError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';

export type NullValues = 'fail' | 'ignore';

/** Undefined = not JSON. */
const parsedBatches = new WeakMap<SinkBatch, readonly (JsonValue | undefined)[]>();
const checkedBatches = new WeakMap<SinkBatch, readonly (JsonObject | null)[]>();

/** Of each record its value; null where it has none and such records are passed over. Throws PoisonRecordError for the first other one. */
export function jsonObjects(batch: SinkBatch, nulls: NullValues, format: string): readonly (JsonObject | null)[] {
  let objects = checkedBatches.get(batch);
  if (objects !== undefined) return objects;
  objects = jsonValues(batch).map((value, index) => objectOf(batch, index, value, nulls, format));
  checkedBatches.set(batch, objects);
  return objects;
}

/** The value of a record as JSON: what a converter has parsed, else its bytes; null where it has no value. Undefined where it is none. */
export function jsonValueOf(batch: SinkBatch, index: number): JsonValue | undefined {
  return jsonValues(batch)[index];
}

function jsonValues(batch: SinkBatch): readonly (JsonValue | undefined)[] {
  let values = parsedBatches.get(batch);
  if (values !== undefined) return values;
  values = Array.from({ length: batch.count }, (_, index) => {
    const value = batch.json?.(index);
    if (value !== undefined) return value;
    const bytes = batch.value(index);
    try {
      return bytes === null ? null : parseJson(bytes);
    } catch {
      return undefined;
    }
  });
  parsedBatches.set(batch, values);
  return values;
}

/** The bytes of a value as JSON text: those of the record, unless they are another serialization. */
export function jsonBytes(batch: SinkBatch, index: number, value: JsonObject): Buffer {
  // With a schema the record's bytes are those of its serializer, or an envelope.
  if (batch.schema?.(index) !== undefined) return Buffer.from(stringifyJson(value));
  const bytes = batch.value(index);
  return bytes !== null && bytes[0] === brace ? bytes : Buffer.from(stringifyJson(value));
}

const brace = 0x7b;

function objectOf(
  batch: SinkBatch,
  index: number,
  value: JsonValue | undefined,
  nulls: NullValues,
  format: string,
): JsonObject | null {
  const where = `Record ${batch.topic}-${batch.partition}@${batch.offset(index)}`;
  if (value === null && batch.value(index) === null) {
    if (nulls === 'ignore') return null;
    throw new PoisonRecordError(
      `${where} has no value, and ${format} has no row for it; with behavior.on.null.values=ignore such records are passed over.`,
      index,
    );
  }
  if (value !== undefined && isJsonObject(value)) return value;
  throw new PoisonRecordError(
    `${where} is ${value === undefined ? 'not JSON' : 'JSON but no object'}, and ${format} takes the fields of a JSON object; ` +
      'write it with format.output.fields=key,value,headers,offset,timestamp or as text.',
    index,
  );
}
