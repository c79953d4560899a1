import { recordsOf, type TestRecord } from '../sinks/file/records.testkit.js';
import { CalendarZone } from '#std/calendar-zone';
import { templateProblem } from './path-escapes.js';
import { PathTemplate } from './path-template.js';
import { recordTimeMs } from './record-time.js';
import { TimeRounding, type RoundUnit } from './time-rounding.js';

const host = { localhost: 'box', IP: '10.1.2.3', FQDN: 'box.example.org' };
// A Sunday; 7 in the evening in Berlin, 1 in the afternoon in New York.
const time = Date.UTC(2026, 0, 4, 18, 5, 9, 77);

function zone(name: string): CalendarZone {
  const found = CalendarZone.find(name);
  if (found === null) throw new Error(`no zone ${name}`);
  return found;
}

interface Setting {
  readonly zone?: string;
  readonly round?: [RoundUnit, number];
  readonly headers?: Record<string, string>;
  readonly timestamp?: number;
}

function resolve(template: string, setting: Setting = {}): string {
  const calendar = zone(setting.zone ?? 'UTC');
  const rounding = setting.round === undefined ? null : new TimeRounding(calendar, ...setting.round);
  const record: TestRecord = { offset: 0, value: '', headers: setting.headers, timestamp: setting.timestamp ?? time };
  const batch = recordsOf({ topic: 'orders', partition: 7 }, [record]);
  return new PathTemplate(template, { zone: calendar, rounding, host }).resolve(batch, 0, recordTimeMs(batch, 0));
}

describe('escapes of paths', () => {
  it.each([
    ['%a %A', 'Sun Sunday'],
    ['%b %B', 'Jan January'],
    ['%c', 'Sun Jan 4 18%3A05%3A09 2026'],
    ['%d %e', '04 4'],
    ['%D', '01/04/26'],
    ['%H %k', '18 18'],
    ['%I %l', '06 6'],
    ['%j', '004'],
    ['%m %n', '01 1'],
    ['%M %S', '05 09'],
    ['%p', 'PM'],
    ['%s %t', `${Math.floor(time / 1000)} ${time}`],
    ['%y %Y', '26 2026'],
    ['%Y%z', '2026+0000'],
    ['100%%', '100%'],
    ['a%Qb%_c', 'abc'],
    ['%-d%', '%-d%'],
    ['%{topic}/%{partition}', 'orders/7'],
    ['%[localhost] %[ip] %[Fqdn]', 'box 10.1.2.3 box.example.org'],
    ['%{no.such-header}x', 'x'],
  ])('%s gives %s', (template, expected) => {
    expect(resolve(template)).toBe(expected);
  });

  it.each([
    ['Europe/Berlin', '2026-01-04 19 +0100'],
    ['America/New_York', '2026-01-04 13 -0500'],
    ['Asia/Kathmandu', '2026-01-04 23 +0545'],
    ['GMT+08:00', '2026-01-05 02 +0800'],
    ['GMT-3', '2026-01-04 15 -0300'],
  ])('are in the time zone %s', (name, expected) => {
    expect(resolve('%Y-%m-%d %H %z', { zone: name })).toBe(expected);
  });

  it('follow summer time', () => {
    const beforeMs = Date.UTC(2026, 2, 29, 0, 59, 59);
    expect(resolve('%H%M', { zone: 'Europe/Berlin', timestamp: beforeMs })).toBe('0159');
    expect(resolve('%H%M', { zone: 'Europe/Berlin', timestamp: beforeMs + 1000 })).toBe('0300');
  });

  it.each<[RoundUnit, number, string]>([
    ['second', 5, '18:05:05'],
    ['second', 60, '18:05:00'],
    ['minute', 1, '18:05:00'],
    ['minute', 10, '18:00:00'],
    ['hour', 1, '18:00:00'],
    ['hour', 7, '14:00:00'],
    ['hour', 24, '00:00:00'],
  ])('round down by %s and %i', (unit, value, expected) => {
    expect(resolve('%H:%M:%S', { round: [unit, value] })).toBe(expected);
  });

  it('round on the wall clock of the zone, and leave %t alone', () => {
    expect(resolve('%H%M', { zone: 'Asia/Kathmandu', round: ['hour', 1] })).toBe('2300');
    expect(resolve('%t %s', { round: ['minute', 10] })).toBe(`${time} ${Date.UTC(2026, 0, 4, 18, 0, 0) / 1000}`);
  });

  it('take the timestamp header before the time of the record', () => {
    expect(resolve('%Y', { headers: { timestamp: String(Date.UTC(1999, 5, 1)) } })).toBe('1999');
    expect(resolve('%Y', { headers: { timestamp: 'soon' } })).toBe('2026');
  });

  it.each([
    ['../../etc', '/lake/..%2F..%2Fetc/x'],
    ['..', '/lake/%2E%2E/x'],
    ['.', '/lake/%2E/x'],
    ['a/b\\c:d', '/lake/a%2Fb%5Cc%3Ad/x'],
    ['+state', '/lake/%2Bstate/x'],
    ['tab\tnul\0', '/lake/tab%09nul%00/x'],
    ['50%2F', '/lake/50%252F/x'],
    ['Grüße', '/lake/Grüße/x'],
    ['', '/lake/x'],
  ])('keep the header value %j in its segment', (value, expected) => {
    expect(resolve('/lake/%{kind}/x', { headers: { kind: value } })).toBe(expected);
  });

  it('keep a dot of the template and a dot of a header from making two', () => {
    expect(resolve('/lake/.%{kind}/x', { headers: { kind: '.' } })).toBe('/lake/%2E%2E/x');
  });

  it('cut a segment that file systems would refuse, and different ones differently', () => {
    const long = (end: string): string => resolve('/lake/%{kind}', { headers: { kind: 'ü'.repeat(300) + end } });
    expect(Buffer.byteLength(long('a').slice('/lake/'.length))).toBeLessThanOrEqual(200);
    expect(long('a')).not.toBe(long('b'));
  });

  it.each([
    ['/flume/%Y/%m', '/flume', false],
    ['/flume/day-%Y', '/flume', false],
    ['/flume/events/', '/flume/events', true],
    ['/flume/%{topic}/', '/flume', true],
    ['/%{topic}', '/', true],
    ['//flume//x/%d', '/flume/x', false],
  ])('of %s lie under %s', (template, base, constant) => {
    const made = new PathTemplate(template, { zone: zone('UTC'), rounding: null, host });
    expect({ base: made.base, constant: made.constant }).toEqual({ base, constant });
  });

  it.each([
    ['/a/%{b}/%Y', null],
    ['/a/../b', 'must not contain the segments . or ..'],
    ['/a/%[mac]', '%[mac] is not known; there are %[localhost], %[IP] and %[FQDN]'],
    ['/a/+tmp', 'must not contain folders that begin with +, which are kept for the sink itself'],
  ])('are checked: %s', (template, problem) => {
    expect(templateProblem(template)).toBe(problem);
  });
});
