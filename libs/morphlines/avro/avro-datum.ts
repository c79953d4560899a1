import type { Type } from 'avsc';
import { JavaDouble, javaText, type RecordObject, type RecordValue } from '../java-value.js';
import { isArray, isMap, isRecord, unwrapped } from './avro-types.js';

export const avroMemoryMimeType = 'avro/java+memory';

type Members = Readonly<Record<string, unknown>>;

/**
 * An Avro value with its schema in a record, shown as Java shows Avro's generic data: a record is `{"a": 1, "b": ["x"]}`, but a list or map that
 * stands alone is `[x]` and `{a=x}`.
 */
export class AvroDatum implements RecordObject {
  constructor(
    readonly type: Type,
    readonly value: unknown,
  ) {}

  toString(): string {
    if (isRecord(this.type)) return shown(this.type, this.value);
    const members = (parts(this.type, this.value) ?? []).map(([name, type, value]) => {
      const text = fieldValue(type, value);
      return [name, text === null ? 'null' : javaText(text)] as const;
    });
    if (isMap(this.type)) return `{${members.map(([name, text]) => `${name}=${text}`).join(', ')}}`;
    return `[${members.map(([, text]) => text).join(', ')}]`;
  }
}

/** The value as a field of a record holds it: text, number, bytes …; an AvroDatum where it is made of others; null for null. */
export function fieldValue(type: Type, value: unknown): RecordValue | null {
  const [of, inner] = unwrapped(type, value);
  if (inner === null) return null;
  if (isRecord(of) || isArray(of) || isMap(of)) return new AvroDatum(of, inner);
  return scalar(of, inner);
}

/** The values that a record, array, map or union is made of, with their names in it; null for what is not made of others. */
export function parts(type: Type, value: unknown): readonly (readonly [name: string, Type, unknown])[] | null {
  const [of, inner] = unwrapped(type, value);
  if (isRecord(of)) return of.fields.map((field) => [field.name, field.type, (inner as Members)[field.name]]);
  if (isArray(of)) return (inner as readonly unknown[]).map((item) => ['[]', of.itemsType, item]);
  if (isMap(of)) return Object.entries(inner as Members).map(([key, item]) => [key, of.valuesType, item]);
  return null;
}

function scalar(type: Type, value: unknown): RecordValue {
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : value;
  if (typeof value === 'number' && (type.typeName === 'float' || type.typeName === 'double'))
    return new JavaDouble(value);
  return value as RecordValue;
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

function shown(type: Type, value: unknown): string {
  const [of, inner] = unwrapped(type, value);
  if (inner === null) return 'null';
  const members = parts(of, inner);
  if (members !== null) {
    if (isArray(of)) return `[${members.map(([, item, part]) => shown(item, part)).join(', ')}]`;
    return `{${members.map(([name, item, part]) => `${JSON.stringify(name)}: ${shown(item, part)}`).join(', ')}}`;
  }
  if (of.typeName === 'fixed') return `[${[...new Int8Array(inner as Uint8Array)].join(', ')}]`;
  if (inner instanceof Uint8Array) return `{"bytes": ${JSON.stringify(Buffer.from(inner).toString('latin1'))}}`;
  if (typeof inner === 'string') return JSON.stringify(inner);
  return scalar(of, inner).toString();
}
