/**
 * Protocol Buffers without their descriptor: fields by number, as the bytes have them. A key is `field << 3 | type`; type 0 is a varint, 1
 * eight bytes, 2 a length and bytes, 5 four bytes. Bytes are shown as text where they are printable, as a message where they are one, else as
 * base64; whether a number is signed, a flag or an enumeration only the descriptor knows.
 */
import { isUtf8 } from 'node:buffer';

export type WireValue = string | number | WireMessage | readonly WireValue[];
export interface WireMessage {
  readonly [field: string]: WireValue;
}

const depthMax = 32;
const fieldMax = 536_870_911;
// oxlint-disable-next-line no-control-regex -- a text has none of these
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Throws a sentence where the bytes are no message. */
export function wireMessage(bytes: Buffer, depth = 0): WireMessage {
  if (depth > depthMax) throw new Error(`messages lie more than ${depthMax} deep in each other`);
  const fields = new Map<number, WireValue[]>();
  for (let at = 0; at < bytes.length;) {
    const key = varintAt(bytes, at);
    const field = Number(key.value >> 3n);
    if (field < 1 || field > fieldMax) throw new Error(`byte ${at} begins no field: there is no field ${field}`);
    const { value, next } = valueAt(bytes, { at: key.next, type: Number(key.value & 7n), depth });
    const values = fields.get(field);
    if (values === undefined) fields.set(field, [value]);
    else values.push(value);
    at = next;
  }
  const entries = [...fields].map(([field, values]): [string, WireValue] => {
    const [only] = values;
    return [String(field), values.length === 1 && only !== undefined ? only : values];
  });
  return Object.fromEntries(entries);
}

function valueAt(
  bytes: Buffer,
  { at, type, depth }: { at: number; type: number; depth: number },
): { value: WireValue; next: number } {
  switch (type) {
    case 0: {
      const { value, next } = varintAt(bytes, at);
      return { value: shownNumber(value), next };
    }
    case 1:
      if (at + 8 > bytes.length) throw new Error(`the bytes end within the eight bytes at ${at}`);
      return { value: shownNumber(bytes.readBigUInt64LE(at)), next: at + 8 };
    case 2: {
      const length = varintAt(bytes, at);
      const next = length.next + Number(length.value);
      if (next > bytes.length) throw new Error(`the length at byte ${at} goes beyond the end`);
      return { value: shownBytes(bytes.subarray(length.next, next), depth), next };
    }
    case 5:
      if (at + 4 > bytes.length) throw new Error(`the bytes end within the four bytes at ${at}`);
      return { value: bytes.readUInt32LE(at), next: at + 4 };
    default:
      throw new Error(`byte ${at - 1} begins a field of type ${type}, which nobody writes`);
  }
}

function varintAt(bytes: Buffer, from: number): { value: bigint; next: number } {
  let value = 0n;
  for (let at = from; at < from + 10; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw new Error(`the bytes end within the number at ${from}`);
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - from));
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new Error(`the number at byte ${from} is longer than ten bytes`);
}

function shownNumber(value: bigint): number | string {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
}

function shownBytes(bytes: Buffer, depth: number): WireValue {
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8');
    if (!unprintable.test(text)) return text;
  }
  try {
    return wireMessage(bytes, depth + 1);
  } catch {
    return bytes.toString('base64');
  }
}
