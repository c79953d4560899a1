import type { CalendarZone } from '#std/calendar-zone';
import { findCalendarNames, type CalendarNames } from './calendar-names.js';
import { findZone, offsetText, readOffset, readZoneName, zoneName } from './zone-names.js';

type Token = { readonly literal: string } | { readonly letter: string; readonly count: number };

/** Fields that were read; what was not is that of the beginning of 1970. */
interface Reading {
  year: number;
  isBeforeChrist: boolean;
  month: number;
  day: number;
  dayOfYear: number | null;
  hour: number;
  half: number | null;
  minute: number;
  second: number;
  millisecond: number;
  offsetMs: number | null;
}

/** Where a field is read. */
interface Place {
  readonly text: string;
  readonly at: number;
  /** Of a number that another field follows at once. */
  readonly digitsMax: number;
}

/** More digits than this are no time. */
const wholeDigitsMax = 15;

const letters = 'GyMLdDEuaHkKhmsSzZX';
const refusedLetters = 'YwWF';

/**
 * Java's SimpleDateFormat: reads and writes times by patterns such as `yyyy-MM-dd'T'HH:mm:ss.SSSZ`, leniently as Java does by default (the 32nd
 * of January is the 1st of February). Years of two digits are 2000 to 2099. Without weeks (`Y w W F`), whose count depends on the country.
 */
export class SimpleDateFormat {
  private constructor(
    private readonly tokens: readonly Token[],
    private readonly zoneId: string,
    private readonly zone: CalendarZone,
    private readonly names: CalendarNames,
  ) {}

  /** `zoneId` as Java's TimeZone has them, `locale` as `de_DE`, empty for English. Throws an Error that says what is wrong. */
  static compile(pattern: string, zoneId: string, locale: string): SimpleDateFormat {
    const zone = findZone(zoneId);
    if (zone === null) throw new Error(`there is no time zone ${zoneId}`);
    const names = findCalendarNames(locale);
    if (names === null) throw new Error(`there is no locale ${locale}`);
    return new SimpleDateFormat(tokenize(pattern), zoneId, zone, names);
  }

  /** Milliseconds since the epoch; null where the text is not of this pattern from its beginning to its end. */
  parse(text: string): number | null {
    const reading: Reading = {
      year: 1970,
      isBeforeChrist: false,
      month: 0,
      day: 1,
      dayOfYear: null,
      hour: 0,
      half: null,
      minute: 0,
      second: 0,
      millisecond: 0,
      offsetMs: null,
    };
    let at = 0;
    for (const [index, token] of this.tokens.entries()) {
      if ('literal' in token) {
        if (!text.startsWith(token.literal, at)) return null;
        at += token.literal.length;
        continue;
      }
      while (text[at] === ' ' || text[at] === '\t') at += 1;
      const next = this.tokens[index + 1];
      const digitsMax = next !== undefined && 'letter' in next ? token.count : Infinity;
      at = this.read(token.letter, token.count, { text, at, digitsMax }, reading);
      if (at < 0) return null;
    }
    return at === text.length ? this.timeOf(reading) : null;
  }

  format(timeMs: number): string {
    const date = this.zone.fields(timeMs);
    return this.tokens
      .map((token) => ('literal' in token ? token.literal : this.written(token.letter, token.count, date, timeMs)))
      .join('');
  }

  /** Reads one field into `reading`; gives the place after it, or -1. */
  private read(letter: string, count: number, place: Place, reading: Reading): number {
    switch (letter) {
      case 'G':
        return longest(place, [this.names.eras], (era) => (reading.isBeforeChrist = era === 0));
      case 'M':
      case 'L':
        if (count > 2)
          return longest(place, [this.names.monthsLong, this.names.monthsShort], (month) => (reading.month = month));
        return whole(place, (month) => (reading.month = month - 1));
      case 'E':
        return longest(place, [this.names.daysLong, this.names.daysShort], () => {});
      case 'a':
        return longest(place, [this.names.halves], (half) => (reading.half = half));
      case 'z':
      case 'Z':
      case 'X':
        return readZone(letter, place, reading);
      case 'y':
        return whole(place, (year, length) => (reading.year = year + (count <= 2 && length === 2 ? 2000 : 0)));
      default:
        return whole(place, (number) => setNumber(letter, number, reading));
    }
  }

  private timeOf(reading: Reading): number {
    const { half, dayOfYear, minute, second, millisecond, offsetMs } = reading;
    const hour = half === null ? reading.hour : (reading.hour % 12) + 12 * half;
    const year = reading.isBeforeChrist ? 1 - reading.year : reading.year;
    const date = new Date(0);
    if (dayOfYear === null) date.setUTCFullYear(year, reading.month, reading.day);
    else date.setUTCFullYear(year, 0, dayOfYear);
    const local = date.getTime() + hour * 3_600_000 + minute * 60_000 + second * 1000 + millisecond;
    return offsetMs === null ? this.ofWallTime(local) : local - offsetMs;
  }

  /** A time that a clock shows twice, or never, is taken in winter time, as Java does. */
  private ofWallTime(local: number): number {
    const before = this.zone.offsetMs(local - 86_400_000);
    const after = this.zone.offsetMs(local + 86_400_000);
    if (before === after) return local - before;
    const fits = [before, after].filter((offset) => this.zone.offsetMs(local - offset) === offset);
    const [only] = fits;
    return local - (fits.length === 1 && only !== undefined ? only : Math.min(before, after));
  }

  private written(letter: string, count: number, date: Date, timeMs: number): string {
    const number = (value: number): string => String(value).padStart(count, '0');
    const hour = date.getUTCHours();
    switch (letter) {
      case 'G':
        return this.names.eras[date.getUTCFullYear() > 0 ? 1 : 0];
      case 'y': {
        const year = date.getUTCFullYear();
        const shown = year > 0 ? year : 1 - year;
        return count === 2 ? String(shown % 100).padStart(2, '0') : number(shown);
      }
      case 'M':
      case 'L': {
        const month = date.getUTCMonth();
        if (count < 3) return number(month + 1);
        return (count === 3 ? this.names.monthsShort : this.names.monthsLong)[month] ?? '';
      }
      case 'd':
        return number(date.getUTCDate());
      case 'D':
        return number(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1);
      case 'E':
        return (count < 4 ? this.names.daysShort : this.names.daysLong)[date.getUTCDay()] ?? '';
      case 'u':
        return number(date.getUTCDay() === 0 ? 7 : date.getUTCDay());
      case 'a':
        return this.names.halves[hour < 12 ? 0 : 1];
      case 'H':
        return number(hour);
      case 'k':
        return number(hour === 0 ? 24 : hour);
      case 'K':
        return number(hour % 12);
      case 'h':
        return number(hour % 12 === 0 ? 12 : hour % 12);
      case 'm':
        return number(date.getUTCMinutes());
      case 's':
        return number(date.getUTCSeconds());
      case 'S':
        return number(date.getUTCMilliseconds());
      case 'z':
        return zoneName(this.zoneId, timeMs, count < 4 ? 'short' : 'long');
      case 'Z':
        return offsetText(this.zone.offsetMs(timeMs), '');
      default:
        return isoOffset(this.zone.offsetMs(timeMs), count);
    }
  }
}

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') tokens.push({ literal });
    literal = '';
  };
  for (let at = 0; at < pattern.length;) {
    const next = pattern[at] ?? '';
    if (next === "'") {
      if (pattern[at + 1] === "'") {
        literal += "'";
        at += 2;
        continue;
      }
      const quoted = /^'((?:[^']|'')*)'/.exec(pattern.slice(at));
      if (quoted === null) throw new Error(`a quote in the time pattern ${pattern} is never closed`);
      literal += (quoted[1] ?? '').replaceAll("''", "'");
      at += quoted[0].length;
    } else if (/[a-zA-Z]/.test(next)) {
      if (refusedLetters.includes(next))
        throw new Error(`the letter ${next} (weeks) in the time pattern ${pattern} is not supported`);
      if (!letters.includes(next))
        throw new Error(`the letter ${next} in the time pattern ${pattern} means nothing; put text in quotes`);
      let end = at;
      while (pattern[end] === next) end += 1;
      flush();
      tokens.push({ letter: next, count: end - at });
      at = end;
    } else {
      literal += next;
      at += 1;
    }
  }
  flush();
  return tokens;
}

function whole({ text, at, digitsMax }: Place, use: (value: number, length: number) => void): number {
  const isNegative = text[at] === '-';
  const from = isNegative ? at + 1 : at;
  const endMax = at + Math.min(digitsMax, wholeDigitsMax);
  let end = from;
  let value = 0;
  for (; end < endMax; end += 1) {
    const digit = text.charCodeAt(end) - 0x30;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  if (end === from) return -1;
  use(isNegative ? -value : value, end - at);
  return end;
}

/** The longest of several names that stands there, whatever its case. */
function longest({ text, at }: Place, lists: readonly (readonly string[])[], use: (index: number) => void): number {
  let best = 0;
  for (const names of lists) {
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] ?? '';
      if (name.length <= best || !standsAt(text, at, name)) continue;
      best = name.length;
      use(index);
    }
  }
  return best === 0 ? -1 : at + best;
}

function standsAt(text: string, at: number, name: string): boolean {
  if (text.startsWith(name, at)) return true;
  const first = text.charCodeAt(at) | 0x20;
  if (first < 0x80 && first !== (name.charCodeAt(0) | 0x20)) return false;
  return text.slice(at, at + name.length).toLowerCase() === name.toLowerCase();
}

function setNumber(letter: string, number: number, reading: Reading): void {
  switch (letter) {
    case 'd':
      reading.day = number;
      break;
    case 'D':
      reading.dayOfYear = number;
      break;
    case 'H':
    case 'K':
      reading.hour = number;
      break;
    case 'k':
      reading.hour = number === 24 ? 0 : number;
      break;
    case 'h':
      reading.hour = number === 12 ? 0 : number;
      break;
    case 'm':
      reading.minute = number;
      break;
    case 's':
      reading.second = number;
      break;
    case 'S':
      reading.millisecond = number;
      break;
    default:
      break;
  }
}

function readZone(letter: string, { text, at }: Place, reading: Reading): number {
  const rest = text.slice(at);
  const found = readOffset(rest) ?? (letter === 'X' && rest.startsWith('Z') ? { offsetMs: 0, length: 1 } : null);
  const zone = found ?? (letter === 'X' ? null : readZoneName(rest));
  if (zone === null) return -1;
  reading.offsetMs = zone.offsetMs;
  return at + zone.length;
}

function isoOffset(offsetMs: number, count: number): string {
  if (offsetMs === 0) return 'Z';
  if (count === 1) return offsetText(offsetMs, '').slice(0, 3);
  return offsetText(offsetMs, count === 2 ? '' : ':');
}
