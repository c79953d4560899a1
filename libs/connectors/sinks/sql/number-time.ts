/** Whether a column holds whole days. */
export type TimeUnit = 'seconds' | 'days';

/**
 * A number as a time in UTC, `2026-01-31 12:30:00.250`; null where there is no such time. Numbers are those of Connect and Debezium:
 * milliseconds since 1970, microseconds from 10^14 on, nanoseconds from 10^17 on; in a column of days, days below 10^7.
 */
export function timeOfNumber(value: number | bigint, unit: TimeUnit): string | null {
  const number = Number(value);
  const size = Math.abs(number);
  if (unit === 'days' && size < 1e7) return textOf(number * 86_400_000, '');
  if (size < 1e14) {
    const whole = Math.floor(number);
    return textOf(whole, `.${String(((whole % 1000) + 1000) % 1000).padStart(3, '0')}`);
  }
  const micros = size >= 1e17 ? BigInt(value) / 1000n : BigInt(Math.trunc(number));
  const inSecond = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return textOf(Number((micros - inSecond) / 1000n), `.${String(inSecond).padStart(6, '0')}`);
}

function textOf(ms: number, fraction: string): string | null {
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? null : `${secondsText(at)}${fraction}`;
}

/** `2026-01-31 12:30:00` */
export function secondsText(at: Date): string {
  return at
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');
}
