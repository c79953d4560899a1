/** Scalars as JSON carries them (see `ConnectSchema`) in the forms that binary formats store. Each throws a ValueMismatch. */
import type { JsonValue } from '#pipeline/sink-json';

/** A value that its schema does not take. The message names the field once it has passed the records around it. */
export class ValueMismatch extends Error {
  constructor(
    readonly reason: string,
    readonly path = '',
  ) {
    super(path === '' ? reason : `field ${path} ${reason}`);
  }

  inside(name: string): ValueMismatch {
    return new ValueMismatch(this.reason, this.path === '' ? name : `${name}.${this.path}`);
  }
}

export function mismatch(value: JsonValue | undefined, wanted: string): ValueMismatch {
  if (value === undefined) return new ValueMismatch(`is missing and has to be ${wanted}`);
  const what =
    value === null
      ? 'null'
      : typeof value === 'string'
        ? `the text ${JSON.stringify(value.length > shownMax ? `${value.slice(0, shownMax)}…` : value)}`
        : Array.isArray(value)
          ? 'an array'
          : typeof value === 'object'
            ? 'an object'
            : String(value);
  return new ValueMismatch(`is ${what} and has to be ${wanted}`);
}

const shownMax = 40;
const dayMs = 86_400_000;

export function wholeNumber(value: JsonValue | undefined, min: number, max: number, type: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw mismatch(value, `a whole number of type ${type}`);
}

export function int64Of(value: JsonValue | undefined): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
  throw mismatch(value, 'a whole number of 64 bits');
}

export function floatOf(value: JsonValue | undefined): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  throw mismatch(value, 'a number');
}

/** Text that is no base64 through and through is refused, not cut. */
export function bytesOf(value: JsonValue | undefined): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'base64');
    if (bytes.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, '')) return bytes;
  }
  throw mismatch(value, 'base64');
}

/** Days since 1970. */
export function daysOf(value: JsonValue | undefined): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'string' && /^[+-]?\d{4,6}-\d\d-\d\d$/.test(value)) {
    const ms = Date.parse(`${value}T00:00:00Z`);
    if (!Number.isNaN(ms)) return ms / dayMs;
  }
  throw mismatch(value, 'a date such as "2026-01-31"');
}

/** Milliseconds of the day. */
export function timeOf(value: JsonValue | undefined): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < dayMs) return value;
  if (typeof value === 'string' && /^\d\d:\d\d(:\d\d(\.\d+)?)?Z?$/.test(value)) {
    const ms = Date.parse(`1970-01-01T${value.replace(/Z$/, '')}Z`);
    if (!Number.isNaN(ms)) return ms;
  }
  throw mismatch(value, 'a time such as "12:30:00.250"');
}

/** Milliseconds since 1970. */
export function timestampOf(value: JsonValue | undefined): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'string' && /^[+-]?\d{4,6}-\d\d-\d\d[T ]/.test(value)) {
    const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
    if (!Number.isNaN(ms)) return ms;
  }
  throw mismatch(value, 'a time such as "2026-01-31T12:30:00Z", or milliseconds');
}

/** A decimal without its point: 12.50 of scale 2 is 1250. */
export function unscaledOf(value: JsonValue | undefined, scale: number, precision: number): bigint {
  const text =
    typeof value === 'string'
      ? value.trim()
      : typeof value === 'number' || typeof value === 'bigint'
        ? String(value)
        : '';
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text) ?? [];
  const shift = scale + Number(exponent) - fraction.length;
  const digits = whole + fraction;
  if (digits !== '') {
    const cut = shift < 0 ? digits.slice(shift) : '';
    const kept = shift < 0 ? digits.slice(0, shift) : digits + '0'.repeat(shift);
    if (/^0*$/.test(cut) && kept.replace(/^0+/, '').length <= (precision === 0 ? Infinity : precision)) {
      const size = BigInt(kept === '' ? '0' : kept);
      return sign === '-' ? -size : size;
    }
  }
  throw mismatch(value, `a decimal of at most ${precision} digits, ${scale} behind the point`);
}

/** Big endian two's complement, as short as it can be, or of `size` bytes. */
export function twosComplement(value: bigint, size: number | null): Buffer {
  let bytes = 1;
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes += 1;
  if (size !== null && bytes > size) throw new ValueMismatch(`has more than ${size} bytes as a decimal`);
  const length = size ?? bytes;
  return Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  );
}
