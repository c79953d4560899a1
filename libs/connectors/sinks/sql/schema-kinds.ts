import { logicalNames, type ConnectSchema, type ConnectType } from '#pipeline/connect-schema';
import type { ValueKind } from './value-kind.js';

const kindOfType: Readonly<Record<ConnectType, ValueKind>> = {
  int8: 'integer',
  int16: 'integer',
  int32: 'integer',
  int64: 'integer',
  float32: 'double',
  float64: 'double',
  boolean: 'boolean',
  string: 'text',
  bytes: 'bytes',
  array: 'json',
  map: 'json',
  struct: 'json',
};

/** Types of Connect and of Debezium that mean more than the type that carries them. */
const kindOfName: Readonly<Record<string, ValueKind>> = {
  [logicalNames.decimal]: 'decimal',
  [logicalNames.date]: 'date',
  [logicalNames.time]: 'time',
  [logicalNames.timestamp]: 'timestamp',
  'io.debezium.time.Date': 'date',
  'io.debezium.time.Timestamp': 'timestamp',
  'io.debezium.time.MicroTimestamp': 'timestamp',
  'io.debezium.time.NanoTimestamp': 'timestamp',
  'io.debezium.time.ZonedTimestamp': 'timestamp',
};

const noKinds: ReadonlyMap<string, ValueKind> = new Map();
const known = new WeakMap<ConnectSchema, ReadonlyMap<string, ValueKind>>();

/** Kinds of a row's fields by the schema of the record's value; of a change event by that of `after`. */
export function kindsOfSchema(
  schema: ConnectSchema | undefined,
  changeEvents: boolean,
): ReadonlyMap<string, ValueKind> {
  const row = schema === undefined || !changeEvents ? schema : rowSchema(schema);
  if (row?.fields === undefined) return noKinds;
  let kinds = known.get(row);
  if (kinds === undefined) {
    kinds = new Map(row.fields.map((field) => [field.name, kindOfSchema(field.schema)]));
    known.set(row, kinds);
  }
  return kinds;
}

function rowSchema(schema: ConnectSchema): ConnectSchema {
  const names = new Map(schema.fields?.map((field) => [field.name, field.schema]));
  const after = names.get('after');
  return after !== undefined && names.has('op') ? after : schema;
}

function kindOfSchema({ type, name }: ConnectSchema): ValueKind {
  return kindOfName[name ?? ''] ?? kindOfType[type];
}
