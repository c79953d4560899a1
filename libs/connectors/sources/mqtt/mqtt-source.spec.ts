import { createServer, type Server, type Socket } from 'node:net';
import { generate, parser, type IConnectPacket, type ISubscribePacket, type Packet, type QoS } from 'mqtt-packet';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { createSource, TestContext } from '../source-context.testkit.js';
import { mqttSource } from './mqtt-source.js';

/** An MQTT broker that keeps what it is sent and lets a test publish. */
class FakeMqtt {
  readonly packets: Packet[] = [];
  readonly sockets: Socket[] = [];
  refusal = 0;
  granted: number[] = [1];
  sessionPresent = true;
  private readonly server: Server;

  constructor(private readonly protocolVersion: 4 | 5 = 4) {
    this.server = createServer((socket) => this.serve(socket));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return `mqtt://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  send(packet: Packet): void {
    this.sockets.at(-1)?.write(generate(packet, { protocolVersion: this.protocolVersion }));
  }

  publish(messageId: number, qos: QoS, body: string, userProperties?: Record<string, string>): void {
    const properties =
      userProperties === undefined ? {} : { properties: { userProperties, contentType: 'text/plain' } };
    this.send({
      cmd: 'publish',
      topic: 'a/b',
      payload: body,
      qos,
      messageId,
      dup: false,
      retain: false,
      ...properties,
    });
  }

  ids(cmd: Packet['cmd']): (number | undefined)[] {
    return this.packets.filter((packet) => packet.cmd === cmd).map(({ messageId }) => messageId);
  }

  private serve(socket: Socket): void {
    const { protocolVersion } = this;
    const reader = parser({ protocolVersion });
    this.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => reader.parse(piece));
    reader.on('packet', (packet) => {
      this.packets.push(packet);
      const { refusal, sessionPresent, granted } = this;
      const code = protocolVersion === 5 ? { reasonCode: refusal } : { returnCode: refusal };
      if (packet.cmd === 'connect') this.send({ cmd: 'connack', sessionPresent, ...code });
      if (packet.cmd === 'subscribe') this.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted });
    });
  }
}

let broker: FakeMqtt;
let context: TestContext;
let url: string;

async function begin(version: 4 | 5 = 4): Promise<void> {
  broker = new FakeMqtt(version);
  url = await broker.start();
  context = new TestContext();
}
afterEach(() => broker.stop());

async function eventually(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300 && !done(); tries += 1) await systemClock.sleep(10);
  expect(done()).toBe(true);
}

test('PUBACK and PUBREC wait for the channels, several at a time; QoS 0 has neither', async () => {
  await begin();
  const source = createSource(mqttSource, { url, topics: 'a/#,b', qos: '2', userName: 'u', password: 'p' });
  await source.start(context);
  await eventually(() => broker.ids('subscribe').length === 1);
  const [connect, subscribe] = broker.packets as [IConnectPacket, ISubscribePacket];
  expect(connect).toMatchObject({ clientId: 'a1-r', clean: false, username: 'u', password: Buffer.from('p') });
  expect(subscribe.subscriptions.map(({ topic, qos }) => [topic, qos])).toEqual([
    ['a/#', 2],
    ['b', 2],
  ]);
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  broker.publish(7, 1, 'one');
  broker.publish(8, 2, 'two');
  broker.publish(0, 0, 'zero');
  await eventually(() => context.error !== null);
  expect([...broker.ids('puback'), ...broker.ids('pubrec')]).toEqual([]);
  context.refusal = null;
  await context.until(3);
  await eventually(() => broker.ids('pubrec').length === 1);
  expect([broker.ids('puback'), broker.ids('pubrec')]).toEqual([[7], [8]]);
  expect(context.events[0]).toEqual({
    body: 'one',
    headers: { 'mqtt.topic': 'a/b', 'mqtt.qos': '1', 'mqtt.retain': 'false' },
  });
  broker.send({ cmd: 'pubrel', messageId: 8 });
  await eventually(() => broker.ids('pubcomp').length === 1);
  await source.stop();
  expect(broker.packets.at(-1)?.cmd).toBe('disconnect');
});

test('a QoS 2 message whose PUBREC was lost is not delivered twice, unless the broker has begun a new session', async () => {
  await begin();
  const source = createSource(mqttSource, { url, topics: 'a/#', qos: '2', maxReconnectSleep: '100' });
  await source.start(context);
  await eventually(() => broker.ids('subscribe').length === 1);
  broker.publish(5, 2, 'once');
  await eventually(() => broker.ids('pubrec').length === 1);
  broker.sockets.at(-1)?.destroy();
  await eventually(() => broker.ids('subscribe').length === 2);
  broker.publish(5, 2, 'once');
  await eventually(() => broker.ids('pubrec').length === 2);
  broker.send({ cmd: 'pubrel', messageId: 5 });
  await eventually(() => broker.ids('pubcomp').length === 1);
  broker.publish(5, 2, 'another');
  await context.until(2);
  broker.sessionPresent = false;
  broker.sockets.at(-1)?.destroy();
  await eventually(() => broker.ids('subscribe').length === 3);
  broker.publish(5, 2, 'a third');
  await context.until(3);
  expect(context.bodies).toEqual(['once', 'another', 'a third']);
  await source.stop();
});

test('MQTT 5 brings user properties, and says how much may be under way', async () => {
  await begin(5);
  const options = { url, topics: 'a/#', protocolVersion: '5', prefetch: '50', batchSize: '10', sessionExpiry: '60' };
  const source = createSource(mqttSource, options);
  await source.start(context);
  await eventually(() => broker.ids('subscribe').length === 1);
  expect(broker.packets[0]).toMatchObject({ properties: { receiveMaximum: 50, sessionExpiryInterval: 60 } });
  broker.publish(1, 1, 'x', { colour: 'red' });
  await context.until(1);
  expect(context.events[0]?.headers).toMatchObject({ colour: 'red', 'mqtt.contentType': 'text/plain' });
  await source.stop();
});

test.each<[string, () => void, RegExp]>([
  ['a wrong password', () => (broker.refusal = 4), /wrong user name or password \(code 4\)/],
  ['a subscription that is not granted', () => (broker.granted = [128]), /subscription to a\/# is not granted/],
])('%s is reported, and it is tried again', async (_, refuse, expected) => {
  await begin();
  refuse();
  const source = createSource(mqttSource, { url, topics: 'a/#', maxReconnectSleep: '100' });
  await source.start(context);
  await eventually(() => context.error !== null);
  expect(String(context.error)).toMatch(expected);
  broker.refusal = 0;
  broker.granted = [1];
  await eventually(() => context.error === null);
  await source.stop();
});

test('what is no MQTT, and a message over the limit, end the connection and nothing else', async () => {
  await begin();
  const source = createSource(mqttSource, { url, topics: 'a/#', maxMessageBytes: '1024', maxReconnectSleep: '100' });
  await source.start(context);
  await eventually(() => broker.ids('subscribe').length === 1);
  broker.sockets.at(-1)?.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await eventually(() => broker.ids('subscribe').length === 2);
  broker.publish(1, 1, 'x'.repeat(300_000));
  await eventually(() => broker.ids('subscribe').length === 3);
  broker.publish(2, 1, 'ok');
  await context.until(1);
  expect(context.bodies).toEqual(['ok']);
  await source.stop();
});
