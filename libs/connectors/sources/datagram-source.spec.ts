import { createSocket, type Socket } from 'node:dgram';
import type { ComponentType, Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { eventually, portOf } from './socket.testkit.js';
import { createSource, TestContext } from './source-context.testkit.js';
import { netcatudpSource } from './netcatudp/netcatudp-source.js';
import { syslogudpSource } from './syslogudp/syslogudp-source.js';

let context: TestContext;
let peer: Socket;
const started: Source[] = [];

beforeEach(() => {
  context = new TestContext();
  peer = createSocket('udp4');
});
afterEach(async () => {
  peer.close();
  for (const source of started.splice(0)) await source.stop();
});

async function start(type: ComponentType<Source>, options: Readonly<Record<string, string>> = {}): Promise<Source> {
  const source = createSource(type, { port: '0', ...options });
  started.push(source);
  await source.start(context);
  return source;
}

async function send(source: Source, ...datagrams: (string | Buffer)[]): Promise<void> {
  for (const datagram of datagrams) {
    await new Promise((resolve) => peer.send(datagram, portOf(source), '127.0.0.1', resolve));
  }
}

test('netcatudp takes the first line of each datagram, however long', async () => {
  await send(await start(netcatudpSource), 'one\ntwo\n', 'three', 'x'.repeat(60_000), '\n');
  await context.until(4);
  expect(context.bodies).toEqual(['one', 'three', 'x'.repeat(60_000), '']);
  expect(context.events[0]?.headers).toEqual({});
});

test.each(['remoteAddress', 'remoteAddressHeader'])('netcatudp: %s names a header with the sender', async (option) => {
  await send(await start(netcatudpSource, { [option]: 'from' }), 'x');
  await context.until(1);
  expect(context.events[0]?.headers).toEqual({ from: `/127.0.0.1:${peer.address().port}` });
});

test('syslogudp: a datagram is a message, whatever lines it has; headers are its own', async () => {
  const source = await start(syslogudpSource);
  await send(source, '<34>1 2003-10-11T22:14:15.003Z h app\nsecond line\n', '\n\n<13>only pri\r\n', 'none', '\n');
  await context.until(3);
  expect(context.events).toEqual([
    {
      body: 'app\nsecond line',
      headers: {
        Facility: '4',
        Severity: '2',
        priority: '34',
        version: '1',
        timestamp: '1065910455003',
        host: 'h',
      },
    },
    { body: '<13>only pri', headers: { Facility: '1', Severity: '5' } },
    { body: 'none', headers: { Facility: '0', Severity: '0', 'flume.syslog.status': 'Invalid' } },
  ]);
});

test('syslogudp: address and host name of the sender come as headers where they are named', async () => {
  const source = await start(syslogudpSource, { clientIPHeader: 'ip', clientHostnameHeader: 'name' });
  await send(source, '<13>x', '<13>y');
  await context.until(2);
  expect(context.events.map((event) => event.headers['ip'])).toEqual(['127.0.0.1', '127.0.0.1']);
  expect(context.events[0]?.headers['name']).toMatch(/^[\w.-]+$/);
});

test('a thousand datagrams of 60 KB at most pendingBytes wait for a full channel; the rest are dropped and counted', async () => {
  const source = await start(syslogudpSource, { pendingBytes: '300000' });
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  for (let count = 0; count < 8; count += 1) {
    await send(source, `<13>${'x'.repeat(60_000)}`);
  }
  await eventually(() => (context.counters.get('EventDroppedCount') ?? 0) > 0);
  context.refusal = null;
  await context.until(4);
  expect(context.events.length + (context.counters.get('EventDroppedCount') ?? 0)).toBe(8);
});

test('a port that is taken is said at start', async () => {
  const first = await start(netcatudpSource);
  const second = createSource(netcatudpSource, { port: String(portOf(first)) });
  await expect(second.start(context)).rejects.toThrow('another process has this port');
});

test('an address that others reach needs insecure', () => {
  expect(syslogudpSource.check?.({ port: '1', host: '0.0.0.0' }).map(({ option }) => option)).toEqual(['host']);
  expect(netcatudpSource.check?.({ port: '1', bind: '0.0.0.0', insecure: 'true' })).toEqual([]);
});
