/**
 * Values of a record as Java would hold them: text, whole numbers (`number`, or `bigint` past 2^53), `JavaDouble`, booleans, bytes, JSON
 * trees and whatever object a command puts there for the next one. Their text is what Java's toString gives, because users see it in
 * headers and match on it.
 */
export type RecordValue = string | number | bigint | boolean | Uint8Array | RecordObject;

/** An object of a command's own: a JSON tree, an Avro datum. `toString` is what a header or a field expression shows. */
export interface RecordObject {
  toString(): string;
}

/** A float or double: `1` prints as `1.0`. */
export class JavaDouble implements RecordObject {
  constructor(readonly value: number) {}

  toString(): string {
    return javaDoubleText(this.value);
  }
}

/** Java's Map and List in a record: `{a=1, b=[x, y]}`. */
export class JavaTree implements RecordObject {
  constructor(readonly value: TreeValue) {}

  toString(): string {
    return treeText(this.value);
  }
}

export type TreeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | JavaDouble
  | readonly TreeValue[]
  | { readonly [key: string]: TreeValue };

function treeText(value: TreeValue): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : javaText(value);
  if (value instanceof JavaDouble) return value.toString();
  if (isTreeList(value)) return `[${value.map(treeText).join(', ')}]`;
  const fields = Object.entries(value).map(([key, item]) => `${key}=${treeText(item)}`);
  return `{${fields.join(', ')}}`;
}

/** `Array.isArray` for a read-only list. */
export function isTreeList(value: TreeValue): value is readonly TreeValue[] {
  return Array.isArray(value);
}

/** Java's `toString()`, but bytes as the UTF-8 text that they are (Java prints `[B@` and an address). */
export function javaText(value: RecordValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : javaDoubleText(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');
  return value.toString();
}

/** Java's `equals()`: a number never equals its text, and bytes are equal only to themselves. */
export function javaEquals(left: RecordValue, right: RecordValue): boolean {
  if (left === right) return true;
  if (left instanceof JavaDouble) return right instanceof JavaDouble && left.value === right.value;
  if (typeof left !== 'object' || typeof right !== 'object' || left instanceof Uint8Array) return false;
  return left.constructor === right.constructor && left.toString() === right.toString();
}

/** `Double.toString`: at least one digit after the point, an exponent from 10^7 on and below 10^-3. */
function javaDoubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
}

/** `String.trim()`: takes away everything up to the blank, control characters too, and no other blanks of Unicode. */
export function javaTrim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && text.charCodeAt(from) <= 0x20) from += 1;
  while (to > from && text.charCodeAt(to - 1) <= 0x20) to -= 1;
  return to - from === text.length ? text : text.slice(from, to);
}
