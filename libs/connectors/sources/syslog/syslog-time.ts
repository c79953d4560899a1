const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Three letters of a month as one number, for a look-up without a text. */
const monthOfLetters: ReadonlyMap<number, number> = new Map(
  months.map((name, month) => [lettersOf(name.charCodeAt(0), name.charCodeAt(1), name.charCodeAt(2)), month]),
);

/** A time without a year is looked at anew after so long. */
const yearCheckMs = 60_000;

/**
 * Reads the times of syslog messages out of their bytes. Messages that follow one another mostly are of the same second, so the last
 * one is remembered.
 */
export class SyslogTimes {
  private readonly isoBytes = new Uint8Array(19);
  private isoSecondMs = Number.NaN;
  private readonly bsdBytes = new Uint8Array(17);
  private bsdLength = 0;
  private bsdMs: number | null = null;
  private bsdReadAt = Number.NEGATIVE_INFINITY;

  /** @param zone of times that name none. */
  constructor(private readonly zone: 'local' | 'utc') {}

  /**
   * `2003-10-11T22:14:15.003Z` in `bytes[from, to)`, which `isoTimeEnd` has found, in ms since the epoch. Digits of the fraction after
   * the third are cut off.
   */
  iso(bytes: Buffer, from: number, to: number): number {
    if (!isSame(bytes, from, this.isoBytes, 19)) this.readIsoSecond(bytes, from);
    let at = from + 19;
    let fractionMs = 0;
    if (bytes[at] === dot) {
      at += 1;
      for (let weight = 100; at < to && isDigit(bytes[at] ?? 0); at += 1, weight /= 10) {
        if (weight >= 1) fractionMs += digitAt(bytes, at) * weight;
      }
    }
    if (at === to) return this.zone === 'utc' ? this.isoSecondMs + fractionMs : this.localIso(bytes, from) + fractionMs;
    if (bytes[at] === letterZ) return this.isoSecondMs + fractionMs;
    const offsetMinutes = twoDigits(bytes, at + 1) * 60 + twoDigits(bytes, at + 4);
    return this.isoSecondMs + fractionMs + (bytes[at] === minus ? offsetMinutes : -offsetMinutes) * 60_000;
  }

  /**
   * `Oct 11 22:14:15` in `bytes[from, to)`, which `bsdTimeEnd` has found, in ms since the epoch. The year is not in it: the one is
   * taken that puts the time at most a month into the future and eleven months into the past. Null for a month that there is not.
   */
  bsd(bytes: Buffer, from: number, to: number, nowMs: number): number | null {
    const isKnown =
      to - from === this.bsdLength &&
      Math.abs(nowMs - this.bsdReadAt) < yearCheckMs &&
      isSame(bytes, from, this.bsdBytes, this.bsdLength);
    if (!isKnown) {
      this.bsdLength = to - from;
      bytes.copy(this.bsdBytes, 0, from, to);
      this.bsdReadAt = nowMs;
      this.bsdMs = this.readBsd(bytes, from, to, nowMs);
    }
    return this.bsdMs;
  }

  private readIsoSecond(bytes: Buffer, from: number): void {
    bytes.copy(this.isoBytes, 0, from, from + 19);
    const year = twoDigits(bytes, from) * 100 + twoDigits(bytes, from + 2);
    const at = new Date(0);
    at.setUTCFullYear(year, twoDigits(bytes, from + 5) - 1, twoDigits(bytes, from + 8));
    at.setUTCHours(twoDigits(bytes, from + 11), twoDigits(bytes, from + 14), twoDigits(bytes, from + 17));
    this.isoSecondMs = at.getTime();
  }

  private localIso(bytes: Buffer, from: number): number {
    const at = new Date(2000, 0);
    const year = twoDigits(bytes, from) * 100 + twoDigits(bytes, from + 2);
    at.setFullYear(year, twoDigits(bytes, from + 5) - 1, twoDigits(bytes, from + 8));
    at.setHours(twoDigits(bytes, from + 11), twoDigits(bytes, from + 14), twoDigits(bytes, from + 17));
    return at.getTime();
  }

  private readBsd(bytes: Buffer, from: number, to: number, nowMs: number): number | null {
    const letters = lettersOf(bytes[from] ?? 0, bytes[from + 1] ?? 0, bytes[from + 2] ?? 0);
    const month = monthOfLetters.get(letters);
    if (month === undefined) return null;
    const day = Number(bytes.toString('latin1', from + 3, to - 9));
    const [hour, minute, second] = [twoDigits(bytes, to - 8), twoDigits(bytes, to - 5), twoDigits(bytes, to - 2)];
    const at = (year: number, monthsOn = 0): number =>
      this.zone === 'utc'
        ? Date.UTC(year, month + monthsOn, day, hour, minute, second)
        : new Date(year, month + monthsOn, day, hour, minute, second).getTime();
    const now = new Date(nowMs);
    const year = this.zone === 'utc' ? now.getUTCFullYear() : now.getFullYear();
    if (at(year, -1) > nowMs) return at(year - 1);
    if (at(year, 11) < nowMs) return at(year + 1);
    return at(year);
  }
}

/** Where a time of RFC 3339 ends that begins at `at`: `yyyy-MM-ddTHH:mm:ss`, a fraction, a zone. -1 where there is none. */
export function isoTimeEnd(bytes: Buffer, at: number, end: number): number {
  if (at + 19 > end || bytes[at + 4] !== minus || bytes[at + 7] !== minus || bytes[at + 10] !== letterT) return -1;
  if (bytes[at + 13] !== colon || bytes[at + 16] !== colon) return -1;
  for (const place of isoDigitPlaces) if (!isDigit(bytes[at + place] ?? 0)) return -1;
  let next = at + 19;
  if (next < end && bytes[next] === dot) {
    const first = next + 1;
    next = first;
    while (next < end && next < first + fractionDigitsMax && isDigit(bytes[next] ?? 0)) next += 1;
    if (next === first) return -1;
  }
  if (next === end) return next;
  if (bytes[next] === letterZ) return next + 1;
  if (bytes[next] !== minus && bytes[next] !== plus) return next;
  const isOffset =
    next + 6 <= end && bytes[next + 3] === colon && isTwoDigits(bytes, next + 1) && isTwoDigits(bytes, next + 4);
  return isOffset ? next + 6 : -1;
}

/** Where a time of RFC 3164 ends that begins at `at`: `Mmm d HH:mm:ss`, one or two blanks before the day. -1 where there is none. */
export function bsdTimeEnd(bytes: Buffer, at: number, end: number): number {
  if (at + 14 > end || !isUpper(bytes[at] ?? 0) || !isLower(bytes[at + 1] ?? 0) || !isLower(bytes[at + 2] ?? 0))
    return -1;
  let next = at + 3;
  if (!isBlank(bytes[next] ?? 0)) return -1;
  next += isBlank(bytes[next + 1] ?? 0) ? 2 : 1;
  if (!isDigit(bytes[next] ?? 0)) return -1;
  next += isDigit(bytes[next + 1] ?? 0) ? 2 : 1;
  if (next + 9 > end || !isBlank(bytes[next] ?? 0) || bytes[next + 3] !== colon || bytes[next + 6] !== colon) return -1;
  const isClock = isTwoDigits(bytes, next + 1) && isTwoDigits(bytes, next + 4) && isTwoDigits(bytes, next + 7);
  return isClock ? next + 9 : -1;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** What regular expressions call white space, in ASCII. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 9 && byte <= 13);
}

export function isUpper(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function isLower(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}

function isTwoDigits(bytes: Buffer, at: number): boolean {
  return isDigit(bytes[at] ?? 0) && isDigit(bytes[at + 1] ?? 0);
}

function digitAt(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0x30) - 0x30;
}

function twoDigits(bytes: Buffer, at: number): number {
  return digitAt(bytes, at) * 10 + digitAt(bytes, at + 1);
}

function lettersOf(first: number, second: number, third: number): number {
  return (first << 16) | (second << 8) | third;
}

/** Whether `bytes` has the same `length` bytes from `from` on as `known` has. */
function isSame(bytes: Uint8Array, from: number, known: Uint8Array, length: number): boolean {
  // The last ones differ first.
  for (let at = length - 1; at >= 0; at -= 1) if (bytes[from + at] !== known[at]) return false;
  return true;
}

/** RFC 5424 allows six; some senders write nanoseconds. */
const fractionDigitsMax = 9;
const isoDigitPlaces = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18];
const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;
const colon = 0x3a;
const letterT = 0x54;
const letterZ = 0x5a;
