/** Values of JSON in Avro's binary encoding (Avro 1.11 specification, "Data Serialization and Deserialization"). */
import { isJsonObject, stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import { assert } from '#std/assert';
import type { AvroRecord, AvroType, AvroUnion } from './avro-types.js';
import type { ByteSink } from './byte-sink.js';
import {
  bytesOf,
  daysOf,
  floatOf,
  int64Of,
  mismatch,
  timeOf,
  timestampOf,
  twosComplement,
  unscaledOf,
  ValueMismatch,
  wholeNumber,
} from './json-scalars.js';

/**
 * Appends `value`; throws a ValueMismatch where the type does not take it, the sink then holds a part. A field that is missing takes its
 * default, or null where it may be null; fields that the record does not have are passed over. With `anyText` strings take any value, as
 * JSON.
 */
export function writeAvro(type: AvroType, value: JsonValue | undefined, sink: ByteSink, anyText: boolean): void {
  switch (type.kind) {
    case 'null':
      if (value !== null && value !== undefined) throw mismatch(value, 'null');
      return;
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(value, 'true or false');
      sink.byte(value ? 1 : 0);
      return;
    case 'int':
      if (type.logical === 'date') writeLong(sink, daysOf(value));
      else if (type.logical === 'time-millis') writeLong(sink, timeOf(value));
      else writeLong(sink, wholeNumber(value, -0x8000_0000, 0x7fff_ffff, 'int'));
      return;
    case 'long':
      writeLongValue(type.logical, value, sink);
      return;
    case 'float':
      writeFloat(sink, floatOf(value));
      return;
    case 'double':
      writeDouble(sink, floatOf(value));
      return;
    case 'string':
      if (typeof value === 'string') writeText(sink, value);
      else if (anyText && value !== undefined && value !== null) writeText(sink, stringifyJson(value));
      else throw mismatch(value, 'a text');
      return;
    case 'bytes': {
      const decimal = type.logical === 'decimal';
      const bytes = decimal ? twosComplement(unscaledOf(value, type.scale, type.precision), null) : bytesOf(value);
      writeLong(sink, bytes.length);
      sink.append(bytes);
      return;
    }
    case 'fixed': {
      const decimal = type.logical === 'decimal';
      const bytes = decimal ? twosComplement(unscaledOf(value, type.scale, type.precision), type.size) : bytesOf(value);
      if (bytes.length !== type.size) throw mismatch(value, `${type.size} bytes as base64`);
      sink.append(bytes);
      return;
    }
    case 'enum': {
      const index = typeof value === 'string' ? type.symbols.get(value) : undefined;
      if (index === undefined) throw mismatch(value, `one of ${[...type.symbols.keys()].join(', ')}`);
      writeLong(sink, index);
      return;
    }
    case 'array':
      if (!Array.isArray(value)) throw mismatch(value, 'an array');
      if (value.length > 0) writeLong(sink, value.length);
      for (const item of value) writeAvro(type.items, entryOf(type.items, item), sink, anyText);
      sink.byte(0);
      return;
    case 'map': {
      if (value === undefined || !isJsonObject(value)) throw mismatch(value, 'an object');
      const entries = Object.entries(value);
      if (entries.length > 0) writeLong(sink, entries.length);
      for (const [name, item] of entries) {
        writeText(sink, name);
        writeAvro(type.values, item, sink, anyText);
      }
      sink.byte(0);
      return;
    }
    case 'record':
      if (value === undefined || !isJsonObject(value)) throw mismatch(value, 'an object');
      writeRecord(type, value, sink, anyText);
      return;
    case 'union':
      writeUnion(type, value, sink, anyText);
  }
}

function writeRecord({ fields }: AvroRecord, value: JsonObject, sink: ByteSink, anyText: boolean): void {
  for (const { source, type, default: preset } of fields) {
    const given = value[source];
    try {
      writeAvro(type, given === undefined ? (preset as JsonValue | undefined) : given, sink, anyText);
    } catch (error) {
      throw error instanceof ValueMismatch ? error.inside(source) : error;
    }
  }
}

function writeUnion(
  { branches, nullAt }: AvroUnion,
  value: JsonValue | undefined,
  sink: ByteSink,
  anyText: boolean,
): void {
  if ((value === null || value === undefined) && nullAt >= 0) {
    writeLong(sink, nullAt);
    return;
  }
  const start = sink.length;
  let first: unknown = null;
  for (const [index, branch] of branches.entries()) {
    if (index === nullAt) continue;
    try {
      writeLong(sink, index);
      writeAvro(branch, value, sink, anyText);
      return;
    } catch (error) {
      if (!(error instanceof ValueMismatch)) throw error;
      sink.length = start;
      first ??= error;
    }
  }
  assert(first instanceof Error, 'a union has a branch that is not null');
  throw first;
}

/** Maps whose keys are no text are arrays of pairs in JSON, and of entries in Avro. */
function entryOf(type: AvroType, item: JsonValue): JsonValue {
  if (type.kind !== 'record' || !Array.isArray(item) || item.length !== 2) return item;
  return { key: item[0] ?? null, value: item[1] ?? null };
}

function writeLongValue(logical: string | null, value: JsonValue | undefined, sink: ByteSink): void {
  if (logical === 'timestamp-millis') writeLong(sink, timestampOf(value));
  else if (logical === 'timestamp-micros' && typeof value === 'string') writeLong(sink, timestampOf(value) * 1000);
  else if (typeof value === 'number' && Number.isSafeInteger(value)) writeLong(sink, value);
  else writeBigLong(sink, int64Of(value));
}

/** Zigzag, then seven bits a byte, the lowest first. Whole numbers up to 2^53. */
export function writeLong(sink: ByteSink, value: number): void {
  if (value >= -0x4000_0000 && value < 0x4000_0000) {
    let rest = (value << 1) ^ (value >> 31);
    while (rest > 0x7f) {
      sink.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    sink.byte(rest);
    return;
  }
  writeBigLong(sink, BigInt(value));
}

function writeBigLong(sink: ByteSink, value: bigint): void {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  while (rest > 0x7fn) {
    sink.byte(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  sink.byte(Number(rest));
}

function writeFloat(sink: ByteSink, value: number): void {
  const at = sink.reserve(4);
  sink.bytes.writeFloatLE(value, at);
}

function writeDouble(sink: ByteSink, value: number): void {
  const at = sink.reserve(8);
  sink.bytes.writeDoubleLE(value, at);
}

export function writeText(sink: ByteSink, text: string): void {
  const size = Buffer.byteLength(text);
  writeLong(sink, size);
  const at = sink.reserve(size);
  sink.bytes.write(text, at);
}
