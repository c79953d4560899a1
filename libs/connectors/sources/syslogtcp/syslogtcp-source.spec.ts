import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { seededRandom } from '#std/random';
import { eventually, TestPeer } from '../socket.testkit.js';
import { createSource, TestContext, type SeenEvent } from '../source-context.testkit.js';
import { bsdTimeEnd, isoTimeEnd, SyslogTimes } from '../syslog/syslog-time.js';
import { syslogtcpSource } from './syslogtcp-source.js';

let context: TestContext;
const started: Source[] = [];
const peers: TestPeer[] = [];

beforeEach(() => {
  context = new TestContext();
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.socket.destroy();
  for (const source of started.splice(0)) await source.stop();
});

async function start(options: Readonly<Record<string, string>> = {}): Promise<Source> {
  const source = createSource(syslogtcpSource, { port: '0', ...options });
  started.push(source);
  await source.start(context);
  return source;
}

async function peerOf(source: Source): Promise<TestPeer> {
  const peer = await TestPeer.connect(source);
  peers.push(peer);
  return peer;
}

async function eventsOf(text: string, count: number, options: Record<string, string> = {}): Promise<SeenEvent[]> {
  const peer = await peerOf(await start(options));
  await peer.send(text);
  await context.until(count);
  await systemClock.sleep(20);
  expect(context.events).toHaveLength(count);
  return context.events;
}

function rfc5424TimeMs(text: string): number {
  const bytes = Buffer.from(text);
  expect(isoTimeEnd(bytes, 0, bytes.length)).toBe(bytes.length);
  return new SyslogTimes('local').iso(bytes, 0, bytes.length);
}

function rfc3164TimeMs(text: string, nowMs: number): string {
  const bytes = Buffer.from(text);
  expect(bsdTimeEnd(bytes, 0, bytes.length)).toBe(bytes.length);
  return String(new SyslogTimes('local').bsd(bytes, 0, bytes.length, nowMs));
}

const october = (year: number): string => String(new Date(year, 9, 11, 22, 14, 15).getTime());
const thisOctober = rfc3164TimeMs('Oct 11 22:14:15', Date.now());
const invalid = { Facility: '0', Severity: '0', 'flume.syslog.status': 'Invalid' };
const user = { Facility: '1', Severity: '5' };

// As a real agent of Flume 1.11 answers the same lines, but for the rows that say otherwise.
test.each<[string, string, Record<string, string>, string]>([
  [
    'RFC 3164',
    '<13>Oct 11 22:14:15 host1 su: hello',
    { ...user, priority: '13', timestamp: thisOctober, host: 'host1' },
    'su: hello',
  ],
  [
    'RFC 5424',
    "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed",
    {
      Facility: '4',
      Severity: '2',
      priority: '34',
      version: '1',
      timestamp: '1065910455003',
      host: 'mymachine.example.com',
    },
    "su - ID47 - 'su root' failed",
  ],
  [
    'a zone, beside a fraction too (differs)',
    '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 p 8710 - - x',
    { Facility: '20', Severity: '5', priority: '165', version: '1', timestamp: '1061727255000', host: '192.0.2.1' },
    'p 8710 - - x',
  ],
  ['nil timestamp and host', '<13>1 - - app - - - nil', { ...user, priority: '13', version: '1' }, 'app - - - nil'],
  [
    'no version',
    '<13>2003-08-24T05:14:15Z hostv x',
    { ...user, priority: '13', timestamp: '1061702055000', host: 'hostv' },
    'x',
  ],
  ['a priority alone', '<13>no match but valid pri', user, '<13>no match but valid pri'],
  ['a priority out of range', '<999>three nines', { Facility: '124', Severity: '7' }, '<999>three nines'],
  [
    'no body',
    '<13>1 2003-08-24T05:14:15Z hostb ',
    { ...user, priority: '13', version: '1', timestamp: '1061702055000', host: 'hostb' },
    '<13>1 2003-08-24T05:14:15Z hostb ',
  ],
  ['a month that there is not', '<13>Foo 11 22:14:15 host1 odd', { ...user, priority: '13', host: 'host1' }, 'odd'],
  ['RFC 3164 without host', '<13>Oct 11 22:14:15 su: no host', user, '<13>Oct 11 22:14:15 su: no host'],
  ['no priority', 'no pri at all', invalid, 'no pri at all'],
  ['a bad priority', '<1a>bad pri', invalid, '<1a>bad pri'],
  ['an empty priority', '<>empty pri', invalid, '<>empty pri'],
  ['four digits', '<1234>four digits', invalid, '<1234>four digits'],
  ['leading empty lines', '\n\n<13>x', user, '<13>x'],
  ['a carriage return (differs)', '<13>1 - - cr\r', { ...user, priority: '13', version: '1' }, 'cr'],
  ['an IPv6 host (differs)', '<13>1 - fe80::1 x', { ...user, priority: '13', version: '1', host: 'fe80::1' }, 'x'],
])('%s', async (_, line, headers, body) => {
  expect(await eventsOf(`${line}\n`, 1)).toEqual([{ body, headers }]);
});

test('headers of one message are not on the next', async () => {
  const events = await eventsOf('<34>1 2003-10-11T22:14:15.003Z h app\nno pri\n<13>only pri\n', 3);
  expect(events.slice(1).map((event) => event.headers)).toEqual([invalid, user]);
});

test.each([
  ['none', 'app hello'],
  ['false', 'app hello'],
  ['all', '<34>1 2003-10-11T22:14:15.003Z h app hello'],
  ['TRUE', '<34>1 2003-10-11T22:14:15.003Z h app hello'],
  ['priority version', '<34>1 app hello'],
  ['timestamp hostname', '2003-10-11T22:14:15.003Z h app hello'],
  ['priority version timestamp hostname', '<34>1 2003-10-11T22:14:15.003Z h app hello'],
])('keepFields %s', async (keepFields, body) => {
  const [event] = await eventsOf('<34>1 2003-10-11T22:14:15.003Z h app hello\n', 1, { keepFields });
  expect(event?.body).toBe(body);
  expect(event?.headers['host']).toBe('h');
});

test('keepFields leaves out what a message has not', async () => {
  const [event] = await eventsOf('<34>- - app ö\n', 1, { keepFields: 'priority version timestamp hostname' });
  expect(event?.body).toBe('<34>app ö');
});

test('a message over eventSize is Incomplete and its rest follows; one of just that size is whole', async () => {
  const head = '<13>1 - h ';
  const events = await eventsOf(`${head}${'x'.repeat(50)}\n${head}${'y'.repeat(30)}\n<14>z\n`, 4, { eventSize: '40' });
  expect(events.map((event) => [event.body, event.headers['flume.syslog.status']])).toEqual([
    ['x'.repeat(30), 'Incomplete'],
    ['x'.repeat(20), 'Invalid'],
    ['y'.repeat(30), undefined],
    ['<14>z', undefined],
  ]);
});

test('a message without end is cut at eventSize and not kept', async () => {
  const events = await eventsOf('x'.repeat(105), 2, { eventSize: '50' });
  expect(events.map((event) => event.body.length)).toEqual([50, 50]);
});

test('messages with their length before them come whole, line ends in them too, beside others', async () => {
  const first = '<13>1 - h one\ntwo';
  const second = '<14>1 - h three\n';
  const text = `${first.length} ${first}${second.length} ${second}<13>1 - h line\n7 <14>end12 no frame\n`;
  const peer = await peerOf(await start());
  for (const byte of Buffer.from(text)) await peer.send(Buffer.from([byte]));
  await context.until(5);
  expect(context.bodies).toEqual(['one\ntwo', 'three', 'line', '<14>end', '12 no frame']);
});

test('a length that nobody means is text', async () => {
  const events = await eventsOf('9999999 <13>x\n', 1);
  expect(events).toEqual([{ body: '9999999 <13>x', headers: invalid }]);
});

test('address and host name of the sender come as headers where they are named', async () => {
  const [event] = await eventsOf('<13>x\n', 1, { clientIPHeader: 'ip', clientHostnameHeader: 'name' });
  expect(event?.headers['ip']).toBe('127.0.0.1');
  expect(event?.headers['name']).toMatch(/^(localhost.*|127\.0\.0\.1|[\w.-]+)$/);
});

test('what the channels refuse is given to them again, and the connection stays', async () => {
  const peer = await peerOf(await start());
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  await peer.send('<13>one\n<13>two\n');
  await eventually(() => context.error === context.refusal);
  await peer.send('<13>three\n');
  context.refusal = null;
  await context.until(3);
  expect(context.bodies.toSorted()).toEqual(['<13>one', '<13>three', '<13>two']);
  expect(context.error).toBe(null);
});

test('what the channels refuse until the source stops is counted as dropped', async () => {
  const source = await start();
  const peer = await peerOf(source);
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  await peer.send('<13>one\n<13>two\n');
  await eventually(() => context.error === context.refusal);
  await source.stop();
  expect(context.counters.get('EventDroppedCount')).toBe(2);
});

test('a connection on which nothing comes is closed after idleTimeout, and counted', async () => {
  const peer = await peerOf(await start({ idleTimeout: '60' }));
  await peer.send('<13>half');
  await peer.untilClosed();
  expect(context.counters.get('ConnectionIdleCount')).toBe(1);
});

test('ten thousand messages of several peers come, each peer’s in order', async () => {
  const source = await start();
  const all = await Promise.all(Array.from({ length: 5 }, () => peerOf(source)));
  await Promise.all(
    all.map((peer, index) => peer.send(Array.from({ length: 2000 }, (_, at) => `<13>1 - p${index} ${at}\n`).join(''))),
  );
  await context.until(10_000);
  for (const index of all.keys()) {
    const own = context.events.filter((event) => event.headers['host'] === `p${index}`).map((event) => event.body);
    expect(own).toEqual(Array.from({ length: 2000 }, (_, at) => String(at)));
  }
});

test('garbage harms nobody', async () => {
  const source = await start();
  const random = seededRandom(11);
  const alphabet = Buffer.from('<>0123456789 \n\r-:TZ\xff\x00abc', 'latin1');
  for (let round = 0; round < 20; round += 1) {
    const peer = await peerOf(source);
    await peer.send(
      Buffer.from(Array.from({ length: 4000 }, () => alphabet[Math.floor(random.next() * alphabet.length)] ?? 0)),
    );
    peer.socket.destroy();
  }
  const good = await peerOf(source);
  await good.send('<13>1 - good still here\n');
  await eventually(() => context.events.some((event) => event.headers['host'] === 'good'));
});

test.each([
  ['2003-10-11T22:14:15.5Z', Date.UTC(2003, 9, 11, 22, 14, 15, 500)],
  ['2003-10-11T22:14:15.123456Z', Date.UTC(2003, 9, 11, 22, 14, 15, 123)],
  ['2003-10-11T22:14:15+05:30', Date.UTC(2003, 9, 11, 16, 44, 15)],
  ['2003-10-11T22:14:15', new Date(2003, 9, 11, 22, 14, 15).getTime()],
])('the time %s', (text, timeMs) => {
  expect(rfc5424TimeMs(text)).toBe(timeMs);
});

test.each([
  ['2026-10-12', 2026],
  ['2026-09-12', 2026],
  ['2026-09-01', 2025],
  ['2026-01-05', 2025],
  ['2027-08-01', 2026],
])('an October 11th that is met on %s is of %i', (today, year) => {
  expect(rfc3164TimeMs('Oct 11 22:14:15', new Date(`${today}T12:00:00`).getTime())).toBe(october(year));
});

test('a January date that is met in December is of next year', () => {
  const nowMs = new Date(2026, 11, 31, 23, 59).getTime();
  expect(rfc3164TimeMs('Jan  1 00:00:05', nowMs)).toBe(String(new Date(2027, 0, 1, 0, 0, 5).getTime()));
});

test('an address that others reach, a bad format and a field that there is not are found at validation', () => {
  const remarks = syslogtcpSource.check?.({ port: '1', host: '0.0.0.0', 'format.regex': '(x', keepFields: 'hots' });
  expect(remarks?.map((remark) => `${remark.severity} ${remark.option}`)).toEqual([
    'error host',
    'error format.regex',
    'warning keepFields',
  ]);
});
