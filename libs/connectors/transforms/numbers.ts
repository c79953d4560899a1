/** Numbers as Java reads and casts them. */

const bits: Readonly<Record<string, number>> = { int8: 8, int16: 16, int32: 32, int64: 64 };

/** A bigint where a double can not hold it. */
export function compact(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** Text as Java's `Long.parseLong` and its smaller ones. Throws where it is no whole number or out of range. */
export function wholeNumber(text: string, type: string): number | bigint {
  const width = bits[type] ?? 64;
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`"${text}" is not a whole number`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (BigInt.asIntN(width, value) !== value) throw new Error(`Value (${text}) was out of range for ${type}`);
  return compact(value);
}

/** Java's cast of a number to a narrower one: whole numbers keep their low bits, others are cut and kept within the range. */
export function narrowed(value: number | bigint, type: string): number | bigint {
  const width = bits[type] ?? 64;
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return compact(BigInt.asIntN(width, BigInt(value)));
  if (Number.isNaN(value)) return 0;
  // To a byte or short, Java goes by way of an int.
  const middle = Math.max(32, width);
  const max = (1n << BigInt(middle - 1)) - 1n;
  const cut = Math.trunc(value);
  const held = cut >= Number(max) ? max : cut <= -Number(max) - 1 ? -max - 1n : BigInt(cut);
  return compact(BigInt.asIntN(width, held));
}

/** Text that is a decimal number, as `BigDecimal` reads it. */
export function numberText(text: string): string {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) throw new Error(`"${text}" is not a number`);
  return text;
}

/** A double as Java's `Double.toString` writes it; a float with its own shortest digits. */
export function doubleText(value: number, isFloat: boolean): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Infinity' : 'Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponent = '0'] = (isFloat ? shortestFloat(value) : value).toExponential().split('e');
  const power = Number(exponent);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (power < -3 || power >= 7) return `${sign}${digits.charAt(0)}.${digits.slice(1) || '0'}E${power}`;
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  const padded = digits.padEnd(power + 1, '0');
  return `${sign}${padded.slice(0, power + 1)}.${padded.slice(power + 1) || '0'}`;
}

/** The number with the fewest digits that is this float. */
function shortestFloat(value: number): number {
  for (let digits = 1; digits < 10; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}
