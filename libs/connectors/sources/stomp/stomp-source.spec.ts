import { createServer, type Server, type Socket } from 'node:net';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { encodeFrame, FrameReader, type StompFrame } from '#wire/stomp/frame';
import { createSource, TestContext } from '../source-context.testkit.js';
import { stompSource } from './stomp-source.js';

/** A STOMP broker that keeps what it is sent, and lets a test answer. */
class FakeStomp {
  readonly frames: StompFrame[] = [];
  readonly sockets: Socket[] = [];
  heartbeat = '0,0';
  /** What it sends instead of CONNECTED. */
  answer: Buffer | null = null;
  private readonly server: Server;

  constructor() {
    this.server = createServer((socket) => this.serve(socket));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return `stomp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  message(id: string, body: string, headers: Record<string, string> = {}): void {
    this.sockets.at(-1)?.write(encodeFrame('MESSAGE', { ...headers, ack: id, 'message-id': id }, Buffer.from(body)));
  }

  /** Values of a header in frames of a command. */
  seen(command: string, header: string): (string | undefined)[] {
    return this.frames.filter((frame) => frame.command === command).map((frame) => frame.headers.get(header));
  }

  private serve(socket: Socket): void {
    const reader = new FrameReader({ headBytesMax: 65_536, bodyBytesMax: 65_536 });
    this.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      for (const frame of reader.read(piece)) {
        this.frames.push(frame);
        const receipt = frame.headers.get('receipt');
        if (frame.command === 'CONNECT')
          socket.write(this.answer ?? encodeFrame('CONNECTED', { version: '1.2', 'heart-beat': this.heartbeat }));
        if (receipt !== undefined) socket.write(encodeFrame('RECEIPT', { 'receipt-id': receipt }));
      }
    });
  }
}

let broker: FakeStomp;
let url: string;
let context: TestContext;

beforeEach(async () => {
  broker = new FakeStomp();
  url = await broker.start();
  context = new TestContext();
});
afterEach(() => broker.stop());

async function eventually(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300 && !done(); tries += 1) await systemClock.sleep(10);
  expect(done()).toBe(true);
}

test('a subscription acknowledges each message by itself once the channels have it', async () => {
  const source = createSource(stompSource, {
    ...{ url, destination: '/queue/q', selector: "a = 'b'", userName: 'u', password: 'p', 'subscribe.x-own': '1' },
  });
  await source.start(context);
  await eventually(() => broker.frames.length === 2);
  expect(Object.fromEntries(broker.frames[0]?.headers ?? [])).toMatchObject({ login: 'u', passcode: 'p' });
  expect(Object.fromEntries(broker.frames[1]?.headers ?? [])).toMatchObject({
    ...{ destination: '/queue/q', ack: 'client-individual', selector: "a = 'b'", 'x-own': '1' },
  });
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  broker.message('1', 'a', { colour: 'red' });
  broker.message('2', 'b');
  await eventually(() => context.error !== null);
  expect(broker.seen('ACK', 'id')).toEqual([]);
  context.refusal = null;
  await eventually(() => broker.seen('ACK', 'id').length === 2);
  expect(broker.seen('ACK', 'id')).toEqual(['1', '2']);
  expect(context.events[0]).toEqual({ body: 'a', headers: { colour: 'red', 'message-id': '1' } });
  await source.stop();
  expect(broker.frames.at(-1)?.command).toBe('DISCONNECT');
});

test.each<[string, () => Buffer, RegExp]>([
  ['an error', () => encodeFrame('ERROR', { message: 'who are you' }), /who are you/],
  ['an old version', () => encodeFrame('CONNECTED', { version: '1.0' }), /speaks STOMP 1\.0/],
  ['garbage', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /no command/],
  ['something endless', () => Buffer.alloc(70_000, 'x'), /exceed/],
])('%s as the answer is reported, and it is tried again', async (_, answer, expected) => {
  broker.answer = answer();
  const source = createSource(stompSource, { url, destination: 'q', maxReconnectSleep: '100' });
  await source.start(context);
  await eventually(() => context.error !== null);
  expect(String(context.error)).toMatch(expected);
  broker.answer = null;
  await eventually(() => broker.seen('SUBSCRIBE', 'id').length === 1);
  await eventually(() => context.error === null);
  await source.stop();
});

test('a broker that has promised signs of life and falls silent is left', async () => {
  broker.heartbeat = '50,0';
  const source = createSource(stompSource, { url, destination: 'q', heartbeat: '50', maxReconnectSleep: '100' });
  await source.start(context);
  await eventually(() => broker.sockets.length > 1);
  await source.stop();
});

test('a frame without end in the middle ends the connection and nothing else', async () => {
  const source = createSource(stompSource, {
    url,
    destination: 'q',
    maxMessageBytes: '1024',
    maxReconnectSleep: '100',
  });
  await source.start(context);
  await eventually(() => broker.seen('SUBSCRIBE', 'id').length === 1);
  broker.message('1', 'x'.repeat(2000));
  await eventually(() => broker.seen('SUBSCRIBE', 'id').length === 2);
  broker.message('2', 'ok');
  await context.until(1);
  expect(context.bodies).toEqual(['ok']);
  await source.stop();
});
