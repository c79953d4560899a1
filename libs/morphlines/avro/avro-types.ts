import avro, { type Schema, type Type, type types } from 'avsc';

/** Longs are exact: as `bigint`. */
const exactLong = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: (value: number | string) => BigInt(value),
  toJSON: (value: bigint) => Number(value),
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (left: bigint, right: bigint) => (left === right ? 0 : left < right ? -1 : 1),
});

/**
 * The type of an Avro schema (its JSON text). Values of unions are wrapped in an object of the branch's name, so that it is always known which
 * one they are of. Throws an Error that says what is wrong with the schema.
 */
export function avroType(schema: string): Type {
  const parsed = JSON.parse(schema) as Schema;
  return avro.Type.forSchema(parsed, { wrapUnions: true, registry: { long: exactLong } });
}

export function isRecord(type: Type): type is types.RecordType {
  return type.typeName === 'record' || type.typeName === 'error';
}

export function isArray(type: Type): type is types.ArrayType {
  return type.typeName === 'array';
}

export function isMap(type: Type): type is types.MapType {
  return type.typeName === 'map';
}

export function isUnion(type: Type): type is types.WrappedUnionType {
  return type.typeName === 'union:wrapped' || type.typeName === 'union:unwrapped';
}

/** The name under which a value of this type is wrapped in a union. */
export function branchName(type: Type): string {
  return type.branchName ?? type.typeName;
}

/** What a union's value is, and of which type; any other value as it is. A null has the type null. */
export function unwrapped(type: Type, value: unknown): readonly [Type, unknown] {
  if (!isUnion(type)) return [type, value];
  if (value === null) return [nullType, null];
  const [name, inner] = Object.entries(value as Readonly<Record<string, unknown>>)[0] ?? ['', null];
  const branch = type.types.find((candidate) => branchName(candidate) === name);
  if (branch === undefined) throw new Error(`the union has no branch ${name}`);
  return [branch, inner];
}

const nullType = avro.Type.forSchema('null');
