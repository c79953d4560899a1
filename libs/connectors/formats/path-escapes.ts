/**
 * The escapes of Flume's paths, with the Java date pattern that each stands for:
 *
 *     %{name}  a header; missing = empty      %t  the record's time in ms, never rounded
 *     %a %A    EEE EEEE (Mon Monday)          %b %B  MMM MMMM (Jan January)
 *     %c       EEE MMM d HH:mm:ss yyyy        %d %e  dd d
 *     %D       MM/dd/yy, which makes folders  %H %k  HH H         %I %l  hh h
 *     %j       DDD, day of the year           %m %n  MM M         %M %S  mm ss
 *     %p       AM or PM                       %s  seconds since 1970
 *     %y %Y    yy yyyy                        %z  +hhmm           %%  a percent sign
 *     %[localhost] %[IP] %[FQDN]              %{topic} %{partition}  ours: where the record lies
 *     %(field)  ours: a field of the JSON value, `%(address.country)` one inside; missing or null as Hive names it
 *
 * Another letter gives nothing, as in Flume. Names of days and months are English whatever the machine's locale. Unlike in Flume
 * `%%` needs no timestamp.
 */
import { hostname, networkInterfaces } from 'node:os';

export type Escape =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'topic' }
  | { readonly kind: 'partition' }
  | { readonly kind: 'host'; readonly name: keyof HostNames }
  | { readonly kind: 'time'; readonly letter: string };

export interface HostNames {
  readonly localhost: string;
  readonly IP: string;
  readonly FQDN: string;
}

/** This machine's names, without asking DNS: a path must not wait for it. */
export function machineHostNames(): HostNames {
  const address = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((candidate) => candidate.family === 'IPv4' && !candidate.internal);
  return { localhost: hostname(), IP: address?.address ?? '127.0.0.1', FQDN: hostname() };
}

const pattern = /%(?:(\w|%)|\{([\w.-]+)\}|\[(\w+)\]|\(([^()/%]+)\))/g;

export function parseEscapes(text: string): Escape[] {
  const escapes: Escape[] = [];
  let at = 0;
  const literal = (part: string): void => {
    if (part !== '') escapes.push({ kind: 'literal', text: part });
  };
  for (const match of text.matchAll(pattern)) {
    literal(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [, letter, header, host, field] = match;
    if (letter === '%') literal('%');
    else if (field !== undefined) escapes.push({ kind: 'field', path: field.split('.') });
    else if (letter !== undefined) escapes.push({ kind: 'time', letter });
    else if (header === 'topic' || header === 'partition') escapes.push({ kind: header });
    else if (header !== undefined) escapes.push({ kind: 'header', name: header });
    else escapes.push({ kind: 'host', name: hostName(host ?? '') ?? 'localhost' });
  }
  literal(text.slice(at));
  return escapes;
}

/** What is wrong with a template, or null: an unknown `%[key]`, or a literal `..`. */
export function templateProblem(text: string): string | null {
  for (const match of text.matchAll(pattern)) {
    const host = match[3];
    if (host !== undefined && hostName(host) === null)
      return `%[${host}] is not known; there are %[localhost], %[IP] and %[FQDN]`;
  }
  const segments = text.split('/');
  if (segments.includes('..') || segments.includes('.')) return 'must not contain the segments . or ..';
  return segments.some((segment) => segment.startsWith('+'))
    ? 'must not contain folders that begin with +, which are kept for the sink itself'
    : null;
}

function hostName(text: string): keyof HostNames | null {
  return (['localhost', 'IP', 'FQDN'] as const).find((name) => name.toLowerCase() === text.toLowerCase()) ?? null;
}

/**
 * A value from outside as part of one path segment: slashes, backslashes, colons (HDFS refuses them), control characters and the
 * percent sign are percent-encoded, as Hive does in partition folders, so that different values stay different.
 */
export function safeValue(value: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return value.replace(/[\u0000-\u001f\u007f/\\:%]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** `fields`' UTC parts are the zone's wall clock at `timeMs`, which lies `offsetMs` from UTC. */
export function timeField(letter: string, fields: Date, timeMs: number, offsetMs: number): string {
  const day = days[fields.getUTCDay()] ?? '';
  const month = months[fields.getUTCMonth()] ?? '';
  const hour = fields.getUTCHours();
  const year = String(fields.getUTCFullYear()).padStart(4, '0');
  switch (letter) {
    case 'a':
      return day.slice(0, 3);
    case 'A':
      return day;
    case 'b':
      return month.slice(0, 3);
    case 'B':
      return month;
    case 'c':
      return safeValue(
        `${day.slice(0, 3)} ${month.slice(0, 3)} ${fields.getUTCDate()} ` +
          `${two(hour)}:${two(fields.getUTCMinutes())}:${two(fields.getUTCSeconds())} ${year}`,
      );
    case 'd':
      return two(fields.getUTCDate());
    case 'e':
      return String(fields.getUTCDate());
    case 'D':
      return `${two(fields.getUTCMonth() + 1)}/${two(fields.getUTCDate())}/${year.slice(-2)}`;
    case 'H':
      return two(hour);
    case 'k':
      return String(hour);
    case 'I':
      return two(hour % 12 === 0 ? 12 : hour % 12);
    case 'l':
      return String(hour % 12 === 0 ? 12 : hour % 12);
    case 'j':
      return String(dayOfYear(fields)).padStart(3, '0');
    case 'm':
      return two(fields.getUTCMonth() + 1);
    case 'n':
      return String(fields.getUTCMonth() + 1);
    case 'M':
      return two(fields.getUTCMinutes());
    case 'p':
      return hour < 12 ? 'AM' : 'PM';
    case 's':
      return String(Math.floor(timeMs / 1000));
    case 'S':
      return two(fields.getUTCSeconds());
    case 'y':
      return year.slice(-2);
    case 'Y':
      return year;
    case 'z':
      return zoneText(offsetMs);
    default:
      return '';
  }
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function dayOfYear(fields: Date): number {
  return Math.floor((fields.getTime() - Date.UTC(fields.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

function zoneText(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
}
