import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { seededRandom } from '#std/random';
import { AvroClientSession } from '#wire/flume/avro-client';
import { NettyFrameReader } from '#wire/flume/netty-frames';
import { clientTls } from '../../tls/component-tls.js';
import { storePassword, writeTestStores } from '../../tls/key-stores.testkit.js';
import { clientTlsOptions } from '../../tls/tls-options.js';
import { parseOptions } from '#config/options';
import { batchOf, RpcPeer, type PeerOptions, type TestEvent } from '../rpc/rpc-peer.testkit.js';
import { admitsAddress, parseIpFilter } from '../rpc/ip-filter.js';
import { eventually } from '../socket.testkit.js';
import { createSource, TestContext } from '../source-context.testkit.js';
import { avroSource } from './avro-source.js';

let context: TestContext;
let source: Source | null = null;
const clients: Client[] = [];

beforeEach(() => (context = new TestContext()));
afterEach(async () => {
  for (const client of clients.splice(0)) client.peer?.close();
  await source?.stop();
  source = null;
});

async function start(options: Readonly<Record<string, string>> = {}): Promise<Source> {
  source = createSource(avroSource, { bind: '127.0.0.1', port: '0', ...options });
  await source.start(context);
  return source;
}

/** An avro client of one connection. */
class Client {
  private readonly session = new AvroClientSession();
  private readonly frames = new NettyFrameReader(1e6);
  private readonly waiting = new Map<number, (outcome: string) => void>();
  readonly order: number[] = [];
  peer: RpcPeer | null = null;

  static async connect(to: Source, options: PeerOptions = {}): Promise<Client> {
    const client = new Client();
    client.peer = await RpcPeer.connect(to, (chunk) => client.read(chunk), options);
    clients.push(client);
    return client;
  }

  /** `OK`, or why not. */
  send(events: readonly TestEvent[]): Promise<string> {
    const { serial, frame } = this.session.request(batchOf(events));
    return new Promise((resolve) => {
      this.waiting.set(serial, resolve);
      this.peer?.send(frame);
    });
  }

  private read(chunk: Buffer): void {
    this.frames.push(chunk, (serial, message) => {
      this.order.push(serial);
      this.waiting.get(serial)?.(this.session.answer(serial, message)?.message ?? 'OK');
    });
  }
}

const full = new ChannelError(pipelineErrors.channelFull, 'the channel is full');

test('a batch is one delivery, answered when it is committed', async () => {
  const client = await Client.connect(await start());
  const events: TestEvent[] = [
    { body: 'a', headers: { host: 'h', n: '1' } },
    { body: 'ü', headers: { host: 'h' } },
    'c',
  ];
  expect(await client.send(events)).toBe('OK');
  expect(context.events).toEqual([events[0], events[1], { body: 'c', headers: {} }]);
  expect(await client.send([])).toBe('OK');
});

test('what the channels refuse is answered FAILED, and the connection goes on', async () => {
  const client = await Client.connect(await start());
  context.refusal = full;
  expect(await client.send(['a'])).toContain('answered FAILED');
  expect(context.error).toBe(full);
  context.refusal = null;
  expect(await client.send(['a'])).toBe('OK');
  expect(context.error).toBeNull();
  expect(context.bodies).toEqual(['a']);
});

test('calls are delivered in order, several at once, and answered in order', async () => {
  const client = await Client.connect(await start());
  const release: (() => void)[] = [];
  context.deliver = (batch: EventBatch) => {
    context.events.push({ body: batch.body(0).toString(), headers: {} });
    return new Promise((resolve) => release.push(resolve));
  };
  const answers = ['a', 'b', 'c'].map((body) => client.send([body]));
  await eventually(() => release.length === 3);
  expect(context.bodies).toEqual(['a', 'b', 'c']);
  for (const next of release.toReversed()) next();
  expect(await Promise.all(answers)).toEqual(['OK', 'OK', 'OK']);
  expect(client.order).toEqual([1, 2, 3]);
});

test('reading pauses while the channels are slow', async () => {
  const client = await Client.connect(await start());
  const release: (() => void)[] = [];
  context.deliver = () => new Promise((resolve) => release.push(resolve));
  const answers = Array.from({ length: 400 }, () => client.send(['x'.repeat(200_000)]));
  await eventually(() => release.length > 10);
  await systemClock.sleep(100);
  expect(release.length).toBeLessThan(40);
  context.deliver = () => Promise.resolve();
  for (const next of release) next();
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['OK']));
});

test('deflate is one stream in each direction', async () => {
  const client = await Client.connect(await start({ 'compression-type': 'deflate' }), { isCompressed: true });
  const bodies = Array.from({ length: 500 }, (_, index) => `event ${index}`);
  expect(await client.send(bodies)).toBe('OK');
  expect(await client.send(['last'])).toBe('OK');
  expect(context.bodies).toEqual([...bodies, 'last']);
});

test('what is not compressed is refused where it has to be, and the other way round', async () => {
  const plain = await Client.connect(await start({ 'compression-type': 'deflate' }));
  void plain.send(['a']);
  await eventually(() => plain.peer?.isClosed === true);
  expect(context.counters.get('EventReadFail')).toBe(1);
  await source?.stop();
  const compressed = await Client.connect(await start(), { isCompressed: true });
  void compressed.send(['a']);
  await eventually(() => compressed.peer?.isClosed === true);
  expect(context.bodies).toEqual([]);
});

test('TLS with key stores of keytool', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-avro-'));
  const stores = writeTestStores(folder);
  const ssl = { ssl: 'true', keystore: stores.keyStore, 'keystore-password': storePassword };
  const tls = clientTls(parseOptions(clientTlsOptions, { ssl: 'true', truststore: stores.trustStore }).values);
  const client = await Client.connect(await start({ ...ssl, 'compression-type': 'deflate' }), {
    isCompressed: true,
    tls: tls ?? {},
  });
  expect(await client.send(['a', 'b'])).toBe('OK');
  const plain = await Client.connect(source ?? (await start()));
  void plain.send(['c']);
  await eventually(() => plain.peer?.isClosed === true);
  expect(context.bodies).toEqual(['a', 'b']);
  rmSync(folder, { recursive: true, force: true });
});

test('a call that is too large ends its connection before it is kept', async () => {
  const client = await Client.connect(await start({ maxMessageBytes: '10000' }));
  expect(await client.send(['x'.repeat(9000)])).toBe('OK');
  void client.send(['x'.repeat(11_000)]);
  await eventually(() => client.peer?.isClosed === true);
  expect(context.counters.get('EventReadFail')).toBe(1);
});

test('garbage ends its own connection only', async () => {
  const running = await start();
  const good = await Client.connect(running);
  const random = seededRandom(7);
  for (let round = 0; round < 50; round += 1) {
    const bytes = Buffer.from(Array.from({ length: 300 }, () => Math.floor(random.next() * 256)));
    // Half of them begin as a frame does.
    if (round % 2 === 0) bytes.write('000000010000000100000100', 'hex');
    const peer = await RpcPeer.connect(running, () => undefined);
    peer.send(bytes);
    await eventually(() => peer.isClosed);
  }
  expect(await good.send(['a'])).toBe('OK');
  expect(context.counters.get('EventReadFail')).toBe(50);
});

test('a message that is not brought to its end ends its connection after a minute', async () => {
  const timers: { delayMs: number; callback: () => void }[] = [];
  const clock = {
    ...systemClock,
    after: (delayMs: number, callback: () => void) => {
      timers.push({ delayMs, callback });
      return { cancel: () => undefined };
    },
  };
  context = Object.assign(new TestContext(), { clock });
  const peer = await RpcPeer.connect(await start(), () => undefined);
  peer.send(Buffer.from('0000000100000001000001000000', 'hex'));
  await eventually(() => timers.length > 0);
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([60_000]);
  timers[0]?.callback();
  await eventually(() => peer.isClosed);
  expect(context.counters.get('EventReadFail')).toBe(1);
});

test('a stop answers the calls under way', async () => {
  const running = await start();
  const client = await Client.connect(running);
  let release: () => void = () => undefined;
  context.deliver = () => new Promise((resolve) => (release = resolve));
  const answer = client.send(['a']);
  await systemClock.sleep(50);
  const stopped = running.stop();
  release();
  expect(await answer).toBe('OK');
  await stopped;
});

test('a stop waits for the channels, also when the peer has left', async () => {
  const running = await start();
  const client = await Client.connect(running);
  let release: () => void = () => undefined;
  context.deliver = () => new Promise((resolve) => (release = resolve));
  void client.send(['a']);
  await systemClock.sleep(50);
  client.peer?.close();
  let isStopped = false;
  const stopped = running.stop().then(() => (isStopped = true));
  await systemClock.sleep(50);
  expect(isStopped).toBe(false);
  release();
  await stopped;
});

test('open connections are counted, and limited', async () => {
  const running = await start({ maxConnections: '2' });
  const first = await Client.connect(running);
  await Client.connect(running);
  const third = await Client.connect(running);
  await eventually(() => third.peer?.isClosed === true);
  expect(context.counters.get('OpenConnectionCount')).toBe(2);
  first.peer?.close();
  await eventually(() => context.counters.get('OpenConnectionCount') === 1);
});

test('ipFilter closes the connections of those whom its rules refuse', async () => {
  const client = await Client.connect(await start({ ipFilter: 'true', ipFilterRules: 'deny:ip:127.*' }));
  await eventually(() => client.peer?.isClosed === true);
  await source?.stop();
  const other = await Client.connect(await start({ ipFilter: 'true', ipFilterRules: 'allow:ip:127.*,deny:ip:*' }));
  expect(await other.send(['a'])).toBe('OK');
});

test.each([
  ['allow:ip:127.*,deny:ip:*', '127.0.0.1', true],
  ['allow:ip:127.*,deny:ip:*', '10.0.0.1', false],
  ['allow:name:web?.example.org, deny:ip:*', '10.0.0.1', true],
  ['allow:name:db.example.org,deny:ip:10.0.0.?', '10.0.0.1', false],
  ['deny:ip:10.0.0.2', '10.0.0.1', true],
])('rules %s for %s: %s', async (rules, address, expected) => {
  expect(await admitsAddress(parseIpFilter(rules), address, () => Promise.resolve(['web1.example.org']))).toBe(
    expected,
  );
});

test.each([
  [{}, []],
  [{ bind: '0.0.0.0' }, ['bind']],
  [{ ssl: 'true' }, ['ssl']],
  [{ ipFilter: 'true' }, ['ipFilter']],
  [{ ipFilterRules: 'deny:ip:*' }, ['ipFilterRules']],
])('options %j have remarks at %j', (options, expected) => {
  const given = { bind: '127.0.0.1', port: '1', ...options };
  expect((avroSource.check?.(given) ?? []).map((remark) => remark.option)).toEqual(expected);
});

test('a rule that is none is refused by its text', () => {
  expect(() => createSource(avroSource, { bind: 'localhost', port: '1', ipFilterRules: 'allow:127.*' })).toThrow(
    '"allow:127.*" is no rule',
  );
});
