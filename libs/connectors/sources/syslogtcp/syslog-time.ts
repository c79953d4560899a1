const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `2003-10-11T22:14:15.003Z` in ms since the epoch, as text. Without a zone it is local time. */
export function rfc5424TimeMs(text: string): string | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))?$/.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const fractionMs = Math.floor(Number(`0.${match[7] ?? '0'}`) * 1000 + 1e-6);
  if (!text.endsWith('Z') && match[8] === undefined) {
    return String(new Date(year, month - 1, day, hour, minute, second, fractionMs).getTime());
  }
  const offsetMinutes = (match[8] === '-' ? -1 : 1) * (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0));
  return String(Date.UTC(year, month - 1, day, hour, minute - offsetMinutes, second, fractionMs));
}

/**
 * `Oct 11 22:14:15`, local time, in ms since the epoch, as text. The year is not in it: the one is taken that puts the time
 * at most a month into the future and eleven months into the past. Null for a month that there is not.
 */
export function rfc3164TimeMs(text: string, nowMs: number): string | null {
  const match = /^(\w{3})\s+(\d+)\s(\d\d):(\d\d):(\d\d)$/.exec(text);
  const month = months.indexOf(match?.[1] ?? '');
  if (match === null || month < 0) return null;
  const [day, hour, minute, second] = match.slice(2, 6).map(Number) as [number, number, number, number];
  const at = (year: number, monthsOn = 0): number =>
    new Date(year, month + monthsOn, day, hour, minute, second).getTime();
  const year = new Date(nowMs).getFullYear();
  if (at(year, -1) > nowMs) return String(at(year - 1));
  if (at(year, 11) < nowMs) return String(at(year + 1));
  return String(at(year));
}
