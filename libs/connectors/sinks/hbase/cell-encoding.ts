/** How a field's value becomes the bytes of a cell; the binary ones are those of HBase's class `Bytes` (big endian). */
import { stringifyJson, type JsonValue } from '#pipeline/sink-json';

export const cellEncodings = ['string', 'int', 'long', 'float', 'double', 'boolean', 'bytes'] as const;

export type CellEncoding = (typeof cellEncodings)[number];

export function isCellEncoding(name: string): name is CellEncoding {
  return cellEncodings.some((encoding) => encoding === name);
}

/** Null where the value does not fit. */
export function encodeCell(value: JsonValue, encoding: CellEncoding): Buffer | null {
  switch (encoding) {
    case 'string':
      return Buffer.from(textOf(value));
    case 'boolean':
      return typeof value === 'boolean' ? Buffer.from([value ? 0xff : 0]) : null;
    case 'bytes':
      return typeof value === 'string' && isBase64(value) ? Buffer.from(value, 'base64') : null;
    case 'int':
    case 'long': {
      const whole = wholeOf(value);
      if (whole === null) return null;
      return encoding === 'int' ? int32(whole) : int64(whole);
    }
    case 'float':
    case 'double': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number !== 'number' && typeof number !== 'bigint') return null;
      if (Number.isNaN(Number(number))) return null;
      const bytes = Buffer.alloc(encoding === 'float' ? 4 : 8);
      if (encoding === 'float') bytes.writeFloatBE(Number(number));
      else bytes.writeDoubleBE(Number(number));
      return bytes;
    }
  }
}

/** Texts as they are, all else as JSON writes it. */
export function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : stringifyJson(value);
}

function wholeOf(value: JsonValue): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : null;
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? BigInt(value) : null;
}

function int32(value: bigint): Buffer | null {
  if (BigInt.asIntN(32, value) !== value) return null;
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Number(value));
  return bytes;
}

function int64(value: bigint): Buffer | null {
  if (BigInt.asIntN(64, value) !== value) return null;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
