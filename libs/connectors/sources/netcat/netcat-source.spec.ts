import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { seededRandom } from '#std/random';
import { systemClock } from '#std/clock';
import { eventually, TestPeer } from '../socket.testkit.js';
import { createSource, TestContext } from '../source-context.testkit.js';
import { netcatSource } from './netcat-source.js';

let context: TestContext;
let batches: number[];
const started: Source[] = [];
const peers: TestPeer[] = [];

beforeEach(() => {
  context = new TestContext();
  batches = [];
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.socket.destroy();
  for (const source of started.splice(0)) await source.stop();
});

async function start(options: Readonly<Record<string, string>> = {}): Promise<Source> {
  const source = createSource(netcatSource, { bind: '127.0.0.1', port: '0', ...options });
  started.push(source);
  const deliver = context.deliver.bind(context);
  context.deliver = (batch: EventBatch) => {
    batches.push(batch.count);
    return deliver(batch);
  };
  await source.start(context);
  return source;
}

async function peerOf(source: Source): Promise<TestPeer> {
  const peer = await TestPeer.connect(source);
  peers.push(peer);
  return peer;
}

test('each line is an event and gets its OK; a carriage return stays, half a line waits', async () => {
  const peer = await peerOf(await start());
  await peer.send('one\r\n\nth');
  await peer.untilAnswers('OK\nOK\n');
  await peer.send('ree\n');
  await peer.untilAnswers('OK\nOK\nOK\n');
  expect(context.bodies).toEqual(['one\r', '', 'three']);
  expect(context.events[0]?.headers).toEqual({});
});

test('without ack-every-event there is no OK, but still a FAILED', async () => {
  const peer = await peerOf(await start({ 'ack-every-event': 'false' }));
  await peer.send('one\n');
  await context.until(1);
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'the channel\nis full');
  await peer.send('two\n');
  await peer.untilAnswers('FAILED: the channel is full\n');
  expect(context.error).toBe(context.refusal);
});

test('after a refusal the connection stays, and the next line is taken', async () => {
  const peer = await peerOf(await start());
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  await peer.send('one\ntwo\n');
  await peer.untilAnswers('FAILED: full\nFAILED: full\n');
  context.refusal = null;
  await peer.send('three\n');
  await peer.untilAnswers('FAILED: full\nFAILED: full\nOK\n');
  expect(context.bodies).toEqual(['three']);
  await eventually(() => context.error === null);
});

test('511 characters and a line end fit max-line-length 512; one more fails and ends the connection', async () => {
  const source = await start();
  const peer = await peerOf(source);
  const longest = 'ö'.repeat(511);
  await peer.send(`${longest}\n`);
  await peer.untilAnswers('OK\n');
  await peer.send(`last\n${'x'.repeat(512)}\nnever\n`);
  await peer.untilClosed();
  expect(peer.answers).toBe('OK\nOK\nFAILED: Event exceeds the maximum length (512 chars, including newline)\n');
  expect(context.bodies).toEqual([longest, 'last']);
});

test('half a line that is too long is not waited for', async () => {
  const peer = await peerOf(await start({ 'max-line-length': '10' }));
  await peer.send('123456789');
  await systemClock.sleep(30);
  expect(peer.isClosed).toBe(false);
  await peer.send('0');
  await peer.untilClosed();
  expect(peer.answers).toContain('(10 chars, including newline)');
});

test('what follows the last line end is dropped at the end, and what came before is still answered', async () => {
  const peer = await peerOf(await start());
  peer.socket.end('one\ntail');
  await peer.untilClosed();
  expect(peer.answers).toBe('OK\n');
  expect(context.bodies).toEqual(['one']);
});

test.each([
  ['iso-8859-1', Buffer.from('zwölf\n', 'latin1'), 'zwölf'],
  ['UTF-16LE', Buffer.from('zw\u00f6lf\n', 'utf16le'), 'zwölf'],
  ['utf-8', Buffer.concat([Buffer.from([0x61, 0xff]), Buffer.from('\n')]), 'a\ufffd'],
])('lines in %s become UTF-8', async (encoding, bytes, body) => {
  const peer = await peerOf(await start({ encoding }));
  for (const byte of bytes) await peer.send(Buffer.from([byte]));
  await peer.untilAnswers('OK\n');
  expect(context.bodies).toEqual([body]);
});

test('lines that arrive together are delivered together, of many peers too, at most batchSize', async () => {
  const source = await start({ batchSize: '50' });
  const all = await Promise.all(Array.from({ length: 20 }, () => peerOf(source)));
  await Promise.all(
    all.map((peer, index) => peer.send(Array.from({ length: 200 }, (_, line) => `${index} ${line}\n`).join(''))),
  );
  await Promise.all(all.map((peer) => peer.untilAnswers('OK\n'.repeat(200))));
  expect(Math.max(...batches)).toBeLessThanOrEqual(50);
  expect(batches.length).toBeLessThan(400);
  for (const index of all.keys()) {
    const own = context.bodies.filter((body) => body.startsWith(`${index} `));
    expect(own).toEqual(Array.from({ length: 200 }, (_, line) => `${index} ${line}`));
  }
});

test('while the channels are slow a peer is read no further, and then every line comes once', async () => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const deliver = context.deliver.bind(context);
  context.deliver = async (batch: EventBatch) => {
    await gate;
    await deliver(batch);
  };
  const source = await start({ batchSize: '1000' });
  const peer = await peerOf(source);
  const line = `${'x'.repeat(400)}\n`;
  const count = 50_000;
  const sent = peer.send(line.repeat(count));
  await systemClock.sleep(200);
  // Most of 20 MB is still on the way.
  expect(peer.socket.writableLength).toBeGreaterThan(5_000_000);
  release();
  await sent;
  await eventually(() => context.events.length === count);
  await eventually(() => peer.answers.length === 3 * count);
});

test('a connection over the limit is closed at once, and those there stay', async () => {
  const source = await start({ maxConnections: '1' });
  const first = await peerOf(source);
  const second = await peerOf(source);
  await second.untilClosed();
  await first.send('one\n');
  await first.untilAnswers('OK\n');
  expect(context.counters.get('ConnectionRefusedCount')).toBe(1);
});

test('garbage and cut connections harm nobody', async () => {
  const source = await start();
  const random = seededRandom(7);
  for (let round = 0; round < 20; round += 1) {
    const peer = await peerOf(source);
    await peer
      .send(Buffer.from(Array.from({ length: 3000 }, () => Math.floor(random.next() * 256))))
      .catch(() => undefined);
    peer.socket.resetAndDestroy();
  }
  const good = await peerOf(source);
  await good.send('still here\n');
  await good.untilAnswers('OK\n');
});

test('a stop answers what was read and closes every connection; a start after it listens again', async () => {
  const source = await start();
  const peer = await peerOf(source);
  await peer.send('one\n');
  await peer.untilAnswers('OK\n');
  await source.stop();
  await peer.untilClosed();
  await source.start(context);
  const again = await peerOf(source);
  await again.send('two\n');
  await again.untilAnswers('OK\n');
  expect(context.bodies).toEqual(['one', 'two']);
});

test('a port that is taken stops the start with a sentence', async () => {
  const source = await start();
  const port = String((source as Source & { port: number }).port);
  await expect(start({ port })).rejects.toThrow('another process has this port');
  started.pop();
});

test.each([
  ['0.0.0.0', {}, 1],
  ['example.org', {}, 1],
  ['0.0.0.0', { insecure: 'true' }, 0],
  ['127.0.0.1', {}, 0],
  ['localhost', {}, 0],
  ['::1', {}, 0],
])('binding %s with %j gives %i errors', (bind, more, errors) => {
  const remarks = netcatSource.check?.({ bind, port: '1', ...more }) ?? [];
  expect(remarks.map((remark) => remark.message.slice(0, 44))).toEqual(
    Array.from({ length: errors }, () => 'listener off loopback without authentication'),
  );
});
