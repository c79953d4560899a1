/** Names of months, days and halves of the day in a locale, as they stand within a date. */
export interface CalendarNames {
  readonly monthsLong: readonly string[];
  readonly monthsShort: readonly string[];
  /** Sunday first. */
  readonly daysLong: readonly string[];
  readonly daysShort: readonly string[];
  readonly halves: readonly [string, string];
  readonly eras: readonly [string, string];
}

/** By Java's name of a locale: `de_DE`, `en`; empty is Java's root locale, which is English. Null where there is no such locale. */
export function findCalendarNames(locale: string): CalendarNames | null {
  const tag = locale === '' ? 'en-US' : locale.replaceAll('_', '-');
  try {
    if (Intl.DateTimeFormat.supportedLocalesOf([tag]).length === 0) return null;
  } catch {
    return null;
  }
  const months = (width: 'long' | 'short'): string[] =>
    Array.from({ length: 12 }, (_, month) =>
      part(tag, { month: width, day: 'numeric' }, 'month', Date.UTC(2024, month, 2)),
    );
  // The first of September 2024 was a Sunday.
  const days = (width: 'long' | 'short'): string[] =>
    Array.from({ length: 7 }, (_, day) => part(tag, { weekday: width }, 'weekday', Date.UTC(2024, 8, 1 + day)));
  const half = (hour: number): string =>
    part(tag, { hour: 'numeric', hourCycle: 'h12' }, 'dayPeriod', Date.UTC(2024, 0, 1, hour));
  const era = (year: number): string =>
    part(tag, { era: 'short', year: 'numeric' }, 'era', new Date(0).setUTCFullYear(year));
  return {
    monthsLong: months('long'),
    monthsShort: months('short'),
    daysLong: days('long'),
    daysShort: days('short'),
    halves: [half(3), half(15)],
    eras: [era(-100), era(2000)],
  };
}

function part(
  tag: string,
  options: Intl.DateTimeFormatOptions,
  type: Intl.DateTimeFormatPartTypes,
  timeMs: number,
): string {
  const format = new Intl.DateTimeFormat(tag, {
    ...options,
    timeZone: 'UTC',
    calendar: 'gregory',
    numberingSystem: 'latn',
  });
  return format.formatToParts(timeMs).find((found) => found.type === type)?.value ?? '';
}
