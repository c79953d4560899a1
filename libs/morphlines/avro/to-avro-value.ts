import type { Type, types } from 'avsc';
import { isTreeList, JavaDouble, JavaTree, javaText, type RecordValue, type TreeValue } from '../java-value.js';
import { AvroDatum } from './avro-datum.js';
import { branchName, isArray, isMap, isRecord, isUnion } from './avro-types.js';

/** No value of the type can be made of the item. */
export const unconvertible = Symbol('unconvertible');

/** What a field of a record or a tree holds; null and undefined where there is nothing. */
export type AvroItem = RecordValue | TreeValue | readonly AvroItem[] | null | undefined;

/** The field's value made of `item`; its default where there is no item and null will not do. */
export function fieldFrom(item: AvroItem, field: types.Field): unknown {
  if ((item === null || item === undefined) && !takesNull(field.type)) return defaultOf(field);
  return valueFrom(item, field.type);
}

/** The default that the schema gives a field, or `unconvertible`. */
export function defaultOf(field: types.Field): unknown {
  const value: unknown = field.defaultValue();
  return value === undefined ? unconvertible : value;
}

/** A value of the type (avsc's form) made of `item`, or `unconvertible`. Texts are read as numbers and booleans, as Kite does. */
export function valueFrom(given: AvroItem, type: Type): unknown {
  const item = given instanceof JavaTree ? given.value : given;
  if (isUnion(type)) return unionFrom(item, type);
  if (item === null || item === undefined) return type.typeName === 'null' ? null : unconvertible;
  if (item instanceof AvroDatum) return sameType(item.type, type) ? item.value : unconvertible;
  if (isRecord(type)) return recordFrom(item, type);
  if (isArray(type)) return isList(item) ? allOf(item.map((part) => valueFrom(part, type.itemsType))) : unconvertible;
  if (isMap(type)) {
    if (!isTreeMap(item)) return unconvertible;
    const values = Object.entries(item).map(([key, part]) => [key, valueFrom(part, type.valuesType)] as const);
    return values.some(([, value]) => value === unconvertible) ? unconvertible : Object.fromEntries(values);
  }
  return scalarFrom(item, type);
}

function scalarFrom(item: Exclude<AvroItem, null | undefined>, type: Type): unknown {
  switch (type.typeName) {
    case 'string':
      return textOf(item);
    case 'enum':
      return (type as types.EnumType).symbols.includes(textOf(item)) ? textOf(item) : unconvertible;
    case 'bytes':
      return item instanceof Uint8Array ? Buffer.from(item) : unconvertible;
    case 'fixed':
      return item instanceof Uint8Array && item.length === (type as types.FixedType).size
        ? Buffer.from(item)
        : unconvertible;
    case 'boolean':
      if (typeof item === 'boolean') return item;
      return textOf(item) === 'true' ? true : textOf(item) === 'false' ? false : unconvertible;
    case 'int':
      return wholeFrom(item, 32);
    case 'float':
    case 'double':
      return realFrom(item);
    case 'null':
      return unconvertible;
    default:
      return wholeFrom(item, 64);
  }
}

/** Numbers are cut as Java's casts cut them; texts have to be in the range. */
function wholeFrom(item: AvroItem, bits: 32 | 64): number | bigint | typeof unconvertible {
  const exact = (value: bigint): number | bigint =>
    bits === 32 ? Number(BigInt.asIntN(32, value)) : BigInt.asIntN(64, value);
  if (typeof item === 'bigint') return exact(item);
  if (typeof item === 'number') return exact(BigInt(Math.trunc(item)));
  if (item instanceof JavaDouble) return exact(BigInt(Number.isFinite(item.value) ? Math.trunc(item.value) : 0));
  const text = textOf(item);
  if (!/^[+-]?\d+$/.test(text)) return unconvertible;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(bits, value) === value ? exact(value) : unconvertible;
}

function realFrom(item: AvroItem): number | typeof unconvertible {
  if (typeof item === 'number') return item;
  if (typeof item === 'bigint') return Number(item);
  if (item instanceof JavaDouble) return item.value;
  const text = textOf(item).trim();
  if (/^[+-]?(?:NaN|Infinity)$/.test(text)) return Number(text.replace('+', ''));
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?$/.test(text)
    ? Number(text.replace(/[fFdD]$/, ''))
    : unconvertible;
}

function recordFrom(item: AvroItem, type: types.RecordType): unknown {
  if (!isTreeMap(item)) return unconvertible;
  const values = type.fields.map(
    (field) => [field.name, fieldFrom(Object.hasOwn(item, field.name) ? item[field.name] : null, field)] as const,
  );
  return values.some(([, value]) => value === unconvertible) ? unconvertible : Object.fromEntries(values);
}

/** The branch that is just of the item's kind; else the first one that the item can be made into. */
function unionFrom(item: AvroItem, type: types.WrappedUnionType): unknown {
  const names = kindsOf(item);
  const exact = type.types.find((branch) => names.includes(kindOf(branch)));
  for (const branch of exact === undefined ? type.types : [exact]) {
    const value = valueFrom(item, branch);
    if (value !== unconvertible) return value === null ? null : { [branchName(branch)]: value };
  }
  return unconvertible;
}

function kindOf(type: Type): string {
  return isRecord(type) ? `record ${type.name ?? ''}` : type.typeName.replace('abstract:', '');
}

function kindsOf(item: AvroItem): readonly string[] {
  if (item === null || item === undefined) return ['null'];
  if (typeof item === 'string' || typeof item === 'boolean') return [typeof item];
  if (typeof item === 'number') return item === (item | 0) ? ['int', 'long'] : ['long'];
  if (typeof item === 'bigint') return ['long'];
  if (item instanceof JavaDouble) return ['double', 'float'];
  if (item instanceof AvroDatum) return [kindOf(item.type)];
  if (isList(item)) return ['array'];
  return [];
}

function takesNull(type: Type): boolean {
  return type.typeName === 'null' || (isUnion(type) && type.types.some(takesNull));
}

function sameType(left: Type, right: Type): boolean {
  return left === right || left.fingerprint().equals(right.fingerprint());
}

function allOf(values: readonly unknown[]): unknown {
  return values.includes(unconvertible) ? unconvertible : values;
}

function isList(item: AvroItem): item is readonly AvroItem[] {
  return Array.isArray(item);
}

function isTreeMap(item: AvroItem): item is { readonly [key: string]: TreeValue } {
  if (typeof item !== 'object' || item === null || item instanceof Uint8Array) return false;
  return !isList(item) && !isTreeList(item as TreeValue) && Object.getPrototypeOf(item) === Object.prototype;
}

function textOf(item: AvroItem): string {
  if (item === null || item === undefined) return 'null';
  if (isList(item) || isTreeMap(item)) return new JavaTree(item as TreeValue).toString();
  return javaText(item as RecordValue);
}
