/** Texts of times and addresses. Each reader gives null for a text that is none. */

/** Factor and divisor that make milliseconds of it. */
export const timeUnits = {
  NANOSECONDS: [1n, 1_000_000n],
  MICROSECONDS: [1n, 1_000n],
  MILLISECONDS: [1n, 1n],
  SECONDS: [1_000n, 1n],
  MINUTES: [60_000n, 1n],
  HOURS: [3_600_000n, 1n],
  DAYS: [86_400_000n, 1n],
} as const;

export type TimeUnit = keyof typeof timeUnits;

const isoInstant =
  /^([+-]?\d{4,6}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/** Milliseconds since 1970 of an ISO 8601 text; one without a zone is UTC. Digits past milliseconds are cut, as a timestamp has none. */
export function instantOf(text: string): number | null {
  const match = isoInstant.exec(text);
  const day = match?.[1] ?? '';
  if (match === null || dayOf(day) === null) return null;
  const [, , time = '00:00:00', zone = 'Z'] = match;
  const clock = time.length === 5 ? `${time}:00` : time.slice(0, 12);
  const offset = zone.length === 3 ? `${zone}:00` : zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const instant = Date.parse(`${day}T${clock}${offset.toUpperCase()}`);
  return Number.isNaN(instant) ? null : instant;
}

/** Days since 1970. */
export function dayOf(text: string): number | null {
  if (!/^[+-]?\d{4,6}-\d{2}-\d{2}$/.test(text)) return null;
  const instant = Date.parse(`${text}T00:00:00Z`);
  // 30 February is read as 2 March.
  const real = !Number.isNaN(instant) && new Date(instant).toISOString().includes(`${text.slice(-5)}T`);
  return real ? instant / 86_400_000 : null;
}

/** Nanoseconds of the day. */
export function nanosecondsOf(text: string): bigint | null {
  const match = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/.exec(text);
  if (match === null) return null;
  const [, hours = '0', minutes = '0', seconds = '0', fraction = '0'] = match;
  if (Number(minutes) > 59 || Number(seconds) > 59) return null;
  const whole = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** 4 or 16 bytes of an address that `node:net` takes for one. */
export function inetBytes(text: string): Buffer {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const four = dotted === null ? null : Buffer.from(dotted.slice(1).map(Number));
  if (four !== null && !text.includes(':')) return four;
  const head =
    four === null ? text : text.replace(/[\d.]+$/, `${four.toString('hex', 0, 2)}:${four.toString('hex', 2)}`);
  const [left = '', right] = head.replace(/%.*$/, '').split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':').map((word) => word.padStart(4, '0')));
  const [before, after] = [words(left), words(right ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0000');
  return Buffer.from([...before, ...(right === undefined ? [] : zeros), ...after].join(''), 'hex');
}
