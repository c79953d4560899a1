import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { decodeMulti, encode, ExtData } from '@msgpack/msgpack';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { seededRandom } from '#std/random';
import { eventually, portOf, TestPeer } from '../socket.testkit.js';
import { createSource, TestContext } from '../source-context.testkit.js';
import { fluentSource } from './fluent-source.js';
import { MessageSizeError, MsgpackFraming } from './msgpack-framing.js';

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
  const source = createSource(fluentSource, { port: '0', ...options });
  started.push(source);
  await source.start(context);
  return source;
}

/** A peer that reads MessagePack. */
class FluentPeer {
  private readonly received: Buffer[] = [];

  private constructor(readonly peer: TestPeer) {
    peer.socket.on('data', (chunk: Buffer) => this.received.push(chunk));
  }

  static async connect(source: Source): Promise<FluentPeer> {
    const peer = await TestPeer.connect(source);
    peers.push(peer);
    return new FluentPeer(peer);
  }

  get answers(): unknown[] {
    try {
      return [...decodeMulti(Buffer.concat(this.received))];
    } catch {
      return [];
    }
  }

  send(...values: unknown[]): Promise<void> {
    return this.peer.send(Buffer.concat(values.map((value) => encode(value))));
  }

  async until(count: number): Promise<unknown[]> {
    await eventually(() => this.answers.length >= count);
    return this.answers;
  }
}

function eventTime(seconds: number, nanoseconds: number): ExtData {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(seconds);
  bytes.writeUInt32BE(nanoseconds, 4);
  return new ExtData(0, bytes);
}

function packed(...entries: unknown[]): Buffer {
  return Buffer.concat(entries.map((entry) => encode(entry)));
}

const entries = [
  [1700000000, { log: 'one' }],
  [eventTime(1700000001, 5_000_000), { log: 'two', n: 2 }],
];
const expected = [
  { body: '{"log":"one"}', headers: { tag: 'app.x', timestamp: '1700000000000' } },
  { body: '{"log":"two","n":2}', headers: { tag: 'app.x', timestamp: '1700000001005' } },
];

test.each<[string, unknown[]]>([
  [
    'Message',
    [
      ['app.x', ...(entries[0] ?? [])],
      ['app.x', ...(entries[1] ?? []), {}],
    ],
  ],
  ['Forward', [['app.x', entries]]],
  ['PackedForward', [['app.x', packed(...entries)]]],
  ['CompressedPackedForward', [['app.x', gzipSync(packed(...entries)), { compressed: 'gzip', size: 2 }]]],
  [
    'several members of gzip',
    [['app.x', Buffer.concat([gzipSync(packed(entries[0])), gzipSync(packed(entries[1]))]), { compressed: 'gzip' }]],
  ],
  ['zstd', [['app.x', zstdCompressSync(packed(...entries)), { compressed: 'zstd' }]]],
])('%s', async (_, messages) => {
  const peer = await FluentPeer.connect(await start());
  await peer.send(...messages);
  await context.until(2);
  expect(context.events).toEqual(expected);
  expect(peer.answers).toEqual([]);
});

test('bodyKey makes one field the body and the others headers', async () => {
  const peer = await FluentPeer.connect(await start({ bodyKey: 'log' }));
  await peer.send(
    ['t', 1, { log: 'text', stream: 'stdout', n: 1.5, k: { a: [1] }, z: null }],
    ['t', 2, { other: 'x' }],
  );
  await context.until(2);
  expect(context.events).toEqual([
    { body: 'text', headers: { stream: 'stdout', n: '1.5', k: '{"a":[1]}', timestamp: '1000', tag: 't' } },
    { body: '{"other":"x"}', headers: { timestamp: '2000', tag: 't' } },
  ]);
});

test('bytes and numbers of 64 bits become text and themselves', async () => {
  const peer = await FluentPeer.connect(await start());
  await peer.send(['t', 1, { b: Buffer.from('ö'), raw: Buffer.from([255]), big: 1 }]);
  await peer.peer.send(
    Buffer.concat([Buffer.from([0x93, 0xa1, 0x74, 1, 0x81, 0xa1, 0x6e, 0xcf]), Buffer.from('ffffffffffffffff', 'hex')]),
  );
  await context.until(2);
  expect(context.bodies).toEqual(['{"b":"ö","raw":"/w==","big":1}', '{"n":18446744073709551615}']);
});

test('PackedForward of the first version: entries packed into a text', async () => {
  const peer = await FluentPeer.connect(await start());
  const content = packed(entries[0], [1700000001.005, { log: 'two', n: 2 }]);
  const head = Buffer.concat([Buffer.from([0x92]), encode('app.x'), Buffer.from([0xda, 0, content.length])]);
  await peer.peer.send(Buffer.concat([head, content]));
  await context.until(2);
  expect(context.events).toEqual(expected);
});

test('a chunk is acknowledged when all its events are committed, and not before', async () => {
  const peer = await FluentPeer.connect(await start({ batchSize: '2' }));
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  await peer.send(['t', Array.from({ length: 5 }, (_, index) => [index, { index }]), { chunk: 'p8n9' }]);
  await eventually(() => context.error === context.refusal);
  await systemClock.sleep(30);
  expect(peer.answers).toEqual([]);
  context.refusal = null;
  expect(await peer.until(1)).toEqual([{ ack: 'p8n9' }]);
  expect(context.events).toHaveLength(5);
});

test('an empty chunk is acknowledged at once; what the source could not deliver is not', async () => {
  const source = await start();
  const peer = await FluentPeer.connect(source);
  await peer.send(['t', [], { chunk: 'empty' }]);
  expect(await peer.until(1)).toEqual([{ ack: 'empty' }]);
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  await peer.send(['t', 1, { a: 1 }, { chunk: 'lost' }]);
  await eventually(() => context.error === context.refusal);
  await source.stop();
  expect(peer.answers).toHaveLength(1);
  expect(context.counters.get('EventDroppedCount')).toBe(1);
});

test('entries that are no events are counted, the others come', async () => {
  const peer = await FluentPeer.connect(await start());
  await peer.send(['t', [[1, { a: 1 }], ['x', { a: 2 }], [2, 'text'], 5, [3, { a: 3 }]], { chunk: 'c' }]);
  expect(await peer.until(1)).toEqual([{ ack: 'c' }]);
  expect(context.bodies).toEqual(['{"a":1}', '{"a":3}']);
  expect(context.counters.get('EventReadFail')).toBe(3);
});

test.each<[string, Buffer]>([
  ['text', Buffer.from('GET / HTTP/1.0\r\n\r\n')],
  ['no tag', Buffer.from(encode([1, 2, {}]))],
  ['a bad compression', Buffer.from(encode(['t', Buffer.from('xx'), { compressed: 'gzip' }]))],
  ['a bomb', Buffer.from(encode(['t', gzipSync(Buffer.alloc(3_000_000)), { compressed: 'gzip' }]))],
  ['a size over the limit', Buffer.from([0x92, 0xa1, 0x74, 0xc6, 0x7f, 0xff, 0xff, 0xff])],
])('%s ends the connection and is counted', async (_, bytes) => {
  const peer = await FluentPeer.connect(await start({ maxChunkBytes: '1000000' }));
  await peer.peer.send(bytes);
  await peer.peer.untilClosed();
  expect(context.counters.get('EventReadFail')).toBe(1);
  expect(context.events).toEqual([]);
});

const sha512 = (...parts: string[]): string => createHash('sha512').update(parts.join('')).digest('hex');

test.each([
  ['right', 'key', 'u', 'p', true],
  ['wrong key', 'other', 'u', 'p', false],
  ['wrong password', 'key', 'u', 'x', false],
  ['wrong user', 'key', 'v', 'p', false],
])('login with a shared key and a user: %s', async (_, key, user, password, isIn) => {
  const peer = await FluentPeer.connect(await start({ sharedKey: 'key', user: 'u', password: 'p' }));
  const [helo] = (await peer.until(1)) as [[string, { nonce: string; auth: string; keepalive: boolean }]];
  const { nonce, auth } = helo[1];
  await peer.send(['PING', 'me', 'salt', sha512('salt', 'me', nonce, key), user, sha512(auth, user, password)]);
  const [, pong] = (await peer.until(2)) as [unknown, [string, boolean, string, string, string]];
  expect(pong[1]).toBe(isIn);
  if (isIn) {
    expect(pong[4]).toBe(sha512('salt', pong[3], nonce, 'key'));
    await peer.send(['t', 1, { a: 1 }]);
    await context.until(1);
  } else {
    await peer.peer.untilClosed();
    expect(context.counters.get('EventReadFail')).toBe(1);
  }
});

test('an event before the login is refused', async () => {
  const peer = await FluentPeer.connect(await start({ sharedKey: 'key' }));
  await peer.send(['t', 1, { a: 1 }]);
  await peer.peer.untilClosed();
  expect(context.events).toEqual([]);
});

test('a heartbeat in a datagram is answered', async () => {
  const port = portOf(await start());
  const socket = createSocket('udp4');
  const answer = new Promise<Buffer>((resolve) => socket.once('message', resolve));
  socket.send(Buffer.alloc(1), port, '127.0.0.1');
  expect(await answer).toEqual(Buffer.alloc(1));
  socket.close();
});

test('messages are cut the same however the bytes come', () => {
  const random = seededRandom(3);
  const values = [
    null,
    true,
    -1,
    -200,
    70_000,
    2 ** 40,
    1.5,
    'x'.repeat(40),
    'y'.repeat(300),
    Buffer.alloc(70_000),
    [1, [2, [3]]],
    { a: { b: [] } },
    eventTime(1, 2),
    Array.from({ length: 20 }, () => 'z'),
  ];
  const bytes = packed(...values);
  for (let round = 0; round < 50; round += 1) {
    const framing = new MsgpackFraming(100_000);
    const messages: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const next = Math.min(bytes.length, at + 1 + Math.floor(random.next() ** 4 * 3000));
      messages.push(...framing.push(bytes.subarray(at, next)));
      at = next;
    }
    expect(messages.map((message) => message.length)).toEqual(values.map((value) => encode(value).length));
  }
});

test('a message over the limit is refused as soon as it is announced', () => {
  expect(() => new MsgpackFraming(1000).push(Buffer.from([0xdb, 0, 1, 0, 0]))).toThrow(MessageSizeError);
  const small = new MsgpackFraming(10);
  expect(() => small.push(Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff, 1, 1, 1, 1, 1, 1, 1]))).toThrow(MessageSizeError);
});
