import { createServer } from 'node:net';
import { connect } from 'node:net';
import type { Source } from '#pipeline/collector';
import { eventually, portOf } from '../socket.testkit.js';
import { createSource, TestContext, type SeenEvent } from '../source-context.testkit.js';
import { multiportSyslogtcpSource } from './multiport-syslogtcp-source.js';

let context: TestContext;
const started: Source[] = [];

beforeEach(() => {
  context = new TestContext();
});
afterEach(async () => {
  for (const source of started.splice(0)) await source.stop();
});

async function start(options: Readonly<Record<string, string>> = {}): Promise<Source> {
  const source = createSource(multiportSyslogtcpSource, { ports: '0', ...options });
  started.push(source);
  await source.start(context);
  return source;
}

async function send(port: number, bytes: string | Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  await new Promise<void>((resolve) => socket.end(bytes, resolve));
}

async function eventsOf(
  bytes: string | Buffer,
  count: number,
  options: Record<string, string> = {},
): Promise<SeenEvent[]> {
  await send(portOf(await start(options)), bytes);
  await context.until(count);
  return context.events;
}

function portsOf(source: Source): readonly number[] {
  if ('boundPorts' in source && Array.isArray(source.boundPorts)) return source.boundPorts as number[];
  throw new Error('the source does not listen');
}

const invalid = { 'flume.syslog.status': 'Invalid' };

test.each<[string, string, Record<string, string>, string]>([
  [
    'RFC 5424',
    '<34>1 2003-10-11T22:14:15.003+01:00 h su - ID47 - x',
    { Facility: '4', Severity: '2', Priority: '34', Version: '1', timestamp: '1065906855003', host: 'h' },
    'su - ID47 - x',
  ],
  [
    'no version',
    '<13>2003-10-11T22:14:15Z - x',
    { Facility: '1', Severity: '5', Priority: '13', timestamp: '1065910455000', host: '-' },
    'x',
  ],
  ['no zone', '<13>1 2003-10-11T22:14:15.5 h x', invalid, '<13>1 2003-10-11T22:14:15.5 h x'],
  ['no host', '<13>1 2003-10-11T22:14:15Z', invalid, '<13>1 2003-10-11T22:14:15Z'],
  ['no priority', 'nothing', invalid, 'nothing'],
  ['a priority alone', '<13>', invalid, '<13>'],
  [
    'a month that there is not',
    '<13>Foo 11 22:14:15 h x',
    { Facility: '1', Severity: '5', Priority: '13', timestamp: '0', host: 'h' },
    'x',
  ],
])('%s', async (_, line, headers, body) => {
  expect(await eventsOf(`${line}\n`, 1)).toEqual([{ body, headers }]);
});

test('a date without a year is UTC, of the nearest year', async () => {
  const now = new Date();
  const month = now.toLocaleString('en-US', { month: 'short', timeZone: 'UTC' });
  const day = String(now.getUTCDate()).padStart(2, ' ');
  const [event] = await eventsOf(`<13>${month} ${day} 00:00:00 h x\n`, 1);
  expect(event?.headers['timestamp']).toBe(String(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate())));
});

test('a nil time is now', async () => {
  const [event] = await eventsOf('<13>1 - h x\n', 1);
  expect(Math.abs(Number(event?.headers['timestamp']) - Date.now())).toBeLessThan(10_000);
});

test('each port has its charset, and its number in a header; malformed text is Invalid as it came', async () => {
  const first = portOf(await start());
  await started.pop()?.stop();
  const source = await start({ ports: `0 ${first}`, portHeader: 'port', [`charset.port.${first}`]: 'ISO-8859-1' });
  const bytes = Buffer.from('<13>2003-10-11T22:14:15Z h \xe9\n', 'latin1');
  const [other = 0] = portsOf(source).filter((port) => port !== first);
  await send(first, bytes);
  await context.until(1);
  expect(context.events[0]?.headers).toMatchObject({ port: String(first), host: 'h' });
  await send(other, bytes);
  await context.until(2);
  expect(context.events[1]?.headers).toEqual({ port: String(other), ...invalid });
});

test('a port that cannot be listened on is reported while others serve', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    const source = await start({ ports: `${port} 0` });
    expect(String(context.error)).toContain(`Cannot listen on 127.0.0.1:${port}`);
    await send(portOf(source), '<13>1 - h served\n');
    await context.until(1);
    await expect(start({ ports: String(port) })).rejects.toThrow('another process has this port');
  } finally {
    await new Promise((resolve) => taken.close(resolve));
  }
  started.pop();
  await eventually(() => context.error === null);
});

test.each<[Record<string, string>, string[]]>([
  [{ ports: '1 2' }, []],
  [{ ports: '1', 'charset.default': 'UTF-16' }, ['charset.default']],
  [{ ports: '1', 'charset.port.1': 'nonsense' }, ['charset.port.1']],
  [{ ports: '1', host: '0.0.0.0' }, ['host']],
])('options %j have errors at %j', (options, expected) => {
  expect(multiportSyslogtcpSource.check?.(options).map((remark) => remark.option)).toEqual(expected);
});

test.each(['', '1 x', '70000', '5 5'])('ports %j is refused', (ports) => {
  expect(() => createSource(multiportSyslogtcpSource, { ports })).toThrow('ports');
});
