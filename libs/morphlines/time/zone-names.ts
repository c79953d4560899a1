import { CalendarZone } from '#std/calendar-zone';

/** Zones that Java knows by three letters and the IANA names not. */
const javaZones: Readonly<Record<string, string>> = {
  PST: 'America/Los_Angeles',
  CST: 'America/Chicago',
  IST: 'Asia/Kolkata',
  JST: 'Asia/Tokyo',
  ECT: 'Europe/Paris',
  ART: 'Africa/Cairo',
  CAT: 'Africa/Harare',
  EAT: 'Africa/Addis_Ababa',
  NST: 'Pacific/Auckland',
  AET: 'Australia/Sydney',
  CTT: 'Asia/Shanghai',
  BST: 'Asia/Dhaka',
  AST: 'America/Anchorage',
};

const hour = 3_600_000;

/** What `z` reads, in milliseconds from UTC. `BST` is British Summer Time, `IST` India's, as Java finds them first. */
const zoneOffsets: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  UT: 0,
  Z: 0,
  EST: -5 * hour,
  EDT: -4 * hour,
  CST: -6 * hour,
  CDT: -5 * hour,
  MST: -7 * hour,
  MDT: -6 * hour,
  PST: -8 * hour,
  PDT: -7 * hour,
  AKST: -9 * hour,
  AKDT: -8 * hour,
  HST: -10 * hour,
  WET: 0,
  WEST: hour,
  BST: hour,
  CET: hour,
  CEST: 2 * hour,
  EET: 2 * hour,
  EEST: 3 * hour,
  MSK: 3 * hour,
  IST: 5.5 * hour,
  JST: 9 * hour,
  KST: 9 * hour,
  AEST: 10 * hour,
  AEDT: 11 * hour,
};

/** A zone by Java's id; null where there is none. */
export function findZone(id: string): CalendarZone | null {
  return CalendarZone.find(javaZones[id] ?? id);
}

/** The offset that the beginning of `text` names, and how long the name is; null where it names none. */
export function readZoneName(text: string): { offsetMs: number; length: number } | null {
  const name = /^[A-Za-z]+/.exec(text)?.[0] ?? '';
  const offsetMs = zoneOffsets[name.toUpperCase()];
  if (offsetMs === undefined) return null;
  const relative = offsetMs === 0 ? readOffset(text.slice(name.length)) : null;
  if (relative !== null) return { offsetMs: relative.offsetMs, length: name.length + relative.length };
  return { offsetMs, length: name.length };
}

/** `+01:00`, `-0800`, `+1`. */
export function readOffset(text: string): { offsetMs: number; length: number } | null {
  const match = /^([+-])(\d{1,2})(?::?([0-5]\d))?/.exec(text);
  if (match === null) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return { offsetMs: (match[1] === '-' ? -1 : 1) * minutes * 60_000, length: match[0].length };
}

/** `PST`, `CEST`; an offset where a zone has no short name in English. */
export function zoneName(id: string, timeMs: number, width: 'short' | 'long'): string {
  if (id === 'UTC' || id === 'GMT')
    return width === 'short' ? id : id === 'UTC' ? 'Coordinated Universal Time' : 'Greenwich Mean Time';
  let name = '';
  for (const locale of ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-NZ', 'en-ZA']) {
    const format = new Intl.DateTimeFormat(locale, { timeZone: javaZones[id] ?? id, timeZoneName: width });
    name = format.formatToParts(timeMs).find((part) => part.type === 'timeZoneName')?.value ?? '';
    if (!/^(?:GMT|UTC)[+-]/.test(name)) return name;
  }
  return name;
}

/** `+0100`, or with a colon. */
export function offsetText(offsetMs: number, separator: string): string {
  const minutes = Math.abs(offsetMs) / 60_000;
  const text = `${pad(Math.floor(minutes / 60))}${separator}${pad(minutes % 60)}`;
  return (offsetMs < 0 ? '-' : '+') + text;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
