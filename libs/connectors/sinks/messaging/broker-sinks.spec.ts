import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { generate, parser, type Packet } from 'mqtt-packet';
import rhea, { type Connection, type EventContext, type Message } from 'rhea';
import { FatalSinkError, PoisonRecordError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import type { Sink, SinkType } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { encodeFrame, FrameReader } from '#wire/stomp/frame';
import { amqpSinkType } from '../amqp/sink-type.js';
import { mqttSinkType } from '../mqtt/sink-type.js';
import { batchOf, valuesFrom } from '../postgres/batch.testkit.js';
import { stompSinkType } from '../stomp/sink-type.js';

/** What a broker does with one message. */
type Verdict = 'take' | 'refuse' | 'later' | 'forbid' | 'hang-up';

interface Seen {
  readonly destination: string;
  readonly body: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A broker in this process that does what the spec says with each message. */
abstract class FakeBroker {
  readonly seen: Seen[] = [];
  readonly sockets = new Set<Socket>();
  refusesLogin = false;
  verdict: (body: string) => Verdict = () => 'take';
  abstract readonly scheme: string;
  protected readonly server: Server;

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
      this.serve(socket);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `${this.scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  get bodies(): string[] {
    return this.seen.map(({ body }) => body);
  }

  protected abstract serve(socket: Socket): void;
}

class FakeStomp extends FakeBroker {
  readonly scheme = 'stomp';
  /** Messages of the transaction that is open. */
  private readonly open: Seen[] = [];

  protected serve(socket: Socket): void {
    const reader = new FrameReader({ headBytesMax: 65_536, bodyBytesMax: 1 << 20 });
    const answer = (command: string, headers: Record<string, string>): void =>
      void socket.write(encodeFrame(command, headers));
    socket.on('data', (piece: Buffer) => {
      for (const frame of reader.read(piece)) {
        const receipt = frame.headers.get('receipt') ?? '';
        if (frame.command === 'CONNECT') {
          if (this.refusesLogin) answer('ERROR', { message: 'bad credentials' });
          else answer('CONNECTED', { version: '1.2', 'heart-beat': '0,0' });
        } else if (frame.command === 'COMMIT') {
          this.seen.push(...this.open.splice(0));
          answer('RECEIPT', { 'receipt-id': receipt });
        } else if (frame.command === 'DISCONNECT') answer('RECEIPT', { 'receipt-id': receipt });
        else if (frame.command === 'BEGIN') this.open.length = 0;
        else {
          const body = frame.body.toString();
          switch (this.verdict(body)) {
            case 'take':
              (frame.headers.has('transaction') ? this.open : this.seen).push({
                destination: frame.headers.get('destination') ?? '',
                body,
                properties: Object.fromEntries(frame.headers),
              });
              if (receipt !== '') answer('RECEIPT', { 'receipt-id': receipt });
              break;
            case 'refuse':
              answer('ERROR', { message: 'The maximum data length was exceeded' });
              socket.end();
              return;
            case 'forbid':
              answer('ERROR', { message: 'User: x does not have permission' });
              return;
            default:
              socket.destroy();
              return;
          }
        }
      }
    });
  }
}

class FakeMqtt extends FakeBroker {
  readonly scheme = 'mqtt';

  protected serve(socket: Socket): void {
    const packets = parser({ protocolVersion: 5 });
    const answer = (packet: Packet): void => void socket.write(generate(packet, { protocolVersion: 5 }));
    socket.on('data', (piece: Buffer) => void packets.parse(piece));
    packets.on('packet', (packet) => {
      if (packet.cmd === 'connect') {
        answer({ cmd: 'connack', sessionPresent: false, reasonCode: this.refusesLogin ? 0x86 : 0 });
      }
      if (packet.cmd === 'pubrel') answer({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 });
      if (packet.cmd !== 'publish') return;
      const body = packet.payload.toString();
      const verdict = this.verdict(body);
      if (verdict === 'hang-up') return void socket.destroy();
      if (verdict === 'take') {
        this.seen.push({ destination: packet.topic, body, properties: { ...packet.properties?.userProperties } });
      }
      const reasonCode = { take: 0, refuse: 0x99, later: 0x97, forbid: 0x87 }[verdict];
      const cmd = packet.qos === 2 ? 'pubrec' : 'puback';
      answer({ cmd, messageId: packet.messageId ?? 0, reasonCode });
    });
  }
}

class FakeAmqp extends FakeBroker {
  readonly scheme = 'amqp';
  private readonly container = rhea.create_container({ id: 'fake', autoaccept: false });
  readonly messages: Message[] = [];

  constructor() {
    super();
    this.container.on('message', (context: EventContext) => this.take(context));
    this.container.sasl_server_mechanisms.enable_plain(() => !this.refusesLogin);
    this.container.sasl_server_mechanisms.enable_anonymous();
  }

  protected serve(socket: Socket): void {
    const connection: Connection & { accept?(socket: Socket): void } = this.container.create_connection({ port: 0 });
    connection.on('disconnected', () => undefined);
    connection.on('error', () => undefined);
    connection.accept?.(socket);
  }

  private take({ message, delivery, receiver, connection }: EventContext): void {
    if (message === undefined || delivery === undefined) return;
    const content: unknown = typeof message.body === 'string' ? message.body : message.body?.content;
    const body = String(content);
    switch (this.verdict(body)) {
      case 'take':
        this.messages.push(message);
        this.seen.push({
          destination: String(receiver?.target?.address),
          body,
          properties: { ...message.application_properties },
        });
        return delivery.accept();
      case 'refuse':
        // By itself: the library joins an answer with the one before it, whatever they say.
        setTimeout(() => delivery.reject({ condition: 'amqp:decode-error', description: 'no' }), 20);
        return;
      case 'forbid':
        return delivery.reject({ condition: 'amqp:unauthorized-access', description: 'not yours' });
      case 'later':
        return delivery.release();
      default:
        for (const socket of this.sockets) socket.destroy();
        connection.close();
    }
  }
}

interface Kind {
  readonly type: SinkType;
  readonly open: () => FakeBroker;
  /** Whether it can say of one message that it comes too early. */
  readonly saysLater: boolean;
}

const kinds: Kind[] = [
  { type: amqpSinkType, open: () => new FakeAmqp(), saysLater: true },
  { type: stompSinkType, open: () => new FakeStomp(), saysLater: false },
  { type: mqttSinkType, open: () => new FakeMqtt(), saysLater: true },
];

describe.each(kinds)('$type.name sink', ({ type, open, saysLater }) => {
  let broker: FakeBroker;
  let url: string;
  const sinks: Sink[] = [];

  beforeEach(async () => {
    broker = open();
    url = await broker.start();
  });
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.stop();
    broker.stop();
  });

  async function started(options: Record<string, string> = {}): Promise<Sink> {
    const sink = type.create({ url, destination: 'to.${topic}', ...options });
    sinks.push(sink);
    const parts = { clock: systemClock, logger: silentLogger, ownerEpoch: 1, stateDirectory: '' };
    await sink.start({ name: 'out', task: 0, ...parts });
    return sink;
  }

  it('sends records in order, each where its destination says, and counts them when they are taken', async () => {
    const sink = await started({ destination: 'to.${topic}.${key}', 'max.in.flight.messages': '3' });
    const keys = ['a', 'b'];
    const records = batchOf(
      Array.from({ length: 50 }, (_, n) => ({ offset: n, key: keys[n % 2] ?? '', value: `v${n}` })),
    );
    await sink.put(records);
    expect(broker.seen.map(({ destination, body }) => `${destination} ${body}`).toSorted()).toEqual(
      Array.from({ length: 50 }, (_, n) => `to.orders.${keys[n % 2]} v${n}`).toSorted(),
    );
    const ofA = broker.seen.filter(({ destination }) => destination.endsWith('a')).map(({ body }) => body);
    expect(ofA).toEqual(Array.from({ length: 25 }, (_, n) => `v${2 * n}`));
    expect(await sink.flush(false)).toEqual([{ topic: 'orders', partition: 0, offset: 50 }]);
  });

  it('makes properties of headers and of the place of the record', async () => {
    const sink = await started({ 'metadata.forward': 'true', 'message.format': 'text' });
    const batch: SinkBatch = {
      ...batchOf([{ offset: 7, value: 'grüße' }]),
      headers: () => [{ key: 'trace-id', value: Buffer.from('t') }],
    };
    await sink.put(batch);
    const name = type === mqttSinkType ? 'trace-id' : 'trace_HYPHEN_id';
    expect(broker.seen[0]?.body).toBe('grüße');
    expect(broker.seen[0]?.properties).toMatchObject({
      ...{ [name]: 't', KAFKA_TOPIC: 'orders', KAFKA_PARTITION: '0', KAFKA_OFFSET: '7' },
    });
  });

  it('goes on from the first message without an answer when the connection is lost', async () => {
    const sink = await started();
    let left = 3;
    broker.verdict = () => (left-- > 0 ? 'take' : 'hang-up');
    const batch = valuesFrom(0, [0, 1, 2, 3, 4]);
    await expect(sink.put(batch)).rejects.toThrow(RetriableSinkError);
    expect(await sink.flush(false)).toEqual([]);
    broker.verdict = () => 'take';
    await sink.put(batch);
    const repeated = broker.bodies.length - 5;
    expect([...new Set(broker.bodies)].toSorted()).toEqual(['0', '1', '2', '3', '4']);
    // An answer may be lost with the connection.
    expect(repeated).toBeLessThanOrEqual(3);
  });

  it('tells which records the broker refuses, and keeps the others', async () => {
    const sink = await started();
    broker.verdict = (body) => (body === '2' ? 'refuse' : 'take');
    const put = sink.put(valuesFrom(0, [0, 1, 2, 3]));
    if (type === stompSinkType) {
      // The connection ends with the refusal: the runner puts what is around it by itself.
      await expect(put).rejects.toBeInstanceOf(PoisonRecordError);
      await expect(put).rejects.toMatchObject({ index: null });
      await sink.put(valuesFrom(0, [0, 1]));
      await expect(sink.put(valuesFrom(2, [2]))).rejects.toBeInstanceOf(RefusedRecordsError);
      await sink.put(valuesFrom(3, [3]));
    } else {
      await expect(put).rejects.toBeInstanceOf(RefusedRecordsError);
      await expect(put).rejects.toMatchObject({ refusals: [{ index: 2 }] });
    }
    expect(broker.bodies).toEqual(['0', '1', '3']);
  });

  it('refuses a value that is no text where text is asked for', async () => {
    const sink = await started({ 'message.format': 'text' });
    const batch = batchOf([{ offset: 0, value: 'a' }]);
    const put = sink.put({ ...batch, value: () => Buffer.from([0xff]) });
    await expect(put).rejects.toMatchObject({ refusals: [{ index: 0, message: expect.stringContaining('UTF-8') }] });
  });

  it('fails where it has no rights, and where its login is refused', async () => {
    const sink = await started();
    broker.verdict = () => 'forbid';
    await expect(sink.put(valuesFrom(0, [1]))).rejects.toThrow(FatalSinkError);
    broker.refusesLogin = true;
    const login = { 'connection.user': 'u', 'connection.password': 'p' };
    await expect(started(login)).rejects.toThrow(FatalSinkError);
    expect(await type.verify?.({ url, destination: 'x', ...login })).toMatchObject([{ name: 'connection.user' }]);
  });

  it('tries again what the broker does not take now, and a broker that is away', async () => {
    const sink = await started();
    if (saysLater) {
      broker.verdict = () => 'later';
      await expect(sink.put(valuesFrom(0, [1]))).rejects.toThrow(RetriableSinkError);
    }
    expect(await type.verify?.({ url, destination: 'x' })).toEqual([]);
    broker.stop();
    await expect(sink.put(valuesFrom(0, [1]))).rejects.toThrow(RetriableSinkError);
    expect(await type.verify?.({ url, destination: 'x' })).toMatchObject([{ name: 'url' }]);
  });

  it('leaves a broker that does not answer', async () => {
    const sink = await started({ 'request.timeout.ms': '1000' });
    for (const socket of broker.sockets) socket.pause();
    await expect(sink.put(valuesFrom(0, [1]))).rejects.toThrow('no answer for 1000 ms');
  });
});

describe('stomp sink without transactions', () => {
  it('knows which message the broker has refused', async () => {
    const broker = new FakeStomp();
    const sink = stompSinkType.create({ url: await broker.start(), destination: 'q', transactions: 'false' });
    const parts = { clock: systemClock, logger: silentLogger, ownerEpoch: 1, stateDirectory: '' };
    await sink.start({ name: 'out', task: 0, ...parts });
    broker.verdict = (body) => (body === '2' ? 'refuse' : 'take');
    await expect(sink.put(valuesFrom(0, [0, 1, 2, 3]))).rejects.toMatchObject({ index: 2 });
    await sink.put(valuesFrom(0, [0, 1]));
    expect(broker.bodies).toEqual(['0', '1']);
    await sink.stop();
    broker.stop();
  });
});

describe('amqp sink', () => {
  it('marks messages as JMS clients and Artemis know them', async () => {
    const broker = new FakeAmqp();
    const sink = amqpSinkType.create({
      url: await broker.start(),
      destination: 'q',
      'message.format': 'text',
      'duplicate.detection': 'artemis',
      'key.forward': 'true',
      'message.priority': '7',
    });
    const parts = { clock: systemClock, logger: silentLogger, ownerEpoch: 1, stateDirectory: '' };
    await sink.start({ name: 'out', task: 0, ...parts });
    await sink.put(batchOf([{ offset: 7, key: 'k', value: 'text' }]));
    const [message] = broker.messages;
    expect(message).toMatchObject({
      body: 'text',
      durable: true,
      priority: 7,
      message_id: 'ID:out-orders-0-7',
      correlation_id: 'k',
      application_properties: { _AMQ_DUPL_ID: 'out-orders-0-7' },
      message_annotations: { 'x-opt-jms-msg-type': 5 },
    });
    await sink.stop();
    broker.stop();
  });
});

describe('names of other connectors', () => {
  it('are understood by the sinks that stand in for them', () => {
    expect(
      amqpSinkType.translate?.('io.confluent.connect.jms.ActiveMqSinkConnector', {
        'activemq.url': 'tcp://mq:61616',
        'jms.destination.name': 'orders',
        'jms.message.format': 'string',
      }),
    ).toMatchObject({ url: 'amqp://mq:5672', 'message.format': 'text' });
    expect(
      mqttSinkType.translate?.('io.lenses.streamreactor.connect.mqtt.sink.MqttSinkConnector', {
        'connect.mqtt.hosts': 'tcp://mq:1883',
        'connect.mqtt.kcql': 'INSERT INTO /plant/orders SELECT * FROM orders',
      }),
    ).toMatchObject({ url: 'mqtt://mq:1883', destination: '/plant/orders' });
  });

  it('say what can not be promised', () => {
    expect(amqpSinkType.guarantee({})).toBe('at-least-once');
    expect(amqpSinkType.guarantee({ 'duplicate.detection': 'artemis' })).toBe('effectively-once');
    expect(mqttSinkType.check?.({ 'tasks.max': '2', 'client.id': 'a' }).map(({ name }) => name)).toEqual(['client.id']);
  });
});
