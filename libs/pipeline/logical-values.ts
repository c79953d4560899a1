/** Values of Connect's and Avro's logical types as the texts that `ConnectSchema` describes, and back. */

const dayMs = 86_400_000;

/** Days since 1970 as `2026-01-31`. */
export function dateText(days: number): string {
  return isoText(days * dayMs).replace(/T.*$/, '');
}

/** Milliseconds of the day as `12:30:00.250`. */
export function timeText(milliseconds: number): string {
  return isoText(milliseconds).replace(/^.*T/, '').replace(/Z$/, '');
}

/** Milliseconds since the epoch as `2026-01-31T12:30:00.250Z`. */
export function timestampText(milliseconds: number): string {
  return isoText(milliseconds);
}

/** With `digits` more digits than milliseconds have: `2026-01-31T12:30:00.250125Z` of microseconds and 3. */
export function fineTimestampText(units: bigint, digits: 3 | 6): string {
  return finer(units, digits, timestampText, 'Z');
}

/** As `fineTimestampText`, for the time of day. */
export function fineTimeText(units: bigint, digits: 3 | 6): string {
  return finer(units, digits, timeText, '');
}

function finer(units: bigint, digits: number, text: (milliseconds: number) => string, ending: string): string {
  const unit = 10n ** BigInt(digits);
  const rest = ((units % unit) + unit) % unit;
  const base = text(Number((units - rest) / unit));
  return `${ending === '' ? base : base.slice(0, -ending.length)}${String(rest).padStart(digits, '0')}${ending}`;
}

/** Beyond the years that a JavaScript date has, the number itself. */
function isoText(milliseconds: number): string {
  return Math.abs(milliseconds) > 8.64e15 ? String(milliseconds) : new Date(milliseconds).toISOString();
}

/** Milliseconds since the epoch of a text of `dateText`, `timeText` or `timestampText`; null where it is none. */
export function instantOf(text: string): number | null {
  const whole = /^\d\d:\d\d/.test(text) ? `1970-01-01T${text}Z` : /T/.test(text) ? text : `${text}T00:00:00.000Z`;
  const milliseconds = Date.parse(whole);
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

/** A number as two's complement, highest byte first, with `scale` digits after the point; exact. */
export function decimalText(bytes: Uint8Array, scale: number): string {
  let unscaled = 0n;
  for (const byte of bytes) unscaled = (unscaled << 8n) | BigInt(byte);
  if (((bytes[0] ?? 0) & 0x80) !== 0) unscaled -= 1n << BigInt(bytes.length * 8);
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
