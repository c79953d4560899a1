import { SimpleDateFormat } from './simple-date-format.js';

function convert(
  text: string,
  from: string,
  to: string,
  zones: [string, string] = ['UTC', 'UTC'],
  locales: [string, string] = ['', ''],
): string | null {
  const time = SimpleDateFormat.compile(from, zones[0], locales[0]).parse(text);
  return time === null ? null : SimpleDateFormat.compile(to, zones[1], locales[1]).format(time);
}

const iso = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'";

describe('SimpleDateFormat', () => {
  // Expectations were taken from java.text.SimpleDateFormat.
  it.each<[string, string, string | null]>([
    ['2011-09-06T14:14:34.789Z', iso, '2011-09-06T14:14:34.789Z'],
    ['2011-09-06T14:14:34Z', iso, null],
    ['2011-9-6', 'yyyy-MM-dd', '2011-09-06T00:00:00.000Z'],
    ['2011-09-06 x', 'yyyy-MM-dd', null],
    ['20110906', 'yyyyMMdd', '2011-09-06T00:00:00.000Z'],
    ['2011-13-32', 'yyyy-MM-dd', '2012-02-01T00:00:00.000Z'],
    ['Tue Sep 6 02:14:34 2011', 'EEE MMM d HH:mm:ss yyyy', '2011-09-06T02:14:34.000Z'],
    ['Tue Sep  6 02:14:34 2011', 'EEE MMM d HH:mm:ss yyyy', '2011-09-06T02:14:34.000Z'],
    ['Tuesday, 06-Sep-11 14:14:34 EDT', 'EEEE, dd-MMM-yy HH:mm:ss zzz', '2011-09-06T18:14:34.000Z'],
    ['Tue, 06 Sep 2011 14:14:34 GMT', 'EEE, dd MMM yyyy HH:mm:ss zzz', '2011-09-06T14:14:34.000Z'],
    ['Tue, 06 Sep 2011 14:14:34 GMT+02:00', 'EEE, dd MMM yyyy HH:mm:ss zzz', '2011-09-06T12:14:34.000Z'],
    ['10/Oct/2000:13:55:36 -0700', 'dd/MMM/yyyy:HH:mm:ss Z', '2000-10-10T20:55:36.000Z'],
    ['2000-10-10T13:55:36+02:00', "yyyy-MM-dd'T'HH:mm:ssXXX", '2000-10-10T11:55:36.000Z'],
    ['2000-10-10T13:55:36Z', "yyyy-MM-dd'T'HH:mm:ssXXX", '2000-10-10T13:55:36.000Z'],
    ['12:30 am', 'h:mm a', '1970-01-01T00:30:00.000Z'],
    ['12:30 PM', 'h:mm a', '1970-01-01T12:30:00.000Z'],
    ['24:30', 'k:mm', '1970-01-01T00:30:00.000Z'],
    ['1.5', 's.S', '1970-01-01T00:00:01.005Z'],
    ['99', 'yy', '2099-01-01T00:00:00.000Z'],
    ['2011 250', 'yyyy D', '2011-09-07T00:00:00.000Z'],
    ["1 o'clock", "h 'o''clock'", '1970-01-01T01:00:00.000Z'],
    ['5 BC', 'yyyy G', '0005-01-01T00:00:00.000Z'],
  ])('reads %j by %j as %j', (text, pattern, result) => {
    expect(convert(text, pattern, iso)).toBe(result);
  });

  it.each<[string, string, string]>([
    ['yyyy.MM.dd G HH:mm:ss z', 'America/Los_Angeles', '2001.07.04 AD 12:08:56 PDT'],
    ["EEE, MMM d, ''yy", 'America/Los_Angeles', "Wed, Jul 4, '01"],
    ['h:mm a', 'America/Los_Angeles', '12:08 PM'],
    ["hh 'o''clock' a, zzzz", 'America/Los_Angeles', "12 o'clock PM, Pacific Daylight Time"],
    ['yyyyy.MMMM.dd GGG hh:mm aaa', 'UTC', '02001.July.04 AD 07:08 PM'],
    ['EEE, d MMM yyyy HH:mm:ss Z', 'America/Los_Angeles', 'Wed, 4 Jul 2001 12:08:56 -0700'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", 'Europe/Berlin', '2001-07-04T21:08:56.235+02:00'],
    ['X XX mmXXX', 'UTC', 'Z Z 08Z'],
    ['D k K u EEEE', 'UTC', '185 19 7 3 Wednesday'],
    ['z', 'Europe/Berlin', 'CEST'],
  ])('writes %j in %s as %j', (pattern, zone, text) => {
    expect(SimpleDateFormat.compile(pattern, zone, '').format(Date.UTC(2001, 6, 4, 19, 8, 56, 235))).toBe(text);
  });

  it.each<[string, string]>([
    ['2024-03-10 02:30', '2024-03-10T10:30:00.000Z'],
    ['2024-11-03 01:30', '2024-11-03T09:30:00.000Z'],
    ['2024-07-01 00:00', '2024-07-01T07:00:00.000Z'],
  ])('reads %s in Los Angeles as %s', (text, result) => {
    expect(convert(text, 'yyyy-MM-dd HH:mm', iso, ['America/Los_Angeles', 'UTC'])).toBe(result);
  });

  it('knows names in other languages', () => {
    expect(convert('6. September 2011', 'd. MMMM yyyy', 'EEEE d MMMM', ['UTC', 'UTC'], ['de_DE', 'fr'])).toBe(
      'mardi 6 septembre',
    );
  });

  it.each([
    ['yyyy-ww', 'UTC', '', 'weeks'],
    ['abc', 'UTC', '', 'means nothing'],
    ["yyyy'T", 'UTC', '', 'never closed'],
    ['yyyy', 'Mars/Base', '', 'there is no time zone Mars/Base'],
    ['yyyy', 'UTC', 'zz_ZZ', 'there is no locale zz_ZZ'],
  ])('refuses %s in %s with locale %j', (pattern, zone, locale, message) => {
    expect(() => SimpleDateFormat.compile(pattern, zone, locale)).toThrow(message);
  });
});
