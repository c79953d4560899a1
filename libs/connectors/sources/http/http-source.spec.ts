import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { eventually, portOf, TestPeer } from '../socket.testkit.js';
import { createSource, TestContext } from '../source-context.testkit.js';
import { httpSource } from './http-source.js';

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
  const source = createSource(httpSource, { port: '0', ...options });
  started.push(source);
  const deliver = context.deliver.bind(context);
  context.deliver = (batch: EventBatch) => {
    batches.push(batch.count);
    return deliver(batch);
  };
  await source.start(context);
  return source;
}

interface Sent {
  readonly body?: string | Buffer;
  readonly type?: string;
  readonly method?: string;
  readonly path?: string;
}

async function send(source: Source, { body, type, method, path }: Sent): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${portOf(source)}${path ?? '/'}`, {
    method: method ?? 'POST',
    headers: { 'Content-Type': type ?? 'application/json', Connection: 'close' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  return { status: response.status, text: await response.text() };
}

test('an array of events is one transaction on any path, answered 200 without a body', async () => {
  const source = await start();
  const body = JSON.stringify([
    { headers: { host: 'a' }, body: 'one' },
    { headers: { kind: 'x' }, body: 'zwölf' },
    { body: 'no headers' },
    { headers: { only: 'headers' } },
  ]);
  expect(await send(source, { body, path: '/some/path?x=y' })).toEqual({ status: 200, text: '' });
  expect(batches).toEqual([4]);
  expect(context.events).toEqual([
    { body: 'one', headers: { host: 'a' } },
    { body: 'zwölf', headers: { kind: 'x' } },
    { body: 'no headers', headers: {} },
    { body: '', headers: { only: 'headers' } },
  ]);
});

test('numbers and truth values become text as they were written, null is left out', async () => {
  const source = await start();
  const body =
    '[{"headers":{"n":1,"f":1.50,"big":12345678901234567890,"t":true,"z":null,"__proto__":"p"},"body":42.0}]';
  expect((await send(source, { body })).status).toBe(200);
  expect(context.bodies).toEqual(['42.0']);
  expect(Object.entries(context.events[0]?.headers ?? {})).toEqual([
    ['n', '1'],
    ['f', '1.50'],
    ['big', '12345678901234567890'],
    ['t', 'true'],
  ]);
});

// As a real agent of Flume 1.11 answers, but for the rows that say otherwise.
test.each<[string, number, string, string?]>([
  ['an empty array', 200, '[]'],
  ['a body that is null', 200, '[{"body":null}]'],
  ['further fields', 200, '[{"body":"x","extra":{"y":1}}]'],
  ['a single object', 400, '{"body":"single"}'],
  ['a body that is an object', 400, '[{"body":{"o":1}}]'],
  ['a header that is an object', 400, '[{"headers":{"o":{"p":1}},"body":"x"}]'],
  ['text that is no JSON', 400, 'not json'],
  ['something after the array', 400, '[{"body":"a"}] junk'],
  ['an event that is null (differs: 500)', 400, '[null]'],
  ['a trailing comma (differs: 500)', 400, '[{"body":"x"},]'],
  ['single quotes (differs: 200)', 400, "[{'body':'x'}]"],
  ['an empty request', 500, ''],
  ['a charset that is none of Unicode', 500, '[]', 'application/json; charset=ISO-8859-1'],
  ['a charset that is none', 500, '[]', 'application/json; charset=nonsense'],
  ['UTF-8 by name', 200, '[]', 'application/json; charset="utf-8"'],
  ['an unknown type without charset', 200, '[]', 'text/strange'],
])('%s is answered %i', async (_, status, body, type = 'application/json') => {
  // A type without a default would be taken for the runner's callback.
  expect((await send(await start(), { body, type })).status).toBe(status);
});

test('UTF-16 is read, and bodies stay in it', async () => {
  const source = await start();
  const body = Buffer.from('\ufeff[{"body":"ö"}]', 'utf16le');
  const bodies: Buffer[] = [];
  context.deliver = (batch: EventBatch) => {
    bodies.push(Buffer.from(batch.body(0)));
    return Promise.resolve();
  };
  expect((await send(source, { body, type: 'application/json; charset=UTF-16' })).status).toBe(200);
  expect(bodies).toEqual([Buffer.from([0xfe, 0xff, 0x00, 0xf6])]);
});

test.each([
  ['GET', 500],
  ['OPTIONS', 403],
  ['PUT', 405],
  ['DELETE', 405],
])('%s without a body is answered %i', async (method, status) => {
  expect((await send(await start(), { method })).status).toBe(status);
});

test('a full channel is 503, and the error goes with the next success', async () => {
  const source = await start();
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'the channel is full');
  expect(await send(source, { body: '[{"body":"x"}]' })).toEqual({ status: 503, text: 'the channel is full\n' });
  expect(context.error).toBe(context.refusal);
  context.refusal = null;
  expect((await send(source, { body: '[{"body":"x"}]' })).status).toBe(200);
  expect(context.error).toBe(null);
});

test('an interceptor that fails is 500', async () => {
  const source = await start();
  context.refusal = new Error('broken');
  expect((await send(source, { body: '[{"body":"x"}]' })).status).toBe(500);
});

test('a request over maxBodyBytes is 413 and not kept, also when it does not say its size', async () => {
  const source = await start({ maxBodyBytes: '2000' });
  expect((await send(source, { body: JSON.stringify([{ body: 'x'.repeat(1900) }]) })).status).toBe(200);
  const peer = await TestPeer.connect(source);
  peers.push(peer);
  await peer.send('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let count = 0; count < 5; count += 1) await peer.send(`3e8\r\n${'x'.repeat(1000)}\r\n`);
  await eventually(() => peer.answers.startsWith('HTTP/1.1 413'));
  expect(peer.answers).toMatch(/connection: close/i);
  expect(context.events).toHaveLength(1);
});

test('BLOBHandler: the body is the event, query parameters are its headers', async () => {
  const source = await start({ handler: 'org.apache.flume.source.http.BLOBHandler' });
  expect((await send(source, { body: 'a\nb', path: '/?k=v%20w&k=second&e=' })).status).toBe(200);
  expect(context.events).toEqual([{ body: 'a\nb', headers: { k: 'v w', e: '' } }]);
});

test('BLOBHandler: a request without a mandatory parameter is 500', async () => {
  const source = await start({ handler: 'BLOBHandler', 'handler.mandatoryParameters': 'id,site' });
  const { status, text } = await send(source, { body: 'x', path: '/?id=1' });
  expect([status, text]).toEqual([500, 'The request lacks the parameters site.\n']);
  expect((await send(source, { body: 'x', path: '/?id=1&site=2' })).status).toBe(200);
});

test('the Morphlines BlobHandler cuts a body at maxBlobLength, and adds its Content-Type', async () => {
  const source = await start({
    handler: 'org.apache.flume.sink.solr.morphline.BlobHandler',
    'handler.maxBlobLength': '5',
  });
  expect((await send(source, { body: '1234567890', type: 'text/x', path: '/?k=v' })).status).toBe(200);
  expect(context.events).toEqual([{ body: '12345', headers: { k: 'v', 'Content-Type': 'text/x' } }]);
});

test('one connection serves many requests; garbage and cut ones harm nobody', async () => {
  const source = await start();
  for (const text of ['\x00\x01garbage\r\n\r\n', 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n[{']) {
    const bad = await TestPeer.connect(source);
    await bad.send(text);
    await systemClock.sleep(10);
    bad.socket.resetAndDestroy();
  }
  const peer = await TestPeer.connect(source);
  peers.push(peer);
  const request = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 14\r\n\r\n[{"body":"x"}]';
  await peer.send(request.repeat(3));
  await eventually(() => (peer.answers.match(/HTTP\/1\.1 200/g) ?? []).length === 3);
  expect(context.bodies).toEqual(['x', 'x', 'x']);
});

test('a stop answers the request under way and refuses new ones', async () => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const source = await start();
  const deliver = context.deliver.bind(context);
  context.deliver = async (batch: EventBatch) => {
    await gate;
    await deliver(batch);
  };
  const port = portOf(source);
  const underWay = send(source, { body: '[{"body":"x"}]' });
  await systemClock.sleep(50);
  const stopped = source.stop();
  release();
  expect((await underWay).status).toBe(200);
  await stopped;
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed');
});

test.each([
  [{}, []],
  [{ bind: '0.0.0.0' }, ['bind']],
  [{ bind: '0.0.0.0', insecure: 'true' }, []],
])('options %j have errors at %j', (options, expected) => {
  expect((httpSource.check?.({ port: '1', ...options }) ?? []).map((remark) => remark.option)).toEqual(expected);
});

test('basicUser, bearerToken: without one of them a request is 401, and nothing is taken', async () => {
  const source = await start({ basicUser: 'u', basicPassword: 'p:w', bearerToken: 'secret' });
  const statusOf = async (authorization: string | null): Promise<number> => {
    const headers = authorization === null ? {} : { Authorization: authorization };
    const response = await fetch(`http://127.0.0.1:${portOf(source)}/`, {
      method: 'POST',
      body: '[{"body":"x"}]',
      headers,
    });
    await response.text();
    return response.status;
  };
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  expect(await statusOf(basic('u:p:w'))).toBe(200);
  expect(await statusOf('bearer secret')).toBe(200);
  for (const wrong of [null, basic('u:p'), basic(':'), 'Bearer ', 'Bearer wrong', 'Digest x', 'secret']) {
    expect([wrong, await statusOf(wrong)]).toEqual([wrong, 401]);
  }
  expect(context.bodies).toEqual(['x', 'x']);
  expect(context.counters.get('AuthenticationFailedCount')).toBe(7);
});

test('a login makes an address that others reach allowed; half a login is refused', () => {
  const errorsOf = (options: Record<string, string>): string[] =>
    (httpSource.check?.({ port: '1', bind: '0.0.0.0', ...options }) ?? []).map((remark) => remark.option);
  expect(errorsOf({ bearerToken: 'x' })).toEqual([]);
  expect(errorsOf({ basicUser: 'x' })).toEqual(['basicUser']);
});
