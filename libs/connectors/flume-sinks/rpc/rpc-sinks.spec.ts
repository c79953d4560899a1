import { createServer, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelSink, ComponentType, Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { avroSource } from '../../sources/avro/avro-source.js';
import { batchOf, type TestEvent } from '../../sources/rpc/rpc-peer.testkit.js';
import { eventually, portOf } from '../../sources/socket.testkit.js';
import { createSource, TestContext } from '../../sources/source-context.testkit.js';
import { thriftSource } from '../../sources/thrift/thrift-source.js';
import { storePassword, writeTestStores, type TestStores } from '../../tls/key-stores.testkit.js';
import { avroSink } from '../avro/avro-sink.js';
import { thriftSink } from '../thrift/thrift-sink.js';

type Options = Readonly<Record<string, string>>;
type Kind = 'avro' | 'thrift';

const sourceTypes: Record<Kind, ComponentType<Source>> = { avro: avroSource, thrift: thriftSource };
const sinkTypes: Record<Kind, ComponentType<ChannelSink>> = { avro: avroSink, thrift: thriftSink };
const kinds: readonly Kind[] = ['avro', 'thrift'];

let folder: string;
let stores: TestStores;
let context: TestContext;
let sinkContext: TestContext;
const sources: Source[] = [];
const sinks: ChannelSink[] = [];
const servers: Server[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-rpc-'));
  stores = writeTestStores(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  context = new TestContext();
  sinkContext = new TestContext();
});
afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.stop();
  for (const source of sources.splice(0)) await source.stop();
  for (const server of servers.splice(0)) server.close();
});

async function startSource(kind: Kind, options: Options = {}): Promise<number> {
  const source = createSource(sourceTypes[kind], { bind: '127.0.0.1', port: '0', ...options });
  await source.start(context);
  sources.push(source);
  return portOf(source);
}

async function startSink(kind: Kind, port: number, options: Options = {}): Promise<ChannelSink> {
  const services = { bootstrap: '', clock: systemClock, logger: silentLogger };
  const given = { hostname: '127.0.0.1', port: String(port), ...options };
  const sink = sinkTypes[kind].create({ agent: 'a1', name: 'k', options: given, services });
  await sink.start(sinkContext);
  sinks.push(sink);
  return sink;
}

/** A server that is none: it takes connections, and does what the spec says with them. */
async function startServer(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const events: TestEvent[] = [{ body: 'a', headers: { host: 'h', n: '1' } }, { body: 'ü', headers: { host: 'h' } }, ''];
const seen = [events[0], events[1], { body: '', headers: {} }];

describe.each(kinds)('%s sink', (kind) => {
  test.each<[string, Options, Options]>([
    ['plain', {}, {}],
    ['with TLS', { ssl: 'true', keystore: 'K', 'keystore-password': storePassword }, { ssl: 'true', truststore: 'T' }],
    [
      'with TLS and any certificate',
      { ssl: 'true', keystore: 'K', 'keystore-password': storePassword },
      { ssl: 'true', 'trust-all-certs': 'true' },
    ],
    ...(kind === 'avro'
      ? [
          [
            'compressed',
            { 'compression-type': 'deflate' },
            { 'compression-type': 'deflate', 'compression-level': '9' },
          ] satisfies [string, Options, Options],
          [
            'compressed, with TLS inside',
            { ssl: 'true', keystore: 'K', 'keystore-password': storePassword, 'compression-type': 'deflate' },
            { ssl: 'true', truststore: 'T', 'compression-type': 'deflate' },
          ] satisfies [string, Options, Options],
          [
            'compressed, with TLS outside',
            { ssl: 'true', keystore: 'K', 'keystore-password': storePassword, 'compression-type': 'deflate' },
            { ssl: 'true', truststore: 'T', 'compression-type': 'deflate', 'ssl-inside-compression': 'false' },
          ] satisfies [string, Options, Options],
        ]
      : [['binary', { protocol: 'binary' }, { protocol: 'binary' }] satisfies [string, Options, Options]]),
  ])('%s: events arrive as they left', async (_, sourceOptions, sinkOptions) => {
    const filled = (options: Options): Options =>
      Object.fromEntries(
        Object.entries(options).map(([name, value]) => {
          if (value === 'K') return [name, stores.keyStore];
          return [name, value === 'T' ? stores.trustStore : value];
        }),
      );
    const sink = await startSink(kind, await startSource(kind, filled(sourceOptions)), filled(sinkOptions));
    await sink.write(batchOf(events));
    await sink.write(batchOf(events).slice(1, 2));
    const many = Array.from({ length: 2000 }, (_, index) => ({
      body: `event ${index}`,
      headers: { n: String(index) },
    }));
    await sink.write(batchOf(many));
    expect(context.events).toEqual([...seen, events[1], ...many]);
    expect(sinkContext.counters.get('ConnectionCreatedCount')).toBe(1);
    expect(context.counters.get('OpenConnectionCount')).toBe(1);
    await sink.stop();
    await eventually(() => context.counters.get('OpenConnectionCount') === 0);
    expect(context.counters.get('EventReadFail')).toBeUndefined();
  });

  test('a refused batch is rejected, and the next goes over a new connection', async () => {
    const sink = await startSink(kind, await startSource(kind));
    context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
    await expect(sink.write(batchOf(['a']))).rejects.toThrow('answered FAILED');
    context.refusal = null;
    await sink.write(batchOf(['a']));
    expect(context.bodies).toEqual(['a']);
    expect(sinkContext.counters.get('ConnectionCreatedCount')).toBe(2);
    expect(sinkContext.counters.get('ConnectionClosedCount')).toBe(1);
  });

  test('an interceptor that fails on the other side is an error with its text', async () => {
    const sink = await startSink(kind, await startSource(kind));
    context.refusal = new Error('an interceptor failed');
    await expect(sink.write(batchOf(['a']))).rejects.toThrow(kind === 'avro' ? 'FAILED' : 'an interceptor failed');
  });

  test('a server that is away is counted, and used when it comes', async () => {
    const sink = await startSink(kind, 1);
    await expect(sink.write(batchOf(['a']))).rejects.toThrow('There is no connection to 127.0.0.1:1');
    expect(sinkContext.counters.get('ConnectionFailedCount')).toBe(1);
  });

  test('a server that closes, one that talks nonsense and one that says nothing', async () => {
    const closing = await startSink(kind, await startServer((socket) => socket.once('data', () => socket.end())));
    await expect(closing.write(batchOf(['a']))).rejects.toThrow('ended the connection');
    const garbage = await startSink(
      kind,
      await startServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    await expect(garbage.write(batchOf(['a']))).rejects.toThrow('announces');
    const silent = await startSink(kind, await startServer(() => undefined), { 'request-timeout': '1000' });
    await expect(silent.write(batchOf(['a']))).rejects.toThrow('did not answer within 1000 ms');
  });

  test('a connection that the server left while nothing was sent is made anew', async () => {
    const port = await startSource(kind);
    const sink = await startSink(kind, port);
    await sink.write(batchOf(['a']));
    await sources.splice(0)[0]?.stop();
    await startSource(kind, { port: String(port) });
    await sink.write(batchOf(['b']));
    expect(context.bodies).toEqual(['a', 'b']);
  });

  test('a connection of a certain age is left between two calls', async () => {
    const sink = await startSink(kind, await startSource(kind), { 'reset-connection-interval': '1' });
    await sink.write(batchOf(['a']));
    await sink.write(batchOf(['b']));
    expect(sinkContext.counters.get('ConnectionCreatedCount')).toBe(1);
    await systemClock.sleep(1050);
    await sink.write(batchOf(['c']));
    expect(sinkContext.counters.get('ConnectionCreatedCount')).toBe(2);
    expect(context.bodies).toEqual(['a', 'b', 'c']);
  });

  test('several calls may be under way, and arrive in order', async () => {
    const sink = await startSink(kind, await startSource(kind), { 'requests-in-flight': '8' });
    expect(sink.writesInFlightMax).toBe(8);
    let most = 0;
    let current = 0;
    const deliver = context.deliver.bind(context);
    context.deliver = async (batch: EventBatch) => {
      current += 1;
      most = Math.max(most, current);
      await deliver(batch);
      await systemClock.sleep(20);
      current -= 1;
    };
    const bodies = Array.from({ length: 20 }, (_, index) => String(index));
    await Promise.all(bodies.map((body) => sink.write(batchOf([body]))));
    expect(context.bodies).toEqual(bodies);
    expect(most).toBeGreaterThan(4);
  });

  test('a certificate that is not trusted is no connection', async () => {
    const port = await startSource(kind, {
      ssl: 'true',
      keystore: stores.keyStore,
      'keystore-password': storePassword,
    });
    const sink = await startSink(kind, port, { ssl: 'true' });
    await expect(sink.write(batchOf(['a']))).rejects.toThrow(/self-signed/);
  });
});

test('timeouts below a second are taken as twenty, and said so', () => {
  const given = { hostname: 'h', port: '1', 'connect-timeout': '10' };
  expect(avroSink.check?.(given)?.map(({ option, severity }) => [option, severity])).toEqual([
    ['connect-timeout', 'warning'],
  ]);
});
